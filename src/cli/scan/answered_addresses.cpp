#include "cli/scan/answered_addresses.hpp"

#include <bit>
#include <cassert>

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
  const std::optional<uint64_t> found = targets_.index_of(address);
  assert(found);
  const uint64_t index = *found;
  uint64_t& word = blocks_[index / block_bits][index % block_bits / 64];
  const uint64_t bit = uint64_t{1} << (index % 64);
  if ((word & bit) != 0) return false;
  word |= bit;
  ++count_;
  return true;
}

void AnsweredAddresses::add(const TargetSet& addresses) {
  for (uint64_t i = 0; i < addresses.size(); ++i) {
    if (targets_.contains(addresses.at(i))) add(addresses.at(i));
  }
}

bool AnsweredAddresses::contains(const Address& address) const {
  if (count_ == 0) return false;
  const std::optional<uint64_t> index = targets_.index_of(address);
  if (!index) return false;
  const auto block = blocks_.find(*index / block_bits);
  return block != blocks_.end() && (block->second[*index % block_bits / 64] >> (*index % 64) & 1) != 0;
}

TargetSet AnsweredAddresses::as_targets() const {
  std::vector<AddressRange> ranges;
  for (const auto& [block, words] : blocks_) {
    for (size_t word = 0; word < words.size(); ++word) {
      for (uint64_t rest = words[word]; rest != 0; rest &= rest - 1) {
        const Address address =
            targets_.at(block * block_bits + word * 64 + static_cast<uint64_t>(std::countr_zero(rest)));
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
