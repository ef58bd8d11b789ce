// Targets that are added while a scan runs, with ports and tags of their own.
#include <map>
#include <set>
#include <tuple>

#include "portloop/portloop.hpp"
#include "support/embedding.hpp"

using namespace portloop::testing;

namespace {

/// Options without a target, whose input is open.
class OpenOptions {
 public:
  explicit OpenOptions(const Engine& engine, const char* ports = "1") : options_(portloop_options_new()) {
    REQUIRE(portloop_options_set_open_input(options_, 1) == 0);
    REQUIRE(portloop_options_set_ports(options_, ports) == 0);
    set_engine(options_, engine);
  }
  ~OpenOptions() { portloop_options_free(options_); }
  OpenOptions(const OpenOptions&) = delete;
  OpenOptions& operator=(const OpenOptions&) = delete;
  operator portloop_options*() { return options_; }

 private:
  portloop_options* options_;
};

using Counted = std::map<std::tuple<std::string, uint16_t, uint64_t>, int>;  // address, port, tag: how often

Counted counted(const Recorded& scan) {
  Counted all;
  for (const auto& result : scan.results) ++all[{result.address, result.port, result.tag}];
  return all;
}

int add(Recorded& scan, const std::string& text, const char* ports, uint64_t tag) {
  return portloop_scan_add_target(scan.scan, text.c_str(), ports, tag);
}

void turn(TestLoop& loop, int times) {
  for (int i = 0; i < times; ++i) CHECK(uv_run(loop.get(), UV_RUN_NOWAIT) != 0);
}

}  // namespace

TEST_CASE("each port of each addition has one result, with its tag, whenever it was added") {
  const LocalPort open(LocalPort::open), closed(LocalPort::closed);
  for (const Engine& engine : engines) {
    CAPTURE(engine.loops);
    CAPTURE(engine.connector);
    TestLoop loop;
    OpenOptions options(engine, open.text().c_str());
    REQUIRE(portloop_options_add_target(options, "127.0.0.1") == 0);
    Recorded scan(loop);
    close_when_done(scan);
    sockaddr_in first{}, last{};
    uv_ip4_addr("127.1.0.1", 99, &first);
    uv_ip4_addr("127.1.0.30", 0, &last);
    scan.on_result = [&](Recorded& self) {
      if (self.results.size() == 1) {
        REQUIRE(add(self, "127.0.0.1", (open.text() + ',' + closed.text()).c_str(), UINT64_MAX) == 0);
      } else if (self.results.size() == 3) {
        REQUIRE(portloop_scan_add_range(self.scan, reinterpret_cast<sockaddr*>(&first),
                                        reinterpret_cast<sockaddr*>(&last), "1-40", 5) == 0);
        REQUIRE(add(self, "127.1.0.7", "1-3", 6) == 0);  // both have these
        REQUIRE(add(self, "127.0.0.1", nullptr, 7) == 0);
      } else if (self.results.size() == 3 + 1200 + 3 + 1) {
        REQUIRE(add(self, "127.0.0.1", nullptr, 8) == 0);
        portloop_scan_finish_input(self.scan);
      }
    };
    REQUIRE(scan.start(options) == 0);
    loop.run();
    CHECK(scan.status == 0);
    Counted expected;
    for (const uint64_t tag : {uint64_t{0}, uint64_t{7}, uint64_t{8}, UINT64_MAX})
      expected[{"127.0.0.1", open.number(), tag}] = 1;
    expected[{"127.0.0.1", closed.number(), UINT64_MAX}] = 1;
    for (int host = 1; host <= 30; ++host) {
      for (uint16_t port = 1; port <= 40; ++port) expected[{"127.1.0." + std::to_string(host), port, 5}] = 1;
    }
    for (uint16_t port = 1; port <= 3; ++port) expected[{"127.1.0.7", port, 6}] = 1;
    CHECK(counted(scan) == expected);
    std::set<uint64_t> positions;
    for (const auto& result : scan.results) {
      positions.insert(result.position);
      CHECK(result.state == (result.port == open.number() ? PORTLOOP_OPEN : PORTLOOP_CLOSED));
    }
    CHECK(positions.size() == scan.results.size());
    CHECK(*positions.rbegin() == scan.results.size() - 1);
  }
}

TEST_CASE("a list of hosts with a port each is one scan, and every port has the state of its own host") {
  std::vector<LocalPort> ports;
  for (int i = 0; i < 120; ++i) {
    ports.emplace_back(i % 3 == 0   ? LocalPort::open
                       : i % 3 == 1 ? LocalPort::closed
                                    : LocalPort::silent,
                       i % 2 == 0 ? "127.0.0.1" : "127.2.0.1");
  }
  for (const Engine& engine : engines) {
    CAPTURE(engine.loops);
    CAPTURE(engine.connector);
    TestLoop loop;
    OpenOptions options(engine);
    portloop_options_set_timeout_ms(options, 50);
    Recorded scan(loop);
    scan.on_done = [](Recorded& self) {
      CHECK(self.stats().waiting == 0);
      self.close();
    };
    REQUIRE(scan.start(options) == 0);
    for (size_t i = 0; i < ports.size(); ++i) REQUIRE(add(scan, ports[i].address(), ports[i].text().c_str(), i) == 0);
    CHECK(scan.stats().probes == ports.size());
    if (engine.loops == 1) CHECK(scan.stats().waiting == ports.size());
    portloop_scan_finish_input(scan.scan);
    loop.run();
    CHECK(scan.status == 0);
    REQUIRE(scan.results.size() == ports.size());
    std::set<uint64_t> tags;
    for (const auto& result : scan.results) {
      tags.insert(result.tag);
      const LocalPort& port = ports[result.tag];
      CHECK(result.port == port.number());
      CHECK(result.address == port.address());
      CHECK(result.state == (result.tag % 3 == 0   ? PORTLOOP_OPEN
                             : result.tag % 3 == 1 ? PORTLOOP_CLOSED
                                                   : PORTLOOP_FILTERED));
    }
    CHECK(tags.size() == ports.size());
  }
}

TEST_CASE("many single addresses are added at once: the first connect leaves in the next turn, and none is lost") {
  constexpr uint32_t count = 20'000;
  for (const Engine& engine : engines) {
    CAPTURE(engine.loops);
    CAPTURE(engine.connector);
    TestLoop loop;
    OpenOptions options(engine);
    Recorded scan(loop);
    close_when_done(scan);
    REQUIRE(scan.start(options) == 0);
    turn(loop, 3);
    for (uint32_t i = 0; i < count; ++i) {
      sockaddr_in address{};
      address.sin_family = AF_INET;
      address.sin_addr.s_addr = htonl(0x7f030000 + i * 3 + 1);
      REQUIRE(portloop_scan_add_range(scan.scan, reinterpret_cast<sockaddr*>(&address),
                                      reinterpret_cast<sockaddr*>(&address), nullptr, i) == 0);
    }
    if (engine.loops == 1) {
      CHECK(scan.stats().connects == 0);
      turn(loop, 1);
      CHECK(scan.stats().connects > 0);
    }
    portloop_scan_finish_input(scan.scan);
    loop.run();
    CHECK(scan.results.size() == count);
    std::set<uint64_t> tags;
    for (const auto& result : scan.results) {
      tags.insert(result.tag);
      CHECK(result.state == PORTLOOP_CLOSED);
    }
    CHECK(tags.size() == count);
  }
}

TEST_CASE("a scan whose input is open is not done, and keeps the loop alive unless it is unreferenced") {
  const LocalPort open(LocalPort::open);
  for (const Engine& engine : engines) {
    TestLoop loop;
    OpenOptions options(engine, open.text().c_str());
    Recorded scan(loop);
    close_when_done(scan);
    REQUIRE(scan.start(options) == 0);
    turn(loop, 50);
    for (size_t results = 1; results <= 3; ++results) {
      REQUIRE(add(scan, "127.0.0.1", nullptr, results) == 0);
      loop.run_until([&] { return scan.results.size() == results; });
      turn(loop, 50);
    }
    CHECK(scan.done == 0);
    portloop_scan_unref(scan.scan);
    loop.run();
    CHECK(scan.done == 0);
    portloop_scan_ref(scan.scan);
    portloop_scan_finish_input(scan.scan);
    portloop_scan_finish_input(scan.scan);
    loop.run();
    CHECK(scan.status == 0);
    CHECK(scan.results.size() == 3);
  }
}

TEST_CASE("an input that is finished without an addition is done at once") {
  for (const Engine& engine : engines) {
    TestLoop loop;
    OpenOptions options(engine);
    Recorded scan(loop);
    close_when_done(scan);
    REQUIRE(scan.start(options) == 0);
    portloop_scan_finish_input(scan.scan);
    loop.run();
    CHECK(scan.status == 0);
    CHECK(scan.results.empty());
  }
}

TEST_CASE("nothing is added to a scan that is not running or not open: UV_ESHUTDOWN, in every phase") {
  const LocalPort open(LocalPort::open);
  for (const Engine& engine : engines) {
    CAPTURE(engine.loops);
    TestLoop loop;
    OpenOptions options(engine, open.text().c_str());
    TestOptions without("127.0.0.1", open.text());
    Recorded finished(loop), stopped(loop), closed(loop), never(loop);
    const auto refused = [](Recorded& scan) {
      CHECK(add(scan, "127.0.0.1", nullptr, 1) == UV_ESHUTDOWN);
      CHECK(std::string(portloop_scan_input_error(scan.scan)).empty());
    };
    for (Recorded* scan : {&finished, &stopped, &closed, &never}) refused(*scan);
    REQUIRE(never.start(without) == 0);
    for (Recorded* scan : {&finished, &stopped, &closed}) {
      REQUIRE(scan->start(options) == 0);
      REQUIRE(add(*scan, "127.0.0.1", nullptr, 1) == 0);
    }
    refused(never);
    portloop_scan_finish_input(finished.scan);
    refused(finished);
    stopped.stop();
    refused(stopped);
    closed.close();
    refused(closed);
    for (Recorded* scan : {&finished, &stopped, &never}) {
      scan->on_done = [&](Recorded& self) {
        refused(self);
        self.close();
        portloop_scan_finish_input(self.scan);
      };
    }
    closed.on_done = refused;
    loop.run();
    CHECK(finished.results.size() == 1);
    CHECK(finished.status == 0);
    CHECK(stopped.status == UV_ECANCELED);
    CHECK(closed.results.empty());
  }
}

TEST_CASE("a word that can't be added is named, and what the options exclude is left out") {
  TestLoop loop;
  OpenOptions options(engines[0], "1-3");
  REQUIRE(portloop_options_exclude_target(options, "127.4.0.3-127.4.0.5") == 0);
  REQUIRE(portloop_options_exclude_ports(options, "2,77") == 0);
  Recorded scan(loop);
  close_when_done(scan);
  REQUIRE(scan.start(options) == 0);
  const auto error = [&] { return std::string(portloop_scan_input_error(scan.scan)); };
  CHECK(add(scan, "localhost", nullptr, 1) == UV_EINVAL);
  CHECK(error().find("'localhost'") != std::string::npos);
  CHECK(add(scan, "127.4.0.1", "1,x!", 1) == UV_EINVAL);
  CHECK(error().find("'x!'") != std::string::npos);
  CHECK(add(scan, "0.0.0.0", nullptr, 1) == UV_EINVAL);
  CHECK(add(scan, "2001:db8::/32", nullptr, 1) == UV_EINVAL);
  CHECK(error().find("2^63") != std::string::npos);
  sockaddr_in low{}, high{};
  uv_ip4_addr("127.4.0.1", 0, &low);
  uv_ip4_addr("127.4.0.9", 0, &high);
  CHECK(portloop_scan_add_range(scan.scan, reinterpret_cast<sockaddr*>(&high), reinterpret_cast<sockaddr*>(&low), "1",
                                1) == UV_EINVAL);
  CHECK(error().find("backwards") != std::string::npos);
  CHECK(scan.stats().probes == 0);
  CHECK(add(scan, "127.4.0.4", nullptr, 1) == 0);
  CHECK(error().empty());
  CHECK(add(scan, "127.4.0.1", "77", 2) == 0);
  CHECK(add(scan, "127.4.0.1-9", nullptr, 3) == 0);
  CHECK(scan.stats().probes == 6 * 2);
  portloop_scan_finish_input(scan.scan);
  loop.run();
  Counted expected;
  for (const int host : {1, 2, 6, 7, 8, 9}) {
    for (const uint16_t port : {uint16_t{1}, uint16_t{3}}) expected[{"127.4.0." + std::to_string(host), port, 3}] = 1;
  }
  CHECK(counted(scan) == expected);
}

TEST_CASE("an open input has no shard and no positions to skip") {
  TestLoop loop;
  Recorded scan(loop);
  OpenOptions sharded(engines[0]), resumed(engines[0]);
  REQUIRE(portloop_options_set_shard(sharded, 1, 2) == 0);
  CHECK(scan.start(sharded) == UV_EINVAL);
  CHECK(std::string(portloop_options_error(sharded)).find("open input") != std::string::npos);
  REQUIRE(portloop_options_skip_positions(resumed, 1, 2) == 0);
  CHECK(scan.start(resumed) == UV_EINVAL);
  scan.close();
  loop.run();
}

TEST_CASE("what is added to a paused scan waits until it is resumed; stop and close end an open scan in every phase") {
  for (const Engine& engine : engines) {
    for (const bool stop : {false, true}) {
      CAPTURE(engine.loops);
      CAPTURE(stop);
      TestLoop loop;
      OpenOptions options(engine, "1-500");
      Recorded idle(loop), waiting(loop), busy(loop);
      for (Recorded* scan : {&idle, &waiting, &busy}) {
        close_when_done(*scan);
        REQUIRE(scan->start(options) == 0);
      }
      portloop_scan_pause(waiting.scan);
      turn(loop, 20);
      REQUIRE(add(waiting, "127.5.0.1-99", nullptr, 1) == 0);
      turn(loop, 20);
      CHECK(waiting.stats().connects == 0);
      busy.on_result = [&](Recorded& self) {
        if (self.results.size() != 10) return;
        REQUIRE(add(self, "127.5.0.1-99", nullptr, 2) == 0);
        for (Recorded* scan : {&idle, &waiting, &busy}) stop ? scan->stop() : scan->close();
      };
      REQUIRE(add(busy, "127.5.0.1", nullptr, 1) == 0);
      loop.run();
      CHECK(idle.status == UV_ECANCELED);
      CHECK(waiting.status == UV_ECANCELED);
      CHECK(busy.status == UV_ECANCELED);
      CHECK(waiting.results.empty());
    }
  }
}

TEST_CASE("a local address that is added late is never taken for open because a socket met itself") {
  for (const Engine& engine : engines) {
    TestLoop loop;
    OpenOptions options(engine);
    Recorded scan(loop);
    close_when_done(scan);
    REQUIRE(scan.start(options) == 0);
    turn(loop, 3);
    REQUIRE(add(scan, "127.88.7.6", "33000-38000", 1) == 0);  // the kernel chooses source ports among these
    portloop_scan_finish_input(scan.scan);
    loop.run();
    CHECK(scan.results.size() == 5001);
    for (const auto& result : scan.results) CHECK(result.state == PORTLOOP_CLOSED);
  }
}

TEST_CASE("the C++ interface adds, and throws what is wrong") {
  TestLoop loop;
  portloop::Scan scan(loop.get());
  CHECK_THROWS_AS(scan.add_target("127.0.0.1"), portloop::Error);
  std::multiset<uint64_t> tags;
  scan.start(portloop::Options().open_input(true).ports("1"),
             [&](const portloop_result& result) { tags.insert(result.tag); });
  scan.add_target("127.6.0.1", nullptr, 3);
  scan.add_target("127.6.0.1", "2-3", 4);
  sockaddr_in address{};
  uv_ip4_addr("127.6.0.2", 0, &address);
  scan.add_range(reinterpret_cast<sockaddr&>(address), reinterpret_cast<sockaddr&>(address));
  CHECK_THROWS_WITH_AS(scan.add_target("nowhere"), doctest::Contains("'nowhere'"), portloop::Error);
  scan.finish_input();
  loop.run();
  CHECK(tags == std::multiset<uint64_t>{0, 3, 4, 4});
  scan.close();
  scan.finish_input();
  CHECK_THROWS_AS(scan.add_target("127.0.0.1"), portloop::Error);
}
