// A TargetSet against a model that looks at each address of some windows, and counts by coordinates. The windows are at
// both ends of the families, around 2^64, and in several zones; blocks of up to the whole of IPv6 are included.
#include <algorithm>
#include <limits>
#include <set>
#include <tuple>
#include <vector>

#include "core/target_set.hpp"
#include "fuzz/expect.hpp"
#include "fuzz/input.hpp"

using namespace portloop;

namespace {

constexpr unsigned window = 64;

std::vector<Address> window_starts() {
  const uint128 top6 = ~uint128{0};
  std::vector<Address> starts = {{Family::ipv4, 0, 1}, {Family::ipv4, 0, 0x7fffffe0}, {Family::ipv4, 0, 0xffffffc0}};
  for (const uint32_t zone : {0U, 1U, 7U}) {
    for (const uint128 value : {uint128{1}, (uint128{1} << 64) - window / 2, top6 - window + 1})
      starts.push_back({Family::ipv6, zone, value});
  }
  return starts;
}

std::vector<Address> addresses_of(const std::vector<Address>& starts) {
  std::vector<Address> addresses;
  for (const Address& start : starts)
    for (unsigned i = 0; i < window; ++i) addresses.push_back({start.family, start.zone, start.value + i});
  std::sort(addresses.begin(), addresses.end());
  return addresses;
}

AddressRange take_range(fuzz::Input& input, const std::vector<Address>& starts) {
  Address first = starts[input.below(starts.size())];
  first.value += input.below(window);
  Address last = first;
  const uint128 room = highest_value(first.family) - first.value;
  const unsigned bits = input.flag() ? static_cast<unsigned>(input.below(address_bits(first.family))) : 6;
  const uint128 length = (uint128{1} << bits) - 1;
  const uint128 cut = bits <= 6 ? input.below(window) : 0;
  last.value += std::min(room, length - std::min(length, cut));
  return {first, last};
}

bool covers(const AddressRange& range, const Address& address, bool any_zone) {
  if (range.first.family != address.family || address.value < range.first.value || address.value > range.last.value)
    return false;
  return range.first.zone == address.zone || (any_zone && range.first.zone == 0);
}

struct Model {
  std::vector<AddressRange> included, excluded;

  bool contains(const Address& address) const {
    const auto in = [&address](const std::vector<AddressRange>& ranges, bool any_zone) {
      return std::any_of(ranges.begin(), ranges.end(),
                         [&](const AddressRange& range) { return covers(range, address, any_zone); });
    };
    return in(included, false) && !in(excluded, true);
  }

  /// Cuts each family and zone at all ends of ranges: between two cuts, all addresses are alike. Saturates.
  uint64_t size() const {
    constexpr uint64_t max = std::numeric_limits<uint64_t>::max();
    std::set<std::pair<Family, uint32_t>> spaces;
    for (const AddressRange& range : included) spaces.emplace(range.first.family, range.first.zone);
    uint64_t total = 0;
    for (const auto& [family, zone] : spaces) {
      std::set<uint128> cuts;
      for (const auto* ranges : {&included, &excluded}) {
        for (const AddressRange& range : *ranges) {
          if (range.first.family != family) continue;
          cuts.insert(range.first.value);
          if (range.last.value != highest_value(family)) cuts.insert(range.last.value + 1);
        }
      }
      for (auto cut = cuts.begin(); cut != cuts.end(); ++cut) {
        if (!contains({family, zone, *cut})) continue;
        const auto next = std::next(cut);
        const uint128 beyond_first = (next == cuts.end() ? highest_value(family) : *next - 1) - *cut;
        if (beyond_first >= max || max - total < static_cast<uint64_t>(beyond_first) + 1) return max;
        total += static_cast<uint64_t>(beyond_first) + 1;
      }
    }
    return total;
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  fuzz::Input input(bytes, size);
  static const std::vector<Address> starts = window_starts();
  static const std::vector<Address> in_order = addresses_of(starts);
  Model model;
  for (int count = 0; !input.empty() && count < 32; ++count)
    (input.flag() ? model.excluded : model.included).push_back(take_range(input, starts));
  const TargetSet set(model.included, model.excluded);
  constexpr uint64_t saturated = std::numeric_limits<uint64_t>::max();

  EXPECT(set.size() == model.size());
  const uint64_t addresses = set.size();
  EXPECT(set.empty() == (addresses == 0));
  const auto& ranges = set.ranges();
  for (size_t i = 0; i < ranges.size(); ++i) {
    EXPECT(ranges[i].first <= ranges[i].last && set.contains(ranges[i]));
    EXPECT(i == 0 || ranges[i - 1].last < ranges[i].first);
  }
  if (set.size() != saturated && !set.empty()) {
    EXPECT(set.at(0) == ranges.front().first && set.at(set.size() - 1) == ranges.back().last);
  }
  std::optional<uint64_t> before;
  for (const Address& address : in_order) {
    const auto index = set.index_of(address);
    EXPECT(index.has_value() == model.contains(address) && set.contains(address) == index.has_value());
    if (!index || set.size() == saturated) continue;
    EXPECT(set.at(*index) == address && (!before || *before < *index));
    before = index;
  }
  return 0;
}
