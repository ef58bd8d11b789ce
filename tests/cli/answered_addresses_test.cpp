#include "cli/scan/answered_addresses.hpp"

#include <doctest/doctest.h>

using namespace portloop;

namespace {

TargetSet targets_of(std::initializer_list<const char*> words) {
  std::vector<AddressRange> ranges;
  for (const char* word : words) ranges.push_back(parse_target(word)->ranges[0]);
  return TargetSet(std::move(ranges), {});
}

}  // namespace

TEST_CASE("addresses that answered become ranges again, each once, across blocks and families") {
  AnsweredAddresses answered;
  for (const char* text : {"10.0.15.255", "10.0.16.0", "10.0.16.1", "10.0.0.9", "fd00::ffff", "10.0.0.9"})
    answered.add(*parse_address(text));
  CHECK(answered.count() == 5);
  CHECK(answered.as_targets().ranges() == targets_of({"10.0.0.9", "10.0.15.255-10.0.16.1", "fd00::ffff"}).ranges());
}

TEST_CASE("without an answer nothing is left to scan") { CHECK(AnsweredAddresses().as_targets().empty()); }

TEST_CASE("a host shows itself by its own answers, not by silence and not by a router's") {
  for (const PortState state : {PortState::open, PortState::closed, PortState::unknown})
    CHECK(AnsweredAddresses::shows_host(state, Reason::local_error));
  for (const Reason reason : {Reason::port_unreach, Reason::proto_unreach, Reason::admin_prohibited})
    CHECK(AnsweredAddresses::shows_host(PortState::filtered, reason));
  for (const Reason reason : {Reason::no_response, Reason::host_unreach, Reason::net_unreach})
    CHECK_FALSE(AnsweredAddresses::shows_host(PortState::filtered, reason));
}
