// The results of a scan: every probe once, in the right order, with statistics that add up.
#include <fcntl.h>

#include <algorithm>
#include <set>
#include <thread>

#include "support/embedding.hpp"

using namespace portloop::testing;

namespace {

std::vector<uint16_t> ports_in_order(portloop_options* options) {
  TestLoop loop;
  Recorded scan(loop);
  close_when_done(scan);
  REQUIRE(portloop_options_set_in_flight(options, 1) == 0);
  REQUIRE(scan.start(options) == 0);
  loop.run();
  std::vector<uint16_t> ports;
  for (const auto& result : scan.results) ports.push_back(result.port);
  return ports;
}

}  // namespace

TEST_CASE("every probe of several addresses gets exactly one result") {
  for (const auto connector : {PORTLOOP_CONNECTOR_FASTEST, PORTLOOP_CONNECTOR_PORTABLE}) {
    for (const uint32_t loops : {1U, 2U}) {
      TestLoop loop;
      TestOptions options("127.77.0.1-8", "40000-40249");
      REQUIRE(portloop_options_exclude_target(options, "127.77.0.3") == 0);
      REQUIRE(portloop_options_exclude_ports(options, "40100") == 0);
      portloop_options_set_connector(options, connector);
      portloop_options_set_loops(options, loops);
      Recorded scan(loop);
      portloop_stats at_end{};
      scan.on_done = [&](Recorded& self) {
        at_end = self.stats();
        self.close();
      };
      REQUIRE(scan.start(options) == 0);
      CHECK(scan.stats().probes == 7 * 249);
      loop.run();
      std::set<std::pair<std::string, uint16_t>> seen;
      for (const auto& result : scan.results) CHECK(seen.insert({result.address, result.port}).second);
      CHECK(seen.size() == 7 * 249);
      CHECK(at_end.open + at_end.closed + at_end.filtered + at_end.unknown == 7 * 249);
      CHECK(at_end.connects >= 7 * 249);
      CHECK(at_end.in_flight == 0);
      CHECK(at_end.peak_in_flight >= 1);
      CHECK(at_end.loops == loops);
    }
  }
}

TEST_CASE("the seed determines the order; sequential is ascending; shards are disjoint and complete") {
  TestOptions sequential("127.76.0.1", "41000-41050");
  portloop_options_set_order(sequential, PORTLOOP_ORDER_SEQUENTIAL);
  const auto ascending = ports_in_order(sequential);
  CHECK(std::is_sorted(ascending.begin(), ascending.end()));
  TestOptions random("127.76.0.1", "41000-41050");
  portloop_options_set_seed(random, 7);
  const auto first = ports_in_order(random);
  CHECK(first != ascending);
  CHECK(first == ports_in_order(random));
  std::multiset<uint16_t> tiled;
  for (uint32_t shard = 1; shard <= 3; ++shard) {
    REQUIRE(portloop_options_set_shard(random, shard, 3) == 0);
    for (const uint16_t port : ports_in_order(random)) tiled.insert(port);
  }
  CHECK(tiled == std::multiset<uint16_t>(ascending.begin(), ascending.end()));
}

TEST_CASE("a shard without a probe is done at once, without a result") {
  TestOptions options("127.0.0.1", "41000");
  REQUIRE(portloop_options_set_shard(options, 2, 2) == 0);
  CHECK(ports_in_order(options).empty());
}

TEST_CASE("a host with stop_after open ports is probed no more, and its remaining probes are counted as not probed") {
  std::vector<LocalPort> ports, elsewhere;
  for (int i = 0; i < 20; ++i) ports.emplace_back(LocalPort::open);
  elsewhere.emplace_back(LocalPort::open, "127.1.2.3");
  for (const auto connector : {PORTLOOP_CONNECTOR_FASTEST, PORTLOOP_CONNECTOR_PORTABLE}) {
    for (const uint32_t loops : {1U, 2U}) {
      CAPTURE(connector);
      CAPTURE(loops);
      TestLoop loop;
      TestOptions options("127.0.0.1", join(ports) + ',' + join(elsewhere));
      REQUIRE(portloop_options_add_target(options, "127.1.2.3") == 0);
      REQUIRE(portloop_options_set_stop_after(options, 3) == 0);
      REQUIRE(portloop_options_set_in_flight(options, loops) == 0);
      REQUIRE(portloop_options_set_connector(options, connector) == 0);
      REQUIRE(portloop_options_set_loops(options, loops) == 0);
      Recorded scan(loop);
      portloop_stats at_end{};
      scan.on_done = [&](Recorded& self) {
        at_end = self.stats();
        self.close();
      };
      REQUIRE(scan.start(options) == 0);
      loop.run();
      CHECK(scan.status == 0);
      const auto open_of = [&](const std::string& address) {
        return std::count_if(scan.results.begin(), scan.results.end(), [&](const auto& result) {
          return result.address == address && result.state == PORTLOOP_OPEN;
        });
      };
      // Each loop counts only what it found itself.
      CHECK(open_of("127.0.0.1") >= 3);
      CHECK(open_of("127.0.0.1") <= 3 * loops);
      CHECK(open_of("127.1.2.3") == 1);
      CHECK(at_end.probes == 42);
      CHECK(at_end.not_probed >= 20 - 3 * loops);
      CHECK(scan.results.size() + at_end.not_probed == 42);
      CHECK(at_end.connects < (connector == PORTLOOP_CONNECTOR_FASTEST ? 43 : 3 * 43));
    }
  }
}

TEST_CASE("stop_after 0 is no limit") {
  std::vector<LocalPort> ports;
  for (int i = 0; i < 5; ++i) ports.emplace_back(LocalPort::open);
  TestLoop loop;
  TestOptions options("127.0.0.1", join(ports));
  REQUIRE(portloop_options_set_stop_after(options, 1) == 0);
  REQUIRE(portloop_options_set_stop_after(options, 0) == 0);
  Recorded scan(loop);
  close_when_done(scan);
  REQUIRE(scan.start(options) == 0);
  loop.run();
  CHECK(scan.results.size() == 5);
}

TEST_CASE("there are never more in flight than set") {
  std::vector<LocalPort> ports;
  for (int i = 0; i < 30; ++i) ports.emplace_back(LocalPort::silent);
  for (const uint32_t loops : {1U, 2U, 8U}) {
    TestLoop loop;
    TestOptions options("127.0.0.1", join(ports));
    portloop_options_set_in_flight(options, 5);
    portloop_options_set_loops(options, loops);
    portloop_options_set_timeout_ms(options, 10);
    portloop_options_set_retries(options, 0);
    Recorded scan(loop);
    portloop_stats at_end{};
    scan.on_done = [&](Recorded& self) {
      at_end = self.stats();
      self.close();
    };
    REQUIRE(scan.start(options) == 0);
    loop.run();
    CHECK(at_end.peak_in_flight <= 5);
    CHECK(at_end.filtered == 30);
    CHECK(at_end.drawn == at_end.probes);
    CHECK(at_end.pass == 0);
    CHECK(at_end.banners == 0);
    CHECK(at_end.loops == std::min(loops, 5U));
  }
}

TEST_CASE(
    "a caller built for an older version passes a smaller struct of statistics, one for a newer version a larger one") {
  TestLoop loop;
  Recorded scan(loop);
  struct Newer {
    portloop_stats stats;
    uint64_t later_field = 99;
  } newer;
  portloop_scan_stats(scan.scan, &newer.stats, sizeof newer);
  CHECK(newer.later_field == 0);
  uint64_t two[2] = {99, 99};
  portloop_scan_stats(scan.scan, reinterpret_cast<portloop_stats*>(two), sizeof two[0]);
  CHECK(two[0] == 0);
  CHECK(two[1] == 99);
  scan.close();
  loop.run();
}

TEST_CASE("statistics may be read from another thread while the scan runs") {
  for (const uint32_t loops : {1U, 2U}) {
    TestLoop loop;
    TestOptions options("127.0.0.1", "42000-44000");
    portloop_options_set_loops(options, loops);
    Recorded scan(loop);
    REQUIRE(scan.start(options) == 0);
    std::thread reader([&] {
      uint64_t before = 0;
      for (;;) {
        const portloop_stats now = scan.stats();
        const uint64_t results = now.open + now.closed + now.filtered + now.unknown;
        if (results < before) std::abort();
        before = results;
        if (results == now.probes) return;
        std::this_thread::yield();
      }
    });
    loop.run();
    reader.join();
    scan.close();
    loop.run();
    CHECK(scan.results.size() == 2001);
  }
}

TEST_CASE("the portable connector reports at most 64 outcomes in a turn of the loop") {
  std::vector<LocalPort> ports;
  for (int i = 0; i < 500; ++i) ports.emplace_back(i % 2 == 0 ? LocalPort::open : LocalPort::closed);
  TestLoop loop;
  struct Turn {
    int results = 0;
    int max = 0;
  } turn;
  uv_prepare_t prepare;
  uv_prepare_init(loop.get(), &prepare);
  prepare.data = &turn;
  uv_prepare_start(&prepare, [](uv_prepare_t* handle) { static_cast<Turn*>(handle->data)->results = 0; });
  uv_unref(as_handle(&prepare));
  TestOptions options("127.0.0.1", join(ports));
  portloop_options_set_connector(options, PORTLOOP_CONNECTOR_PORTABLE);
  Recorded scan(loop);
  close_when_done(scan);
  scan.on_result = [&](Recorded&) { turn.max = std::max(turn.max, ++turn.results); };
  REQUIRE(scan.start(options) == 0);
  loop.run();
  CHECK(scan.results.size() == 500);
  CHECK(turn.max <= 64);
  uv_close(as_handle(&prepare), nullptr);
}

TEST_CASE("no descriptor is left open, and every socket of a closed scan is gone") {
  const auto descriptors = [] {
    int count = 0;
    for (int fd = 0; fd < 1024; ++fd) count += fcntl(fd, F_GETFD) >= 0;
    return count;
  };
  const LocalPort silent(LocalPort::silent), open(LocalPort::open);
  const int before = descriptors();
  for (const uint32_t loops : {1U, 3U}) {
    TestLoop loop;
    TestOptions options("127.0.0.1", silent.text() + ',' + open.text());
    portloop_options_set_loops(options, loops);
    Recorded scan(loop);
    scan.on_result = [](Recorded& self) { self.close(); };
    REQUIRE(scan.start(options) == 0);
    loop.run();
  }
  CHECK(descriptors() == before);
}
