// init, start, stop and close, in every order and in every callback.
#include <sys/resource.h>

#include "support/embedding.hpp"

using namespace portloop::testing;

namespace {

/// Allows this process no descriptor above those that it has, and then `more`, until it goes out of scope.
class DescriptorLimit {
 public:
  explicit DescriptorLimit(rlim_t more) {
    getrlimit(RLIMIT_NOFILE, &before_);
    const int lowest_free = dup(0);
    REQUIRE(lowest_free >= 0);
    ::close(lowest_free);
    rlimit lowered = before_;
    lowered.rlim_cur = static_cast<rlim_t>(lowest_free) + more;
    REQUIRE(setrlimit(RLIMIT_NOFILE, &lowered) == 0);
  }
  ~DescriptorLimit() { setrlimit(RLIMIT_NOFILE, &before_); }
  DescriptorLimit(const DescriptorLimit&) = delete;
  DescriptorLimit& operator=(const DescriptorLimit&) = delete;

 private:
  rlimit before_{};
};

}  // namespace

TEST_CASE("a scan that was never started is closed from the loop, without done") {
  TestLoop loop;
  Recorded scan(loop);
  CHECK(scan.stats().probes == 0);
  scan.stop();
  scan.close();
  CHECK(scan.closed == 0);
  loop.run();
  CHECK(scan.closed == 1);
  CHECK(scan.done == 0);
}

TEST_CASE("each port gets exactly one result, then done is called once, then the scan is closed") {
  const LocalPort open(LocalPort::open), closed(LocalPort::closed);
  for (const Engine& engine : engines) {
    CAPTURE(engine.loops);
    CAPTURE(engine.connector);
    TestLoop loop;
    const auto [opened, refused] = scan_both(loop, engine, open, closed);
    CHECK(opened.reason == PORTLOOP_SYN_ACK);
    CHECK(opened.attempts >= 1);
    CHECK(opened.rtt_us > 0);
    CHECK_FALSE(opened.has_banner);
    CHECK(refused.reason == PORTLOOP_CONN_REFUSED);
  }
}

TEST_CASE("::1 is scanned like any other address") {
  const LocalPort open(LocalPort::open, "::1"), closed(LocalPort::closed, "::1");
  for (const Engine& engine : engines) {
    TestLoop loop;
    scan_both(loop, engine, open, closed);
  }
}

TEST_CASE("a port that stays silent is filtered, after a retry") {
  const LocalPort silent(LocalPort::silent);
  for (const Engine& engine : engines) {
    TestLoop loop;
    TestOptions options("127.0.0.1", silent.text());
    set_engine(options, engine);
    portloop_options_set_timeout_ms(options, 30);
    portloop_options_set_retries(options, 2);
    Recorded scan(loop);
    close_when_done(scan);
    REQUIRE(scan.start(options) == 0);
    loop.run();
    REQUIRE(scan.results.size() == 1);
    CHECK(scan.results[0].state == PORTLOOP_FILTERED);
    CHECK(scan.results[0].reason == PORTLOOP_NO_RESPONSE);
    CHECK(scan.results[0].attempts == 3);
    CHECK(scan.results[0].rtt_us == 0);
  }
}

TEST_CASE("a scan stopped and closed in its first result has no other result, one done and one closed") {
  std::vector<LocalPort> ports;
  for (int i = 0; i < 20; ++i) ports.emplace_back(LocalPort::open);
  for (const Engine& engine : engines) {
    for (const bool stop_first : {false, true}) {
      CAPTURE(engine.loops);
      TestLoop loop;
      TestOptions options("127.0.0.1", join(ports));
      set_engine(options, engine);
      Recorded scan(loop);
      scan.on_result = [&](Recorded& self) {
        if (stop_first) self.stop();
        self.close();
      };
      REQUIRE(scan.start(options) == 0);
      loop.run();
      CHECK(scan.results.size() == 1);
      CHECK(scan.done == 1);
      CHECK(scan.status == UV_ECANCELED);
    }
  }
}

TEST_CASE("a scan stopped right after start is cancelled; on a single loop nothing was probed") {
  const LocalPort open(LocalPort::open);
  for (const Engine& engine : engines) {
    TestLoop loop;
    TestOptions options("127.0.0.1", open.text());
    set_engine(options, engine);
    Recorded scan(loop);
    close_when_done(scan);
    REQUIRE(scan.start(options) == 0);
    scan.stop();
    scan.stop();
    CHECK(scan.done == 0);
    loop.run();
    CHECK(scan.done == 1);
    CHECK(scan.status == UV_ECANCELED);
    if (engine.loops == 1) CHECK(scan.results.empty());
  }
}

TEST_CASE("a scan closed right after start: done, then closed, both from the loop") {
  const LocalPort open(LocalPort::open);
  for (const Engine& engine : engines) {
    TestLoop loop;
    TestOptions options("127.0.0.1", open.text());
    set_engine(options, engine);
    Recorded scan(loop);
    REQUIRE(scan.start(options) == 0);
    scan.close();
    CHECK(scan.done == 0);
    CHECK(scan.closed == 0);
    loop.run();
    CHECK(scan.done == 1);
    CHECK(scan.status == UV_ECANCELED);
    CHECK(scan.results.empty());
  }
}

TEST_CASE("connects that are pending when the scan is stopped end without a result") {
  std::vector<LocalPort> ports;
  for (int i = 0; i < 100; ++i) ports.emplace_back(LocalPort::silent);
  for (const Engine& engine : engines) {
    for (const bool by_close : {false, true}) {
      CAPTURE(engine.loops);
      TestLoop loop;
      TestOptions options("127.0.0.1", join(ports));
      set_engine(options, engine);
      portloop_options_set_timeout_ms(options, 600'000);
      portloop_options_set_adaptive(options, 0);
      Recorded scan(loop);
      if (!by_close) close_when_done(scan);
      REQUIRE(scan.start(options) == 0);
      loop.poll_until([&] { return scan.stats().in_flight == 100; });
      by_close ? scan.close() : scan.stop();
      loop.run();
      CHECK(scan.results.empty());
      CHECK(scan.done == 1);
      CHECK(scan.status == UV_ECANCELED);
    }
  }
}

TEST_CASE("stop after done has no effect; close after done closes") {
  const LocalPort open(LocalPort::open);
  for (const Engine& engine : engines) {
    TestLoop loop;
    TestOptions options("127.0.0.1", open.text());
    set_engine(options, engine);
    Recorded scan(loop);
    REQUIRE(scan.start(options) == 0);
    loop.run();  // a scan that is done does not keep the loop alive
    REQUIRE(scan.done == 1);
    scan.stop();
    CHECK(scan.stats().open == 1);
    scan.close();
    loop.run();
    CHECK(scan.done == 1);
    CHECK(scan.status == 0);
  }
}

TEST_CASE("stop, and then close, may be called in done") {
  const LocalPort open(LocalPort::open);
  for (const Engine& engine : engines) {
    TestLoop loop;
    TestOptions options("127.0.0.1", open.text());
    set_engine(options, engine);
    Recorded scan(loop);
    scan.on_done = [](Recorded& self) {
      self.stop();
      self.close();
      self.stop();
    };
    REQUIRE(scan.start(options) == 0);
    loop.run();
    CHECK(scan.done == 1);
    CHECK(scan.status == 0);
  }
}

TEST_CASE("close may be called again until the scan is closed: the first callback is the one that is called") {
  const LocalPort open(LocalPort::open);
  for (const Engine& engine : engines) {
    for (const bool started : {false, true}) {
      CAPTURE(engine.loops);
      CAPTURE(started);
      TestLoop loop;
      TestOptions options("127.0.0.1", open.text());
      set_engine(options, engine);
      Recorded scan(loop);
      const portloop_close_cb wrong = [](portloop_scan*) { FAIL("the callback of a later close was called"); };
      scan.on_done = [&](Recorded& self) {  // the idiom of the quick start
        CHECK(portloop_scan_is_closing(self.scan) == 1);
        portloop_scan_close(self.scan, wrong);
      };
      scan.on_closed = [&](Recorded& self) { portloop_scan_close(self.scan, wrong); };
      if (started) REQUIRE(scan.start(options) == 0);
      CHECK(portloop_scan_is_closing(scan.scan) == 0);
      scan.close();
      CHECK(portloop_scan_is_closing(scan.scan) == 1);
      portloop_scan_close(scan.scan, wrong);
      portloop_scan_stop(scan.scan);
      portloop_scan_ref(scan.scan);
      portloop_scan_unref(scan.scan);
      CHECK(scan.stats().loops == (started ? engine.loops : 0));
      loop.run();
      CHECK(scan.done == (started ? 1 : 0));
    }
  }
}

TEST_CASE("a scan that is closed in its first result may be closed in done, too") {
  std::vector<LocalPort> ports;
  for (int i = 0; i < 20; ++i) ports.emplace_back(LocalPort::open);
  for (const Engine& engine : engines) {
    CAPTURE(engine.loops);
    TestLoop loop;
    TestOptions options("127.0.0.1", join(ports));
    set_engine(options, engine);
    Recorded scan(loop);
    scan.on_result = [](Recorded& self) { self.close(); };
    scan.on_done = [](Recorded& self) { portloop_scan_close(self.scan, nullptr); };
    REQUIRE(scan.start(options) == 0);
    loop.run();
    CHECK(scan.results.size() == 1);
    CHECK(scan.done == 1);
    CHECK(scan.status == UV_ECANCELED);
  }
}

TEST_CASE("without a descriptor for a single connect, start fails and calls nothing; with one, the scan is exact") {
  const LocalPort open(LocalPort::open), closed(LocalPort::closed);
  for (const Engine& engine : engines) {
    bool failed = false, complete = false;
    for (rlim_t more = 0; more < 40 && !complete; ++more) {
      CAPTURE(engine.loops);
      CAPTURE(engine.connector);
      CAPTURE(more);
      TestLoop loop;
      TestOptions options("127.0.0.1", open.text() + ',' + closed.text());
      set_engine(options, engine);
      portloop_options_set_in_flight(options, engine.loops);
      Recorded scan(loop);
      close_when_done(scan);
      const DescriptorLimit limit(more);
      const int error = scan.start(options);
      complete = error == 0;
      if (!complete) {
        failed = true;
        CHECK(error == UV_EMFILE);
        CHECK(scan.stats().loops == 0);
        CHECK(scan.start(options) == UV_EALREADY);
        scan.close();
      }
      loop.run();
      CHECK(scan.done == (complete ? 1 : 0));
      CHECK(scan.results.size() == (complete ? 2 : 0));
      for (const auto& result : scan.results) CHECK(result.state != PORTLOOP_UNKNOWN);
    }
    CHECK(failed);
    CHECK(complete);
  }
}

TEST_CASE("a scan can be started only once") {
  const LocalPort open(LocalPort::open);
  TestLoop loop;
  TestOptions options("127.0.0.1", open.text());
  Recorded scan(loop);
  scan.on_result = [&](Recorded& self) {
    CHECK(portloop_options_set_retries(options, 99) == UV_EINVAL);
    CHECK(portloop_scan_start(self.scan, options, Recorded::result_cb, Recorded::done_cb) == UV_EALREADY);
    CHECK(std::string(portloop_options_error(options)).empty());  // not the setter's message
  };
  scan.on_done = [&](Recorded& self) {
    CHECK(portloop_scan_start(self.scan, options, Recorded::result_cb, Recorded::done_cb) == UV_EALREADY);
    self.close();
    CHECK(portloop_scan_start(self.scan, options, Recorded::result_cb, Recorded::done_cb) == UV_EALREADY);
  };
  REQUIRE(scan.start(options) == 0);
  loop.run();
  CHECK(scan.results.size() == 1);
  CHECK(scan.done == 1);
}

TEST_CASE("the options may be freed when start has returned, and callbacks may be NULL") {
  const LocalPort open(LocalPort::open);
  for (const Engine& engine : engines) {
    TestLoop loop;
    portloop_scan* scan = nullptr;
    REQUIRE(portloop_scan_init(loop.get(), &scan) == 0);
    {
      TestOptions options("127.0.0.1", open.text());
      set_engine(options, engine);
      REQUIRE(portloop_scan_start(scan, options, nullptr, nullptr) == 0);
    }
    portloop_stats stats{};
    loop.poll_until([&] {
      portloop_scan_stats(scan, &stats, sizeof stats);
      return stats.open == 1;
    });
    portloop_scan_close(scan, nullptr);
    loop.run();
  }
}
