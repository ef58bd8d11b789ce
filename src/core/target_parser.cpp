// Parses one word of a target list. A word that looks like a number is never treated as a name: 300.1.1.1 is a mistyped
// address, and a name lookup would hide the mistake.
#include <algorithm>
#include <array>

#include "core/parse_number.hpp"
#include "core/target_set.hpp"

namespace portloop {
namespace {

constexpr std::string_view accepted =
    "a target is an IPv4 or IPv6 address, a block such as 10.0.0.0/24, a range such as 10.0.0.1-9 or "
    "10.0.0.1-10.0.0.9, or a host name";

// 10.0-255.0-255.1 has as many ranges. With the last octets whole, as in 0-255.0-255.1.0-255, fewer are needed.
constexpr size_t max_octet_ranges = 65'536;

SpecError refuse(std::string_view word, std::string_view why) {
  return {quote_word(word) + ' ' + std::string(why) + ": " + std::string(accepted)};
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

/// True for digits and dots, or if there is a colon: meant as an address, never as a name.
bool looks_numeric(std::string_view word) {
  if (word.find(':') != std::string_view::npos) return true;
  return !word.empty() && std::all_of(word.begin(), word.end(), [](char c) { return is_digit(c) || c == '.'; });
}

/// RFC 1123 names; underscores, which are common, and a trailing dot are allowed too.
bool is_host_name(std::string_view word) {
  if (!word.empty() && word.back() == '.') word.remove_suffix(1);
  if (word.empty() || word.size() > 253) return false;
  size_t label_length = 0;
  for (size_t i = 0; i < word.size(); ++i) {
    const char c = word[i];
    if (c == '.') {
      if (label_length == 0) return false;
      label_length = 0;
      continue;
    }
    const bool hyphen_inside = c == '-' && label_length > 0 && i + 1 < word.size() && word[i + 1] != '.';
    if (!is_letter(c) && !is_digit(c) && c != '_' && !hyphen_inside) return false;
    if (++label_length > 63) return false;
  }
  if (label_length == 0) return false;
  const std::string_view last_label = word.substr(word.rfind('.') == std::string_view::npos ? 0 : word.rfind('.') + 1);
  return !std::all_of(last_label.begin(), last_label.end(), is_digit);
}

Parsed<TargetWord> whole(std::string_view word, const AddressRange& range) {
  if (is_unspecified(range.first)) {
    const bool alone = range.first == range.last;
    const std::string example = range.first.family == Family::ipv4 ? "0.0.0.1" : "::1";
    return refuse(word, alone ? "means this machine itself and is not a target"
                              : "contains the address that means this machine itself; start at " + example);
  }
  return TargetWord{{range}, {}};
}

Parsed<TargetWord> parse_block(std::string_view word, size_t slash, const ZoneLookup& zone_lookup) {
  const auto base = parse_address(word.substr(0, slash), zone_lookup);
  if (!base) return refuse(word, "is not a block of addresses");
  const unsigned bits = address_bits(base->family);
  const auto length = parse_number<unsigned>(word.substr(slash + 1), 0, bits);
  if (!length) return refuse(word, "has a prefix length that is not 0-" + std::to_string(bits));
  const uint128 host_mask = *length == bits ? uint128{0} : highest_value(base->family) >> *length;
  AddressRange range{*base, *base};
  range.first.value &= ~host_mask;
  range.last.value |= host_mask;
  return whole(word, range);
}

/// Parses the end of the short form 10.0.0.1-9.
std::optional<Address> last_octet(const Address& first, std::string_view text) {
  const auto octet = parse_number<uint8_t>(text);
  if (first.family != Family::ipv4 || !octet) return std::nullopt;
  Address last = first;
  last.value = (first.value & ~uint128{0xff}) | *octet;
  return last;
}

Parsed<TargetWord> parse_range(std::string_view word, const Address& first, std::string_view end,
                               const ZoneLookup& zone_lookup) {
  auto last = parse_address(end, zone_lookup);
  if (!last) last = last_octet(first, end);
  if (!last) return refuse(word, "is not a range of addresses");
  if (last->zone == 0) last->zone = first.zone;
  if (last->family != first.family || last->zone != first.zone) return refuse(word, "mixes address families or zones");
  if (*last < first) return refuse(word, "is a reversed range");
  return whole(word, {first, *last});
}

struct OctetRange {
  std::string_view first, last;
};

/// Splits 10.0.1-2.1-3 into its octets, of which at least one is a range. nullopt if `word` has another form.
std::optional<std::array<OctetRange, 4>> split_octet_ranges(std::string_view word) {
  const auto is_number = [](std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), is_digit);
  };
  std::array<OctetRange, 4> octets;
  bool has_range = false;
  for (size_t i = 0; i < octets.size(); ++i) {
    const size_t dot = word.find('.');
    if ((dot == std::string_view::npos) != (i + 1 == octets.size())) return std::nullopt;
    const std::string_view octet = word.substr(0, dot);
    const size_t hyphen = octet.find('-');
    octets[i] = {octet.substr(0, hyphen), hyphen == std::string_view::npos ? octet : octet.substr(hyphen + 1)};
    if (!is_number(octets[i].first) || !is_number(octets[i].last)) return std::nullopt;
    has_range = has_range || hyphen != std::string_view::npos;
    word.remove_prefix(dot == std::string_view::npos ? word.size() : dot + 1);
  }
  return has_range ? std::optional(octets) : std::nullopt;
}

Parsed<TargetWord> parse_octet_ranges(std::string_view word, const std::array<OctetRange, 4>& octets) {
  TargetWord target{{AddressRange{}}, {}};
  bool whole_tail = true;  // all octets behind this one are 0-255: the addresses stay one range
  for (size_t i = octets.size(); i-- > 0;) {
    const auto first = parse_number<uint8_t>(octets[i].first), last = parse_number<uint8_t>(octets[i].last);
    if (!first || !last) return refuse(word, "has an octet that is not 0-255");
    if (*first > *last) return refuse(word, "has a reversed range");
    const size_t shift = 8 * (octets.size() - 1 - i);
    const std::vector<AddressRange> tails = std::move(target.ranges);
    target.ranges.clear();
    if (whole_tail) {
      const uint128 tail = (uint128{1} << shift) - 1;
      target.ranges.push_back(
          {{Family::ipv4, 0, uint128{*first} << shift}, {Family::ipv4, 0, (uint128{*last} << shift) | tail}});
    } else if (tails.size() * (size_t{*last} - *first + 1) > max_octet_ranges) {
      return refuse(word, "has more than " + std::to_string(max_octet_ranges) + " separate ranges");
    } else {
      for (uint128 octet = *first; octet <= *last; ++octet) {
        for (AddressRange range : tails) {
          range.first.value |= octet << shift;
          range.last.value |= octet << shift;
          target.ranges.push_back(range);
        }
      }
    }
    whole_tail = whole_tail && *first == 0 && *last == 255;
  }
  if (is_unspecified(target.ranges.front().first))
    return refuse(word, "contains the address that means this machine itself; start at 0.0.0.1");
  return target;
}

}  // namespace

Parsed<TargetWord> parse_target(std::string_view word, const ZoneLookup& zone_lookup) {
  if (const auto address = parse_address(word, zone_lookup)) return whole(word, {*address, *address});
  const size_t slash = word.rfind('/');
  if (slash != std::string_view::npos) return parse_block(word, slash, zone_lookup);
  // Zones and names can contain hyphens too: the range's is the first hyphen that follows a whole address.
  for (size_t hyphen = word.find('-'); hyphen != std::string_view::npos; hyphen = word.find('-', hyphen + 1)) {
    if (const auto first = parse_address(word.substr(0, hyphen), zone_lookup)) {
      return parse_range(word, *first, word.substr(hyphen + 1), zone_lookup);
    }
  }
  if (const auto octets = split_octet_ranges(word)) return parse_octet_ranges(word, *octets);
  if (word.find('%') != std::string_view::npos)
    return refuse(word, "has a zone that is not an interface of this machine");
  if (looks_numeric(word)) return refuse(word, "is not an address");
  if (!is_host_name(word)) return refuse(word, "is not a target");
  return TargetWord{{}, std::string(word)};
}

}  // namespace portloop
