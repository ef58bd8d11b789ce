#include "cli/scan/discovery.hpp"

#include <algorithm>
#include <bit>
#include <cassert>

namespace portloop {

AnsweredAddresses::AnsweredAddresses(const TargetSet& targets) : targets_(targets) {
  uint64_t first = 0;
  for (const AddressRange& range : targets.ranges()) {
    first_index_.push_back(first);
    first += static_cast<uint64_t>(range.last.value - range.first.value) + 1;
  }
}

bool AnsweredAddresses::tells_of_a_host(const ProbeResult& result) {
  switch (result.state) {
    case PortState::open:
    case PortState::closed:
    case PortState::unknown: return true;
    case PortState::filtered:
      return result.reason == Reason::port_unreach || result.reason == Reason::proto_unreach ||
             result.reason == Reason::admin_prohibited;
  }
  return true;
}

uint64_t AnsweredAddresses::index_of(const Address& address) const {
  const auto& ranges = targets_.ranges();
  const auto range = std::upper_bound(ranges.begin(), ranges.end(), address,
                                      [](const Address& a, const AddressRange& r) { return a < r.first; }) -
                     1;
  assert(!(range->last < address));
  return first_index_[static_cast<size_t>(range - ranges.begin())] +
         static_cast<uint64_t>(address.value - range->first.value);
}

void AnsweredAddresses::add(const Address& address) {
  const uint64_t index = index_of(address);
  uint64_t& word = blocks_[index / block_bits][index % block_bits / 64];
  const uint64_t bit = uint64_t{1} << (index % 64);
  if ((word & bit) != 0) return;
  word |= bit;
  ++count_;
}

TargetSet AnsweredAddresses::as_targets() const {
  std::vector<AddressRange> ranges;
  for (const auto& [block, words] : blocks_) {
    for (size_t word = 0; word < words.size(); ++word) {
      for (uint64_t rest = words[word]; rest != 0; rest &= rest - 1) {
        const Address address =
            targets_.at(block * block_bits + word * 64 + static_cast<uint64_t>(std::countr_zero(rest)));
        const bool next_one = !ranges.empty() && ranges.back().last.family == address.family &&
                              ranges.back().last.zone == address.zone && ranges.back().last.value + 1 == address.value;
        if (next_one)
          ranges.back().last = address;
        else
          ranges.push_back({address, address});
      }
    }
  }
  return TargetSet(std::move(ranges), {});
}

}  // namespace portloop
