#include "plan/additions.hpp"

#include <algorithm>
#include <limits>
#include <map>
#include <string>
#include <unordered_map>

namespace portloop {
namespace {

using Group = std::vector<const Addition*>;

/// By port set, in the order of their first additions.
std::vector<Group> grouped_by_ports(const std::vector<Addition>& additions) {
  std::vector<Group> groups;
  std::unordered_map<const PortSet*, size_t> by_set;  // most additions share a set
  std::map<std::string, size_t> by_text;
  for (const Addition& addition : additions) {
    const auto [seen, is_new] = by_set.try_emplace(addition.ports.get(), 0);
    if (is_new) {
      seen->second = by_text.try_emplace(addition.ports->to_text(), groups.size()).first->second;
      if (seen->second == groups.size()) groups.emplace_back();
    }
    groups[seen->second].push_back(&addition);
  }
  return groups;
}

/// Takes as many additions from a group as do not overlap, in ascending order of their addresses.
Group take_disjoint(Group& group) {
  std::stable_sort(group.begin(), group.end(),
                   [](const Addition* a, const Addition* b) { return a->range.first < b->range.first; });
  Group disjoint, left;
  for (const Addition* addition : group) {
    const bool overlaps = !disjoint.empty() && addition->range.first <= disjoint.back()->range.last;
    (overlaps ? left : disjoint).push_back(addition);
  }
  group = std::move(left);
  return disjoint;
}

void add_tag(std::vector<ScanSpace::TagFrom>& tags, uint64_t first, uint64_t tag) {
  if (tag != (tags.empty() ? 0 : tags.back().tag)) tags.push_back({first, tag});
}

std::vector<AddressRange> ranges_of(const Group& group) {
  std::vector<AddressRange> ranges;
  for (const Addition* addition : group) ranges.push_back(addition->range);
  return ranges;
}

/// The addresses of disjoint additions, in ascending order, times their common ports.
ScanSpace product_of(const Group& disjoint, Order order, uint64_t seed) {
  ScanSpace space(TargetSet(ranges_of(disjoint), {}), *disjoint.front()->ports, order, seed, {});
  for (const Addition* addition : disjoint)
    add_tag(space.tags, *space.targets.index_of(addition->range.first), addition->tag);
  return space;
}

/// The probes of any additions, one by one.
ScanSpace list_of(const Group& group, Order order, uint64_t seed) {
  TargetSet targets(ranges_of(group), {});
  PortSet ports;
  for (const Addition* addition : group) {
    for (const PortRange& range : addition->ports->ranges()) ports.add(range);
  }
  struct Tagged {
    ScanSpace::Listed probe;
    uint64_t tag;
  };
  std::vector<Tagged> all;
  for (const Addition* addition : group) {
    const auto first = static_cast<uint32_t>(*targets.index_of(addition->range.first));
    const auto hosts = static_cast<uint32_t>(addition->range.last.value - addition->range.first.value + 1);
    for (uint32_t port = 0; port < addition->ports->size(); ++port) {
      const uint32_t index = *ports.index_of(addition->ports->at(port));
      for (uint32_t host = 0; host < hosts; ++host) all.push_back({{first + host, index}, addition->tag});
    }
  }
  const Permutation permutation(all.size(), seed);
  std::vector<ScanSpace::Listed> probes;
  std::vector<ScanSpace::TagFrom> tags;
  probes.reserve(all.size());
  for (size_t i = 0; i < all.size(); ++i) {
    const Tagged& next = all[order == Order::random ? permutation.at(i) : i];
    add_tag(tags, i, next.tag);
    probes.push_back(next.probe);
  }
  ScanSpace space(std::move(targets), std::move(ports), std::move(probes));
  space.tags = std::move(tags);
  return space;
}

}  // namespace

uint64_t Addition::probes() const {
  const uint128 hosts = range.last.value - range.first.value;  // one less, so that it can't overflow
  constexpr uint64_t max = std::numeric_limits<uint64_t>::max();
  return hosts >= max / ports->size() ? max : (static_cast<uint64_t>(hosts) + 1) * ports->size();
}

std::vector<ScanSpace> spaces_of(const std::vector<Addition>& additions, Order order, uint64_t seed) {
  std::vector<ScanSpace> spaces;
  Group listed;
  uint64_t probes = 0;
  const auto add_list = [&] {
    if (!listed.empty()) spaces.push_back(list_of(listed, order, mix64(seed) + spaces.size()));
    listed.clear();
    probes = 0;
  };
  const auto add_to_list = [&](const Addition* addition) {
    listed.push_back(addition);
    probes += addition->probes();
    if (probes >= max_listed) add_list();
  };
  std::vector<Group> groups = grouped_by_ports(additions);
  for (Group& group : groups) {
    while (!group.empty()) {
      const Group disjoint = take_disjoint(group);
      uint64_t together = 0;
      for (const Addition* addition : disjoint) together += std::min(addition->probes(), Addition::max_small + 1);
      if (together > Addition::max_small || (groups.size() == 1 && group.empty() && spaces.empty() && listed.empty())) {
        spaces.push_back(product_of(disjoint, order, seed));
      } else {
        for (const Addition* addition : disjoint) add_to_list(addition);
      }
      const auto first_small =
          std::stable_partition(group.begin(), group.end(), [](const Addition* each) { return !each->is_small(); });
      for (auto small = first_small; small != group.end(); ++small) add_to_list(*small);
      group.erase(first_small, group.end());
    }
  }
  add_list();
  return spaces;
}

}  // namespace portloop
