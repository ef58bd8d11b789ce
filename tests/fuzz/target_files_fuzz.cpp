// Files of targets, as -i reads them: lines, comments, byte order marks. Then the whole way from two files, of targets
// and of exclusions, to the set of addresses, whose limit of 2^63 probes an IPv6 /64 with 65,535 ports exceeds.
#include <cstdint>

#include "cli/exit_status.hpp"
#include "cli/targets/target_list.hpp"
#include "cli/targets/word_list.hpp"
#include "core/target_spec.hpp"
#include "fuzz/expect.hpp"
#include "fuzz/input.hpp"
#include "fuzz/memory_file.hpp"
#include "fuzz/readers.hpp"

using namespace portloop;

namespace {

/// The words of a text, character by character.
std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  std::string word;
  bool comment = false, after_comma = false;
  for (size_t i = 0; i <= text.size(); ++i) {
    const char c = i < text.size() ? text[i] : '\n';
    if (c == '\n') comment = false;
    if (c == '#') comment = true;
    const bool in_url = c == ',' && has_url_path(word);
    const bool separates =
        (c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f' || c == ',' || c == '\n') && !in_url;
    if (!comment && !separates) {
      word += c;
    } else if (!word.empty()) {
      if (after_comma && is_only_ports(word) && ends_with_ports(words.back()))
        words.back() += ',' + word;
      else
        words.push_back(word);
      word.clear();
      after_comma = true;
    }
    if (comment || (separates && c != ',')) after_comma = false;
  }
  return words;
}

void check_message(const std::exception& error) { EXPECT(fuzz::is_printable(error.what()) && error.what()[0] != '\0'); }

bool check_words(std::string_view text, const std::string& path) {
  std::vector<std::string> words;
  const bool utf16 = text.starts_with("\xff\xfe") || text.starts_with("\xfe\xff");
  try {
    read_word_file(path, [&words](const std::string& word) { words.push_back(word); });
    EXPECT(!utf16 && !words.empty() && words == words_of(text));
    return true;
  } catch (const UsageError& error) {
    EXPECT(utf16 || words_of(text).empty());
    check_message(error);
    return false;
  }
}

/// A name would be looked up, which sends packets.
bool has_name(std::string_view text) {
  for (const std::string& word : words_of(text)) {
    const auto spec = parse_target_spec(word);
    if (spec && spec->target.ranges.empty()) return true;
  }
  return false;
}

/// `own_ports`: counts the targets that have some.
std::vector<AddressRange> ranges_of(std::string_view text, size_t& own_ports) {
  std::vector<AddressRange> ranges;
  for (const std::string& word : words_of(text)) {
    const auto spec = parse_target_spec(word);
    EXPECT(spec);
    own_ports += spec->ports.has_value();
    if (!spec->ports) ranges.insert(ranges.end(), spec->target.ranges.begin(), spec->target.ranges.end());
  }
  return ranges;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  fuzz::Input input(bytes, size);
  const std::string_view text = input.rest();
  // A line of three equals signs separates the exclusions.
  const size_t separator = text.find("\n===\n");
  const std::string_view included = text.substr(0, separator);
  const std::string_view excluded = separator == text.npos ? std::string_view{} : text.substr(separator + 5);
  const fuzz::MemoryFile file(included), exclude_file(excluded);
  bool readable = check_words(included, file.path());
  if (separator != text.npos) readable = check_words(excluded, exclude_file.path()) && readable;
  // Zones are names of interfaces here, and numbers in parse_target().
  if (!readable || has_name(included) || has_name(excluded) || text.find('%') != text.npos) return 0;

  TargetWords words;
  words.input_files = {file.path()};
  if (separator != text.npos) words.exclude_files = {exclude_file.path()};
  const uint64_t ports = text.size() % 2 == 0 ? 65535 : 1;
  try {
    const TargetList list = collect_targets_with_ports(words, ports, uv_default_loop());
    size_t own = 0, own_excluded = 0;
    const TargetSet expected(ranges_of(included, own), ranges_of(excluded, own_excluded));
    EXPECT(own_excluded == 0 && (own > 0 || list.own_ports.empty()));
    EXPECT(list.targets.ranges() == expected.ranges());
    EXPECT(list.targets.size() <= (uint64_t{1} << 63) / ports && list.failed_names == 0);
  } catch (const UsageError& error) {
    check_message(error);
  }
  return 0;
}
