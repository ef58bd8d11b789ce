#include "cli/targets/asked_ports.hpp"

#include <algorithm>
#include <iterator>
#include <limits>

namespace portloop {

/// Removes and returns the runs that overlap first..last, in order.
template <class Key>
std::vector<typename PortRuns<Key>::Run> PortRuns<Key>::take(Key first, Key last) {
  std::vector<Run> taken;
  auto at = blocks_.upper_bound(first);
  if (at != blocks_.begin()) --at;
  while (at != blocks_.end() && at->first <= last) {
    Block& block = at->second;
    const auto begin =
        std::lower_bound(block.begin(), block.end(), first, [](const Run& run, Key key) { return run.last < key; });
    const auto end =
        std::upper_bound(begin, block.end(), last, [](Key key, const Run& run) { return key < run.first; });
    const bool from_start = begin == block.begin();
    taken.insert(taken.end(), begin, end);
    block.erase(begin, end);
    if (block.empty()) {
      at = blocks_.erase(at);
    } else if (from_start && at->first != block.front().first) {
      auto node = blocks_.extract(at++);
      node.key() = node.mapped().front().first;
      blocks_.insert(std::move(node));
    } else {
      ++at;
    }
  }
  return taken;
}

template <class Key>
void PortRuns<Key>::insert(const Run& run) {
  auto at = blocks_.upper_bound(run.first);
  if (at == blocks_.begin()) {
    if (at != blocks_.end() && at->second.size() < max_block) {
      auto node = blocks_.extract(at);
      node.mapped().insert(node.mapped().begin(), run);
      node.key() = run.first;
      blocks_.insert(std::move(node));
    } else {
      blocks_.emplace(run.first, Block{run});
    }
    return;
  }
  --at;
  Block& block = at->second;
  const auto place = std::upper_bound(block.begin(), block.end(), run.first,
                                      [](Key key, const Run& other) { return key < other.first; });
  const bool is_last = place == block.end();
  if (block.size() == max_block && is_last) {  // ascending lists leave full blocks behind
    blocks_.emplace(run.first, Block{run});
    return;
  }
  block.insert(place, run);
  if (block.size() <= max_block) return;
  const auto middle = block.begin() + static_cast<std::ptrdiff_t>(block.size() / 2);
  Block second(middle, block.end());
  block.erase(middle, block.end());
  const Key key = second.front().first;
  blocks_.emplace(key, std::move(second));
}

template <class Key>
template <class Replace>
void PortRuns<Key>::update(Key first, Key last, PortSets& sets, Replace replace) {
  constexpr Key max = static_cast<Key>(~Key{0});
  std::vector<Run> runs;
  const auto append = [&runs, &sets](const Run& run) {
    if (!runs.empty() && runs.back().ports == run.ports && runs.back().last + 1 == run.first) {
      runs.back().last = run.last;
      sets.release(run.ports);
    } else {
      runs.push_back(run);
    }
  };
  Key next = first;  // what has no run yet begins here
  bool filled = false;
  const auto fill = [&](Key end) {  // up to `end`, inclusive
    if (!filled && next <= end) append({next, end, replace(next, end, nullptr)});
  };
  // With the neighbours, which may be merged.
  for (Run run : take(first == 0 ? first : first - 1, last == max ? last : last + 1)) {
    if (run.last < first) {
      append(run);
      continue;
    }
    if (run.first > last) {
      fill(last);
      filled = true;
      append(run);
      continue;
    }
    if (run.first < first) {
      sets.hold(run.ports);
      append({run.first, first - 1, run.ports});
      run.first = first;
    }
    if (run.first > next) fill(run.first - 1);
    const Key end = std::min(run.last, last);
    if (run.last > last) sets.hold(run.ports);
    append({run.first, end, replace(run.first, end, &run.ports)});
    sets.release(run.ports);
    if (run.last > last) append({last + 1, run.last, run.ports});
    filled = end == last;
    next = end == max ? max : end + 1;
  }
  fill(last);
  for (const Run& run : runs) insert(run);
}

template <class Key>
void AskedPorts::add_to(PortRuns<Key>& runs, const AddressRange& range, PortSets::Number ports, const OnNew& on_new) {
  const auto part = [&range](Key first, Key last) {
    AddressRange result = range;
    result.first.value = first;
    result.last.value = last;
    return result;
  };
  runs.update(static_cast<Key>(range.first.value), static_cast<Key>(range.last.value), sets_,
              [&](Key first, Key last, const PortSets::Number* before) {
                if (before == nullptr) {
                  const uint128 count = uint128{last} - first;
                  const uint64_t left = std::numeric_limits<uint64_t>::max() - addresses_;
                  addresses_ = count >= left ? std::numeric_limits<uint64_t>::max()
                                             : addresses_ + static_cast<uint64_t>(count) + 1;
                  on_new(part(first, last), ports);
                  sets_.hold(ports);
                  return ports;
                }
                PortSet fresh = sets_.set(ports);
                if (*before != ports) fresh.remove(sets_.set(*before));
                if (*before == ports || fresh.empty()) {
                  sets_.hold(*before);
                  return *before;
                }
                const PortSets::Number new_ports = sets_.hold(fresh);
                on_new(part(first, last), new_ports);
                sets_.release(new_ports);
                PortSet all = sets_.set(*before);
                for (const PortRange& more : fresh.ranges()) all.add(more);
                return sets_.hold(all);
              });
}

void AskedPorts::add(const AddressRange& range, PortSets::Number ports, const OnNew& on_new) {
  if (range.first.family == Family::ipv4)
    add_to(ipv4_, range, ports, on_new);
  else
    add_to(ipv6_[range.first.zone], range, ports, on_new);
}

}  // namespace portloop
