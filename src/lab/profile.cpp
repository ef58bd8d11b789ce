#include "lab/profile.hpp"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "lab/profile_statements.hpp"

namespace portloop::lab {

bool Prefix::contains(const Address& address) const {
  if (address.family != first.family) return false;
  const unsigned host_bits = address_bits(first.family) - bits;
  return host_bits == 128 || address.value >> host_bits == first.value >> host_bits;
}

namespace {

struct Keyword {
  std::string_view name;
  std::string_view usage;
  enum class Place : uint8_t { file, once_in_file, opens_region, once_in_region, any_in_region } place;
  Outcome (*parse)(Profile&, Words);
};

using Place = Keyword::Place;
constexpr Keyword keywords[] = {
    {"seed", "seed NUMBER", Place::file, parse_seed},
    {"link", "link ethernet 10.0.0.9/24 [fd00::9/64]", Place::once_in_file, parse_link},
    {"gateway", "gateway 10.0.0.1 [fd00::1]", Place::once_in_file, parse_gateway},
    {"broadcast-loss", "broadcast-loss 5%", Place::once_in_file, parse_broadcast_loss},
    {"uplink", "uplink 400/s queue 2s", Place::once_in_file, parse_uplink},
    {"router", "router holds 1024 flows for 30s [evicts]", Place::once_in_file, parse_router},
    {"prefix", "prefix 10.0.0.0/16 [fd00::/64 ...]", Place::opens_region, parse_prefixes},
    {"rtt", "rtt 40ms, or rtt 10ms-250ms by /24", Place::once_in_region, parse_rtt},
    {"jitter", "jitter 2ms", Place::once_in_region, parse_jitter},
    {"loss", "loss 3%, loss out 3% back 1%, or loss bursts of 150ms every 1s", Place::once_in_region, parse_loss},
    {"outage", "outage from 1.5s [for 20s]", Place::once_in_region, parse_outage},
    {"exists", "exists 10%", Place::once_in_region, parse_exists},
    {"missing",
     "missing silent, or missing net-unreachable|host-unreachable|port-unreachable|admin-prohibited [after 3s] "
     "[limit 1/s [burst 6]]",
     Place::once_in_region, parse_missing},
    {"accepts-all", "accepts-all [SHARE%] [says nothing|ssh|http|drip|hostile|reset]", Place::once_in_region,
     parse_accepts_all},
    {"open", "open [PORTS] [SHARE%] [says nothing|ssh|http|drip|hostile|reset]", Place::any_in_region, parse_open},
    {"closed",
     "closed [PORTS] [SHARE%] rst|silent, or closed [PORTS] [SHARE%] "
     "net-unreachable|host-unreachable|port-unreachable|admin-prohibited [limit 100/s [burst 6]]",
     Place::any_in_region, parse_closed},
    {"rst-per-second", "rst-per-second 200 [burst 20]", Place::once_in_region, parse_rst_per_second},
    {"bans",
     "bans after 200 [for 10s] with rst|silent, or bans after 200 [for 10s] with "
     "net-unreachable|host-unreachable|port-unreachable|admin-prohibited [limit 1/s [burst 6]]",
     Place::once_in_region, parse_bans},
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
    if (keyword.place == Place::once_in_file && !seen_in_file_.insert(keyword.name).second) {
      return quote_word(word) + " is given twice: remove one of them";
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
  std::set<std::string_view> seen_in_file_;
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
