// portloop_scan_pause() and portloop_scan_resume(): no new connects in between, and nothing is lost.
#include "portloop/portloop.hpp"
#include "support/embedding.hpp"

using namespace portloop::testing;

TEST_CASE("while a scan on the caller's loop is paused, no connect is started; resumed, it reports every port once") {
  for (const auto connector : {PORTLOOP_CONNECTOR_FASTEST, PORTLOOP_CONNECTOR_PORTABLE}) {
    CAPTURE(connector);
    ManyClosed many({1, connector});
    portloop_scan* scan = many.scan.scan;
    many.run_until_halted([&] { portloop_scan_pause(scan); });
    many.check_halted([&] { portloop_scan_pause(scan); });  // not counted
    portloop_scan_resume(scan);
    many.check_complete();
  }
}

TEST_CASE("while a scan with loop threads is paused, no result is reported; resumed, it reports every port once") {
  for (const auto connector : {PORTLOOP_CONNECTOR_FASTEST, PORTLOOP_CONNECTOR_PORTABLE}) {
    ManyClosed many({3, connector});
    many.scan.on_result = [](Recorded& self) {
      if (self.results.size() == 100) portloop_scan_pause(self.scan);
    };
    many.start();
    many.loop.run_until([&] { return many.scan.results.size() == 100; });
    many.loop.turn(100);
    CHECK(many.scan.results.size() == 100);
    CHECK(many.scan.done == 0);
    portloop_scan_resume(many.scan.scan);
    many.check_complete();
  }
}

TEST_CASE("connects that are in flight when the scan is paused end; their retries wait until it is resumed") {
  const LocalPort silent(LocalPort::silent);
  for (const auto connector : {PORTLOOP_CONNECTOR_FASTEST, PORTLOOP_CONNECTOR_PORTABLE}) {
    TestLoop loop;
    TestOptions options("127.0.0.1", silent.text());
    portloop_options_set_connector(options, connector);
    portloop_options_set_timeout_ms(options, 20);
    portloop_options_set_adaptive(options, 0);
    portloop_options_set_retries(options, 1);
    Recorded scan(loop);
    close_when_done(scan);
    REQUIRE(scan.start(options) == 0);
    loop.poll_until([&] { return scan.stats().in_flight == 1; });
    portloop_scan_pause(scan.scan);
    loop.poll_until([&] { return scan.stats().in_flight == 0; });
    loop.turn(10);
    CHECK(scan.stats().connects == 1);
    CHECK(scan.results.empty());
    portloop_scan_resume(scan.scan);
    loop.run();
    REQUIRE(scan.results.size() == 1);
    CHECK(scan.results[0].state == PORTLOOP_FILTERED);
    CHECK(scan.results[0].attempts == 2);
  }
}

TEST_CASE("a paused scan keeps the loop alive with nothing in flight, and can be stopped and closed") {
  const LocalPort open(LocalPort::open);
  for (const Engine& engine : engines) {
    for (const bool stop : {false, true}) {
      CAPTURE(engine.loops);
      CAPTURE(engine.connector);
      TestLoop loop;
      TestOptions options("127.0.0.1", open.text());
      set_engine(options, engine);
      Recorded scan(loop);
      REQUIRE(scan.start(options) == 0);
      portloop_scan_pause(scan.scan);
      loop.turn(100);
      CHECK(scan.done == 0);
      if (stop) {
        close_when_done(scan);
        scan.stop();
      } else {
        scan.close();
      }
      loop.run();
      CHECK(scan.done == 1);
      CHECK(scan.status == UV_ECANCELED);
      if (!stop) CHECK(scan.results.empty());
    }
  }
}

TEST_CASE("pause and resume have no effect before start, after done, while it is closed, and without each other") {
  const LocalPort open(LocalPort::open);
  for (const Engine& engine : engines) {
    TestLoop loop;
    TestOptions options("127.0.0.1", open.text());
    set_engine(options, engine);
    Recorded scan(loop);
    const auto both = [&] {
      portloop_scan_resume(scan.scan);
      portloop_scan_pause(scan.scan);
    };
    both();
    REQUIRE(scan.start(options) == 0);
    portloop_scan_resume(scan.scan);
    scan.on_done = [&](Recorded& self) {
      both();
      self.close();
      both();
    };
    loop.run();
    CHECK(scan.results.size() == 1);
    CHECK(scan.status == 0);
  }
}

TEST_CASE("the C++ interface pauses and resumes") {
  TestLoop loop;
  portloop::Scan scan(loop.get());
  size_t results = 0;
  scan.start(portloop::Options().add_target("127.0.0.1").ports(ManyClosed::ports), [&](const portloop_result&) {
    if (++results == 10) scan.pause();
  });
  loop.run_until([&] { return results >= 10 && scan.stats().in_flight == 0; });
  loop.turn(50);
  CHECK(results < ManyClosed::count);
  scan.resume();
  loop.run();
  CHECK(results == ManyClosed::count);
}
