#include "core/port_set.hpp"

#include <algorithm>
#include <optional>

#include "core/parse_number.hpp"
#include "core/service_names.hpp"
#include "core/split.hpp"

namespace portloop {

void PortSet::add(PortRange range) {
  auto at_or_after = std::lower_bound(ranges_.begin(), ranges_.end(), range,
                                      [](PortRange a, PortRange b) { return a.first < b.first; });
  ranges_.insert(at_or_after, range);
  std::vector<PortRange> merged;
  for (const PortRange& next : ranges_) {
    if (!merged.empty() && uint32_t{next.first} <= uint32_t{merged.back().last} + 1) {
      merged.back().last = std::max(merged.back().last, next.last);
    } else {
      merged.push_back(next);
    }
  }
  ranges_ = std::move(merged);
  recount();
}

void PortSet::remove(const PortSet& other) {
  for (const PortRange& hole : other.ranges_) {
    std::vector<PortRange> left;
    for (const PortRange& range : ranges_) {
      if (hole.last < range.first || hole.first > range.last) {
        left.push_back(range);
        continue;
      }
      if (range.first < hole.first) left.push_back({range.first, static_cast<uint16_t>(hole.first - 1)});
      if (range.last > hole.last) left.push_back({static_cast<uint16_t>(hole.last + 1), range.last});
    }
    ranges_ = std::move(left);
  }
  recount();
}

void PortSet::recount() {
  first_index_.clear();
  size_ = 0;
  for (const PortRange& range : ranges_) {
    first_index_.push_back(size_);
    size_ += uint32_t{range.last} - range.first + 1;
  }
}

std::optional<uint32_t> PortSet::index_of(uint16_t port) const {
  const auto after = std::upper_bound(ranges_.begin(), ranges_.end(), port,
                                      [](uint16_t p, PortRange range) { return p < range.first; });
  if (after == ranges_.begin() || port > (after - 1)->last) return std::nullopt;
  const auto range = static_cast<size_t>(after - ranges_.begin() - 1);
  return first_index_[range] + port - ranges_[range].first;
}

uint16_t PortSet::at(uint32_t i) const {
  const auto after = std::upper_bound(first_index_.begin(), first_index_.end(), i);
  const auto range = static_cast<size_t>(after - first_index_.begin() - 1);
  return static_cast<uint16_t>(ranges_[range].first + (i - first_index_[range]));
}

std::string PortSet::to_text() const {
  std::string text;
  for (const PortRange& range : ranges_) {
    if (!text.empty()) text += ',';
    text += std::to_string(range.first);
    if (range.last != range.first) text += '-' + std::to_string(range.last);
  }
  return text;
}

namespace {

constexpr std::string_view accepted =
    "a port is 1-65535, a range such as 8000-8100, 60000- or -1023, a service name such as http or http*, 'all' or "
    "'common'";

SpecError refuse(std::string_view word, std::string_view why) {
  return {quote_word(word) + ' ' + std::string(why) + ": " + std::string(accepted)};
}

bool all_digits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::optional<uint16_t> parse_port(std::string_view text) { return parse_number<uint16_t>(text, 1); }

/// Parses 8000-8100, 60000- and -1023. One side of the first hyphen may be empty; the others are digits.
Parsed<PortRange> parse_range(std::string_view word, size_t hyphen) {
  const std::string_view low = word.substr(0, hyphen);
  const std::string_view high = word.substr(hyphen + 1);
  const auto first = low.empty() ? uint16_t{1} : parse_port(low);
  const auto last = high.empty() ? uint16_t{65535} : parse_port(high);
  if (!first || !last) return refuse(word, "is not a port range");
  if (*first > *last) return refuse(word, "is a reversed port range");
  return PortRange{*first, *last};
}

std::string_view trim(std::string_view word) {
  while (!word.empty() && (word.front() == ' ' || word.front() == '\t')) word.remove_prefix(1);
  while (!word.empty() && (word.back() == ' ' || word.back() == '\t')) word.remove_suffix(1);
  return word;
}

void add_common(PortSet& ports) {
  for (const ServiceName& service : service_names()) {
    if (service.common) ports.add({service.port, service.port});
  }
}

std::optional<SpecError> add_pattern(PortSet& ports, std::string_view word, const PortPatternLookup& pattern_lookup) {
  if (word.find_first_not_of("*?") == std::string_view::npos) return refuse(word, "has no letter of a service name");
  const std::vector<uint16_t> named = pattern_lookup ? pattern_lookup(word) : std::vector<uint16_t>{};
  if (named.empty()) return refuse(word, "matches no known service");
  for (const uint16_t port : named) ports.add({port, port});
  return std::nullopt;
}

/// Adds one word of the list. Returns an error, or nullopt.
std::optional<SpecError> add_word(PortSet& ports, std::string_view word, const PortNameLookup& name_lookup,
                                  const PortPatternLookup& pattern_lookup) {
  if (word.empty()) return refuse(word, "is an empty word in the port list");
  if (word == "-" || word == "all") {
    ports.add({1, 65535});
    return std::nullopt;
  }
  if (word == "common") {
    add_common(ports);
    return std::nullopt;
  }
  const size_t hyphen = word.find('-');
  if (hyphen != std::string_view::npos) {
    const std::string_view low = word.substr(0, hyphen);
    const std::string_view high = word.substr(hyphen + 1);
    if ((low.empty() || all_digits(low)) && (high.empty() || all_digits(high) || all_digits(low))) {
      const auto range = parse_range(word, hyphen);
      if (!range) return SpecError{range.error()};
      ports.add(*range);
      return std::nullopt;
    }
  }
  if (all_digits(word)) {
    const auto port = parse_port(word);
    if (!port) return refuse(word, "is not a port");
    ports.add({*port, *port});
    return std::nullopt;
  }
  if (word.find_first_of("*?") != std::string_view::npos) return add_pattern(ports, word, pattern_lookup);
  const uint16_t named = name_lookup ? name_lookup(word) : uint16_t{0};
  if (named == 0) return refuse(word, "is not a port or a known service");
  ports.add({named, named});
  return std::nullopt;
}

}  // namespace

Parsed<PortSet> parse_ports(std::string_view spec, const PortNameLookup& name_lookup,
                            const PortPatternLookup& pattern_lookup) {
  PortSet ports;
  for (const std::string_view word : split(spec, ',')) {
    if (auto error = add_word(ports, trim(word), name_lookup, pattern_lookup)) return *error;
  }
  return ports;
}

}  // namespace portloop
