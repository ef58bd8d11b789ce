#include "lab/profile.hpp"

#include <doctest/doctest.h>

#include <string>

#include "lab/built_in_profiles.hpp"
#include "lab/chance.hpp"

using namespace portloop;
using namespace portloop::lab;

namespace {

std::string error_of(const std::string& text) {
  const auto profile = parse_profile("my.lab", text);
  return profile ? "no error" : profile.error();
}

}  // namespace

TEST_CASE("every keyword of a profile is parsed") {
  const auto profile = parse_profile("my", R"(
# a comment
about   two words
target  10.0.0.1 -p 1-100
seed 42
prefix 10.1.2.3/16 fd00::/64   # the host bits don't matter
  rtt 10ms-0.25s by /24
  jitter 300us
  loss out 3% back 1.5% bursts of 150ms every 1s
  outage from 1.5s for 20s
  exists 10%
  missing host-unreachable after 3s limit 1/s
  open 22,80-81 50% says ssh
  open http says http
  open 0.1%
  closed 1-100 silent
  closed admin-prohibited limit 100/s burst 20
  rst-per-second 200 burst 7
  gone-at 1.5s
  back-at 6s
prefix 0.0.0.0/0
  loss bursts of 10ms every 20ms
  outage from 0s
  missing net-unreachable limit 7/s burst 8
)");
  REQUIRE(profile);
  CHECK(profile->about == "two words");
  CHECK(profile->target == "10.0.0.1 -p 1-100");
  CHECK(profile->seed == 42);
  REQUIRE(profile->regions.size() == 2);
  const Region& region = profile->regions[0];
  CHECK(region.prefixes[0].contains(*parse_address("10.1.255.255")));
  CHECK_FALSE(region.prefixes[0].contains(*parse_address("10.2.0.0")));
  CHECK(region.prefixes[1].contains(*parse_address("fd00::ffff")));
  CHECK_FALSE(region.prefixes[1].contains(*parse_address("fd00:0:0:1::")));
  CHECK(region.rtt_low_us == 10000);
  CHECK(region.rtt_high_us == 250000);
  CHECK(region.rtt_shared_bits == 8);
  CHECK(region.jitter_us == 300);
  CHECK(region.loss_out == doctest::Approx(0.03));
  CHECK(region.loss_back == doctest::Approx(0.015));
  REQUIRE(region.bursts);
  CHECK(region.bursts->length_us == 150000);
  CHECK(region.bursts->period_us == 1000000);
  REQUIRE(region.outage);
  CHECK(region.outage->from_us == 1500000);
  CHECK(region.outage->for_us == 20000000);
  CHECK(region.exists == doctest::Approx(0.1));
  CHECK(region.missing == Refusal::host_unreachable);
  CHECK(region.missing_after_us == 3000000);
  CHECK(region.missing_limit.per_second == 1);
  CHECK(region.missing_limit.burst == 6);
  REQUIRE(region.open.size() == 3);
  CHECK(region.open[0].ports.to_text() == "22,80-81");
  CHECK(region.open[0].share == doctest::Approx(0.5));
  CHECK(region.open[0].speech == Speech::ssh);
  CHECK(region.open[1].ports.to_text() == "80");
  CHECK(region.open[2].ports.to_text() == "1-65535");
  CHECK(region.open[2].share == doctest::Approx(0.001));
  REQUIRE(region.closed.size() == 2);
  CHECK(region.closed[0].refusal == Refusal::silence);
  CHECK(region.closed[0].limit.per_second == 0);
  CHECK(region.closed[1].ports.size() == 65535);
  CHECK(region.closed[1].limit.per_second == 100);
  CHECK(region.closed[1].limit.burst == 20);
  CHECK(region.rst_per_second == 200);
  CHECK(region.rst_burst == 7);
  CHECK(region.gone_at_us == 1500000);
  CHECK(region.back_at_us == 6000000);
  CHECK(profile->regions[1].prefixes[0].contains(*parse_address("255.255.255.255")));
  const Region& last = profile->regions[1];
  CHECK(last.rtt_high_us == 0);
  CHECK(last.loss_out == 0);
  REQUIRE(last.bursts);
  CHECK(last.bursts->period_us == 20000);
  REQUIRE(last.outage);
  CHECK(last.outage->from_us == 0);
  CHECK(last.outage->for_us == 0);
  CHECK(last.missing_after_us == 0);
  CHECK(last.missing_limit.per_second == 7);
  CHECK(last.missing_limit.burst == 8);
}

TEST_CASE("a wrong line is refused with its number, the word at fault, and what is accepted") {
  struct Wrong {
    const char* line;
    const char* quoted;
  };
  for (const Wrong& wrong : {
           Wrong{"rttt 3ms", "'rttt' is not a keyword"},
           Wrong{"rtt", "'rtt' needs a time"},
           Wrong{"rtt 40", "'40' is not a time"},
           Wrong{"rtt -1ms", "'-1ms' is not a time"},
           Wrong{"rtt 9h", "'9h' is not a time"},
           Wrong{"rtt 9999s", "'9999s' is not a time"},
           Wrong{"rtt infs", "'infs' is not a time"},
           Wrong{"rtt 20ms-10ms", "'20ms-10ms' is not a time or a range"},
           Wrong{"rtt 20ms by", "'by' is not expected"},
           Wrong{"rtt 20ms by /33", "'/33' is not a prefix length"},
           Wrong{"jitter 1", "'1' is not a time"},
           Wrong{"jitter 1ms 2ms", "'2ms' is one word too many"},
           Wrong{"jitter 1ms\n jitter 1ms", "'jitter' is given twice"},
           Wrong{"loss", "'loss' needs a share"},
           Wrong{"loss 3", "'3' is not a share"},
           Wrong{"loss 101%", "'101%' is not a share"},
           Wrong{"loss -1%", "'-1%' is not a share"},
           Wrong{"loss nan%", "'nan%' is not a share"},
           Wrong{"loss up 1%", "'up' is not a direction"},
           Wrong{"loss out", "'out' is not a share"},
           Wrong{"loss out 1% back", "'back' needs a share"},
           Wrong{"loss bursts", "'bursts' needs 'of'"},
           Wrong{"loss bursts 3s", "'3s' is not expected"},
           Wrong{"loss bursts of", "'of' needs a time"},
           Wrong{"loss bursts of 3", "'3' is not a time"},
           Wrong{"loss bursts of 3s", "'bursts' needs 'every'"},
           Wrong{"loss bursts of 3s every", "'every' needs a time"},
           Wrong{"loss bursts of 3s every 3s", "'3s' is not longer than a burst"},
           Wrong{"loss bursts of 1s every 3s 4s", "'4s' is one word too many"},
           Wrong{"loss 3% 4%", "'4%' is not a direction or 'bursts'"},
           Wrong{"outage", "'outage' needs a time"},
           Wrong{"outage 3s", "'3s' is not expected"},
           Wrong{"outage from", "'from' needs a time"},
           Wrong{"outage from now", "'now' is not a time"},
           Wrong{"outage from 1s to 3s", "'to' is not expected"},
           Wrong{"outage from 1s for", "'for' needs a time"},
           Wrong{"outage from 1s for 0s", "'0s' is not a time above 0"},
           Wrong{"outage from 1s for 2s 3s", "'3s' is one word too many"},
           Wrong{"exists 1", "'1' is not a share"},
           Wrong{"accepts-all 10", "'10' is not a share"},
           Wrong{"accepts-all 10% often", "'often' is not expected"},
           Wrong{"accepts-all 10% says", "'says' needs the name"},
           Wrong{"accepts-all says hello", "'hello' is not the name"},
           Wrong{"missing rst", "'rst' is not a behaviour of an address without a host"},
           Wrong{"missing", "'missing' needs a value"},
           Wrong{"missing silent after 3s", "'after' is one word too many"},
           Wrong{"missing host-unreachable later", "'later' is not expected"},
           Wrong{"missing host-unreachable after", "'after' needs a time"},
           Wrong{"missing host-unreachable after ages", "'ages' is not a time"},
           Wrong{"missing host-unreachable limit", "'limit' needs a rate"},
           Wrong{"missing host-unreachable limit 1", "'1' is not a rate"},
           Wrong{"missing host-unreachable limit 0/s", "'0/s' is not a rate"},
           Wrong{"missing host-unreachable limit 1/s after 3s", "'after' is not expected"},
           Wrong{"missing host-unreachable limit 1/s burst many", "'many' is not a number"},
           Wrong{"missing host-unreachable limit 1/s burst 1 2", "'burst' is not expected"},
           Wrong{"open 70000", "'70000' is not a list of ports"},
           Wrong{"open 0", "'0' is not a list of ports"},
           Wrong{"open 22 200%", "'200%' is not a share"},
           Wrong{"open 22 says", "'says' needs the name of a speech"},
           Wrong{"open 22 says moo", "'moo' is not the name of a speech"},
           Wrong{"open 22 ssh", "'ssh' is not expected here"},
           Wrong{"open 22 says ssh http", "'http' is one word too many"},
           Wrong{"closed 22", "'closed' needs a value"},
           Wrong{"closed 22 loudly", "'loudly' is not a behaviour of a closed port"},
           Wrong{"closed rst limit 3/s", "'limit' is one word too many"},
           Wrong{"closed port-unreachable limit many", "'many' is not a rate"},
           Wrong{"rst-per-second 0", "'0' is not a number"},
           Wrong{"rst-per-second many", "'many' is not a number"},
           Wrong{"rst-per-second 10 20", "'20' is not expected here"},
           Wrong{"rst-per-second 10 burst 0", "'0' is not a number"},
           Wrong{"bans", "'bans' needs 'after' and a number"},
           Wrong{"bans 200", "'200' is not expected here"},
           Wrong{"bans after", "'after' needs a number"},
           Wrong{"bans after 0", "'0' is not a number"},
           Wrong{"bans after 200", "'bans' needs 'with' and a behaviour"},
           Wrong{"bans after 200 for", "'for' needs a time"},
           Wrong{"bans after 200 for 0s with rst", "'0s' is not a time above 0"},
           Wrong{"bans after 200 rst", "'rst' is not expected here"},
           Wrong{"bans after 200 with", "'with' needs a behaviour"},
           Wrong{"bans after 200 with anger", "'anger' is not a behaviour of a closed port"},
           Wrong{"bans after 200 with rst limit 1/s", "'limit' is one word too many"},
           Wrong{"bans after 200 with port-unreachable limit 1", "'1' is not a rate"},
           Wrong{"gone-at 0s", "'0s' is not a time above 0"},
           Wrong{"back-at 1s", "'1s' is not after a gone-at"},
           Wrong{"gone-at 2s\n back-at 1s", "'1s' is not after a gone-at"},
           Wrong{"seed -1", "'-1' is not a whole number"},
           Wrong{"prefix 10.0.0.0/33", "'10.0.0.0/33' is not an address or a prefix"},
           Wrong{"prefix", "'prefix' needs a prefix"},
           Wrong{"prefix host", "'host' is not an address or a prefix"},
       }) {
    const std::string text = std::string("prefix 10.0.0.0/8\n\n ") + wrong.line + "\n";
    const std::string error = error_of(text);
    CAPTURE(wrong.line);
    CAPTURE(error);
    const char* place = std::string(wrong.line).find('\n') == std::string::npos ? "my.lab:3: " : "my.lab:4: ";
    CHECK(error.starts_with(place));
    CHECK(error.find(wrong.quoted) != std::string::npos);
    CHECK(error.find(": ", std::string(place).size()) != std::string::npos);
    CHECK(error.find('\n') == std::string::npos);
  }
}

TEST_CASE("a ban is parsed") {
  const auto bans = [](const std::string& line) {
    const auto profile = parse_profile("my", "prefix 10.0.0.0/8\n" + line + "\n");
    REQUIRE(profile);
    REQUIRE(profile->regions[0].ban);
    return *profile->regions[0].ban;
  };
  const Ban brief = bans("bans after 200 for 10s with port-unreachable limit 2/s burst 3");
  CHECK(brief.after == 200);
  CHECK(brief.for_us == 10'000'000);
  CHECK(brief.refusal == Refusal::port_unreachable);
  CHECK(brief.limit.per_second == 2);
  CHECK(brief.limit.burst == 3);
  const Ban lasting = bans("bans after 1 with silent");
  CHECK(lasting.for_us == 0);
  CHECK(lasting.refusal == Refusal::silence);
}

TEST_CASE("the statements about the command's own link are parsed") {
  const auto profile = parse_profile("my", R"(
link ethernet 10.1.2.3/21 fd00::3/64
gateway fd00::1 10.1.0.1
broadcast-loss 5%
prefix 10.1.0.0/21
)");
  REQUIRE(profile);
  REQUIRE(profile->link);
  const EthernetLink& link = *profile->link;
  REQUIRE(link.own.size() == 2);
  CHECK(to_text(link.own[0].address) == "10.1.2.3");
  CHECK(link.own[0].bits == 21);
  CHECK(to_text(link.own[1].address) == "fd00::3");
  CHECK(to_text(*link.gateway_of(Family::ipv4)) == "10.1.0.1");
  CHECK(to_text(*link.gateway_of(Family::ipv6)) == "fd00::1");
  CHECK(link.broadcast_loss == doctest::Approx(0.05));
  CHECK(link.contains(*parse_address("10.1.7.255")));
  CHECK_FALSE(link.contains(*parse_address("10.1.8.0")));
}

TEST_CASE("the limits of the uplink and of the router are parsed") {
  const auto profile =
      parse_profile("my", "uplink 400/s queue 2s\nrouter holds 1024 flows for 30s\nprefix 10.0.0.0/8\n");
  REQUIRE(profile);
  REQUIRE(profile->uplink);
  CHECK(profile->uplink->packets_per_second == 400);
  CHECK(profile->uplink->queue_us == 2000000);
  REQUIRE(profile->router);
  CHECK(profile->router->flows == 1024);
  CHECK(profile->router->hold_us == 30000000);
  CHECK_FALSE(profile->router->evicts);
  const auto evicting = parse_profile("my", "router holds 1 flows for 1s evicts\nprefix 10.0.0.0/8\n");
  REQUIRE(evicting);
  CHECK(evicting->router->evicts);
}

TEST_CASE("a wrong line about the command's own link is refused with the word at fault") {
  struct Wrong {
    const char* lines;
    const char* quoted;
  };
  for (const Wrong& wrong : {
           Wrong{"link", "'link' needs a kind"},
           Wrong{"link wifi", "'wifi' is not a kind of link"},
           Wrong{"link ethernet", "'ethernet' needs the command's address"},
           Wrong{"link ethernet 10.0.0.9", "'10.0.0.9' is not an address with the length"},
           Wrong{"link ethernet 10.0.0.9/31", "'10.0.0.9/31' is not an address with the length"},
           Wrong{"link ethernet 10.0.0.9/0", "'10.0.0.9/0' is not an address with the length"},
           Wrong{"link ethernet 10.0.0.0/24", "'10.0.0.0/24' is not the address of a host"},
           Wrong{"link ethernet 10.0.0.255/24", "'10.0.0.255/24' is not the address of a host"},
           Wrong{"link ethernet fd00::9/64", "'fd00::9/64' is not an IPv4 address"},
           Wrong{"link ethernet 10.0.0.9/24 10.0.1.9/24", "'10.0.1.9/24' is a second address of one family"},
           Wrong{"link ethernet 10.0.0.9/24\nlink ethernet 10.0.0.9/24", "'link' is given twice"},
           Wrong{"gateway 10.0.0.1", "'gateway' must follow a link line"},
           Wrong{"link ethernet 10.0.0.9/24\ngateway", "'gateway' needs an address"},
           Wrong{"link ethernet 10.0.0.9/24\ngateway host", "'host' is not an address on the link"},
           Wrong{"link ethernet 10.0.0.9/24\ngateway 10.0.1.1", "'10.0.1.1' is not an address on the link"},
           Wrong{"link ethernet 10.0.0.9/24\ngateway fd00::1", "'fd00::1' is not an address on the link"},
           Wrong{"link ethernet 10.0.0.9/24\ngateway 10.0.0.9", "'10.0.0.9' is not another host's address"},
           Wrong{"link ethernet 10.0.0.9/24\ngateway 10.0.0.255", "'10.0.0.255' is not another host's address"},
           Wrong{"link ethernet 10.0.0.9/24\ngateway 10.0.0.1 10.0.0.2", "'10.0.0.2' is a second gateway"},
           Wrong{"uplink", "'uplink' needs a rate"},
           Wrong{"uplink 400", "'400' is not a rate"},
           Wrong{"uplink 0/s queue 1s", "'0/s' is not a rate"},
           Wrong{"uplink 400/s", "'uplink' needs the length of its queue"},
           Wrong{"uplink 400/s buffer 2s", "'buffer' is not expected"},
           Wrong{"uplink 400/s queue", "'queue' needs a time"},
           Wrong{"uplink 400/s queue 800", "'800' is not a time"},
           Wrong{"uplink 400/s queue 2s 3s", "'3s' is one word too many"},
           Wrong{"uplink 1/s queue 1s\nuplink 1/s queue 1s", "'uplink' is given twice"},
           Wrong{"router", "'router' needs 'holds'"},
           Wrong{"router keeps 3 flows", "'keeps' is not expected"},
           Wrong{"router holds", "'holds' needs a number"},
           Wrong{"router holds many", "'many' is not a number"},
           Wrong{"router holds 0 flows for 3s", "'0' is not a number"},
           Wrong{"router holds 3", "'3' needs 'flows'"},
           Wrong{"router holds 3 packets", "'packets' is not expected"},
           Wrong{"router holds 3 flows", "'flows' needs 'for'"},
           Wrong{"router holds 3 flows for", "'for' needs a time"},
           Wrong{"router holds 3 flows for ever", "'ever' is not a time"},
           Wrong{"router holds 3 flows for 3s drops", "'drops' is not expected"},
           Wrong{"router holds 3 flows for 3s evicts 3", "'3' is one word too many"},
           Wrong{"broadcast-loss 1%", "'broadcast-loss' must follow a link line"},
           Wrong{"link ethernet 10.0.0.9/24\nbroadcast-loss", "'broadcast-loss' needs a value"},
           Wrong{"link ethernet 10.0.0.9/24\nbroadcast-loss 5", "'5' is not a share"},
           Wrong{"link ethernet 10.0.0.9/24\nbroadcast-loss 5% 6%", "'6%' is one word too many"},
       }) {
    const std::string error = error_of(std::string(wrong.lines) + "\nprefix 10.0.0.0/8\n");
    CAPTURE(wrong.lines);
    CAPTURE(error);
    CHECK(error.starts_with(std::string(wrong.lines).find('\n') == std::string::npos ? "my.lab:1: " : "my.lab:2: "));
    CHECK(error.find(wrong.quoted) != std::string::npos);
    CHECK(error.find('\n') == std::string::npos);
  }
}

TEST_CASE("statements about hosts must follow a prefix, and a profile must have one") {
  CHECK(error_of("rtt 1ms\nprefix 10.0.0.0/8\n").starts_with("my.lab:1: 'rtt' must follow a prefix"));
  CHECK(error_of("# nothing\n").find("no prefix line") != std::string::npos);
  CHECK(error_of("").find("no prefix line") != std::string::npos);
}

TEST_CASE("control bytes from a profile never reach the terminal") {
  const std::string error = error_of("prefix 10.0.0.0/8\n\x1b[2J\xff 1\n");
  CHECK(error.find("'\\x1b[2J\\xff'") != std::string::npos);
  CHECK(error.find('\x1b') == std::string::npos);
}

TEST_CASE("every built-in profile is valid, has a description, and suggests a target") {
  CHECK(built_in_profiles().size() >= 9);
  for (const BuiltInProfile& built_in : built_in_profiles()) {
    const auto profile = parse_profile(built_in.name, built_in.text);
    CAPTURE(built_in.name);
    REQUIRE(profile);
    CHECK_FALSE(profile->about.empty());
    CHECK_FALSE(profile->target.empty());
  }
  CHECK(built_in_profile("no such").empty());
}

TEST_CASE("a profile with any bytes changed is parsed, or refused with one line") {
  uint64_t state = 7;
  for (const BuiltInProfile& built_in : built_in_profiles()) {
    for (int i = 0; i < 500; ++i) {
      std::string text(built_in.text);
      for (int change = 0; change < 3; ++change) {
        const uint64_t at = mix64(++state) % text.size();
        text[at] = static_cast<char>(mix64(++state));
      }
      const auto profile = parse_profile("x", text);
      if (!profile) CHECK(profile.error().find('\n') == std::string::npos);
    }
  }
}
