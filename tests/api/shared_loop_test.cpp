// A scan on a loop that has other handles and other scans.
#include <algorithm>
#include <memory>

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

TEST_CASE("fifty scans on one loop start no more connects in a turn than one may, and all of them get on") {
  constexpr int count = 50;
  constexpr uint64_t max_connects_in_a_turn = 2 * 128;  // 128 before the loop polls, and 128 after it
  struct State {
    std::vector<std::unique_ptr<Recorded>> scans;
    uint64_t connects = 0;
    uint64_t max_in_a_turn = 0;
  };
  for (const auto connector : {PORTLOOP_CONNECTOR_FASTEST, PORTLOOP_CONNECTOR_PORTABLE}) {
    CAPTURE(connector);
    State state;
    uv_check_t check;  // outlives the loop
    TestLoop loop;
    uv_check_init(loop.get(), &check);
    check.data = &state;
    uv_check_start(&check, [](uv_check_t* handle) {
      auto& now = *static_cast<State*>(handle->data);
      uint64_t connects = 0;
      for (const auto& scan : now.scans) connects += scan->stats().connects;
      now.max_in_a_turn = std::max(now.max_in_a_turn, connects - now.connects);
      now.connects = connects;
    });
    uv_unref(as_handle(&check));
    int running = count;
    for (int i = 0; i < count; ++i) {
      TestOptions options("127.0.0.1", "45000-45199");
      portloop_options_set_connector(options, connector);
      portloop_options_set_adaptive(options, 0);
      auto& scan = *state.scans.emplace_back(std::make_unique<Recorded>(loop));
      scan.on_done = [&](Recorded&) {
        if (--running > 0) return;
        uv_check_stop(&check);
        for (const auto& each : state.scans) each->close();
      };
      REQUIRE(scan.start(options) == 0);
    }
    loop.run();
    for (const auto& scan : state.scans) CHECK(scan->results.size() == 200);
    CHECK(state.connects >= count * 200);
    CHECK(state.max_in_a_turn <= max_connects_in_a_turn);
    uv_close(as_handle(&check), nullptr);
  }
}

TEST_CASE("the data of the library's handles is NULL in every phase, so that a walk can skip what is not its own") {
  const LocalPort open(LocalPort::open), closed(LocalPort::closed), silent(LocalPort::silent);
  struct Walk {
    int handles = 0, with_data = 0;
  };
  for (const Engine& engine : engines) {
    CAPTURE(engine.loops);
    CAPTURE(engine.connector);
    TestLoop loop;
    const auto walk = [&] {
      Walk seen;
      uv_walk(
          loop.get(),
          [](uv_handle_t* handle, void* place) {
            auto& counts = *static_cast<Walk*>(place);
            ++counts.handles;
            counts.with_data += handle->data != nullptr;
          },
          &seen);
      CHECK(seen.with_data == 0);
      return seen;
    };
    const int handles_before = walk().handles;
    TestOptions options("127.0.0.1", open.text() + ',' + closed.text() + ',' + silent.text());
    set_engine(options, engine);
    portloop_options_set_timeout_ms(options, 30);
    portloop_options_set_retries(options, 0);
    portloop_options_set_banners(options, PORTLOOP_BANNERS_READ, 10'000, 5);
    Recorded scan(loop);
    scan.on_result = scan.on_done = scan.on_closed = [&](Recorded&) { walk(); };
    REQUIRE(scan.start(options) == 0);
    CHECK(walk().handles > handles_before);
    loop.poll_until([&] {
      walk();
      if (const int visitor = open.accept_waiting(); visitor >= 0) {
        send(visitor, "hello", 5, MSG_NOSIGNAL);  // fails for a connect whose answer was in doubt
        ::close(visitor);
      }
      return scan.done > 0;
    });
    REQUIRE(scan.find(open.number()) != nullptr);
    CHECK(scan.find(open.number())->banner == "hello");
    scan.close();
    walk();
    loop.run_until([&] {
      walk();
      return scan.closed > 0;
    });
    CHECK(walk().handles == handles_before);
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
