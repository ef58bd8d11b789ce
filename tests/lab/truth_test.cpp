#include "lab/ground_truth.hpp"

#include <doctest/doctest.h>

#include <set>
#include <string>
#include <vector>

#include "core/target_set.hpp"
#include "lab/built_in_profiles.hpp"
#include "lab/truth_lines.hpp"

using namespace portloop;
using namespace portloop::lab;

namespace {

Profile profile_of(const std::string& text) {
  const auto profile = parse_profile("test", text);
  REQUIRE_MESSAGE(profile, (profile ? "" : profile.error()));
  return *profile;
}

Address address(const char* text) { return *parse_address(text); }

PortTruth ask(const Profile& profile, const char* host, uint16_t port) {
  const GroundTruth truth(profile);
  return truth.port(truth.host(address(host)), address(host), port);
}

uint32_t open_ports(const Profile& profile, const char* host, uint16_t last = 65535) {
  const GroundTruth truth(profile);
  const HostTruth known = truth.host(address(host));
  uint32_t open = 0;
  for (uint32_t port = 1; port <= last; ++port) {
    open += truth.port(known, address(host), static_cast<uint16_t>(port)).open ? 1 : 0;
  }
  return open;
}

}  // namespace

TEST_CASE("the first prefix that contains an address applies, and without one there is silence") {
  const Profile profile = profile_of("prefix 10.0.0.0/24\nopen 22\nprefix 10.0.0.0/8\nclosed port-unreachable\n");
  CHECK(ask(profile, "10.0.0.9", 22).open);
  CHECK(ask(profile, "10.0.0.9", 23).refusal == Refusal::rst);
  CHECK(ask(profile, "10.0.1.9", 22).refusal == Refusal::port_unreachable);
  CHECK(ask(profile, "11.0.0.1", 22).refusal == Refusal::silence);
  CHECK(ask(profile, "::1", 22).refusal == Refusal::silence);
}

TEST_CASE("the first rule that contains a port applies, open ones before closed ones") {
  const Profile profile = profile_of(
      "prefix 10.0.0.0/24\nopen 22 says ssh\nopen 20-30 says drip\nclosed 25-40 silent\nclosed 1-100 "
      "admin-prohibited\n");
  CHECK(ask(profile, "10.0.0.1", 22).speech == Speech::ssh);
  CHECK(ask(profile, "10.0.0.1", 25).speech == Speech::drip);
  CHECK(ask(profile, "10.0.0.1", 31).refusal == Refusal::silence);
  CHECK(ask(profile, "10.0.0.1", 41).refusal == Refusal::admin_prohibited);
  CHECK(ask(profile, "10.0.0.1", 101).refusal == Refusal::rst);
}

TEST_CASE("about the given share of ports is open, and they differ by host and by seed") {
  const std::string text = "prefix 10.0.0.0/8\nopen 10%\n";
  const Profile one = profile_of("seed 1\n" + text);
  const Profile two = profile_of("seed 2\n" + text);
  CHECK(open_ports(one, "10.0.0.1") == doctest::Approx(6553).epsilon(0.05));
  uint32_t same_host = 0, same_seed = 0;
  for (uint16_t port = 1; port <= 10000; ++port) {
    const bool open = ask(one, "10.0.0.1", port).open;
    same_host += open && ask(one, "10.0.0.2", port).open ? 1 : 0;
    same_seed += open && ask(two, "10.0.0.1", port).open ? 1 : 0;
    CHECK(ask(one, "10.0.0.1", port).open == open);
  }
  CHECK(same_host == doctest::Approx(100).epsilon(0.5));
  CHECK(same_seed == doctest::Approx(100).epsilon(0.5));
}

TEST_CASE("a share of the addresses have a host; the others behave as `missing` specifies") {
  const Profile profile = profile_of("prefix 10.0.0.0/16\nexists 10%\nmissing host-unreachable\nopen 22\n");
  const GroundTruth truth(profile);
  uint32_t existing = 0;
  for (uint32_t i = 0; i < 65536; ++i) {
    const Address host{Family::ipv4, 0, 0x0a000000 + i};
    const HostTruth known = truth.host(host);
    existing += known.exists ? 1 : 0;
    const PortTruth port = truth.port(known, host, 22);
    CHECK(port.open == known.exists);
    if (!known.exists) CHECK(port.refusal == Refusal::host_unreachable);
  }
  CHECK(existing == doctest::Approx(6553).epsilon(0.05));
}

TEST_CASE("a share of the hosts accept everything, and so do those whose ports are all open") {
  const Profile profile = profile_of(
      "prefix 10.0.0.0/16\naccepts-all 10% says drip\nopen 22\nprefix 10.1.0.0/16\nopen\nprefix 10.2.0.0/16\n"
      "exists 0%\naccepts-all\nprefix 10.3.0.0/16\naccepts-all\n");
  const GroundTruth truth(profile);
  Address host = address("10.0.0.0");
  int accepting = 0;
  for (int i = 0; i < 10'000; ++i, ++host.value) {
    const HostTruth known = truth.host(host);
    accepting += known.accepts_all ? 1 : 0;
    const PortTruth port = truth.port(known, host, 4711);
    CHECK(port.open == known.accepts_all);
    if (port.open) CHECK(port.speech == Speech::drip);
  }
  CHECK(accepting > 900);
  CHECK(accepting < 1100);
  CHECK(truth.host(address("10.1.0.1")).accepts_all);
  CHECK_FALSE(truth.host(address("10.2.0.1")).accepts_all);
  CHECK_FALSE(ask(profile, "10.2.0.1", 80).open);
  CHECK(truth.host(address("10.3.0.1")).accepts_all);
}

TEST_CASE("hosts of one subnet have the same RTT, which differs between subnets within the range") {
  const Profile profile = profile_of("prefix 10.0.0.0/8 fd00::/16\nrtt 10ms-250ms by /24\n");
  const GroundTruth truth(profile);
  std::set<uint32_t> different;
  for (uint32_t subnet = 0; subnet < 100; ++subnet) {
    const Address first{Family::ipv4, 0, 0x0a000000 + subnet * 256};
    const Address last{Family::ipv4, 0, first.value + 255};
    const uint32_t rtt_us = truth.host(first).rtt_us;
    CHECK(rtt_us == truth.host(last).rtt_us);
    CHECK(rtt_us >= 10000);
    CHECK(rtt_us <= 250000);
    different.insert(rtt_us);
  }
  CHECK(different.size() > 90);
  CHECK(truth.host(address("fd00::1")).rtt_us == truth.host(address("fd00::ff")).rtt_us);
  CHECK(truth.host(address("fd00::1")).rtt_us != truth.host(address("fd00::100")).rtt_us);
}

TEST_CASE("each refusal has a state and a reason of portloop") {
  const auto words_of = [](Refusal refusal) {
    const PortTruth port{false, Speech::nothing, refusal};
    return std::string(to_text(state_of(port))) + ' ' + std::string(to_text(reason_of(port)));
  };
  CHECK(words_of(Refusal::rst) == "closed conn-refused");
  CHECK(words_of(Refusal::silence) == "filtered no-response");
  CHECK(words_of(Refusal::net_unreachable) == "filtered net-unreach");
  CHECK(words_of(Refusal::host_unreachable) == "filtered host-unreach");
  CHECK(words_of(Refusal::port_unreachable) == "filtered port-unreach");
  CHECK(words_of(Refusal::admin_prohibited) == "filtered admin-prohibited");
  CHECK(state_of({true, Speech::ssh, Refusal::silence}) == PortState::open);
}

TEST_CASE("the truth is written as portloop's JSON lines, by address and port") {
  const Profile profile = profile_of("prefix 10.0.0.0/31\nrtt 20ms\nopen 22\nclosed 24 silent\n");
  const TargetSet targets(parse_target("10.0.0.0/31")->ranges, {});
  const PortSet ports = *parse_ports("22-24", nullptr);
  std::vector<std::string> lines;
  const auto keep = [&lines](const std::string& line) {
    lines.push_back(line);
    return true;
  };
  write_truth(profile, targets, ports, false, "T", keep);
  REQUIRE(lines.size() == 6);
  CHECK(lines[0] == R"({"address":"10.0.0.0","port":22,"protocol":"tcp","state":"open","reason":"syn-ack",)"
                    R"("rtt_us":20000,"attempts":1,"service":null,"time":"T"})"
                    "\n");
  CHECK(lines[2] == R"({"address":"10.0.0.0","port":24,"protocol":"tcp","state":"filtered","reason":"no-response",)"
                    R"("rtt_us":null,"attempts":1,"service":null,"time":"T"})"
                    "\n");
  lines.clear();
  write_truth(profile, targets, ports, true, "T", keep);
  CHECK(lines.size() == 2);
}

TEST_CASE("the built-in profiles match their descriptions") {
  const auto built_in = [](const char* name) { return profile_of(std::string(built_in_profile(name))); };
  CHECK(open_ports(built_in("filtered"), "198.18.0.1", 10000) == 14);
  CHECK(ask(built_in("filtered"), "198.18.0.1", 1).refusal == Refusal::silence);
  CHECK(built_in("ratelimited").regions[0].rst_per_second == 200);
  CHECK(built_in("lossy").regions[0].loss_out == doctest::Approx(0.03));
  CHECK(built_in("lossy10").regions[0].loss_back == doctest::Approx(0.1));
  for (const char* name : {"lan", "wan", "lossy", "lossy10"}) {
    CAPTURE(name);
    const char* host = std::string(name) == "lan" ? "10.0.0.1" : "198.18.0.1";
    CHECK(open_ports(built_in(name), host) > 10);
    CHECK(open_ports(built_in(name), host) < 150);
  }
  std::set<Reason> reasons;
  for (const char* host : {"198.18.0.1", "198.18.1.1", "198.18.2.1", "198.18.3.1"}) {
    reasons.insert(reason_of(ask(built_in("unreachable"), host, 9)));
  }
  CHECK(reasons ==
        std::set<Reason>{Reason::port_unreach, Reason::host_unreach, Reason::admin_prohibited, Reason::net_unreach});
  CHECK(ask(built_in("lan"), "fd00::1", 22).open);
  CHECK(open_ports(built_in("small-router"), "198.18.0.1", 5000) == 7);
  CHECK(ask(built_in("small-router"), "198.18.0.1", 1).refusal == Refusal::silence);
}

TEST_CASE("the built-in Ethernet links have as many hosts as their descriptions") {
  const auto hosts = [](const char* name, const char* first_address, uint32_t addresses) {
    const Profile profile = profile_of(std::string(built_in_profile(name)));
    const GroundTruth truth(profile);
    uint32_t count = 0;
    for (uint32_t i = 0; i < addresses; ++i) {
      Address one = address(first_address);
      one.value += i;
      const HostTruth host = truth.host(one);
      count += host.on_link && host.exists && host.region != nullptr ? 1 : 0;
    }
    for (const Address& gateway : profile.link->gateways) {
      CHECK(truth.host(gateway).exists);
      CHECK(truth.host(gateway).region != nullptr);
    }
    return count;
  };
  CHECK(hosts("home", "192.168.1.0", 256) == 21);
  CHECK(hosts("home", "fd00:1:1::", 256) == 21);
  CHECK(hosts("office", "10.20.0.0", 2048) == doctest::Approx(100).epsilon(0.1));
}
