// The order of probes, shards and skips against models that enumerate, and by samples if the scan is large: up to 2^63
// probes, such as 2^47 addresses with 65,535 ports.
#include <algorithm>
#include <set>
#include <vector>

#include "core/finished_set.hpp"
#include "core/probe_order.hpp"
#include "fuzz/expect.hpp"
#include "fuzz/input.hpp"
#include "plan/scan_space.hpp"

using namespace portloop;

namespace {

using Cell = std::pair<uint64_t, uint32_t>;

Cell at(const ProbeOrder& order, uint64_t index) {
  const auto position = order.at(index);
  EXPECT(position.host < order.hosts() && position.port < order.ports());
  const uint64_t block = order.block_of(index);
  EXPECT(block < order.block_count());
  const ProbeOrder::Block part(order, block);
  const ProbeOrder::Runs runs = order.runs_of(block);
  const bool early = index < runs.early_end;
  EXPECT(early ? index >= runs.early_first : index >= runs.other_first && index < runs.other_end);
  const auto local = part.at(early ? index - runs.early_first : index - runs.other_first + part.early());
  EXPECT(local.host_in_block < order.hosts_in_block(block));
  EXPECT(part.host(local.host_in_block) == position.host && local.port == position.port);
  return {position.host, position.port};
}

/// Each pair of host and port once, and each index in exactly one shard.
void check_all(const ProbeOrder& order, uint32_t shards) {
  std::set<Cell> cells;
  uint64_t total = 0;
  std::set<uint64_t> indices;
  for (uint32_t number = 1; number <= shards; ++number) {
    const Shard shard{number, shards};
    const uint64_t size = shard.size_of(order.size());
    total += size;
    for (uint64_t position = 0; position < size; ++position) {
      const uint64_t index = shard.index_at(position);
      EXPECT(index < order.size() && indices.insert(index).second);
      EXPECT(shard.first_position_at_or_after(index) == position);
      EXPECT(cells.insert(at(order, index)).second);
    }
  }
  EXPECT(total == order.size() && cells.size() == order.size());
}

void check_samples(const ProbeOrder& order, uint32_t shards, fuzz::Input& input) {
  std::set<uint64_t> sampled = {0, order.size() - 1, order.size() / 2};
  for (int i = 0; i < 16 && !input.empty(); ++i) sampled.insert(input.below(order.size()));
  std::set<Cell> cells;
  for (const uint64_t index : sampled) EXPECT(cells.insert(at(order, index)).second);
  const Shard shard{static_cast<uint32_t>(input.between(1, shards)), shards};
  const uint64_t size = shard.size_of(order.size());
  if (size == 0) return;
  EXPECT(shard.index_at(size - 1) < order.size() && order.size() - shard.index_at(size - 1) <= shard.count);
  for (const uint64_t index : sampled) {
    const uint64_t position = shard.first_position_at_or_after(index);
    EXPECT(shard.index_at(position) >= index && shard.index_at(position) - index < shard.count);
  }
}

std::vector<PositionRange> check_finished(uint64_t bound, fuzz::Input& input) {
  FinishedSet finished;
  std::set<uint64_t> model;
  for (int i = 0; i < 24 && !input.empty(); ++i) {
    const uint64_t first = input.below(bound);
    const uint64_t last = input.flag() ? first : first + input.below(std::min<uint64_t>(bound - first, 9000));
    if (first == last)
      finished.add(first);
    else
      finished.add({first, last});
    for (uint64_t position = first; position <= last; ++position) model.insert(position);
  }
  EXPECT(finished.size() == model.size());
  std::vector<PositionRange> ranges;
  for (const uint64_t position : model) {
    if (!ranges.empty() && ranges.back().last + 1 == position)
      ranges.back().last = position;
    else
      ranges.push_back({position, position});
  }
  EXPECT(finished.ranges() == ranges);
  const auto again = FinishedSet::parse(finished.to_text());
  EXPECT(again && again->ranges() == ranges && again->size() == model.size());
  std::vector<uint64_t> removed;
  for (const uint64_t position : model)
    if (position % 7 == 3) removed.push_back(position);
  const FinishedSet left = finished.without(removed);
  EXPECT(left.size() == model.size() - removed.size());
  for (const uint64_t position : removed) EXPECT(!left.contains(position) && finished.contains(position));
  return ranges;
}

void check_space(uint64_t hosts, uint16_t ports, Order kind, uint64_t seed, Shard shard,
                 const std::vector<PositionRange>& finished) {
  PortSet port_set;
  port_set.add({1, ports});
  const Address first{Family::ipv4, 0, 1};
  Address last = first;
  last.value += hosts - 1;
  const ScanSpace space(TargetSet({{first, last}}, {}), port_set, kind, seed, shard, finished);
  const auto is_finished = [&finished](uint64_t position) {
    return std::any_of(finished.begin(), finished.end(),
                       [=](const PositionRange& range) { return range.first <= position && position <= range.last; });
  };
  uint64_t count = 0, next = space.size();
  for (uint64_t position = space.size(); position-- > 0;) {
    if (is_finished(position))
      ++count;
    else
      next = position;
    EXPECT(std::min(space.first_unfinished(position), space.size()) == next);
    const uint64_t block = space.block_of(position);
    EXPECT(space.runs_of(block).contain(position));
    EXPECT(position < space.runs_of(block).group_end);
  }
  EXPECT(space.finished_count() == count);
  const ProbeCursor cursor(space);
  EXPECT(cursor.next_position == next);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  fuzz::Input input(bytes, size);
  const Order kind = input.flag() ? Order::sequential : Order::random;
  const bool small = input.flag();
  const uint64_t seed = input.below(UINT64_MAX);
  const auto shards = static_cast<uint32_t>(small ? input.between(1, 9) : input.between(1, UINT32_MAX));
  const auto ports = static_cast<uint16_t>(small ? input.between(1, 40) : input.between(1, 65535));
  const uint64_t hosts = small ? input.between(1, 60) : input.between(1, (uint64_t{1} << 63) / ports);
  PortSet port_set;
  port_set.add({1, ports});
  const ProbeOrder order(hosts, port_set, kind, seed);
  EXPECT(order.size() == hosts * ports);
  if (!small) {
    check_samples(order, shards, input);
    check_finished(uint64_t{1} << 62, input);
    return 0;
  }
  check_all(order, shards);
  const Shard shard{static_cast<uint32_t>(input.between(1, shards)), shards};
  const uint64_t probes = shard.size_of(order.size());
  if (probes > 0) check_space(hosts, ports, kind, seed, shard, check_finished(probes, input));
  return 0;
}
