// What scans cost an embedder whose loop also serves HTTP: the time from a request to its response.
//
//   loop_latency TARGET PORTS SCANS RATE [thread]     inside portloop-lab or another network namespace
//
// A thread of its own sends a request over one loopback connection, waits for the response, pauses for a millisecond,
// and so on, for three seconds. The server is on the loop that SCANS scans run on, each with RATE connects a second (0:
// no limit); with "thread", the scans run on a second loop in a second thread. With 0 scans the figures are those of
// the machine. Also prints the longest time between two turns of the server's loop, the processor time of the longest
// turn, and how long the start of the last scan took.
#include <arpa/inet.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <list>
#include <thread>
#include <vector>

#include "portloop/portloop.hpp"

namespace {

constexpr uint64_t duration_ns = 3'000'000'000;
constexpr char response[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

uint64_t processor_time_ns() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(now.tv_nsec);
}

/// Serves one connection and watches its loop.
class Server {
 public:
  explicit Server(uv_loop_t* loop) : loop_(loop) {
    sockaddr_in name{};
    uv_ip4_addr("127.0.0.1", 0, &name);
    uv_tcp_init(loop, &listener_);
    uv_tcp_init(loop, &client_);
    listener_.data = client_.data = turns_.data = this;
    uv_tcp_bind(&listener_, reinterpret_cast<sockaddr*>(&name), 0);
    uv_listen(reinterpret_cast<uv_stream_t*>(&listener_), 1,
              [](uv_stream_t* stream, int) { static_cast<Server*>(stream->data)->accept(); });
    uv_check_init(loop, &turns_);
    uv_check_start(&turns_, [](uv_check_t* check) { static_cast<Server*>(check->data)->on_turn(); });
    turn_ns_ = processor_time_ns();
  }
  sockaddr_in address() {
    sockaddr_in name{};
    int size = sizeof name;
    uv_tcp_getsockname(&listener_, reinterpret_cast<sockaddr*>(&name), &size);
    return name;
  }
  double max_turn_ms() const { return static_cast<double>(max_turn_ns_) * 1e-6; }

 private:
  void accept() {
    auto* stream = reinterpret_cast<uv_stream_t*>(&client_);
    uv_accept(reinterpret_cast<uv_stream_t*>(&listener_), stream);
    uv_read_start(
        stream,
        [](uv_handle_t* handle, size_t, uv_buf_t* buffer) {
          auto* self = static_cast<Server*>(handle->data);
          *buffer = uv_buf_init(self->buffer_, sizeof self->buffer_);
        },
        [](uv_stream_t* client, ssize_t length, const uv_buf_t*) {
          if (length < 0) {
            uv_stop(static_cast<Server*>(client->data)->loop_);
            return;
          }
          uv_buf_t words = uv_buf_init(const_cast<char*>(response), sizeof response - 1);
          uv_try_write(client, &words, 1);
        });
  }
  void on_turn() {
    const uint64_t now_ns = processor_time_ns();
    max_turn_ns_ = std::max(max_turn_ns_, now_ns - turn_ns_);
    turn_ns_ = now_ns;
  }

  uv_loop_t* loop_;
  uv_tcp_t listener_{}, client_{};
  uv_check_t turns_{};
  char buffer_[1024];
  uint64_t turn_ns_ = 0;
  uint64_t max_turn_ns_ = 0;
};

std::vector<double> send_requests(sockaddr_in server) {
  std::vector<double> latencies_ms;
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  if (connect(fd, reinterpret_cast<sockaddr*>(&server), sizeof server) != 0) std::abort();
  const char request[] = "GET / HTTP/1.1\r\n\r\n";
  char answer[1024];
  for (const uint64_t end_ns = uv_hrtime() + duration_ns; uv_hrtime() < end_ns;) {
    const uint64_t began_ns = uv_hrtime();
    if (send(fd, request, sizeof request - 1, 0) < 0 || recv(fd, answer, sizeof answer, 0) <= 0) std::abort();
    latencies_ms.push_back(static_cast<double>(uv_hrtime() - began_ns) * 1e-6);
    const timespec pause{0, 1'000'000};
    nanosleep(&pause, nullptr);
  }
  close(fd);
  return latencies_ms;
}

/// Scans without end: each starts again when it is done.
class Scans {
 public:
  Scans(uv_loop_t* loop, const portloop::Options& options, int count) : loop_(loop), options_(options) {
    for (int i = 0; i < count; ++i) start(scans_.emplace_back(loop));
  }
  uint64_t connects() const {
    uint64_t sum = connects_;
    for (const auto& scan : scans_) sum += scan.stats().connects;
    return sum;
  }
  double last_start_ms() const { return last_start_ms_; }

 private:
  void start(portloop::Scan& scan) {
    const uint64_t began_ns = uv_hrtime();
    scan.start(
        options_, [](const portloop_result&) {},
        [this, &scan](int) {
          connects_ += scan.stats().connects;
          scan = portloop::Scan(loop_);
          start(scan);
        });
    last_start_ms_ = static_cast<double>(uv_hrtime() - began_ns) * 1e-6;
  }

  uv_loop_t* loop_;
  const portloop::Options& options_;
  std::list<portloop::Scan> scans_;
  uint64_t connects_ = 0;
  double last_start_ms_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc < 5) {
    std::fprintf(stderr, "usage: loop_latency TARGET PORTS SCANS RATE [thread]\n");
    return 2;
  }
  rlimit descriptors{};
  getrlimit(RLIMIT_NOFILE, &descriptors);
  descriptors.rlim_cur = descriptors.rlim_max;
  setrlimit(RLIMIT_NOFILE, &descriptors);
  const bool in_thread = argc > 5 && std::strcmp(argv[5], "thread") == 0;
  uv_loop_t serving, scanning;
  uv_loop_init(&serving);
  uv_loop_init(&scanning);
  Server server(&serving);
  try {
    portloop::Options options;
    options.add_target(argv[1]).ports(argv[2]).rate(std::strtod(argv[4], nullptr));
    Scans scans(in_thread ? &scanning : &serving, options, std::atoi(argv[3]));
    std::vector<double> latencies_ms;
    std::thread client([&] { latencies_ms = send_requests(server.address()); });
    std::thread scanner;
    if (in_thread) scanner = std::thread([&] { uv_run(&scanning, UV_RUN_DEFAULT); });
    uv_run(&serving, UV_RUN_DEFAULT);
    client.join();
    std::sort(latencies_ms.begin(), latencies_ms.end());
    const auto at = [&](double share) {
      return latencies_ms[static_cast<size_t>(share * static_cast<double>(latencies_ms.size() - 1))];
    };
    std::printf(
        "%s scans, rate %s%s: %.0f connects/s, %zu requests, median %.3f ms, 99 %% %.3f ms, 99.9 %% %.3f ms, max %.3f "
        "ms; ",
        argv[3], argv[4], in_thread ? ", in a thread" : "", static_cast<double>(scans.connects()) * 1e9 / duration_ns,
        latencies_ms.size(), at(0.5), at(0.99), at(0.999), latencies_ms.back());
    std::printf("longest turn %.3f ms, last start %.3f ms\n", server.max_turn_ms(), scans.last_start_ms());
    std::fflush(stdout);
    _exit(0);  // the scans are not worth closing
  } catch (const portloop::Error& error) {
    std::fprintf(stderr, "loop_latency: %s\n", error.what());
    return 1;
  }
}
