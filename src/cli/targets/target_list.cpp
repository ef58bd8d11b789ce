#include "cli/targets/target_list.hpp"

#include <net/if.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iostream>

#include "cli/targets/name_lookup.hpp"
#include "cli/targets/pasted_target.hpp"
#include "cli/usage.hpp"
#include "core/spec_error.hpp"

namespace portloop {
namespace {

uint32_t interface_index(std::string_view zone) { return if_nametoindex(std::string(zone).c_str()); }

/// Words between white space or commas; '#' begins a comment.
void split_words(std::string_view line, std::vector<std::string>& words) {
  line = line.substr(0, line.find('#'));
  static constexpr std::string_view between = " \t\r\n\v\f,";
  for (size_t start = line.find_first_not_of(between); start != std::string_view::npos;) {
    const size_t end = std::min(line.find_first_of(between, start), line.size());
    words.emplace_back(line.substr(start, end - start));
    start = line.find_first_not_of(between, end);
  }
}

std::vector<std::string> words_of_stream(std::istream& stream, const std::string& name) {
  std::vector<std::string> words;
  std::string line;
  while (std::getline(stream, line)) split_words(line, words);
  if (stream.bad()) throw CannotRun(name + " can't be read: " + std::strerror(errno));
  if (words.empty()) throw UsageError(name + " holds no target: one address, block, range or name a line is accepted");
  return words;
}

std::vector<std::string> words_of_file(const std::string& file) {
  if (file == "-") return words_of_stream(std::cin, "standard input");
  errno = 0;
  std::ifstream stream(file);
  if (!stream) throw UsageError("file " + quote_word(file) + " can't be opened: " + std::strerror(errno));
  if (stream.peek() == std::ifstream::traits_type::eof() && stream.bad()) {
    throw UsageError("file " + quote_word(file) + " can't be read: " + std::strerror(errno));
  }
  return words_of_stream(stream, "file " + quote_word(file));
}

/// Numeric words become ranges; names are kept for the lookup.
void sort_word(const std::string& word, std::vector<AddressRange>& ranges, std::vector<std::string>& names,
               bool to_be_scanned) {
  const auto target = parse_target(word, interface_index);
  if (!target && to_be_scanned) {
    if (word == "-") throw UsageError("'-' is not a target: standard input is read with '-i -'");
    const std::string apart = with_port_apart(word);
    if (!apart.empty()) throw UsageError(quote_word(word) + " is not a target: write " + quote_word(apart));
  }
  if (!target) throw UsageError(target.error());
  if (target->range) {
    ranges.push_back(*target->range);
  } else {
    names.push_back(target->host_name);
  }
}

void say_other_addresses(const std::string& name, const std::vector<Address>& addresses) {
  std::string others;
  for (size_t i = 1; i < addresses.size() && i <= 4; ++i) others += (i == 1 ? "" : ", ") + to_text(addresses[i]);
  if (addresses.size() > 5) others += ", ...";
  std::fprintf(stderr, "portloop: %s has %zu addresses: scanning %s, not %s (--all-addresses takes all)\n",
               name.c_str(), addresses.size(), to_text(addresses[0]).c_str(), others.c_str());
}

/// Adds what the names stand for. Answers one line for each that stands for nothing.
std::vector<std::string> add_names(const std::vector<std::string>& names, const ScanRequest& request, uv_loop_t* loop,
                                   bool all, bool note, std::vector<AddressRange>& ranges,
                                   std::map<Address, std::string>* named) {
  std::vector<std::string> failed;
  for (const FoundName& found : look_up_names(names, request.family, loop)) {
    if (found.addresses.empty()) {
      failed.push_back(quote_word(found.name) + " does not resolve: " + found.error);
      continue;
    }
    if (!all && note && found.addresses.size() > 1 && !request.quiet) say_other_addresses(found.name, found.addresses);
    const size_t taken = all ? found.addresses.size() : 1;
    for (size_t i = 0; i < taken; ++i) {
      ranges.push_back({found.addresses[i], found.addresses[i]});
      if (named != nullptr) named->emplace(found.addresses[i], found.name);
    }
  }
  return failed;
}

}  // namespace

TargetList collect_targets(const ScanRequest& request, uv_loop_t* loop) {
  std::vector<AddressRange> included, excluded;
  std::vector<std::string> names, excluded_names, words;
  for (const std::string& word : request.targets) {
    const size_t before = words.size();
    split_words(word, words);
    if (words.size() == before) sort_word(word, included, names, true);  // says what is wrong with it
  }
  for (const std::string& file : request.input_files) {
    for (std::string& word : words_of_file(file)) words.push_back(std::move(word));
  }
  for (const std::string& word : words) sort_word(word, included, names, true);
  words.clear();
  for (const std::string& list : request.excluded) split_words(list, words);
  for (const std::string& file : request.exclude_files) {
    for (std::string& word : words_of_file(file)) words.push_back(std::move(word));
  }
  for (const std::string& word : words) sort_word(word, excluded, excluded_names, false);

  TargetList list;
  const std::vector<std::string> failed =
      add_names(names, request, loop, request.all_addresses, true, included, &list.names);
  list.failed_names = failed.size();
  // An exclusion that can't be looked up might let a scan touch what it must not: nothing runs then.
  const std::vector<std::string> not_excluded =
      add_names(excluded_names, request, loop, true, false, excluded, nullptr);
  if (!not_excluded.empty()) throw UsageError("--exclude " + not_excluded.front() + "; its address is accepted");
  // Each is said in a line of its own; where nothing is left to scan, the last of them is why.
  const bool nothing_left = included.empty();
  for (size_t i = 0; i + nothing_left < failed.size(); ++i) std::fprintf(stderr, "portloop: %s\n", failed[i].c_str());
  if (nothing_left)
    throw UsageError(failed.back() + "; an address, a block, a range or a name that resolves is accepted");
  list.targets = TargetSet(std::move(included), std::move(excluded));
  if (list.targets.empty()) throw UsageError("no target is left: everything is excluded");
  if (list.targets.size() > (uint64_t{1} << 63) / request.ports.size()) {
    throw UsageError("more than 2^63 probes: fewer addresses or ports are accepted");
  }
  return list;
}

}  // namespace portloop
