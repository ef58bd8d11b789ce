#include "cli/targets/target_list.hpp"

#include <net/if.h>

#include <algorithm>
#include <cstdio>
#include <set>

#include "cli/exit_status.hpp"
#include "cli/targets/name_lookup.hpp"
#include "cli/targets/pasted_target.hpp"
#include "cli/targets/word_list.hpp"
#include "core/spec_error.hpp"

namespace portloop {
namespace {

uint32_t interface_index(std::string_view zone) { return if_nametoindex(std::string(zone).c_str()); }

/// What a list of words stands for: ranges, and names to look up.
struct SortedWords {
  std::vector<AddressRange> ranges;
  std::vector<std::string> names;

  void add(const TargetWord& target) {
    ranges.insert(ranges.end(), target.ranges.begin(), target.ranges.end());
    if (target.ranges.empty()) names.push_back(target.host_name);
  }
};

/// A word that is not a target but contains one with its port is refused with the accepted spelling.
void add_included(const std::string& word, SortedWords& sorted) {
  const auto target = parse_target(word, interface_index);
  if (target) return sorted.add(*target);
  if (word == "-") throw UsageError("'-' is not a target: standard input is read with '-i -'");
  const std::string spelling = split_port_spelling(word);
  if (!spelling.empty()) throw UsageError(quote_word(word) + " is not a target: write " + quote_word(spelling));
  throw UsageError(target.error());
}

void add_excluded(const std::string& word, SortedWords& sorted) {
  const auto target = parse_target(word, interface_index);
  if (!target) throw UsageError(target.error());
  sorted.add(*target);
}

SortedWords sort_included(const TargetWords& given) {
  SortedWords sorted;
  std::vector<std::string> words;
  for (const std::string& word : given.included) {
    const size_t before = words.size();
    split_words(word, words);
    if (words.size() == before) add_included(word, sorted);  // nothing but separators: throws
  }
  for (const std::string& word : words) add_included(word, sorted);
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

std::string failure_text(const FoundName& found) {
  return quote_word(found.name) + " does not resolve: " + found.error;
}

/// Adds the addresses of the included names to `sorted` and to `list`. Returns one line for each name that has none.
std::vector<std::string> resolve_included(const TargetWords& given, uv_loop_t* loop, SortedWords& sorted,
                                          TargetList& list) {
  std::vector<std::string> failed;
  for (const FoundName& found : look_up_names(sorted.names, given.family, given.shows_progress, loop)) {
    if (found.addresses.empty()) {
      failed.push_back(failure_text(found));
      continue;
    }
    const bool all = given.all_addresses || found.all_taken;
    if (!all && found.addresses.size() > 1 && !given.quiet) report_other_addresses(found.name, found.addresses);
    const size_t taken = all ? found.addresses.size() : 1;
    for (size_t i = 0; i < taken; ++i) {
      sorted.ranges.push_back({found.addresses[i], found.addresses[i]});
      list.names.emplace(found.addresses[i], found.name);
    }
  }
  list.failed_names = failed.size();
  return failed;
}

/// Every address of an excluded name is excluded. If one can't be looked up, nothing is scanned: it might be an
/// address that must not be touched.
void resolve_excluded(const TargetWords& given, uv_loop_t* loop, SortedWords& sorted) {
  std::string failure;
  for (const FoundName& found : look_up_names(sorted.names, given.family, given.shows_progress, loop)) {
    if (found.addresses.empty() && failure.empty()) failure = failure_text(found);
    for (const Address& address : found.addresses) sorted.ranges.push_back({address, address});
  }
  if (!failure.empty()) throw UsageError("--exclude " + failure + "; its address is accepted");
}

}  // namespace

TargetList collect_targets(const TargetWords& words, uint64_t ports, uv_loop_t* loop) {
  SortedWords included = sort_included(words);
  SortedWords excluded = sort_excluded(words);
  TargetList list;
  const std::vector<std::string> failed = resolve_included(words, loop, included, list);
  resolve_excluded(words, loop, excluded);
  // One line for each; if nothing is left to scan, the last of them becomes the error.
  const bool nothing_left = included.ranges.empty();
  for (size_t i = 0; i + nothing_left < failed.size(); ++i) std::fprintf(stderr, "portloop: %s\n", failed[i].c_str());
  if (nothing_left)
    throw UsageError(failed.back() + "; an address, a block, a range or a name that resolves is accepted");
  list.targets = TargetSet(std::move(included.ranges), std::move(excluded.ranges));
  if (list.targets.empty()) throw UsageError("no target is left: everything is excluded");
  if (list.targets.size() > (uint64_t{1} << 63) / ports) {
    throw UsageError("more than 2^63 probes: fewer addresses or ports are accepted");
  }
  return list;
}

bool are_named_by(const TargetWords& words, const TargetList& list) {
  TargetWords typed = words;
  typed.input_files.clear();
  typed.exclude_files.clear();
  SortedWords included = sort_included(typed);
  const SortedWords excluded = sort_excluded(typed);
  const std::set<std::string> names(included.names.begin(), included.names.end());
  for (const auto& [address, name] : list.names) {
    if (names.contains(name)) included.ranges.push_back({address, address});
  }
  const auto& recorded = list.targets.ranges();
  if (TargetSet(recorded, excluded.ranges).ranges() != recorded) return false;
  const TargetSet named(std::move(included.ranges), {});
  return !words.input_files.empty() ||
         std::all_of(recorded.begin(), recorded.end(),
                     [&named](const AddressRange& range) { return named.contains(range); });
}

}  // namespace portloop
