#include "cli/targets/target_list.hpp"

#include <net/if.h>

#include <algorithm>
#include <cstdio>
#include <optional>
#include <set>
#include <unordered_map>

#include "cli/exit_status.hpp"
#include "cli/targets/name_lookup.hpp"
#include "cli/targets/word_list.hpp"
#include "core/spec_error.hpp"
#include "core/target_spec.hpp"

namespace portloop {
namespace {

uint32_t interface_index(std::string_view zone) { return if_nametoindex(std::string(zone).c_str()); }

/// What a list of words stands for: ranges, and names to look up, each with its own ports or those of the scan.
struct SortedWords {
  struct Name {
    std::string name;
    std::optional<PortSet> ports;
  };

  std::vector<AddressRange> ranges;
  std::vector<OwnPorts> own_ports;
  std::vector<Name> names;

  void add(const TargetSpec& spec) {
    for (const AddressRange& range : spec.target.ranges) add(range, spec.ports);
    if (spec.target.ranges.empty()) names.push_back({spec.target.host_name, spec.ports});
  }
  void add(const AddressRange& range, const std::optional<PortSet>& ports) {
    if (ports)
      own_ports.push_back({range, *ports});
    else
      ranges.push_back(range);
  }
  std::vector<std::string> plain_names() const {
    std::vector<std::string> plain;
    for (const Name& name : names) plain.push_back(name.name);
    return plain;
  }
};

void add_included(const std::string& word, SortedWords& sorted) { sorted.add(parse_included(word)); }

void add_excluded(const std::string& word, SortedWords& sorted) {
  const auto target = parse_target(word, interface_index);
  if (!target) throw UsageError(target.error());
  sorted.add({*target, std::nullopt});
}

SortedWords sort_included(const TargetWords& given) {
  SortedWords sorted;
  for (const std::string& word : included_words(given)) add_included(word, sorted);
  for (const std::string& file : given.input_files)
    read_word_file(file, [&sorted](const std::string& word) { add_included(word, sorted); });
  return sorted;
}

SortedWords sort_excluded(const TargetWords& given) {
  SortedWords sorted;
  std::vector<std::string> words;
  for (const std::string& list : given.excluded) split_words(list, words);
  for (const std::string& word : words) add_excluded(word, sorted);
  for (const std::string& file : given.exclude_files)
    read_word_file(file, [&sorted](const std::string& word) { add_excluded(word, sorted); });
  return sorted;
}

void report_other_addresses(const std::string& name, const std::vector<Address>& addresses) {
  std::string others;
  for (size_t i = 1; i < addresses.size() && i <= 4; ++i) others += (i == 1 ? "" : ", ") + to_text(addresses[i]);
  if (addresses.size() > 5) others += ", ...";
  std::fprintf(stderr, "portloop: %s has %zu addresses: scanning %s, not %s (--all-addresses scans them all)\n",
               name.c_str(), addresses.size(), to_text(addresses[0]).c_str(), others.c_str());
}

/// Adds the addresses of the included names to `sorted` and to `list`. Returns one line for each name that has none.
std::vector<std::string> resolve_included(const TargetWords& given, uv_loop_t* loop, SortedWords& sorted,
                                          TargetList& list) {
  std::vector<std::string> failed;
  std::unordered_map<std::string, std::vector<Address>> addresses_of;
  for (const FoundName& found : look_up_names(sorted.plain_names(), given.family, given.shows_progress, loop)) {
    if (found.addresses.empty()) {
      failed.push_back(failure_text(found));
      continue;
    }
    std::vector<Address> taken = taken_addresses(given, found);
    for (const Address& address : taken) list.names[address].push_back(found.name);
    addresses_of.emplace(found.name, std::move(taken));
  }
  for (const SortedWords::Name& name : sorted.names) {
    for (const Address& address : addresses_of[name.name]) sorted.add({address, address}, name.ports);
  }
  list.failed_names = failed.size();
  return failed;
}

/// Every address of an excluded name is excluded. If one can't be looked up, nothing is scanned: it might be an
/// address that must not be touched.
void resolve_excluded(const TargetWords& given, uv_loop_t* loop, SortedWords& sorted) {
  std::string failure;
  for (const FoundName& found : look_up_names(sorted.plain_names(), given.family, given.shows_progress, loop)) {
    if (found.addresses.empty() && failure.empty()) failure = failure_text(found);
    for (const Address& address : found.addresses) sorted.ranges.push_back({address, address});
  }
  if (!failure.empty()) throw UsageError("--exclude " + failure + "; its address is accepted");
}

constexpr uint64_t max_probes = uint64_t{1} << 63;

/// At most max_probes + 1.
uint64_t probes_of(const AddressRange& range, const PortSet& ports) {
  const uint128 beyond_first = range.last.value - range.first.value;
  if (beyond_first >= max_probes / ports.size()) return max_probes + 1;
  return (static_cast<uint64_t>(beyond_first) + 1) * ports.size();
}

/// What is not excluded of the targets with ports of their own, and how many probes it is.
uint64_t exclude_own_ports(const TargetSet& excluded, std::vector<OwnPorts>& targets) {
  std::vector<OwnPorts> left;
  uint64_t probes = 0;
  for (const OwnPorts& target : targets) {
    for (const AddressRange& range : excluded.outside(target.range)) {
      left.push_back({range, target.ports});
      const uint64_t more = probes_of(range, target.ports);
      probes = probes > max_probes || more > max_probes - probes ? max_probes + 1 : probes + more;
    }
  }
  targets = std::move(left);
  return probes;
}

}  // namespace

TargetSpec parse_included(const std::string& word) {
  auto target = parse_target_spec(word, interface_index);
  if (target) return std::move(*target);
  if (word == "-") throw UsageError("'-' is not a target: standard input is read with '-i -'");
  throw UsageError(target.error());
}

std::vector<std::string> included_words(const TargetWords& given) {
  std::vector<std::string> words;
  for (const std::string& word : given.included) {
    const size_t before = words.size();
    split_words(word, words);
    if (words.size() == before) words.push_back(word);  // nothing but separators: an error
  }
  return words;
}

std::vector<Address> taken_addresses(const TargetWords& words, const FoundName& found) {
  const bool all = words.all_addresses || found.all_taken;
  if (!all && found.addresses.size() > 1 && !words.quiet) report_other_addresses(found.name, found.addresses);
  return {found.addresses.begin(), all ? found.addresses.end() : found.addresses.begin() + 1};
}

std::string failure_text(const FoundName& found) {
  return quote_word(found.name) + " does not resolve: " + found.error;
}

TargetSet collect_excluded(const TargetWords& words, uv_loop_t* loop) {
  SortedWords excluded = sort_excluded(words);
  resolve_excluded(words, loop, excluded);
  return TargetSet(std::move(excluded.ranges), {});
}

TargetList collect_targets_with_ports(const TargetWords& words, uint64_t ports, uv_loop_t* loop) {
  SortedWords included = sort_included(words);
  SortedWords excluded = sort_excluded(words);
  TargetList list;
  const std::vector<std::string> failed = resolve_included(words, loop, included, list);
  resolve_excluded(words, loop, excluded);
  // One line for each; if nothing is left to scan, the last of them becomes the error.
  const bool nothing_left = included.ranges.empty() && included.own_ports.empty();
  for (size_t i = 0; i + nothing_left < failed.size(); ++i) std::fprintf(stderr, "portloop: %s\n", failed[i].c_str());
  if (nothing_left)
    throw UsageError(failed.back() + "; an address, a block, a range or a name that resolves is accepted");
  list.own_ports = std::move(included.own_ports);
  const uint64_t own_probes = exclude_own_ports(TargetSet(excluded.ranges, {}), list.own_ports);
  list.targets = TargetSet(std::move(included.ranges), std::move(excluded.ranges));
  if (list.targets.empty() && list.own_ports.empty()) throw UsageError("no target is left: everything is excluded");
  if (own_probes > max_probes || list.targets.size() > (max_probes - own_probes) / ports)
    throw UsageError("more than 2^63 probes: fewer addresses or ports are accepted");
  return list;
}

TargetList collect_targets(const TargetWords& words, uint64_t ports, uv_loop_t* loop, const std::string& why) {
  TargetList list = collect_targets_with_ports(words, ports, loop);
  if (!list.own_ports.empty()) {
    const OwnPorts& own = list.own_ports.front();
    throw UsageError("target " + quote_word(to_text(own.range.first)) + " has ports of its own, " +
                     quote_word(own.ports.to_text()) + ": " + why +
                     " has the same ports for all targets: write the target without them, and give '-p'");
  }
  return list;
}

bool are_named_by(const TargetWords& words, const TargetList& list) {
  TargetWords typed = words;
  typed.input_files.clear();
  typed.exclude_files.clear();
  SortedWords included = sort_included(typed);
  const SortedWords excluded = sort_excluded(typed);
  const std::vector<std::string> plain = included.plain_names();
  const std::set<std::string> typed_names(plain.begin(), plain.end());
  for (const auto& [address, names] : list.names) {
    if (std::any_of(names.begin(), names.end(), [&](const std::string& name) { return typed_names.contains(name); }))
      included.ranges.push_back({address, address});
  }
  const auto& recorded = list.targets.ranges();
  if (TargetSet(recorded, excluded.ranges).ranges() != recorded) return false;
  const TargetSet named(std::move(included.ranges), {});
  return !words.input_files.empty() ||
         std::all_of(recorded.begin(), recorded.end(),
                     [&named](const AddressRange& range) { return named.contains(range); });
}

}  // namespace portloop
