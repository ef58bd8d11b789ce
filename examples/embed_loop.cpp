// A program that already has a loop: it runs a timer, serves a status page over HTTP, and scans on the same loop.
//
//   embed_loop ADDRESS PORTS [STATUS_PORT]
//
// The page shows the progress of the scan; POST /stop stops it. When the scan is done, one more page is served, and the
// program ends. There is only one thread, so nothing needs a lock.
#include <charconv>
#include <cstdio>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include <portloop/portloop.hpp>

namespace {

class Program {
 public:
  /// Throws portloop::Error if an option is invalid; the loop is then still empty.
  Program(const char* address, const char* ports, uint16_t status_port) : status_port_(status_port) {
    options_.add_target(address).ports(ports);
  }

  int run() {
    uv_timer_init(&loop(), &ticks_);
    ticks_.data = this;
    uv_timer_start(
        &ticks_, [](uv_timer_t* timer) { ++static_cast<Program*>(timer->data)->tick_count_; }, 1, 1);
    uv_tcp_init(&loop(), &listener_);
    listener_.data = this;
    try {
      listen();
      scan_.emplace(&loop());
      scan_->start(
          options_, [this](const portloop_result& result) { on_result(result); },
          [this](int status) { on_done(status); });
    } catch (const portloop::Error& error) {
      std::fprintf(stderr, "embed_loop: %s\n", error.what());
      failed_ = true;
      scan_.reset();
      uv_close(reinterpret_cast<uv_handle_t*>(&ticks_), nullptr);
      uv_close(reinterpret_cast<uv_handle_t*>(&listener_), nullptr);
    }
    uv_run(&loop(), UV_RUN_DEFAULT);
    if (!failed_)
      std::printf("%d ticks and %d pages while %d ports were found open\n", tick_count_, page_count_, open_count_);
    return uv_loop_close(&loop()) == 0 && !failed_ ? 0 : 1;
  }

 private:
  /// One connection to the status page.
  struct Visitor {
    explicit Visitor(Program& owner) : program(owner) { tcp.data = this; }
    Program& program;
    uv_tcp_t tcp{};
    uv_write_t write{};
    std::string request;
    std::string page;
    char buffer[1024];
  };

  static uv_loop_t& loop() { return *uv_default_loop(); }

  void on_result(const portloop_result& result) {
    if (result.state != PORTLOOP_OPEN) return;
    ++open_count_;
    std::printf("%s %u open\n", portloop::address_text(result).c_str(), static_cast<unsigned>(result.port));
  }

  void on_done(int status) {
    last_ = scan_->stats();
    state_ = status == 0 ? "complete" : status == UV_ECANCELED ? "stopped" : "failed";
    failed_ = status != 0 && status != UV_ECANCELED;
    std::printf("the scan is %s\n", state_);
    std::fflush(stdout);
    scan_->close();
    uv_close(reinterpret_cast<uv_handle_t*>(&ticks_), nullptr);
  }

  void listen() {
    sockaddr_in name{};
    uv_ip4_addr("127.0.0.1", status_port_, &name);
    int error = uv_tcp_bind(&listener_, reinterpret_cast<const sockaddr*>(&name), 0);
    if (error == 0) {
      error = uv_listen(reinterpret_cast<uv_stream_t*>(&listener_), 16, [](uv_stream_t* stream, int status) {
        static_cast<Program*>(stream->data)->on_connection(status);
      });
    }
    if (error != 0) throw portloop::Error(error, std::string("cannot serve the status page: ") + uv_strerror(error));
    int size = sizeof name;
    uv_tcp_getsockname(&listener_, reinterpret_cast<sockaddr*>(&name), &size);
    std::printf("status page: http://127.0.0.1:%u/\n", static_cast<unsigned>(ntohs(name.sin_port)));
    std::fflush(stdout);
  }

  void on_connection(int status) {
    if (status != 0) return;
    auto* visitor = new Visitor(*this);
    visitors_.insert(visitor);
    uv_tcp_init(&loop(), &visitor->tcp);
    auto* stream = reinterpret_cast<uv_stream_t*>(&visitor->tcp);
    if (uv_accept(reinterpret_cast<uv_stream_t*>(&listener_), stream) != 0 ||
        uv_read_start(stream, on_buffer, on_bytes) != 0)
      leave(visitor);
  }

  static void on_buffer(uv_handle_t* handle, size_t, uv_buf_t* buffer) {
    auto* visitor = static_cast<Visitor*>(handle->data);
    *buffer = uv_buf_init(visitor->buffer, sizeof visitor->buffer);
  }

  static void on_bytes(uv_stream_t* stream, ssize_t length, const uv_buf_t* bytes) {
    auto* visitor = static_cast<Visitor*>(stream->data);
    if (length < 0) {
      leave(visitor);
      return;
    }
    visitor->request.append(bytes->base, static_cast<size_t>(length));
    if (visitor->request.find("\r\n\r\n") == std::string::npos && visitor->request.size() < 8192) return;
    uv_read_stop(stream);
    visitor->program.answer(*visitor);
  }

  void answer(Visitor& visitor) {
    const bool scanning = scan_.has_value() && *scan_;  // false before it is created and after it is closed
    if (visitor.request.starts_with("POST /stop ") && scanning) scan_->stop();
    const portloop_stats now = scanning ? scan_->stats() : last_;
    const std::string body = std::string("{\"state\":\"") + state_ + "\",\"probes\":" + std::to_string(now.probes) +
                             ",\"answered\":" + std::to_string(now.open + now.closed + now.filtered + now.unknown) +
                             ",\"open\":" + std::to_string(now.open) +
                             ",\"in_flight\":" + std::to_string(now.in_flight) + "}\n";
    visitor.page =
        "HTTP/1.0 200 OK\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) +
        "\r\n\r\n" + body;
    visitor.write.data = &visitor;
    uv_buf_t bytes = uv_buf_init(visitor.page.data(), static_cast<unsigned>(visitor.page.size()));
    ++page_count_;
    const auto written = [](uv_write_t* request, int) { leave(static_cast<Visitor*>(request->data)); };
    if (uv_write(&visitor.write, reinterpret_cast<uv_stream_t*>(&visitor.tcp), &bytes, 1, written) != 0)
      leave(&visitor);
    if (!scanning) end();
  }

  /// The last page is being sent: accepts no more visitors, and closes those that have not sent a request.
  void end() {
    auto* listener = reinterpret_cast<uv_handle_t*>(&listener_);
    if (!uv_is_closing(listener)) uv_close(listener, nullptr);
    for (Visitor* visitor : visitors_) {
      if (visitor->page.empty()) leave(visitor);
    }
  }

  static void leave(Visitor* visitor) {
    auto* handle = reinterpret_cast<uv_handle_t*>(&visitor->tcp);
    if (uv_is_closing(handle)) return;
    uv_close(handle, [](uv_handle_t* closed) {
      auto* gone = static_cast<Visitor*>(closed->data);
      gone->program.visitors_.erase(gone);
      delete gone;
    });
  }

  portloop::Options options_;
  uint16_t status_port_;
  std::optional<portloop::Scan> scan_;
  std::set<Visitor*> visitors_;
  portloop_stats last_{};
  const char* state_ = "running";
  uv_tcp_t listener_{};
  uv_timer_t ticks_{};
  int tick_count_ = 0;
  int page_count_ = 0;
  int open_count_ = 0;
  bool failed_ = false;
};

}  // namespace

int main(int argc, char** argv) {
  uint16_t status_port = 0;  // the system chooses one
  const std::string_view word = argc == 4 ? argv[3] : "0";
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), status_port);
  if ((argc != 3 && argc != 4) || error != std::errc() || end != word.data() + word.size()) {
    std::fprintf(stderr, "usage: embed_loop ADDRESS PORTS [STATUS_PORT]\n");
    return 2;
  }
  try {
    return Program(argv[1], argv[2], status_port).run();
  } catch (const portloop::Error& refused) {
    std::fprintf(stderr, "embed_loop: %s\n", refused.what());
    return 2;
  }
}
