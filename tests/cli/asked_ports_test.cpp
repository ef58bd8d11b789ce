#include "cli/targets/asked_ports.hpp"

#include <doctest/doctest.h>

#include <random>
#include <set>

using namespace portloop;

namespace {

PortSet ports_of(const char* text) { return *parse_ports(text, nullptr); }

AddressRange range_of(const char* text) { return parse_target(text)->ranges.front(); }

/// What is new, as text.
std::string added(AskedPorts& asked, PortSets& sets, const char* range, const char* ports) {
  std::string text;
  const PortSets::Number number = sets.hold(ports_of(ports));
  asked.add(range_of(range), number, [&](const AddressRange& fresh, PortSets::Number fresh_ports) {
    text += (text.empty() ? "" : " ") + TargetSet({fresh}, {}).to_text() + ':' + sets.text(fresh_ports);
  });
  sets.release(number);
  return text;
}

}  // namespace

TEST_CASE("what overlaps is new once") {
  PortSets sets;
  AskedPorts asked(sets);
  CHECK(added(asked, sets, "10.0.0.4-7", "22,80") == "10.0.0.4-10.0.0.7:22,80");
  CHECK(added(asked, sets, "10.0.0.4-7", "22,80") == "");
  CHECK(added(asked, sets, "10.0.0.5", "80-81") == "10.0.0.5:81");
  CHECK(added(asked, sets, "10.0.0.3-8", "81") == "10.0.0.3:81 10.0.0.4:81 10.0.0.6-10.0.0.7:81 10.0.0.8:81");
  CHECK(asked.addresses() == 6);
  CHECK(added(asked, sets, "255.255.255.255", "1") == "255.255.255.255:1");
  CHECK(added(asked, sets, "0.0.0.1-255.255.255.255", "81") ==
        "0.0.0.1-10.0.0.2:81 10.0.0.9-255.255.255.254:81 255.255.255.255:81");
  CHECK(added(asked, sets, "fe80::1%2", "1") == "fe80::1%2:1");
  CHECK(added(asked, sets, "fe80::1%3", "1") == "fe80::1%3:1");
  CHECK(added(asked, sets, "::1-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "1") ==
        "::1-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff:1");
  CHECK(asked.addresses() == UINT64_MAX);
}

TEST_CASE("as a set of endpoints, whatever is added in whichever order") {
  std::mt19937 random(7);
  const char* const port_lists[] = {"1", "2", "1-2", "3", "2-3", "1-3"};
  for (const int space : {40, 5000}) {
    PortSets sets;
    AskedPorts asked(sets);
    std::set<std::pair<uint32_t, uint16_t>> expected;
    for (int step = 0; step < 4000; ++step) {
      const auto first = static_cast<uint32_t>(random() % static_cast<unsigned>(space));
      const uint32_t last = first + static_cast<uint32_t>(step % 100 == 0 ? random() % 300 : random() % 3);
      const PortSets::Number number = sets.hold(ports_of(port_lists[random() % 6]));
      const PortSet wanted = sets.set(number);
      std::set<std::pair<uint32_t, uint16_t>> fresh;
      size_t count = 0;
      asked.add({{Family::ipv4, 0, first}, {Family::ipv4, 0, last}}, number,
                [&](const AddressRange& range, PortSets::Number ports) {
                  for (uint128 address = range.first.value; address <= range.last.value; ++address) {
                    for (uint32_t i = 0; i < sets.set(ports).size(); ++i, ++count)
                      fresh.emplace(static_cast<uint32_t>(address), sets.set(ports).at(i));
                  }
                });
      sets.release(number);
      REQUIRE(fresh.size() == count);
      for (uint32_t address = first; address <= last; ++address) {
        for (uint32_t i = 0; i < wanted.size(); ++i) {
          const bool is_new = expected.emplace(address, wanted.at(i)).second;
          REQUIRE(fresh.contains({address, wanted.at(i)}) == is_new);
          count -= is_new;
        }
      }
      REQUIRE(count == 0);
    }
    std::set<uint32_t> addresses;
    for (const auto& [address, port] : expected) addresses.insert(address);
    CHECK(asked.addresses() == addresses.size());
  }
}
