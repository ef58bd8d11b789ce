#include "plan/decoys.hpp"

#include <algorithm>
#include <utility>

#include "core/permutation.hpp"

namespace portloop {
namespace {

// Most hosts are decided by the first two.
constexpr int first_decoys = 2;

// At 5 % loss in each direction, four decoys of a host that accepts everything are silent once in 10,000 times.
constexpr int max_silent_decoys = 4;
// The same if one was accepted: five of nine are not, once in 1,000 times.
constexpr int max_decoys = 9;

}  // namespace

void Decoys::begin(const Suspect& host, uint64_t target) {
  const uint64_t key = key_of(host);
  Count& count = counts_[key];
  count.target = target;
  want_more(key, count);
}

void Decoys::want_more(uint64_t key, Count& count) {
  const int accepted = count.accepted;
  const int wanted = accepted < first_decoys ? first_decoys : static_cast<int>(accepted_to_be_sure);
  const int limit = accepted == 0 ? max_silent_decoys : max_decoys;
  const int due = std::min(wanted - accepted - count.in_flight, limit - count.asked);
  for (; count.due < due; ++count.due) due_.push_back(key);
}

/// Spread over all of the ports, so that a host with a range of open ports accepts some of them at most.
uint16_t Decoys::port_of(const Count& count) const {
  const uint64_t size = options_.ports->size();
  const uint64_t first = mix64(options_.seed ^ mix64(count.target));
  const uint64_t step = size * 4 / max_decoys;
  return options_.ports->at(static_cast<uint32_t>((first % size + count.asked * step) % size));
}

std::optional<Decoys::Decoy> Decoys::next() {
  while (!due_.empty()) {
    const uint64_t key = due_.back();
    due_.pop_back();
    const auto found = counts_.find(key);
    if (found == counts_.end() || found->second.due == 0) continue;
    Count& count = found->second;
    --count.due;
    const Suspect host{static_cast<uint32_t>(key >> 32), static_cast<uint32_t>(key)};
    const Decoy decoy{host, port_of(count)};
    ++count.asked;
    ++count.in_flight;
    return decoy;
  }
  return std::nullopt;
}

Decoys::Decision Decoys::ended(const Suspect& host, DecoyOutcome outcome) {
  const uint64_t key = key_of(host);
  const auto found = counts_.find(key);
  if (found == counts_.end()) return Decision::none;
  Count& count = found->second;
  --count.in_flight;
  if (outcome == DecoyOutcome::accepted) ++count.accepted;
  if (outcome != DecoyOutcome::refused && count.accepted < accepted_to_be_sure) {
    want_more(key, count);
    if (count.due > 0 || count.in_flight > 0) return Decision::none;
  }
  const bool accepts_all = outcome == DecoyOutcome::accepted && count.accepted == accepted_to_be_sure;
  counts_.erase(found);
  return accepts_all ? Decision::accepts_all : Decision::ordinary;
}

std::vector<Decoys::Suspect> Decoys::give_up() {
  std::vector<Suspect> hosts;
  for (const auto& [key, count] : counts_)
    hosts.push_back({static_cast<uint32_t>(key >> 32), static_cast<uint32_t>(key)});
  counts_.clear();
  due_.clear();
  return hosts;
}

}  // namespace portloop
