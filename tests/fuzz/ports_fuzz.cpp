// Port lists: a PortSet against a table of 65,536 ports, and its canonical text read back.
#include <bitset>

#include "core/port_set.hpp"
#include "core/service_names.hpp"
#include "fuzz/expect.hpp"
#include "fuzz/input.hpp"
#include "fuzz/readers.hpp"

using namespace portloop;

namespace {

using Table = std::bitset<65536>;

void check_equal(const PortSet& set, const Table& table) {
  EXPECT(set.size() == table.count() && set.empty() == table.none());
  uint32_t index = 0;
  for (uint32_t port = 0; port <= 65535; ++port) {
    const auto found = set.index_of(static_cast<uint16_t>(port));
    EXPECT(found.has_value() == table[port]);
    if (!found) continue;
    EXPECT(*found == index && set.at(index) == port);
    ++index;
  }
  for (size_t i = 1; i < set.ranges().size(); ++i) EXPECT(set.ranges()[i - 1].last + 1 < set.ranges()[i].first);
  if (set.empty()) return;
  const auto again = parse_ports(set.to_text(), nullptr);
  EXPECT(again && *again == set);
}

PortRange take_range(fuzz::Input& input) {
  const auto first = static_cast<uint16_t>(input.between(1, 65535));
  return {first, static_cast<uint16_t>(input.between(first, input.flag() ? 65535U : std::min(65535U, first + 255U)))};
}

void set_all(Table& table, PortRange range, bool value) {
  for (uint32_t port = range.first; port <= range.last; ++port) table[port] = value;
}

void check_operations(fuzz::Input& input) {
  PortSet set;
  Table table;
  for (int steps = 0; !input.empty() && steps < 64; ++steps) {
    const PortRange range = take_range(input);
    if (input.flag()) {
      set.add(range);
      set_all(table, range, true);
    } else {
      PortSet removed;
      removed.add(range);
      const PortRange second = take_range(input);
      removed.add(second);
      set.remove(removed);
      set_all(table, range, false);
      set_all(table, second, false);
    }
  }
  check_equal(set, table);
}

void check_text(std::string_view text) {
  const auto ports = parse_ports(text, port_of_service, ports_of_services);
  if (!ports) {
    EXPECT(fuzz::is_printable(ports.error()) && !ports.error().empty());
    return;
  }
  EXPECT(!ports->empty() && !ports->contains(0));
  Table table;
  for (const PortRange& range : ports->ranges()) {
    EXPECT(range.first <= range.last);
    set_all(table, range, true);
  }
  check_equal(*ports, table);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  fuzz::Input input(bytes, size);
  // Text stays readable in the corpus: operations begin with a byte that no list begins with.
  if (size > 0 && bytes[0] == 0) {
    input.byte();
    check_operations(input);
  } else {
    check_text(input.rest());
  }
  return 0;
}
