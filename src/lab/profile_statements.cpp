#include "lab/profile_statements.hpp"

#include <algorithm>
#include <utility>

#include "core/parse_number.hpp"
#include "core/service_names.hpp"
#include "lab/profile_words.hpp"
#include "lab/statement_words.hpp"

namespace portloop::lab {

namespace {

constexpr uint32_t max_count = 10'000'000;

/// Parses `[PORTS] [SHARE]` at the start of `words` and removes it.
Outcome parse_ports_and_share(Words& words, PortSet& ports, double& share) {
  ports.add({1, 65535});
  if (!words.empty() && !words[0].ends_with('%') && words[0] != "says" && !parse_refusal(words[0])) {
    const auto parsed = parse_ports(words[0], port_of_service, ports_of_services);
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

/// Parses `[says SPEECH]`, to the end of the line.
Outcome parse_speech_of_open(Words words, Speech& speech) {
  if (words.empty()) return std::nullopt;
  if (words[0] != "says") return Fault{words[0], "is not expected here"};
  if (words.size() != 2)
    return words.size() < 2 ? Fault{words[0], "needs the name of a speech"} : Fault{words[2], "is one word too many"};
  const auto parsed = parse_speech(words[1]);
  if (!parsed) return Fault{words[1], "is not the name of a speech"};
  speech = *parsed;
  return std::nullopt;
}

/// Parses `bursts of TIME every TIME`.
Outcome parse_bursts(Region& region, Words words) {
  const std::string_view first = take_word(words);
  if (first != "bursts") return Fault{first, "is not a direction or 'bursts'"};
  Bursts bursts;
  if (words.empty()) return Fault{first, "needs 'of' and a time"};
  if (auto fault = take_duration(words, "of", bursts.length_us)) return fault;
  if (words.empty()) return Fault{first, "needs 'every' and a time"};
  const std::string_view written = words.size() > 1 ? words[1] : words[0];
  if (auto fault = take_duration(words, "every", bursts.period_us)) return fault;
  if (bursts.period_us <= bursts.length_us) return Fault{written, "is not longer than a burst"};
  region.bursts = bursts;
  return no_more_words(words);
}

/// Parses `[limit RATE/s [burst NUMBER]]`.
Outcome parse_limit(Words words, ErrorLimit& limit) {
  if (words.empty()) return std::nullopt;
  const std::string_view first = take_word(words);
  if (first != "limit") return Fault{first, "is not expected here"};
  if (words.empty()) return Fault{first, "needs a rate"};
  const auto rate = parse_rate_per_second(words[0]);
  if (!rate) return Fault{words[0], "is not a rate from 1/s to 10000000/s"};
  limit.per_second = *rate;
  words = words.subspan(1);
  if (words.empty()) return std::nullopt;
  if (words[0] != "burst" || words.size() != 2) return Fault{words[0], "is not expected here"};
  const auto burst = parse_number<uint32_t>(words[1], 1, max_count);
  if (!burst) return Fault{words[1], "is not a number from 1 to 10000000"};
  limit.burst = *burst;
  return std::nullopt;
}

}  // namespace

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
  if (words.empty()) return Fault{"", "needs a share"};
  if (words[0].ends_with('%') || (words.size() == 1 && words[0] != "bursts")) {
    const auto share = parse_share(words[0]);
    if (!share) return Fault{words[0], "is not a share from 0% to 100%"};
    region.loss_out = region.loss_back = *share;
    words = words.subspan(1);
  }
  while (!words.empty() && (words[0] == "out" || words[0] == "back")) {
    const std::string_view direction = take_word(words);
    if (words.empty()) return Fault{direction, "needs a share"};
    const auto share = parse_share(words[0]);
    if (!share) return Fault{words[0], "is not a share from 0% to 100%"};
    (direction == "out" ? region.loss_out : region.loss_back) = *share;
    words = words.subspan(1);
  }
  return words.empty() ? std::nullopt : parse_bursts(region, words);
}

Outcome parse_outage(Profile& profile, Words words) {
  if (words.empty()) return Fault{"", "needs a time"};
  Outage outage;
  if (auto fault = take_duration(words, "from", outage.from_us)) return fault;
  if (!words.empty()) {
    const std::string_view written = words.size() > 1 ? words[1] : words[0];
    if (auto fault = take_duration(words, "for", outage.for_us)) return fault;
    if (outage.for_us == 0) return Fault{written, "is not a time above 0"};
  }
  if (!words.empty()) return Fault{words[0], "is one word too many"};
  profile.regions.back().outage = outage;
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
  Region& region = profile.regions.back();
  if (words.empty()) return Fault{"", "needs a value"};
  const auto refusal = parse_refusal(words[0]);
  if (!refusal || *refusal == Refusal::rst) return Fault{words[0], "is not a behaviour of an address without a host"};
  region.missing = *refusal;
  words = words.subspan(1);
  if (region.missing == Refusal::silence) return no_more_words(words);
  if (!words.empty() && words[0] == "after") {
    uint64_t after_us = 0;
    if (auto fault = take_duration(words, "after", after_us)) return fault;
    region.missing_after_us = static_cast<uint32_t>(after_us);
  }
  return parse_limit(words, region.missing_limit);
}

Outcome parse_accepts_all(Profile& profile, Words words) {
  Region& region = profile.regions.back();
  region.accepts_all = 1;
  if (!words.empty() && words[0] != "says") {
    const auto share = parse_share(words[0]);
    if (!share) return Fault{words[0], "is not a share from 0% to 100%"};
    region.accepts_all = *share;
    words = words.subspan(1);
  }
  return parse_speech_of_open(words, region.accepts_all_speech);
}

Outcome parse_open(Profile& profile, Words words) {
  OpenRule rule;
  if (auto fault = parse_ports_and_share(words, rule.ports, rule.share)) return fault;
  if (auto fault = parse_speech_of_open(words, rule.speech)) return fault;
  profile.regions.back().open.push_back(std::move(rule));
  return std::nullopt;
}

Outcome parse_closed(Profile& profile, Words words) {
  ClosedRule rule;
  if (auto fault = parse_ports_and_share(words, rule.ports, rule.share)) return fault;
  if (words.empty()) return Fault{"", "needs a value"};
  const auto refusal = parse_refusal(words[0]);
  if (!refusal) return Fault{words[0], "is not a behaviour of a closed port"};
  rule.refusal = *refusal;
  words = words.subspan(1);
  const bool is_error = rule.refusal != Refusal::rst && rule.refusal != Refusal::silence;
  if (auto fault = is_error ? parse_limit(words, rule.limit) : no_more_words(words)) return fault;
  profile.regions.back().closed.push_back(std::move(rule));
  return std::nullopt;
}

Outcome parse_rst_per_second(Profile& profile, Words words) {
  Region& region = profile.regions.back();
  if (words.empty()) return Fault{"", "needs a number"};
  const auto rate = parse_number<uint32_t>(words[0], 1, max_count);
  if (!rate) return Fault{words[0], "is not a number from 1 to 10000000"};
  region.rst_per_second = *rate;
  region.rst_burst = std::max<uint32_t>(1, *rate / 10);
  if (words.size() == 1) return std::nullopt;
  if (words[1] != "burst" || words.size() != 3) return Fault{words[1], "is not expected here"};
  const auto burst = parse_number<uint32_t>(words[2], 1, max_count);
  if (!burst) return Fault{words[2], "is not a number from 1 to 10000000"};
  region.rst_burst = *burst;
  return std::nullopt;
}

Outcome parse_bans(Profile& profile, Words words) {
  if (words.empty()) return Fault{"", "needs 'after' and a number"};
  Ban ban;
  const std::string_view first = take_word(words);
  if (first != "after") return Fault{first, "is not expected here"};
  if (words.empty()) return Fault{first, "needs a number"};
  const auto after = parse_number<uint32_t>(words[0], 1, max_count);
  if (!after) return Fault{words[0], "is not a number from 1 to 10000000"};
  ban.after = *after;
  words = words.subspan(1);
  if (!words.empty() && words[0] == "for") {
    const std::string_view written = words.size() > 1 ? words[1] : words[0];
    if (auto fault = take_duration(words, "for", ban.for_us)) return fault;
    if (ban.for_us == 0) return Fault{written, "is not a time above 0"};
  }
  if (words.empty()) return Fault{"", "needs 'with' and a behaviour"};
  const std::string_view with = take_word(words);
  if (with != "with") return Fault{with, "is not expected here"};
  if (words.empty()) return Fault{with, "needs a behaviour"};
  const auto refusal = parse_refusal(words[0]);
  if (!refusal) return Fault{words[0], "is not a behaviour of a closed port"};
  ban.refusal = *refusal;
  words = words.subspan(1);
  const bool is_error = ban.refusal != Refusal::rst && ban.refusal != Refusal::silence;
  if (auto fault = is_error ? parse_limit(words, ban.limit) : no_more_words(words)) return fault;
  profile.regions.back().ban = ban;
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

}  // namespace portloop::lab
