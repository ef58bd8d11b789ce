// Limits that change while a scan runs, and a scan on a thread of its own.
#include <cmath>
#include <thread>

#include "portloop/portloop.hpp"
#include "support/embedding.hpp"

using namespace portloop::testing;

namespace {

/// A connect in about 17 minutes.
constexpr double nearly_never = 0.001;

/// Waits for its answers for as long as the test runs, and uses the limits as they are.
void wait_for_ever(portloop_options* options) {
  portloop_options_set_timeout_ms(options, 600'000);
  portloop_options_set_adaptive(options, 0);
  portloop_options_set_retries(options, 0);
}

}  // namespace

TEST_CASE("a maximum in flight that is raised while the scan runs is used, and not exceeded") {
  std::vector<LocalPort> ports;
  for (int i = 0; i < 40; ++i) ports.emplace_back(LocalPort::silent);
  for (const Engine& engine : engines) {
    CAPTURE(engine.loops);
    CAPTURE(engine.connector);
    TestLoop loop;
    TestOptions options("127.0.0.1", join(ports));
    set_engine(options, engine);
    wait_for_ever(options);
    REQUIRE(portloop_options_set_in_flight(options, 4) == 0);
    Recorded scan(loop);
    REQUIRE(scan.start(options) == 0);
    loop.poll_until([&] { return scan.stats().in_flight == 4; });
    REQUIRE(portloop_scan_set_in_flight(scan.scan, 13) == 0);
    loop.poll_until([&] { return scan.stats().in_flight == 13; });
    REQUIRE(portloop_scan_set_in_flight(scan.scan, 20) == 0);
    loop.poll_until([&] { return scan.stats().in_flight == 20; });
    CHECK(scan.stats().peak_in_flight == 20);
    CHECK(scan.stats().connects == 20);
    scan.close();
    loop.run();
  }
}

TEST_CASE("a maximum in flight that is lowered in a result holds as soon as the others have ended") {
  for (const auto connector : {PORTLOOP_CONNECTOR_FASTEST, PORTLOOP_CONNECTOR_PORTABLE}) {
    CAPTURE(connector);
    ManyClosed many({1, connector});
    bool low = false;
    uint64_t connects = 0;
    many.scan.on_result = [&](Recorded& self) {
      const portloop_stats now = self.stats();
      if (self.results.size() == 100) {
        REQUIRE(portloop_scan_set_in_flight(self.scan, 1) == 0);
        connects = now.connects;
      }
      if (self.results.size() < 100) return;
      low = low || now.in_flight <= 1;
      if (low) CHECK(now.in_flight <= 1);
      if (!low) CHECK(now.connects == connects);
    };
    many.start();
    many.check_complete();
    CHECK(low);
  }
}

TEST_CASE("a rate that is raised while the scan waits for the next connect takes effect at once") {
  for (const Engine& engine : engines) {
    for (const double rate : {0.0, 1e6}) {
      CAPTURE(engine.loops);
      CAPTURE(rate);
      ManyClosed many(engine);
      REQUIRE(portloop_options_set_rate(many.options, nearly_never) == 0);
      many.start();
      many.loop.poll_until([&] { return many.scan.stats().connects >= many.scan.stats().loops; });
      REQUIRE(portloop_scan_set_rate(many.scan.scan, rate) == 0);
      many.check_complete();
    }
  }
}

TEST_CASE("a rate that is lowered in a result lets no further connect through, however often it is set") {
  for (const auto connector : {PORTLOOP_CONNECTOR_FASTEST, PORTLOOP_CONNECTOR_PORTABLE}) {
    CAPTURE(connector);
    ManyClosed many({1, connector});
    const auto lower = [&] { REQUIRE(portloop_scan_set_rate(many.scan.scan, nearly_never) == 0); };
    many.run_until_halted(lower);
    many.check_halted(lower);
    REQUIRE(portloop_scan_set_rate(many.scan.scan, 0) == 0);
    many.check_complete();
  }
}

TEST_CASE("limits out of range are refused; before start, after done and while it is closed they have no effect") {
  const LocalPort open(LocalPort::open);
  for (const Engine& engine : engines) {
    CAPTURE(engine.loops);
    TestLoop loop;
    TestOptions options("127.0.0.1", open.text());
    set_engine(options, engine);
    Recorded scan(loop);
    const auto set_both = [&] {
      CHECK(portloop_scan_set_in_flight(scan.scan, 1000) == 0);
      CHECK(portloop_scan_set_rate(scan.scan, 0) == 0);
      CHECK(portloop_scan_set_in_flight(scan.scan, 0) == UV_EINVAL);
      CHECK(portloop_scan_set_in_flight(scan.scan, 1'000'001) == UV_EINVAL);
      CHECK(portloop_scan_set_rate(scan.scan, -1) == UV_EINVAL);
      CHECK(portloop_scan_set_rate(scan.scan, 1.1e9) == UV_EINVAL);
      CHECK(portloop_scan_set_rate(scan.scan, std::nan("")) == UV_EINVAL);
    };
    set_both();
    REQUIRE(scan.start(options) == 0);
    set_both();
    if (engine.loops > 1) CHECK(portloop_scan_set_in_flight(scan.scan, engine.loops - 1) == UV_EINVAL);
    CHECK(portloop_scan_set_in_flight(scan.scan, engine.loops) == 0);
    scan.on_result = [&](Recorded&) { set_both(); };
    scan.on_done = [&](Recorded& self) {
      set_both();
      self.close();
      set_both();
    };
    loop.run();
    CHECK(scan.results.size() == 1);
    CHECK(scan.status == 0);
  }
}

TEST_CASE("a scan on one thread goes on while the caller's loop is blocked, and calls back on the caller's thread") {
  for (const auto connector : {PORTLOOP_CONNECTOR_FASTEST, PORTLOOP_CONNECTOR_PORTABLE}) {
    ManyClosed many({1, connector});
    CHECK(portloop_options_set_threaded(many.options, 1) == 0);
    const std::thread::id caller = std::this_thread::get_id();
    many.scan.on_result = [&](Recorded& self) {
      CHECK(std::this_thread::get_id() == caller);
      const auto reported = [&] {
        const portloop_stats now = self.stats();
        return now.open + now.closed + now.filtered + now.unknown;
      };
      while (reported() < ManyClosed::count) std::this_thread::yield();
    };
    many.start();
    CHECK(many.scan.stats().loops == 1);
    many.check_complete();
  }
}

TEST_CASE("the C++ interface changes limits, and throws if they are out of range") {
  TestLoop loop;
  portloop::Scan scan(loop.get());
  size_t results = 0;
  scan.start(portloop::Options().add_target("127.0.0.1").ports(ManyClosed::ports).rate(nearly_never).threaded(true),
             [&](const portloop_result&) { ++results; });
  CHECK_THROWS_AS(scan.set_in_flight(0), portloop::Error);
  CHECK_THROWS_AS(scan.set_rate(-1), portloop::Error);
  scan.set_in_flight(10);
  scan.set_rate(0);
  loop.run();
  CHECK(results == ManyClosed::count);
  scan.close();
  scan.set_in_flight(0);  // it is empty
}
