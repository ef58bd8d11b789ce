#include "cli/diff/result_set.hpp"

#include <algorithm>
#include <utility>

namespace portloop {
namespace {

Standing standing_of(PortState state) {
  switch (state) {
    case PortState::open: return Standing::open;
    case PortState::closed: return Standing::closed;
    case PortState::filtered: return Standing::filtered;
    case PortState::unknown: break;
  }
  return Standing::unknown;
}

}  // namespace

ResultSet::ResultSet(MergeInputs inputs, bool complete) : inputs_(std::move(inputs)), complete_(complete) {
  for (const auto& [endpoint, result] : inputs_.results) {
    lists_all_states_ = lists_all_states_ || result.probe.state != PortState::open;
    has_banners_ = has_banners_ || !result.banner.empty();
  }
  if (inputs_.checkpoints.empty()) return;
  const Checkpoint& scan = inputs_.checkpoints.front();
  order_.emplace(scan.list.targets.size(), scan.ports, scan.order, scan.seed);
}

const ReadResult* ResultSet::find(const Endpoint& endpoint) const {
  const auto found = inputs_.results.find({endpoint.address, endpoint.port});
  return found == inputs_.results.end() ? nullptr : &found->second;
}

Standing ResultSet::standing(const Endpoint& endpoint) const {
  const ReadResult* result = find(endpoint);
  return result != nullptr ? standing_of(result->probe.state) : standing_if_unlisted(endpoint);
}

bool ResultSet::leaves_scope_open() const { return inputs_.truncated || (!order_ && !lists_all_states_ && !complete_); }

Standing ResultSet::standing_if_unlisted(const Endpoint& endpoint) const {
  if (!order_) {
    if (inputs_.truncated) return Standing::not_listed;
    if (lists_all_states_) return Standing::not_scanned;
    return complete_ ? Standing::not_open : Standing::not_listed;
  }
  const Checkpoint& scan = inputs_.checkpoints.front();
  const auto host = scan.list.targets.index_of(endpoint.address);
  const auto port = scan.ports.index_of(endpoint.port);
  if (!host || !port) return Standing::not_scanned;
  const auto position = scan.shard.position_of(order_->index_of({*host, *port}));
  if (!position || !scan.finished.contains(*position)) return Standing::not_scanned;
  if (std::binary_search(scan.unknown_positions.begin(), scan.unknown_positions.end(), *position))
    return Standing::unknown;
  return inputs_.truncated ? Standing::not_listed : Standing::not_open;
}

}  // namespace portloop
