// Words of a target list: each is refused with one printable line, or is sorted ranges of addresses whose canonical
// text is parsed as the same ranges.
#include <algorithm>

#include "core/target_spec.hpp"
#include "fuzz/expect.hpp"
#include "fuzz/readers.hpp"

using namespace portloop;

namespace {

void check_range(const AddressRange& range) {
  EXPECT(range.first <= range.last);
  EXPECT(range.first.family == range.last.family && range.first.zone == range.last.zone);
  EXPECT(range.last.value <= highest_value(range.last.family));
  EXPECT(range.first.value != 0);  // the unspecified address means this machine
  for (const Address& address : {range.first, range.last}) {
    const auto again = parse_address(to_text(address));
    EXPECT(again && *again == address);
  }
}

/// With ports of its own: what parse_target() accepts is the same without them.
void check_spec(std::string_view word) {
  const auto spec = parse_target_spec(word);
  const auto alone = parse_target(word);
  if (!spec) {
    EXPECT(!alone && fuzz::is_printable(spec.error()) && !spec.error().empty());
    return;
  }
  EXPECT(spec->target.ranges.empty() != spec->target.host_name.empty());
  EXPECT(!alone ||
         (!spec->ports && alone->ranges == spec->target.ranges && alone->host_name == spec->target.host_name));
  if (!spec->ports) return;
  EXPECT(!spec->ports->empty());
  const std::string host =
      spec->target.ranges.empty() ? spec->target.host_name : TargetSet(spec->target.ranges, {}).to_text();
  if (host.find(' ') != host.npos) return;
  const auto again =
      parse_target_spec((host.find(':') == host.npos ? host : '[' + host + ']') + ':' + spec->ports->to_text());
  EXPECT(again && again->ports == spec->ports && again->target.ranges == spec->target.ranges);
}

void check_word(std::string_view word) {
  const auto target = parse_target(word);
  if (!target) {
    EXPECT(fuzz::is_printable(target.error()) && !target.error().empty());
    return;
  }
  EXPECT(target->ranges.empty() != target->host_name.empty());
  if (target->ranges.empty()) {
    EXPECT(target->host_name == word && word.size() <= 254);
    EXPECT(word.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") == word.npos);
    return;
  }
  for (size_t i = 0; i < target->ranges.size(); ++i) {
    check_range(target->ranges[i]);
    EXPECT(i == 0 || target->ranges[i - 1].last < target->ranges[i].first);
  }
  const TargetSet set(target->ranges, {});
  const std::string text = set.to_text();
  std::vector<AddressRange> read;
  for (size_t start = 0; start <= text.size();) {
    const size_t end = std::min(text.find(' ', start), text.size());
    const auto again = parse_target(std::string_view(text).substr(start, end - start));
    EXPECT(again && again->ranges.size() == 1);
    read.push_back(again->ranges.front());
    start = end + 1;
  }
  EXPECT(read == set.ranges());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(bytes), size);
  for (size_t start = 0; start <= text.size();) {
    const size_t end = std::min(text.find('\n', start), text.size());
    check_word(text.substr(start, end - start));
    check_spec(text.substr(start, end - start));
    start = end + 1;
  }
  return 0;
}
