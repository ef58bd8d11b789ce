// portloop_options_set_all_open(): hosts that accept connections on every port, in a scripted network.
#include <netinet/in.h>

#include <functional>
#include <map>
#include <mutex>
#include <set>

#include "portloop/portloop.hpp"
#include "support/embedding.hpp"

using namespace portloop::testing;

namespace {

/// Which ports are open, and which of the others are silent instead of closed. Thread-safe.
struct Network {
  using Open = std::function<bool(uint32_t host, uint16_t port)>;
  explicit Network(Open is_open, bool is_silent = false) : open(std::move(is_open)), silent(is_silent) {}

  Open open;
  bool silent;
  std::mutex mutex;
  std::set<std::pair<uint32_t, uint16_t>> asked;

  static void call(void* data, const sockaddr* endpoint, portloop_script_answer* answer) {
    auto& self = *static_cast<Network*>(data);
    const std::lock_guard lock(self.mutex);
    const auto& address = *reinterpret_cast<const sockaddr_in*>(endpoint);
    const uint32_t host = ntohl(address.sin_addr.s_addr) & 255;
    const uint16_t port = ntohs(address.sin_port);
    self.asked.emplace(host, port);
    answer->error = self.open(host, port) ? 0 : self.silent ? UV_ETIMEDOUT : UV_ECONNREFUSED;
    answer->delay_us = 1000;
  }
};

struct Outcome {
  std::map<uint32_t, uint64_t> open;  // by host
  uint64_t results = 0;
  uint64_t open_before_event = 0;  // of hosts that had their event later
  std::map<uint32_t, int> events;
  portloop_stats stats{};
  int status = 1;
};

Outcome scan(Network& network, const char* targets, const char* ports, portloop_all_open use, uint32_t loops = 1,
             const std::function<void(portloop::Options&)>& set = {}, bool stop_early = false) {
  TestLoop loop;
  portloop::Scan scan(loop.get());
  portloop::Options options;
  options.add_target(targets).ports(ports).script(Network::call, &network).loops(loops).all_open(use).seed(3);
  if (set) set(options);
  Outcome outcome;
  const auto host_of = [](const sockaddr& address) {
    return ntohl(reinterpret_cast<const sockaddr_in&>(address).sin_addr.s_addr) & 255;
  };
  scan.on_host([&](const sockaddr& address, portloop_host_event event) {
    CHECK(event == PORTLOOP_HOST_ALL_OPEN);
    const uint32_t host = host_of(address);
    if (++outcome.events[host] == 1) outcome.open_before_event += outcome.open[host];
  });
  scan.start(
      options,
      [&](const portloop_result& result) {
        ++outcome.results;
        if (result.state == PORTLOOP_OPEN) ++outcome.open[host_of(reinterpret_cast<const sockaddr&>(result.address))];
        if (stop_early) scan.stop();
      },
      [&](int with) {
        outcome.status = with;
        outcome.stats = scan.stats();
      });
  loop.run();
  scan.close();
  loop.run();
  return outcome;
}

bool everything(uint32_t, uint16_t) { return true; }

}  // namespace

TEST_CASE("a host that accepts everything is reported before its open ports, all of which have a result") {
  for (const uint32_t loops : {1U, 3U}) {
    for (const bool banners : {false, true}) {
      CAPTURE(loops);
      CAPTURE(banners);
      Network network([](uint32_t host, uint16_t port) { return host == 2 || port == 22; });
      const Outcome outcome =
          scan(network, "192.0.2.1-3", "1-500", PORTLOOP_ALL_OPEN_REPORT, loops, [&](portloop::Options& options) {
            if (banners) options.banners(PORTLOOP_BANNERS_READ, 1, 10).keep_connections(true);
          });
      CHECK(outcome.status == 0);
      CHECK(outcome.results == 1500);
      CHECK(outcome.open.at(2) == 500);
      CHECK(outcome.open.at(1) == 1);
      REQUIRE(outcome.events.size() == 1);
      CHECK(outcome.events.at(2) >= 1);
      CHECK(outcome.events.at(2) <= static_cast<int>(loops));
      CHECK(outcome.open_before_event == 0);
      CHECK(outcome.stats.not_probed == 0);
    }
  }
}

TEST_CASE("with skip one open port of it is reported, and the rest is counted") {
  for (const uint32_t loops : {1U, 3U}) {
    for (const bool banners : {false, true}) {
      CAPTURE(loops);
      CAPTURE(banners);
      Network network([](uint32_t host, uint16_t port) { return host == 2 || port == 22; });
      const Outcome outcome =
          scan(network, "192.0.2.1-3", "1-2000", PORTLOOP_ALL_OPEN_SKIP, loops, [&](portloop::Options& options) {
            if (banners) options.banners(PORTLOOP_BANNERS_READ, 1, 10);
          });
      CHECK(outcome.status == 0);
      CHECK(outcome.open.at(2) >= 1);
      CHECK(outcome.open.at(2) <= loops);
      CHECK(outcome.results + outcome.stats.not_probed == 6000);
      CHECK(outcome.stats.open == outcome.open.at(2) + 2);
      CHECK(outcome.stats.not_probed >= 1990);
      CHECK(network.asked.size() < 6000);
      CHECK(outcome.open_before_event == 0);
    }
  }
}

TEST_CASE("a host of which each scanned port is open, or each that is not is silent, is an ordinary one") {
  for (const bool silent : {false, true}) {
    CAPTURE(silent);
    Network network([](uint32_t, uint16_t port) { return port <= 100; }, silent);
    const Outcome outcome = scan(network, "192.0.2.1-20", "1-100", PORTLOOP_ALL_OPEN_SKIP);
    CHECK(outcome.status == 0);
    CHECK(outcome.results == 2000);
    CHECK(outcome.stats.open == 2000);
    CHECK(outcome.events.empty());
    uint64_t decoys = 0;
    for (const auto& [host, port] : network.asked) decoys += port > 100;
    CHECK(decoys >= 20);
    CHECK(decoys <= (silent ? 4 : 2) * 20);
  }
}

TEST_CASE("decoys are neither scanned nor excluded ports, nor privileged ones") {
  Network network(everything);
  const Outcome outcome = scan(network, "192.0.2.1-50", "1-2000,3000-20000", PORTLOOP_ALL_OPEN_SKIP, 1,
                               [](portloop::Options& options) { options.exclude_ports("2500-50000,60000-65535"); });
  CHECK(outcome.events.size() == 50);
  for (const auto& asked : network.asked) {
    const auto port = asked.second;
    CAPTURE(port);
    CHECK((port <= 2499 || (port > 50000 && port < 60000)));
  }
}

TEST_CASE("there are no decoys unless asked for, for fewer than three ports, or if nearly all ports are excluded") {
  const auto is_quiet = [](const char* ports, portloop_all_open use, const char* excluded) {
    Network network(everything);
    const Outcome outcome = scan(network, "192.0.2.1", ports, use, 1, [&](portloop::Options& options) {
      if (*excluded != 0) options.exclude_ports(excluded);
    });
    CHECK(outcome.events.empty());
    return outcome.results == network.asked.size();
  };
  CHECK(is_quiet("1-100", PORTLOOP_ALL_OPEN_IGNORE, ""));
  CHECK(is_quiet("22,80", PORTLOOP_ALL_OPEN_REPORT, ""));
  CHECK(is_quiet("1-100", PORTLOOP_ALL_OPEN_REPORT, "2000-65535"));
  Network network(everything);
  CHECK(scan(network, "192.0.2.1", "22,80,443", PORTLOOP_ALL_OPEN_REPORT).events.size() == 1);
}

TEST_CASE("what waits for decoys when the scan is stopped is reported") {
  // Host 1 is held while its decoys are out; the first closed port of host 2 stops the scan.
  Network network([](uint32_t host, uint16_t port) { return host == 1 && port <= 40; });
  for (const uint32_t loops : {1U, 2U}) {
    const Outcome outcome = scan(network, "192.0.2.1-2", "1-40", PORTLOOP_ALL_OPEN_SKIP, loops, {}, true);
    CHECK(outcome.status == UV_ECANCELED);
    CHECK(outcome.results == outcome.stats.open + outcome.stats.closed);
    CHECK(outcome.events.empty());
  }
}
