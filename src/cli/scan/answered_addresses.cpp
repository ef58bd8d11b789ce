#include "cli/scan/answered_addresses.hpp"

#include <bit>

namespace portloop {

bool AnsweredAddresses::shows_host(PortState state, Reason reason) {
  switch (state) {
    case PortState::open:
    case PortState::closed:
    case PortState::unknown: return true;
    case PortState::filtered:
      return reason == Reason::port_unreach || reason == Reason::proto_unreach || reason == Reason::admin_prohibited;
  }
  return true;
}

bool AnsweredAddresses::add(const Address& address) {
  const uint32_t number = bit_of(address);
  uint64_t& word = blocks_[block_of(address)][number / 64];
  const uint64_t bit = uint64_t{1} << (number % 64);
  if ((word & bit) != 0) return false;
  word |= bit;
  ++count_;
  return true;
}

void AnsweredAddresses::add(const TargetSet& addresses) {
  for (uint64_t i = 0; i < addresses.size(); ++i) add(addresses.at(i));
}

bool AnsweredAddresses::contains(const Address& address) const {
  if (count_ == 0) return false;
  const auto block = blocks_.find(block_of(address));
  const uint32_t number = bit_of(address);
  return block != blocks_.end() && (block->second[number / 64] >> (number % 64) & 1) != 0;
}

TargetSet AnsweredAddresses::as_targets() const {
  std::vector<AddressRange> ranges;
  for (const auto& [first, words] : blocks_) {
    for (size_t word = 0; word < words.size(); ++word) {
      for (uint64_t rest = words[word]; rest != 0; rest &= rest - 1) {
        Address address = first;
        address.value += word * 64 + static_cast<uint64_t>(std::countr_zero(rest));
        const bool adjacent = !ranges.empty() && ranges.back().last.family == address.family &&
                              ranges.back().last.zone == address.zone && ranges.back().last.value + 1 == address.value;
        if (adjacent)
          ranges.back().last = address;
        else
          ranges.push_back({address, address});
      }
    }
  }
  return TargetSet(std::move(ranges), {});
}

}  // namespace portloop
