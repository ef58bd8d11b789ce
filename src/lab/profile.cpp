#include "lab/profile.hpp"

#include <algorithm>
#include <cmath>
#include <optional>
#include <set>
#include <span>
#include <utility>

#include "core/parse_number.hpp"
#include "core/service_names.hpp"

namespace portloop::lab {

bool Prefix::contains(const Address& address) const {
  if (address.family != first.family) return false;
  const unsigned host_bits = address_bits(first.family) - bits;
  return host_bits == 128 || address.value >> host_bits == first.value >> host_bits;
}

namespace {

using Words = std::span<const std::string_view>;

/// An error in a line. parse_profile() adds the line number and the keyword's usage.
struct Fault {
  std::string_view word;
  std::string_view why;
};
using Outcome = std::optional<Fault>;

constexpr double us_per_second = 1e6;

/// Parses a number without an exponent.
std::optional<double> parse_fraction(std::string_view text) {
  if (text.find_first_of("eE") != std::string_view::npos) return std::nullopt;
  return parse_number<double>(text, 0);
}

/// Parses "300us", "0.3ms" or "1.5s", up to one hour.
std::optional<uint32_t> parse_duration_us(std::string_view text) {
  constexpr double max_us = 3600 * us_per_second;
  static constexpr std::pair<std::string_view, double> units[] = {{"us", 1}, {"ms", 1e3}, {"s", us_per_second}};
  for (const auto& [unit, us] : units) {
    if (!text.ends_with(unit)) continue;
    const auto number = parse_fraction(text.substr(0, text.size() - unit.size()));
    if (!number) continue;
    const double total_us = *number * us;
    if (total_us > max_us) return std::nullopt;
    return static_cast<uint32_t>(std::llround(total_us));
  }
  return std::nullopt;
}

/// Parses "3%" as 0.03.
std::optional<double> parse_share(std::string_view text) {
  if (!text.ends_with('%')) return std::nullopt;
  const auto percent = parse_fraction(text.substr(0, text.size() - 1));
  if (!percent || *percent > 100) return std::nullopt;
  return *percent / 100;
}

std::optional<Prefix> parse_prefix(std::string_view text) {
  const size_t slash = text.find('/');
  const auto address = parse_address(text.substr(0, slash));
  if (!address || address->zone != 0) return std::nullopt;
  const unsigned all_bits = address_bits(address->family);
  Prefix prefix{*address, all_bits};
  if (slash == std::string_view::npos) return prefix;
  const auto bits = parse_number<unsigned>(text.substr(slash + 1), 0, all_bits);
  if (!bits) return std::nullopt;
  prefix.bits = *bits;
  const unsigned host_bits = all_bits - *bits;
  prefix.first.value = host_bits == 128 ? uint128{0} : address->value >> host_bits << host_bits;
  return prefix;
}

std::optional<Speech> parse_speech(std::string_view word) {
  static constexpr std::pair<std::string_view, Speech> names[] = {
      {"nothing", Speech::nothing}, {"ssh", Speech::ssh},         {"http", Speech::http},
      {"drip", Speech::drip},       {"hostile", Speech::hostile}, {"reset", Speech::reset}};
  for (const auto& [name, speech] : names) {
    if (word == name) return speech;
  }
  return std::nullopt;
}

std::optional<Refusal> parse_refusal(std::string_view word) {
  static constexpr std::pair<std::string_view, Refusal> names[] = {{"rst", Refusal::rst},
                                                                   {"silent", Refusal::silence},
                                                                   {"net-unreachable", Refusal::net_unreachable},
                                                                   {"host-unreachable", Refusal::host_unreachable},
                                                                   {"port-unreachable", Refusal::port_unreachable},
                                                                   {"admin-prohibited", Refusal::admin_prohibited}};
  for (const auto& [name, refusal] : names) {
    if (word == name) return refusal;
  }
  return std::nullopt;
}

/// Parses `[PORTS] [SHARE]` at the start of `words` and removes it.
Outcome parse_ports_and_share(Words& words, PortSet& ports, double& share) {
  ports.add({1, 65535});
  if (!words.empty() && !words[0].ends_with('%') && words[0] != "says" && !parse_refusal(words[0])) {
    const auto parsed = parse_ports(words[0], port_of_service);
    if (!parsed) return Fault{words[0], "is not a list of ports"};
    ports = *parsed;
    words = words.subspan(1);
  }
  if (!words.empty() && words[0].ends_with('%')) {
    const auto parsed = parse_share(words[0]);
    if (!parsed) return Fault{words[0], "is not a share from 0% to 100%"};
    share = *parsed;
    words = words.subspan(1);
  }
  return std::nullopt;
}

Outcome one_word(Words words) {
  if (words.size() == 1) return std::nullopt;
  return words.empty() ? Fault{"", "needs a value"} : Fault{words[1], "is one word too many"};
}

Outcome parse_prefixes(Profile& profile, Words words) {
  if (words.empty()) return Fault{"", "needs a prefix"};
  Region region;
  for (const std::string_view word : words) {
    const auto prefix = parse_prefix(word);
    if (!prefix) return Fault{word, "is not an address or a prefix"};
    region.prefixes.push_back(*prefix);
  }
  profile.regions.push_back(std::move(region));
  return std::nullopt;
}

Outcome parse_seed(Profile& profile, Words words) {
  if (auto fault = one_word(words)) return fault;
  const auto seed = parse_number<uint64_t>(words[0], 0, UINT64_MAX);
  if (!seed) return Fault{words[0], "is not a whole number"};
  profile.seed = *seed;
  return std::nullopt;
}

Outcome parse_rtt(Profile& profile, Words words) {
  Region& region = profile.regions.back();
  if (words.empty()) return Fault{"", "needs a time"};
  const size_t hyphen = words[0].find('-');
  const auto low = parse_duration_us(words[0].substr(0, hyphen));
  const auto high = hyphen == std::string_view::npos ? low : parse_duration_us(words[0].substr(hyphen + 1));
  if (!low || !high || *low > *high) return Fault{words[0], "is not a time or a range of times"};
  region.rtt_low_us = *low;
  region.rtt_high_us = *high;
  if (words.size() == 1) return std::nullopt;
  if (words[1] != "by" || words.size() != 3 || !words[2].starts_with('/'))
    return Fault{words[1], "is not expected here"};
  const auto bits = parse_number<unsigned>(words[2].substr(1), 0, 32);
  if (!bits) return Fault{words[2], "is not a prefix length from /0 to /32"};
  region.rtt_shared_bits = 32 - *bits;
  return std::nullopt;
}

Outcome parse_jitter(Profile& profile, Words words) {
  if (auto fault = one_word(words)) return fault;
  const auto us = parse_duration_us(words[0]);
  if (!us) return Fault{words[0], "is not a time"};
  profile.regions.back().jitter_us = *us;
  return std::nullopt;
}

Outcome parse_loss(Profile& profile, Words words) {
  Region& region = profile.regions.back();
  if (words.size() == 1) {
    const auto share = parse_share(words[0]);
    if (!share) return Fault{words[0], "is not a share from 0% to 100%"};
    region.loss_out = region.loss_back = *share;
    return std::nullopt;
  }
  if (words.empty()) return Fault{"", "needs a share"};
  for (size_t i = 0; i < words.size(); i += 2) {
    if (words[i] != "out" && words[i] != "back") return Fault{words[i], "is not a direction"};
    if (i + 1 == words.size()) return Fault{words[i], "needs a share"};
    const auto share = parse_share(words[i + 1]);
    if (!share) return Fault{words[i + 1], "is not a share from 0% to 100%"};
    (words[i] == "out" ? region.loss_out : region.loss_back) = *share;
  }
  return std::nullopt;
}

Outcome parse_exists(Profile& profile, Words words) {
  if (auto fault = one_word(words)) return fault;
  const auto share = parse_share(words[0]);
  if (!share) return Fault{words[0], "is not a share from 0% to 100%"};
  profile.regions.back().exists = *share;
  return std::nullopt;
}

Outcome parse_missing(Profile& profile, Words words) {
  if (auto fault = one_word(words)) return fault;
  const auto refusal = parse_refusal(words[0]);
  if (!refusal || *refusal == Refusal::rst) return Fault{words[0], "is not a behaviour of an address without a host"};
  profile.regions.back().missing = *refusal;
  return std::nullopt;
}

Outcome parse_open(Profile& profile, Words words) {
  OpenRule rule;
  if (auto fault = parse_ports_and_share(words, rule.ports, rule.share)) return fault;
  if (!words.empty()) {
    if (words[0] != "says") return Fault{words[0], "is not expected here"};
    if (words.size() != 2)
      return words.size() < 2 ? Fault{words[0], "needs the name of a speech"} : Fault{words[2], "is one word too many"};
    const auto speech = parse_speech(words[1]);
    if (!speech) return Fault{words[1], "is not the name of a speech"};
    rule.speech = *speech;
  }
  profile.regions.back().open.push_back(std::move(rule));
  return std::nullopt;
}

Outcome parse_closed(Profile& profile, Words words) {
  ClosedRule rule;
  if (auto fault = parse_ports_and_share(words, rule.ports, rule.share)) return fault;
  if (auto fault = one_word(words)) return fault;
  const auto refusal = parse_refusal(words[0]);
  if (!refusal) return Fault{words[0], "is not a behaviour of a closed port"};
  rule.refusal = *refusal;
  profile.regions.back().closed.push_back(std::move(rule));
  return std::nullopt;
}

Outcome parse_rst_per_second(Profile& profile, Words words) {
  constexpr uint32_t max = 10'000'000;
  Region& region = profile.regions.back();
  if (words.empty()) return Fault{"", "needs a number"};
  const auto rate = parse_number<uint32_t>(words[0], 1, max);
  if (!rate) return Fault{words[0], "is not a number from 1 to 10000000"};
  region.rst_per_second = *rate;
  region.rst_burst = std::max<uint32_t>(1, *rate / 10);
  if (words.size() == 1) return std::nullopt;
  if (words[1] != "burst" || words.size() != 3) return Fault{words[1], "is not expected here"};
  const auto burst = parse_number<uint32_t>(words[2], 1, max);
  if (!burst) return Fault{words[2], "is not a number from 1 to 10000000"};
  region.rst_burst = *burst;
  return std::nullopt;
}

Outcome parse_gone_at(Profile& profile, Words words) {
  if (auto fault = one_word(words)) return fault;
  const auto us = parse_duration_us(words[0]);
  if (!us || *us == 0) return Fault{words[0], "is not a time above 0"};
  profile.regions.back().gone_at_us = *us;
  return std::nullopt;
}

Outcome parse_back_at(Profile& profile, Words words) {
  if (auto fault = one_word(words)) return fault;
  Region& region = profile.regions.back();
  const auto us = parse_duration_us(words[0]);
  if (!us) return Fault{words[0], "is not a time"};
  if (region.gone_at_us == 0 || *us <= region.gone_at_us) return Fault{words[0], "is not after a gone-at above it"};
  region.back_at_us = *us;
  return std::nullopt;
}

struct Keyword {
  std::string_view name;
  std::string_view usage;
  enum class Place : uint8_t { file, opens_region, once_in_region, any_in_region } place;
  Outcome (*parse)(Profile&, Words);
};

using Place = Keyword::Place;
constexpr Keyword keywords[] = {
    {"seed", "seed NUMBER", Place::file, parse_seed},
    {"prefix", "prefix 10.0.0.0/16 [fd00::/64 ...]", Place::opens_region, parse_prefixes},
    {"rtt", "rtt 40ms, or rtt 10ms-250ms by /24", Place::once_in_region, parse_rtt},
    {"jitter", "jitter 2ms", Place::once_in_region, parse_jitter},
    {"loss", "loss 3%, or loss out 3% back 1%", Place::once_in_region, parse_loss},
    {"exists", "exists 10%", Place::once_in_region, parse_exists},
    {"missing", "missing silent, net-unreachable, host-unreachable, port-unreachable or admin-prohibited",
     Place::once_in_region, parse_missing},
    {"open", "open [PORTS] [SHARE%] [says nothing|ssh|http|drip|hostile|reset]", Place::any_in_region, parse_open},
    {"closed", "closed [PORTS] [SHARE%] rst|silent|net-unreachable|host-unreachable|port-unreachable|admin-prohibited",
     Place::any_in_region, parse_closed},
    {"rst-per-second", "rst-per-second 200 [burst 20]", Place::once_in_region, parse_rst_per_second},
    {"gone-at", "gone-at 1.5s", Place::once_in_region, parse_gone_at},
    {"back-at", "back-at 6s", Place::once_in_region, parse_back_at},
};

/// The words of a line. A word that begins with # starts a comment.
std::vector<std::string_view> split(std::string_view line) {
  std::vector<std::string_view> words;
  for (size_t i = 0; i < line.size();) {
    const size_t start = line.find_first_not_of(" \t\r", i);
    if (start == std::string_view::npos || line[start] == '#') break;
    i = std::min(line.find_first_of(" \t\r", start), line.size());
    words.push_back(line.substr(start, i - start));
  }
  return words;
}

/// The rest of a line after its first word, trimmed.
std::string_view after_first_word(std::string_view line, std::string_view first_word) {
  std::string_view rest = line.substr(static_cast<size_t>(first_word.data() - line.data()) + first_word.size());
  const size_t start = rest.find_first_not_of(" \t");
  if (start == std::string_view::npos) return {};
  return rest.substr(start, rest.find_last_not_of(" \t\r") - start + 1);
}

class ProfileParser {
 public:
  explicit ProfileParser(std::string_view name) { profile_.name = name; }

  /// Returns an error without the line number, or nullopt.
  std::optional<std::string> parse_line(std::string_view line) {
    const std::vector<std::string_view> words = split(line);
    if (words.empty()) return std::nullopt;
    if (words[0] == "about" || words[0] == "target") {
      (words[0] == "about" ? profile_.about : profile_.target) = after_first_word(line, words[0]);
      return std::nullopt;
    }
    for (const Keyword& keyword : keywords) {
      if (words[0] == keyword.name) return apply(keyword, words[0], Words(words).subspan(1));
    }
    std::string accepted = "about, target";
    for (const Keyword& keyword : keywords) accepted += ", " + std::string(keyword.name);
    return quote_word(words[0]) + " is not a keyword: a line begins with " + accepted;
  }

  Profile take() { return std::move(profile_); }

 private:
  std::optional<std::string> apply(const Keyword& keyword, std::string_view word, Words values) {
    if (keyword.place == Place::opens_region) seen_in_region_.clear();
    if (keyword.place == Place::once_in_region || keyword.place == Place::any_in_region) {
      if (profile_.regions.empty()) return quote_word(word) + " must follow a prefix line";
    }
    if (keyword.place == Place::once_in_region && !seen_in_region_.insert(keyword.name).second) {
      return quote_word(word) + " is given twice for one prefix: remove one of them";
    }
    const Outcome fault = keyword.parse(profile_, values);
    if (!fault) return std::nullopt;
    const std::string_view at_fault = fault->word.empty() ? word : fault->word;
    return quote_word(at_fault) + ' ' + std::string(fault->why) + ": write " + std::string(keyword.usage);
  }

  Profile profile_;
  std::set<std::string_view> seen_in_region_;
};

}  // namespace

Parsed<Profile> parse_profile(std::string_view name, std::string_view text) {
  ProfileParser parser(name);
  size_t line_number = 0;
  for (size_t start = 0; start < text.size();) {
    ++line_number;
    const size_t end = std::min(text.find('\n', start), text.size());
    if (const auto error = parser.parse_line(text.substr(start, end - start))) {
      return SpecError{std::string(name) + ':' + std::to_string(line_number) + ": " + *error};
    }
    start = end + 1;
  }
  Profile profile = parser.take();
  if (profile.regions.empty()) {
    return SpecError{std::string(name) +
                     ": has no prefix line, so nothing would answer: add one, such as prefix 10.0.0.0/16"};
  }
  return profile;
}

}  // namespace portloop::lab
