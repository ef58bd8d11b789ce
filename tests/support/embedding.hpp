// Shared by the tests of the public API: a loop that must end, ports with a known state, and a scan that records its
// callbacks.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <string>
#include <vector>

#include "doctest/doctest.h"
#include "portloop/portloop.h"
#include "support/sanitized.hpp"

namespace portloop::testing {

inline uv_handle_t* as_handle(auto* handle) { return reinterpret_cast<uv_handle_t*>(handle); }

/// The embedder's loop. It must be empty in the destructor. If it runs for longer than a minute, or four with a
/// sanitizer, the program is aborted.
class TestLoop {
 public:
  TestLoop() {
    REQUIRE(uv_loop_init(&loop_) == 0);
    REQUIRE(uv_timer_init(&loop_, &watchdog_) == 0);
    REQUIRE(uv_timer_init(&loop_, &tick_) == 0);
    uv_timer_start(
        &watchdog_,
        [](uv_timer_t*) {
          std::fprintf(stderr, "the loop did not end\n");
          std::abort();
        },
        PORTLOOP_IS_SANITIZED != 0 ? 240'000 : 60'000, 0);
    uv_unref(as_handle(&watchdog_));
  }
  ~TestLoop() {
    uv_close(as_handle(&watchdog_), nullptr);
    uv_close(as_handle(&tick_), nullptr);
    uv_run(&loop_, UV_RUN_DEFAULT);
    CHECK(uv_loop_close(&loop_) == 0);
  }
  TestLoop(const TestLoop&) = delete;
  TestLoop& operator=(const TestLoop&) = delete;

  uv_loop_t* get() { return &loop_; }
  void run() { uv_run(&loop_, UV_RUN_DEFAULT); }
  /// It turns, and still has something to wait for.
  void turn(int times) {
    for (int i = 0; i < times; ++i) CHECK(uv_run(&loop_, UV_RUN_NOWAIT) != 0);
  }
  void run_until(const std::function<bool()>& reached) {
    for (bool alive = true; !reached();) {
      REQUIRE(alive);
      alive = uv_run(&loop_, UV_RUN_ONCE) != 0;
    }
  }
  /// The same for a condition that no event of the loop announces: it is tested every millisecond.
  void poll_until(const std::function<bool()>& reached) {
    uv_timer_start(
        &tick_, [](uv_timer_t*) {}, 1, 1);
    run_until(reached);
    uv_timer_stop(&tick_);
  }

 private:
  uv_loop_t loop_{};
  uv_timer_t watchdog_{};
  uv_timer_t tick_{};
};

/// A TCP port on a loopback address, chosen by the kernel.
class LocalPort {
 public:
  enum Answer {
    open,    ///< Listens.
    closed,  ///< Bound, but does not listen.
    silent,  ///< Its accept queue is full, so the kernel drops every SYN.
  };

  explicit LocalPort(Answer answer, const char* address = "127.0.0.1") : address_(address) {
    sockaddr_storage name{};
    const bool v6 = std::strchr(address, ':') != nullptr;
    socklen_t size = v6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in);
    if (v6) {
      REQUIRE(uv_ip6_addr(address, 0, reinterpret_cast<sockaddr_in6*>(&name)) == 0);
    } else {
      REQUIRE(uv_ip4_addr(address, 0, reinterpret_cast<sockaddr_in*>(&name)) == 0);
    }
    fd_ = socket(name.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    REQUIRE(fd_ >= 0);
    REQUIRE(bind(fd_, reinterpret_cast<sockaddr*>(&name), size) == 0);
    REQUIRE(getsockname(fd_, reinterpret_cast<sockaddr*>(&name), &size) == 0);
    number_ =
        ntohs(v6 ? reinterpret_cast<sockaddr_in6*>(&name)->sin6_port : reinterpret_cast<sockaddr_in*>(&name)->sin_port);
    if (answer == closed) return;
    REQUIRE(listen(fd_, answer == silent ? 0 : 4096) == 0);
    if (answer == open) return;
    // It does not wait for the connection: if another process takes the only place first, there is none.
    filler_ = socket(name.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    REQUIRE((connect(filler_, reinterpret_cast<sockaddr*>(&name), size) == 0 || errno == EINPROGRESS));
    pollfd full{fd_, POLLIN, 0};
    REQUIRE(poll(&full, 1, 60'000) == 1);
  }
  ~LocalPort() {
    if (filler_ >= 0) ::close(filler_);
    ::close(fd_);
  }
  LocalPort(LocalPort&& other) noexcept
      : address_(other.address_), fd_(other.fd_), filler_(other.filler_), number_(other.number_) {
    other.fd_ = other.filler_ = -1;
  }
  LocalPort& operator=(LocalPort&&) = delete;

  /// Accepts a connection if one is waiting. Returns its descriptor, which the caller closes, or -1.
  int accept_waiting() const {
    pollfd waiting{fd_, POLLIN, 0};
    return poll(&waiting, 1, 0) == 1 ? accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC) : -1;
  }
  /// Accepts and closes what is waiting. A port with a full accept queue is silent.
  void empty_queue() const {
    for (int fd = accept_waiting(); fd >= 0; fd = accept_waiting()) ::close(fd);
  }

  uint16_t number() const { return number_; }
  std::string text() const { return std::to_string(number_); }
  const char* address() const { return address_; }

 private:
  const char* address_;
  int fd_ = -1;
  int filler_ = -1;
  uint16_t number_ = 0;
};

/// Options with a target and ports; everything else has its default.
class TestOptions {
 public:
  TestOptions(const std::string& targets, const std::string& ports) : options_(portloop_options_new()) {
    REQUIRE(options_ != nullptr);
    REQUIRE(portloop_options_add_target(options_, targets.c_str()) == 0);
    REQUIRE(portloop_options_set_ports(options_, ports.c_str()) == 0);
  }
  ~TestOptions() { portloop_options_free(options_); }
  TestOptions(const TestOptions&) = delete;
  TestOptions& operator=(const TestOptions&) = delete;
  operator portloop_options*() { return options_; }

 private:
  portloop_options* options_;
};

/// What carries a scan out: one loop or several, and either connector.
struct Engine {
  uint32_t loops;
  portloop_connector connector;
};
inline constexpr Engine engines[] = {{1, PORTLOOP_CONNECTOR_FASTEST},
                                     {1, PORTLOOP_CONNECTOR_PORTABLE},
                                     {3, PORTLOOP_CONNECTOR_FASTEST},
                                     {3, PORTLOOP_CONNECTOR_PORTABLE}};

inline void set_engine(portloop_options* options, const Engine& engine) {
  REQUIRE(portloop_options_set_loops(options, engine.loops) == 0);
  REQUIRE(portloop_options_set_connector(options, engine.connector) == 0);
}

/// A scan that records its callbacks, checks their order, and lets a test act in each of them.
struct Recorded {
  struct Result {
    std::string address;
    uint16_t port;
    portloop_state state;
    portloop_reason reason;
    int error;
    uint32_t attempts;
    uint64_t rtt_us;
    std::string banner;
    bool has_banner;
    uint64_t position;
    uint64_t tag;
  };

  explicit Recorded(TestLoop& loop) {
    REQUIRE(portloop_scan_init(loop.get(), &scan) == 0);
    portloop_scan_set_data(scan, this);
  }
  ~Recorded() { CHECK(closed == 1); }
  Recorded(const Recorded&) = delete;
  Recorded& operator=(const Recorded&) = delete;

  int start(portloop_options* options) {
    starting = true;
    const int error = portloop_scan_start(scan, options, result_cb, done_cb);
    starting = false;
    return error;
  }
  void stop() const { portloop_scan_stop(scan); }
  void close() {
    close_called = true;
    closing = true;
    portloop_scan_close(scan, closed_cb);
    closing = false;
  }
  portloop_stats stats() const {
    portloop_stats now;
    portloop_scan_stats(scan, &now, sizeof now);
    return now;
  }
  const Result* find(uint16_t port, const std::string& address = "127.0.0.1") const {
    for (const Result& result : results) {
      if (result.port == port && result.address == address) return &result;
    }
    return nullptr;
  }

  static Recorded& of(portloop_scan* scan) { return *static_cast<Recorded*>(portloop_scan_data(scan)); }
  static void result_cb(portloop_scan* scan, const portloop_result* result) {
    Recorded& self = of(scan);
    CHECK_FALSE(self.starting);
    CHECK(self.done == 0);
    CHECK_FALSE(self.close_called);
    CHECK(result->size == sizeof *result);
    char text[64];
    REQUIRE(portloop_format_address(reinterpret_cast<const sockaddr*>(&result->address), text, sizeof text) == 0);
    self.results.push_back({text, result->port, result->state, result->reason, result->error, result->attempts,
                            result->rtt_us,
                            std::string(result->banner == nullptr ? "" : result->banner, result->banner_length),
                            result->banner != nullptr, result->position, result->tag});
    if (self.on_result) self.on_result(self);
  }
  static void progress_cb(portloop_scan* scan) {
    Recorded& self = of(scan);
    CHECK_FALSE(self.starting);
    CHECK(self.done == 0);
    CHECK_FALSE(self.close_called);
    if (const auto act = self.on_progress) act(self);
  }
  static void done_cb(portloop_scan* scan, int status) {
    Recorded& self = of(scan);
    CHECK_FALSE(self.starting);
    CHECK_FALSE(self.closing);
    CHECK(self.closed == 0);
    ++self.done;
    self.status = status;
    if (self.on_done) self.on_done(self);
  }
  static void closed_cb(portloop_scan* scan) {
    Recorded& self = of(scan);
    CHECK_FALSE(self.closing);
    ++self.closed;
    if (self.on_closed) self.on_closed(self);
  }

  portloop_scan* scan = nullptr;
  std::vector<Result> results;
  int done = 0;
  int status = 1;
  int closed = 0;
  bool starting = false;
  bool closing = false;
  bool close_called = false;
  std::function<void(Recorded&)> on_result, on_progress, on_done, on_closed;
};

/// "30000,30001": the ports of a list.
inline std::string join(const std::vector<LocalPort>& ports) {
  std::string text;
  for (const LocalPort& port : ports) text.append(text.empty() ? "" : ",").append(port.text());
  return text;
}

inline void close_when_done(Recorded& scan) {
  scan.on_done = [](Recorded& self) { self.close(); };
}

/// A scan of an open and a closed port of one address, from init to close. Returns their results.
inline std::array<Recorded::Result, 2> scan_both(TestLoop& loop, const Engine& engine, const LocalPort& open,
                                                 const LocalPort& closed) {
  TestOptions options(open.address(), open.text() + ',' + closed.text());
  set_engine(options, engine);
  Recorded scan(loop);
  close_when_done(scan);
  REQUIRE(scan.start(options) == 0);
  loop.run();
  CHECK(scan.done == 1);
  CHECK(scan.status == 0);
  REQUIRE(scan.results.size() == 2);
  const Recorded::Result* opened = scan.find(open.number(), open.address());
  const Recorded::Result* refused = scan.find(closed.number(), closed.address());
  REQUIRE(opened != nullptr);
  REQUIRE(refused != nullptr);
  CHECK(opened->state == PORTLOOP_OPEN);
  CHECK(refused->state == PORTLOOP_CLOSED);
  return {*opened, *refused};
}

/// A scan of closed ports, more than a turn of the loop can probe. It is closed when it is done.
struct ManyClosed {
  static constexpr size_t count = 3000;
  static constexpr const char* ports = "42001-45000";

  explicit ManyClosed(const Engine& engine) {
    set_engine(options, engine);
    close_when_done(scan);
  }
  void start() { REQUIRE(scan.start(options) == 0); }
  /// Starts it, calls `halt` in the 100th result, and returns when nothing is in flight any more.
  void run_until_halted(const std::function<void()>& halt) {
    scan.on_result = [this, halt](Recorded& self) {
      if (self.results.size() != 100) return;
      halt();
      connects = self.stats().connects;
    };
    start();
    loop.run_until([this] { return scan.results.size() >= 100 && scan.stats().in_flight == 0; });
  }
  /// Turns the loop a hundred times, `each` before each time: no connect is made.
  void check_halted(const std::function<void()>& each) {
    for (int i = 0; i < 100; ++i) {
      each();
      loop.turn(1);
    }
    CHECK(scan.stats().connects == connects);
    CHECK(scan.done == 0);
    CHECK(scan.results.size() < count);
  }
  void check_complete() {
    loop.run();
    CHECK(scan.results.size() == count);
    CHECK(scan.status == 0);
  }

  TestLoop loop;
  TestOptions options{"127.0.0.1", ports};
  Recorded scan{loop};
  uint64_t connects = 0;  // when it was halted
};

}  // namespace portloop::testing
