// A scan on a loop that has other handles and other scans.
#include "support/embedding.hpp"

using namespace portloop::testing;

TEST_CASE("two scans on one loop do not disturb each other") {
  std::vector<LocalPort> first_ports, second_ports;
  for (int i = 0; i < 50; ++i) {
    first_ports.emplace_back(i % 2 == 0 ? LocalPort::open : LocalPort::closed);
    second_ports.emplace_back(LocalPort::open, "127.1.2.3");
  }
  for (const Engine& engine : engines) {
    TestLoop loop;
    TestOptions first_options("127.0.0.1", join(first_ports)), second_options("127.1.2.3", join(second_ports));
    set_engine(first_options, engine);
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
  for (const Engine& engine : engines) {
    TestLoop loop;
    TestOptions options("127.0.0.1", open.text()), waiting("127.0.0.1", silent.text());
    set_engine(options, engine);
    set_engine(waiting, engine);
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

TEST_CASE("the embedder's own handles run while a scan runs") {
  TestLoop loop;
  int turns = 0;
  uv_check_t check;
  uv_check_init(loop.get(), &check);
  check.data = &turns;
  uv_check_start(&check, [](uv_check_t* handle) { ++*static_cast<int*>(handle->data); });
  uv_unref(as_handle(&check));
  for (const auto connector : {PORTLOOP_CONNECTOR_FASTEST, PORTLOOP_CONNECTOR_PORTABLE}) {
    turns = 0;
    TestOptions options("127.0.0.1", "45000-49999");
    portloop_options_set_connector(options, connector);
    Recorded scan(loop);
    close_when_done(scan);
    REQUIRE(scan.start(options) == 0);
    loop.run();
    CHECK(scan.results.size() == 5000);
    CHECK(turns >= 5000 / 128);  // at most two batches of 64 in a turn
  }
  uv_close(as_handle(&check), nullptr);
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

TEST_CASE("an unreferenced scan does not keep the loop alive; referenced again it runs to its end") {
  const LocalPort silent(LocalPort::silent);
  for (const Engine& engine : engines) {
    for (const bool before_start : {false, true}) {
      CAPTURE(engine.loops);
      CAPTURE(before_start);
      TestLoop loop;
      TestOptions options("127.0.0.1", silent.text());
      set_engine(options, engine);
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
  for (const Engine& engine : engines) {
    TestLoop loop;
    TestOptions options("127.0.0.1", silent.text());
    set_engine(options, engine);
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
