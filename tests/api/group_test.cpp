// Groups: scans that share a maximum in flight and a rate.
#include <sys/wait.h>
#include <unistd.h>

#include <cmath>
#include <memory>

#include "portloop/portloop.hpp"
#include "support/embedding.hpp"

using namespace portloop::testing;

namespace {

/// Ports of 127.0.0.1 that are closed.
constexpr size_t many = 300;
constexpr const char* many_ports = "42001-42300";

/// A connect in about 17 minutes.
constexpr double nearly_never = 0.001;

using Group = std::unique_ptr<portloop_group, void (*)(portloop_group*)>;

Group make_group(uint32_t in_flight) {
  Group group(portloop_group_new(), portloop_group_free);
  REQUIRE(group != nullptr);
  REQUIRE(portloop_group_set_in_flight(group.get(), in_flight) == 0);
  return group;
}

uint64_t sum(const std::vector<std::unique_ptr<Recorded>>& scans, auto member) {
  uint64_t total = 0;
  for (const auto& scan : scans) total += scan->stats().*member;
  return total;
}

void start(std::vector<std::unique_ptr<Recorded>>& scans, TestLoop& loop, portloop_options* options) {
  scans.push_back(std::make_unique<Recorded>(loop));
  close_when_done(*scans.back());
  REQUIRE(scans.back()->start(options) == 0);
}

}  // namespace

TEST_CASE("the scans of a group together have as many connects in flight as the group may, with any engine") {
  std::vector<LocalPort> ports;
  for (int i = 0; i < 20; ++i) ports.emplace_back(LocalPort::silent);
  for (const Engine& engine : engines) {
    CAPTURE(engine.loops);
    CAPTURE(engine.connector);
    TestLoop loop;
    const Group group = make_group(7);
    std::vector<std::unique_ptr<Recorded>> scans;
    for (int i = 0; i < 4; ++i) {
      TestOptions options("127.0.0.1", join(ports));
      set_engine(options, i % 2 == 0 ? engine : engines[0]);
      portloop_options_set_timeout_ms(options, 600'000);
      portloop_options_set_adaptive(options, 0);
      REQUIRE(portloop_options_set_group(options, group.get()) == 0);
      start(scans, loop, options);
    }
    loop.poll_until([&] { return sum(scans, &portloop_stats::in_flight) == 7; });
    for (int i = 0; i < 100; ++i) uv_run(loop.get(), UV_RUN_NOWAIT);
    CHECK(sum(scans, &portloop_stats::connects) == 7);
    REQUIRE(portloop_group_set_in_flight(group.get(), 31) == 0);
    loop.poll_until([&] { return sum(scans, &portloop_stats::in_flight) == 31; });
    for (int i = 0; i < 100; ++i) uv_run(loop.get(), UV_RUN_NOWAIT);
    CHECK(sum(scans, &portloop_stats::connects) == 31);
    // What one of them leaves, the others get.
    scans[0]->close();
    loop.poll_until([&] {
      return scans[0]->closed == 1 &&
             scans[1]->stats().in_flight + scans[2]->stats().in_flight + scans[3]->stats().in_flight == 31;
    });
    for (int i = 1; i < 4; ++i) scans[i]->close();
    loop.run();
  }
}

TEST_CASE("scans that share a few permits report every port, and hold no more permits than there are") {
  for (const auto connector : {PORTLOOP_CONNECTOR_FASTEST, PORTLOOP_CONNECTOR_PORTABLE}) {
    CAPTURE(connector);
    TestLoop loop;
    const Group group = make_group(3);
    std::vector<std::unique_ptr<Recorded>> scans;
    for (int i = 0; i < 8; ++i) {
      TestOptions options("127.0.0.1", many_ports);
      portloop_options_set_connector(options, connector);
      portloop_options_set_group(options, group.get());
      start(scans, loop, options);
      scans.back()->on_result = [&](Recorded&) {
        uint32_t in_flight = 0;
        for (const auto& scan : scans) in_flight += scan->closed == 0 ? scan->stats().in_flight : 0;
        CHECK(in_flight <= 3);
      };
    }
    loop.run();
    for (const auto& scan : scans) {
      CHECK(scan->results.size() == many);
      CHECK(scan->status == 0);
    }
  }
}

TEST_CASE("scans with loop threads and without share one permit, and all of them get on") {
  TestLoop loop;
  const Group group = make_group(1);
  std::vector<std::unique_ptr<Recorded>> scans;
  for (const Engine& engine : engines) {
    TestOptions options("127.0.0.1", many_ports);
    set_engine(options, engine);
    portloop_options_set_group(options, group.get());
    start(scans, loop, options);
  }
  loop.run();
  for (const auto& scan : scans) {
    CHECK(scan->results.size() == many);
    CHECK(scan->status == 0);
  }
}

TEST_CASE("a group's rate is that of all its scans together, and may change") {
  for (const Engine& engine : engines) {
    CAPTURE(engine.loops);
    TestLoop loop;
    const Group group = make_group(100);
    REQUIRE(portloop_group_set_rate(group.get(), nearly_never) == 0);
    std::vector<std::unique_ptr<Recorded>> scans;
    for (int i = 0; i < 4; ++i) {
      TestOptions options("127.0.0.1", many_ports);
      set_engine(options, engine);
      portloop_options_set_group(options, group.get());
      start(scans, loop, options);
    }
    loop.poll_until([&] { return sum(scans, &portloop_stats::connects) == 1; });
    for (int i = 0; i < 200; ++i) uv_run(loop.get(), UV_RUN_NOWAIT);
    CHECK(sum(scans, &portloop_stats::connects) == 1);
    REQUIRE(portloop_group_set_rate(group.get(), 1e6) == 0);
    loop.run();
    for (const auto& scan : scans) CHECK(scan->results.size() == many);
  }
}

TEST_CASE("a scan that joins later gets its share, although another one holds all permits") {
  std::vector<LocalPort> ports;
  for (int i = 0; i < 100; ++i) ports.emplace_back(LocalPort::silent);
  for (const auto connector : {PORTLOOP_CONNECTOR_FASTEST, PORTLOOP_CONNECTOR_PORTABLE}) {
    TestLoop loop;
    const Group group = make_group(4);
    TestOptions slow("127.0.0.1", join(ports)), fast("127.0.0.1", many_ports);
    for (portloop_options* options : {static_cast<portloop_options*>(slow), static_cast<portloop_options*>(fast)}) {
      portloop_options_set_connector(options, connector);
      portloop_options_set_group(options, group.get());
    }
    portloop_options_set_timeout_ms(slow, 100);
    portloop_options_set_adaptive(slow, 0);
    portloop_options_set_retries(slow, 13);
    Recorded first(loop), second(loop);
    close_when_done(first);
    REQUIRE(first.start(slow) == 0);
    loop.run_until([&] { return first.stats().in_flight == 4; });
    second.on_done = [&](Recorded& self) {
      CHECK(first.done == 0);
      self.close();
      first.stop();
    };
    REQUIRE(second.start(fast) == 0);
    loop.run();
    CHECK(second.results.size() == many);
    CHECK(first.status == UV_ECANCELED);
  }
}

TEST_CASE("scans that are stopped, closed, paused or read banners give their permits back") {
  std::vector<LocalPort> open, silent;
  for (int i = 0; i < 6; ++i) open.emplace_back(LocalPort::open);
  for (int i = 0; i < 6; ++i) silent.emplace_back(LocalPort::silent);
  for (const Engine& engine : engines) {
    CAPTURE(engine.loops);
    CAPTURE(engine.connector);
    TestLoop loop;
    Group group = make_group(2);
    TestOptions banners("127.0.0.1", join(open)), waiting("127.0.0.1", join(silent)), plain("127.0.0.1", many_ports);
    for (portloop_options* options : {static_cast<portloop_options*>(banners), static_cast<portloop_options*>(waiting),
                                      static_cast<portloop_options*>(plain)}) {
      set_engine(options, engine);
      portloop_options_set_group(options, group.get());
    }
    portloop_options_set_banners(banners, PORTLOOP_BANNERS_READ, 20, 16);
    portloop_options_set_timeout_ms(waiting, 600'000);
    portloop_options_set_adaptive(waiting, 0);
    Recorded stopped(loop), closed(loop), paused(loop), reading(loop), last(loop);
    for (Recorded* scan : {&stopped, &closed, &paused, &reading, &last}) close_when_done(*scan);
    REQUIRE(stopped.start(waiting) == 0);
    loop.poll_until([&] { return stopped.stats().in_flight == 2; });
    REQUIRE(closed.start(waiting) == 0);
    REQUIRE(paused.start(plain) == 0);
    REQUIRE(reading.start(banners) == 0);
    REQUIRE(last.start(plain) == 0);
    group.reset();  // the scans keep it
    for (int i = 0; i < 20; ++i) uv_run(loop.get(), UV_RUN_NOWAIT);
    CHECK(closed.stats().connects == 0);
    portloop_scan_pause(paused.scan);
    closed.close();
    stopped.stop();
    loop.run_until([&] { return last.closed == 1 && reading.closed == 1; });
    CHECK(last.results.size() == many);
    CHECK(reading.results.size() == 6);
    CHECK(paused.done == 0);
    portloop_scan_resume(paused.scan);
    loop.run();
    CHECK(paused.results.size() == many);
  }
}

TEST_CASE("limits of a group that are out of range are refused; no group is none") {
  const Group group = make_group(1'000'000);
  CHECK(portloop_group_set_in_flight(group.get(), 0) == UV_EINVAL);
  CHECK(portloop_group_set_in_flight(group.get(), 1'000'001) == UV_EINVAL);
  CHECK(portloop_group_set_rate(group.get(), -1) == UV_EINVAL);
  CHECK(portloop_group_set_rate(group.get(), 1.1e9) == UV_EINVAL);
  CHECK(portloop_group_set_rate(group.get(), std::nan("")) == UV_EINVAL);
  CHECK(portloop_group_set_rate(group.get(), 0) == 0);
  portloop_group_free(nullptr);
  TestLoop loop;
  TestOptions options("127.0.0.1", many_ports);
  REQUIRE(portloop_group_set_rate(group.get(), nearly_never) == 0);
  REQUIRE(portloop_options_set_group(options, group.get()) == 0);
  REQUIRE(portloop_options_set_group(options, nullptr) == 0);
  Recorded scan(loop);
  close_when_done(scan);
  REQUIRE(scan.start(options) == 0);
  loop.run();
  CHECK(scan.results.size() == many);
}

TEST_CASE("in a child process a group of the parent's starts no scan, and its running scan ends") {
  const LocalPort silent(LocalPort::silent);
  for (const Engine& engine : engines) {
    CAPTURE(engine.loops);
    TestLoop loop;
    const Group group = make_group(1);
    TestOptions options("127.0.0.1", silent.text());
    set_engine(options, engine);
    portloop_options_set_timeout_ms(options, 600'000);
    portloop_options_set_adaptive(options, 0);
    portloop_options_set_group(options, group.get());
    Recorded scan(loop), waiting(loop);
    REQUIRE(scan.start(options) == 0);
    REQUIRE(waiting.start(options) == 0);
    loop.poll_until([&] { return scan.stats().in_flight + waiting.stats().in_flight == 1; });
    const pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      portloop_scan* own = nullptr;
      bool right = uv_loop_fork(loop.get()) == 0 && portloop_scan_init(loop.get(), &own) == 0;
      right =
          right && portloop_group_set_in_flight(group.get(), 5) == 0 && portloop_group_set_rate(group.get(), 1) == 0;
      right = right && portloop_scan_start(own, options, nullptr, nullptr) == UV_ENOTSUP;
      portloop_scan_close(own, nullptr);
      portloop_scan_close(scan.scan, nullptr);
      portloop_scan_close(waiting.scan, nullptr);
      while (uv_run(loop.get(), UV_RUN_DEFAULT) != 0) {
      }
      _exit(right && scan.done == 1 && waiting.done == 1 ? 0 : 1);
    }
    int status = 0;
    REQUIRE(waitpid(child, &status, 0) == child);
    CHECK(status == 0);
    CHECK(scan.done == 0);
    scan.close();
    waiting.close();
    loop.run();
  }
}

TEST_CASE("the C++ interface has groups") {
  TestLoop loop;
  portloop::Group group;
  group.in_flight(2).rate(0);
  CHECK_THROWS_AS(group.in_flight(0), portloop::Error);
  CHECK_THROWS_AS(group.rate(-1), portloop::Error);
  portloop::Scan first(loop.get()), second(loop.get());
  size_t results = 0;
  const portloop::Options options =
      std::move(portloop::Options().add_target("127.0.0.1").ports(many_ports).group(group));
  for (portloop::Scan* scan : {&first, &second}) {
    scan->start(options, [&](const portloop_result&) {
      ++results;
      CHECK(first.stats().in_flight + second.stats().in_flight <= 2);
    });
  }
  loop.run();
  CHECK(results == 2 * many);
}
