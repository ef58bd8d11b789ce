// Hosts that begin to refuse the scan, in a scripted network: results, events, and what a stopped scan leaves out.
#include <netinet/in.h>

#include <atomic>
#include <map>

#include "portloop/portloop.hpp"
#include "support/embedding.hpp"

using namespace portloop::testing;

namespace {

/// Ports 22 and 80 are open. After `bans_after` connects, all are refused.
struct Network {
  uint32_t bans_after;
  std::atomic<uint32_t> asked{0};

  static void call(void* data, const sockaddr* endpoint, portloop_script_answer* answer) {
    auto& self = *static_cast<Network*>(data);
    const uint16_t port = ntohs(reinterpret_cast<const sockaddr_in*>(endpoint)->sin_port);
    const bool is_banned = ++self.asked > self.bans_after;
    answer->error = !is_banned && (port == 22 || port == 80) ? 0 : UV_ECONNREFUSED;
    answer->delay_us = 1000;
  }
};

struct Outcome {
  std::map<portloop_reason, uint64_t> results;
  int events = 0;
  uint64_t banned_before_event = 0;
  portloop_stats stats{};
  int status = 1;
};

Outcome scan(uint32_t bans_after, uint64_t stop_after_results = UINT64_MAX) {
  TestLoop loop;
  Network network{bans_after};
  portloop::Scan scan(loop.get());
  portloop::Options options;
  options.add_target("192.0.2.1").ports("1-4000").script(Network::call, &network).seed(3);
  Outcome outcome;
  scan.on_host([&](const sockaddr&, portloop_host_event event) {
    CHECK(event == PORTLOOP_HOST_BANNED);
    if (++outcome.events == 1) outcome.banned_before_event = outcome.results[PORTLOOP_BANNED];
  });
  uint64_t results = 0;
  scan.start(
      options,
      [&](const portloop_result& result) {
        ++outcome.results[result.reason];
        CHECK((result.state == PORTLOOP_UNKNOWN) == (result.reason == PORTLOOP_BANNED));
        CHECK((result.rtt_us == 0) == (result.state == PORTLOOP_UNKNOWN));
        if (result.port == 22 || result.port == 80) CHECK(result.state == PORTLOOP_OPEN);
        if (++results == stop_after_results) scan.stop();
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

}  // namespace

TEST_CASE("what a host refuses after a ban is unknown, and its event comes first") {
  Outcome outcome = scan(1000);
  CHECK(outcome.status == 0);
  CHECK(outcome.events == 1);
  CHECK(outcome.banned_before_event == 0);
  CHECK(outcome.results[PORTLOOP_SYN_ACK] == 2);
  CHECK(outcome.results[PORTLOOP_BANNED] >= 2990);
  CHECK(outcome.results[PORTLOOP_SYN_ACK] + outcome.results[PORTLOOP_BANNED] + outcome.results[PORTLOOP_CONN_REFUSED] ==
        4000);
  CHECK(outcome.stats.unknown == outcome.results[PORTLOOP_BANNED]);
  CHECK(std::string(portloop_reason_name(PORTLOOP_BANNED)) == "banned");
}

TEST_CASE("a host that bans nobody has all its results, and a few connects more") {
  Outcome outcome = scan(UINT32_MAX);
  CHECK(outcome.status == 0);
  CHECK(outcome.events == 0);
  CHECK(outcome.results[PORTLOOP_CONN_REFUSED] == 3998);
  CHECK(outcome.stats.connects <= 4000 + 8);
}

TEST_CASE("results that are held when the scan is stopped are not reported") {
  Outcome outcome = scan(1000, 3);
  CHECK(outcome.status == UV_ECANCELED);
  CHECK(outcome.results[PORTLOOP_CONN_REFUSED] + outcome.results[PORTLOOP_SYN_ACK] == 3);
  CHECK(outcome.stats.closed + outcome.stats.open == 3);
}
