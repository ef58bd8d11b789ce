// portloop_result_take_fd(): a callback takes over the connection to an open port; what is not taken is closed.
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/wait.h>

#include <thread>

#include "portloop/portloop.hpp"
#include "support/embedding.hpp"
#include "support/open_descriptors.hpp"
#include "support/speaking_server.hpp"

using namespace portloop::testing;

namespace {

/// One connection, both ends, which must be each other's. Closes both.
class Taken {
 public:
  Taken(int fd, int accepted) : fd_(fd), accepted_(accepted) {}
  ~Taken() {
    ::close(fd_);
    ::close(accepted_);
  }
  Taken(const Taken&) = delete;
  Taken& operator=(const Taken&) = delete;

  bool speaks() const { return passes(fd_, accepted_) && passes(accepted_, fd_); }
  bool is_non_blocking() const { return (fcntl(fd_, F_GETFL) & O_NONBLOCK) != 0; }
  bool is_close_on_exec() const { return (fcntl(fd_, F_GETFD) & FD_CLOEXEC) != 0; }
  bool is_closed_gracefully() const {
    linger value{};
    socklen_t size = sizeof value;
    return getsockopt(fd_, SOL_SOCKET, SO_LINGER, &value, &size) == 0 && value.l_onoff == 0;
  }
  bool survives_icmp_errors(bool v6) const {
    int value = 1;
    socklen_t size = sizeof value;
    return getsockopt(fd_, v6 ? IPPROTO_IPV6 : IPPROTO_IP, v6 ? IPV6_RECVERR : IP_RECVERR, &value, &size) == 0 &&
           value == 0;
  }

 private:
  static bool passes(int from, int to) {
    char byte = 0;
    pollfd readable{to, POLLIN, 0};
    return send(from, "x", 1, MSG_NOSIGNAL) == 1 && poll(&readable, 1, 10'000) == 1 && recv(to, &byte, 1, 0) == 1 &&
           byte == 'x';
  }

  int fd_, accepted_;
};

uint16_t port_of(int fd, int (*get)(int, sockaddr*, socklen_t*)) {
  sockaddr_in6 address{};  // the port is at the same place in both families
  socklen_t size = sizeof address;
  return get(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0 ? ntohs(address.sin6_port) : 0;
}

/// The server's end of a connection. The connector may have made others before, to be sure of the port.
int accept_peer_of(int fd, const LocalPort& port) {
  for (;;) {
    const int accepted = port.accept_waiting();
    REQUIRE(accepted >= 0);
    if (port_of(accepted, getpeername) == port_of(fd, getsockname)) return accepted;
    ::close(accepted);
  }
}

/// libuv opens some of its own with the first loops, and keeps them.
void open_first_loop() {
  TestLoop loop;
  TestOptions options("127.0.0.1", "1");
  set_engine(options, {2, PORTLOOP_CONNECTOR_PORTABLE});
  Recorded scan(loop);
  close_when_done(scan);
  REQUIRE(scan.start(options) == 0);
  loop.run();
}

/// Whether the peer has reset the connection; a graceful end is none.
bool is_reset(int accepted) {
  pollfd event{accepted, POLLIN, 0};
  char byte;
  return poll(&event, 1, 10'000) == 1 && recv(accepted, &byte, 1, 0) < 0 && errno == ECONNRESET;
}

void keep_connections(portloop_options* options) { REQUIRE(portloop_options_set_keep_connections(options, 1) == 0); }

/// Takes the descriptor in the result callback.
struct Taker {
  static void result_cb(portloop_scan* scan, const portloop_result* result) {
    Recorded::result_cb(scan, result);
    const portloop_result copy = *result;
    Taker& self = *current;
    self.fds.push_back(portloop_result_take_fd(self.by_copy ? &copy : result));
    self.second.push_back(portloop_result_take_fd(result));
  }
  explicit Taker(bool copy = false) : by_copy(copy) { current = this; }
  ~Taker() { current = nullptr; }
  Taker(const Taker&) = delete;

  int start(Recorded& scan, portloop_options* options) const {
    return portloop_scan_start(scan.scan, options, result_cb, Recorded::done_cb);
  }

  static inline Taker* current = nullptr;
  bool by_copy;
  std::vector<int> fds, second;
};

}  // namespace

TEST_CASE("a connection that a callback takes over is usable when the scan is closed") {
  open_first_loop();
  for (const char* address : {"127.0.0.1", "::1"}) {
    for (const Engine& engine : engines) {
      CAPTURE(address);
      CAPTURE(engine.loops);
      CAPTURE(engine.connector);
      const LocalPort open(LocalPort::open, address);
      const size_t before = count_open_descriptors();
      {
        Taker taker(engine.loops > 1);
        {
          TestLoop loop;
          TestOptions options(address, open.text());
          set_engine(options, engine);
          keep_connections(options);
          Recorded scan(loop);
          close_when_done(scan);
          REQUIRE(taker.start(scan, options) == 0);
          loop.run();
          CHECK(scan.results.size() == 1);
          CHECK(scan.status == 0);
        }
        REQUIRE(taker.fds.size() == 1);
        REQUIRE(taker.fds[0] >= 0);
        CHECK(taker.second[0] == UV_ENOTCONN);
        const Taken connection(taker.fds[0], accept_peer_of(taker.fds[0], open));
        CHECK(connection.is_non_blocking());
        CHECK(connection.is_close_on_exec());
        CHECK(connection.is_closed_gracefully());
        CHECK(connection.survives_icmp_errors(address[0] == ':'));
        CHECK(connection.speaks());
      }
      CHECK(count_open_descriptors() == before);
    }
  }
}

TEST_CASE("there is no connection to a port that is not open, and none unless it was asked for") {
  const LocalPort open(LocalPort::open), closed(LocalPort::closed);
  for (const Engine& engine : engines) {
    for (const bool keep : {false, true}) {
      TestLoop loop;
      TestOptions options("127.0.0.1", (keep ? closed : open).text());
      set_engine(options, engine);
      if (keep) keep_connections(options);
      Recorded scan(loop);
      close_when_done(scan);
      Taker taker;
      REQUIRE(taker.start(scan, options) == 0);
      loop.run();
      CHECK(taker.fds == std::vector<int>{UV_ENOTCONN});
    }
  }
}

TEST_CASE("a connection that nobody takes is reset") {
  for (const Engine& engine : engines) {
    const LocalPort open(LocalPort::open);
    TestLoop loop;
    TestOptions options("127.0.0.1", open.text());
    set_engine(options, engine);
    keep_connections(options);
    Recorded scan(loop);
    REQUIRE(scan.start(options) == 0);
    loop.run();
    int connections = 0;
    for (int accepted = open.accept_waiting(); accepted >= 0; accepted = open.accept_waiting()) {
      ++connections;
      CHECK(is_reset(accepted));  // before the scan is closed
      ::close(accepted);
    }
    CHECK(connections > 0);
    scan.close();
    loop.run();
  }
}

TEST_CASE("however a scan ends, no connection stays open") {
  open_first_loop();
  enum class End { done, stop, close };
  for (const Engine& engine : engines) {
    for (const End end : {End::done, End::stop, End::close}) {
      CAPTURE(engine.loops);
      CAPTURE(engine.connector);
      CAPTURE(static_cast<int>(end));
      std::vector<LocalPort> open;
      for (int i = 0; i < 40; ++i) open.emplace_back(LocalPort::open);
      const size_t before = count_open_descriptors();
      {
        TestLoop loop;
        TestOptions options("127.0.0.1", join(open));
        set_engine(options, engine);
        keep_connections(options);
        Recorded scan(loop);
        scan.on_result = [&](Recorded& self) {
          if (self.results.size() != 3) return;
          if (end == End::stop) self.stop();
          if (end == End::close) self.close();
        };
        scan.on_done = [&](Recorded& self) {
          if (end != End::close) self.close();
        };
        REQUIRE(scan.start(options) == 0);
        loop.run();
        CHECK(scan.done == 1);
        if (end == End::done) CHECK(scan.results.size() == open.size());
        if (end == End::close) CHECK(scan.results.size() == 3);
      }
      CHECK(count_open_descriptors() == before);
    }
  }
}

TEST_CASE("loop threads wait for the callback when too many connections would be kept, and lose none") {
  open_first_loop();
  for (const auto connector : {PORTLOOP_CONNECTOR_FASTEST, PORTLOOP_CONNECTOR_PORTABLE}) {
    constexpr uint32_t in_flight = 6, loops = 3;
    std::vector<LocalPort> open;
    for (int i = 0; i < 60; ++i) open.emplace_back(LocalPort::open);
    const size_t before = count_open_descriptors();
    {
      TestLoop loop;
      TestOptions options("127.0.0.1", join(open));
      set_engine(options, {loops, connector});
      portloop_options_set_in_flight(options, in_flight);
      keep_connections(options);
      Recorded scan(loop);
      close_when_done(scan);
      REQUIRE(scan.start(options) == 0);
      const size_t started = count_open_descriptors();
      // The caller's loop does not turn: nothing is delivered.
      while (scan.stats().open < in_flight + loops) std::this_thread::yield();
      CHECK(scan.stats().open == in_flight + loops);
      // Those that wait, one that each thread has in its hands, those in flight, and what a loop needs for its first.
      CHECK(count_open_descriptors() <= started + in_flight + loops + in_flight + loops);
      loop.run();
      CHECK(scan.results.size() == open.size());
      CHECK(scan.status == 0);
    }
    CHECK(count_open_descriptors() == before);
  }
}

TEST_CASE("the connection whose banner was read can be taken over, too") {
  for (const Engine& engine : engines) {
    CAPTURE(engine.loops);
    CAPTURE(engine.connector);
    const LocalPort open(LocalPort::open);
    TestLoop loop;
    TestOptions options("127.0.0.1", open.text());
    set_engine(options, engine);
    keep_connections(options);
    portloop_options_set_banners(options, PORTLOOP_BANNERS_READ, 60'000, 5);
    Recorded scan(loop);
    close_when_done(scan);
    Taker taker;
    REQUIRE(taker.start(scan, options) == 0);
    std::vector<int> accepted;
    loop.poll_until([&] {
      for (int fd = open.accept_waiting(); fd >= 0; fd = open.accept_waiting()) {
        accepted.push_back(fd);
        send(fd, "hello", 5, MSG_NOSIGNAL);
      }
      return scan.done == 1;
    });
    loop.run();
    REQUIRE(scan.results.size() == 1);
    CHECK(scan.results[0].banner == "hello");
    REQUIRE(taker.fds[0] >= 0);
    for (const int fd : accepted) {
      if (port_of(fd, getpeername) != port_of(taker.fds[0], getsockname)) {
        ::close(fd);
        continue;
      }
      const Taken connection(taker.fds[0], fd);
      CHECK(connection.is_closed_gracefully());
      CHECK(connection.speaks());
      break;
    }
  }
}

TEST_CASE("a connection that the server resets while its banner is read is no connection any more") {
  for (const Engine& engine : engines) {
    TestLoop loop;
    SpeakingServer server(loop, SpeakingServer::resets, "gone");
    TestOptions options("127.0.0.1", server.text());
    set_engine(options, engine);
    keep_connections(options);
    portloop_options_set_banners(options, PORTLOOP_BANNERS_READ, 60'000, 100);
    Recorded scan(loop);
    close_when_done(scan);
    Taker taker;
    REQUIRE(taker.start(scan, options) == 0);
    loop.run();
    REQUIRE(taker.fds.size() == 1);
    CHECK(taker.fds[0] == UV_ENOTCONN);
  }
}

#if !defined(__SANITIZE_THREAD__)
TEST_CASE("a child that is forked in the callback leaves the parent's connection as it is") {
  for (const Engine& engine : engines) {
    CAPTURE(engine.loops);
    CAPTURE(engine.connector);
    const LocalPort open(LocalPort::open);
    int fd = -1;
    pid_t child = -1;
    TestLoop loop;
    portloop::Scan scan(loop.get());
    scan.start(portloop::Options()
                   .add_target("127.0.0.1")
                   .ports(open.text())
                   .loops(engine.loops)
                   .connector(engine.connector)
                   .keep_connections(true),
               [&](const portloop_result& result) {
                 child = fork();
                 if (child != 0) fd = portloop::take_fd(result);
               });
    while (child < 0) uv_run(loop.get(), UV_RUN_ONCE);
    if (child == 0) {
      if (uv_loop_fork(loop.get()) != 0) _exit(1);
      scan.close();
      uv_run(loop.get(), UV_RUN_DEFAULT);
      _exit(0);
    }
    int status = -1;
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(status == 0);
    const Taken connection(fd, accept_peer_of(fd, open));
    CHECK(connection.is_closed_gracefully());
    CHECK(connection.speaks());
    scan.close();
    loop.run();
  }
}
#endif
