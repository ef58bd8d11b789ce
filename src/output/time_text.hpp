// Times as text, always in UTC, without a time zone database or a locale.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace portloop {

/// RFC 3339 with microseconds, such as "2026-11-22T15:26:51.000123Z". `time_us` is Unix time.
std::string rfc3339_text(int64_t time_us);

/// The inverse of rfc3339_text(); nullopt for any other text.
std::optional<int64_t> parse_rfc3339(std::string_view text);

/// The format of nmap's `startstr` (C's asctime), but in UTC: "Sun Nov 22 15:26:51 2026".
std::string calendar_text(int64_t time_us);

/// A round-trip time such as "0.31 ms", or "-" if there was no answer. One below 0.01 ms is rounded up, so that it
/// isn't shown as 0.
std::string rtt_text(uint64_t rtt_us);

}  // namespace portloop
