// init, start, stop and close, in every order and in every callback.
#include "support/embedding.hpp"

using namespace portloop::testing;

namespace {

// Every test applies to all loops and connectors.
struct Kind {
  uint32_t loops;
  portloop_connector connector;
};
constexpr Kind kinds[] = {{1, PORTLOOP_CONNECTOR_FASTEST},
                          {1, PORTLOOP_CONNECTOR_PORTABLE},
                          {3, PORTLOOP_CONNECTOR_FASTEST},
                          {3, PORTLOOP_CONNECTOR_PORTABLE}};

void set(portloop_options* options, const Kind& kind) {
  REQUIRE(portloop_options_set_loops(options, kind.loops) == 0);
  REQUIRE(portloop_options_set_connector(options, kind.connector) == 0);
}

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
  for (const Kind& kind : kinds) {
    CAPTURE(kind.loops);
    CAPTURE(kind.connector);
    TestLoop loop;
    TestOptions options("127.0.0.1", open.text() + ',' + closed.text());
    set(options, kind);
    Recorded scan(loop);
    close_when_done(scan);
    REQUIRE(scan.start(options) == 0);
    loop.run();
    REQUIRE(scan.results.size() == 2);
    const auto* opened = scan.find(open.number());
    const auto* refused = scan.find(closed.number());
    REQUIRE(opened != nullptr);
    REQUIRE(refused != nullptr);
    CHECK(opened->state == PORTLOOP_OPEN);
    CHECK(opened->reason == PORTLOOP_SYN_ACK);
    CHECK(opened->attempts >= 1);
    CHECK(opened->rtt_us > 0);
    CHECK_FALSE(opened->has_banner);
    CHECK(refused->state == PORTLOOP_CLOSED);
    CHECK(refused->reason == PORTLOOP_CONN_REFUSED);
    CHECK(scan.done == 1);
    CHECK(scan.status == 0);
  }
}

TEST_CASE("::1 is scanned like any other address") {
  const LocalPort open(LocalPort::open, "::1"), closed(LocalPort::closed, "::1");
  for (const Kind& kind : kinds) {
    TestLoop loop;
    TestOptions options("::1", open.text() + ',' + closed.text());
    set(options, kind);
    Recorded scan(loop);
    close_when_done(scan);
    REQUIRE(scan.start(options) == 0);
    loop.run();
    REQUIRE(scan.results.size() == 2);
    REQUIRE(scan.find(open.number(), "::1") != nullptr);
    CHECK(scan.find(open.number(), "::1")->state == PORTLOOP_OPEN);
    CHECK(scan.find(closed.number(), "::1")->state == PORTLOOP_CLOSED);
  }
}

TEST_CASE("a port that stays silent is filtered, after a retry") {
  const LocalPort silent(LocalPort::silent);
  for (const Kind& kind : kinds) {
    TestLoop loop;
    TestOptions options("127.0.0.1", silent.text());
    set(options, kind);
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

TEST_CASE("an embedder that blocks the loop before the scan's turn does not make a pending connect silent") {
  // The timer of a connect that is started late in a turn would expire before the answer could be seen.
  const LocalPort silent(LocalPort::silent);
  TestLoop loop;
  TestOptions options("127.0.0.1", silent.text());
  portloop_options_set_timeout_ms(options, 30);
  portloop_options_set_retries(options, 0);
  portloop_options_set_adaptive(options, 0);
  Recorded scan(loop);
  uint64_t done_ns = 0;
  scan.on_done = [&](Recorded& self) {
    done_ns = uv_hrtime();
    self.close();
  };
  const uint64_t began_ns = uv_hrtime();
  REQUIRE(scan.start(options) == 0);
  uv_idle_t busy;  // libuv calls the idle handle that was started last first
  uv_idle_init(loop.get(), &busy);
  uv_idle_start(&busy, [](uv_idle_t* idle) {
    const uint64_t until_ns = uv_hrtime() + 40'000'000;
    while (uv_hrtime() < until_ns) {
    }
    uv_idle_stop(idle);
  });
  loop.run_until([&] { return scan.done > 0; });
  uv_close(as_handle(&busy), nullptr);
  loop.run();
  // Blocked for 40 ms; after that the connect waited the whole 30 ms.
  CHECK(done_ns - began_ns >= 70'000'000);
}

TEST_CASE("a scan stopped and closed in its first result has no other result, one done and one closed") {
  std::vector<LocalPort> ports;
  for (int i = 0; i < 20; ++i) ports.emplace_back(LocalPort::open);
  for (const Kind& kind : kinds) {
    for (const bool stop_first : {false, true}) {
      CAPTURE(kind.loops);
      TestLoop loop;
      TestOptions options("127.0.0.1", join(ports));
      set(options, kind);
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
  for (const Kind& kind : kinds) {
    TestLoop loop;
    TestOptions options("127.0.0.1", open.text());
    set(options, kind);
    Recorded scan(loop);
    close_when_done(scan);
    REQUIRE(scan.start(options) == 0);
    scan.stop();
    scan.stop();
    CHECK(scan.done == 0);
    loop.run();
    CHECK(scan.done == 1);
    CHECK(scan.status == UV_ECANCELED);
    if (kind.loops == 1) CHECK(scan.results.empty());
  }
}

TEST_CASE("a scan closed right after start: done, then closed, both from the loop") {
  const LocalPort open(LocalPort::open);
  for (const Kind& kind : kinds) {
    TestLoop loop;
    TestOptions options("127.0.0.1", open.text());
    set(options, kind);
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
  for (const Kind& kind : kinds) {
    for (const bool by_close : {false, true}) {
      CAPTURE(kind.loops);
      TestLoop loop;
      TestOptions options("127.0.0.1", join(ports));
      set(options, kind);
      portloop_options_set_timeout_ms(options, 600'000);
      portloop_options_set_adaptive(options, 0);
      Recorded scan(loop);
      if (!by_close) close_when_done(scan);
      REQUIRE(scan.start(options) == 0);
      uv_timer_t look;
      uv_timer_init(loop.get(), &look);
      uv_timer_start(
          &look, [](uv_timer_t*) {}, 1, 1);
      loop.run_until([&] { return scan.stats().in_flight == 100; });
      uv_close(as_handle(&look), nullptr);
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
  for (const Kind& kind : kinds) {
    TestLoop loop;
    TestOptions options("127.0.0.1", open.text());
    set(options, kind);
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
  for (const Kind& kind : kinds) {
    TestLoop loop;
    TestOptions options("127.0.0.1", open.text());
    set(options, kind);
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
  for (const Kind& kind : kinds) {
    TestLoop loop;
    portloop_scan* scan = nullptr;
    REQUIRE(portloop_scan_init(loop.get(), &scan) == 0);
    {
      TestOptions options("127.0.0.1", open.text());
      set(options, kind);
      REQUIRE(portloop_scan_start(scan, options, nullptr, nullptr) == 0);
    }
    portloop_stats stats{};
    uv_timer_t look;
    uv_timer_init(loop.get(), &look);
    uv_timer_start(
        &look, [](uv_timer_t*) {}, 1, 1);
    loop.run_until([&] {
      portloop_scan_stats(scan, &stats, sizeof stats);
      return stats.open == 1;
    });
    uv_close(as_handle(&look), nullptr);
    portloop_scan_close(scan, nullptr);
    loop.run();
  }
}

TEST_CASE("two scans on one loop do not disturb each other") {
  std::vector<LocalPort> first_ports, second_ports;
  for (int i = 0; i < 50; ++i) {
    first_ports.emplace_back(i % 2 == 0 ? LocalPort::open : LocalPort::closed);
    second_ports.emplace_back(LocalPort::open, "127.1.2.3");
  }
  for (const Kind& kind : kinds) {
    TestLoop loop;
    TestOptions first_options("127.0.0.1", join(first_ports)), second_options("127.1.2.3", join(second_ports));
    set(first_options, kind);
    Recorded first(loop), second(loop);
    close_when_done(first);
    close_when_done(second);
    REQUIRE(first.start(first_options) == 0);
    REQUIRE(second.start(second_options) == 0);
    loop.run();
    CHECK(first.results.size() == 50);
    CHECK(second.results.size() == 50);
    for (const auto& result : second.results) CHECK(result.state == PORTLOOP_OPEN);
    CHECK(first.status == 0);
    CHECK(second.status == 0);
  }
}

TEST_CASE("a scan is started, and another one closed, in a scan's callbacks") {
  const LocalPort open(LocalPort::open), silent(LocalPort::silent);
  for (const Kind& kind : kinds) {
    TestLoop loop;
    TestOptions options("127.0.0.1", open.text()), waiting("127.0.0.1", silent.text());
    set(options, kind);
    set(waiting, kind);
    portloop_options_set_timeout_ms(waiting, 600'000);
    portloop_options_set_adaptive(waiting, 0);
    Recorded first(loop), second(loop), third(loop), victim(loop);
    REQUIRE(victim.start(waiting) == 0);
    first.on_result = [&](Recorded&) { CHECK(second.start(options) == 0); };
    first.on_done = [&](Recorded& self) {
      victim.close();
      self.close();
    };
    first.on_closed = [&](Recorded&) { CHECK(third.start(options) == 0); };
    close_when_done(second);
    close_when_done(third);
    REQUIRE(first.start(options) == 0);
    loop.run();
    CHECK(first.results.size() == 1);
    CHECK(second.results.size() == 1);
    CHECK(third.results.size() == 1);
    CHECK(victim.results.empty());
    CHECK(victim.status == UV_ECANCELED);
  }
}

TEST_CASE("an unreferenced scan does not keep the loop alive; referenced again it runs to its end") {
  const LocalPort silent(LocalPort::silent);
  for (const Kind& kind : kinds) {
    for (const bool before_start : {false, true}) {
      CAPTURE(kind.loops);
      CAPTURE(before_start);
      TestLoop loop;
      TestOptions options("127.0.0.1", silent.text());
      set(options, kind);
      portloop_options_set_timeout_ms(options, 50);
      portloop_options_set_retries(options, 0);
      Recorded scan(loop);
      close_when_done(scan);
      if (before_start) portloop_scan_unref(scan.scan);
      REQUIRE(scan.start(options) == 0);
      if (!before_start) portloop_scan_unref(scan.scan);
      loop.run();  // returns at once
      CHECK(scan.done == 0);
      portloop_scan_ref(scan.scan);
      loop.run();
      CHECK(scan.results.size() == 1);
      CHECK(scan.done == 1);
    }
  }
}

TEST_CASE("an unreferenced scan that is closed still keeps the loop alive until it is closed") {
  const LocalPort silent(LocalPort::silent);
  for (const Kind& kind : kinds) {
    TestLoop loop;
    TestOptions options("127.0.0.1", silent.text());
    set(options, kind);
    portloop_options_set_timeout_ms(options, 600'000);
    Recorded scan(loop);
    REQUIRE(scan.start(options) == 0);
    portloop_scan_unref(scan.scan);
    loop.run();
    scan.close();
    portloop_scan_unref(scan.scan);
    loop.run();
    CHECK(scan.closed == 1);
    CHECK(scan.status == UV_ECANCELED);
  }
}
