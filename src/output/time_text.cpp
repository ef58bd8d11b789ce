#include "output/time_text.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>

namespace portloop {
namespace {

namespace chrono = std::chrono;

struct Moment {
  int year;
  unsigned month, day;  // from 1
  unsigned weekday;     // from Sunday = 0
  int hour, minute, second;
  int microsecond;
};

Moment moment_of(int64_t time_us) {
  const chrono::sys_time<chrono::microseconds> time{chrono::microseconds{time_us}};
  const auto midnight = chrono::floor<chrono::days>(time);
  const chrono::year_month_day date{midnight};
  const chrono::hh_mm_ss clock{time - midnight};
  return {static_cast<int>(date.year()),
          static_cast<unsigned>(date.month()),
          static_cast<unsigned>(date.day()),
          chrono::weekday{midnight}.c_encoding(),
          static_cast<int>(clock.hours().count()),
          static_cast<int>(clock.minutes().count()),
          static_cast<int>(clock.seconds().count()),
          static_cast<int>(clock.subseconds().count())};
}

constexpr std::array<const char*, 7> weekdays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array<const char*, 12> months = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

}  // namespace

std::string rfc3339_text(int64_t time_us) {
  const Moment m = moment_of(time_us);
  char text[64];
  std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02d.%06dZ", m.year, m.month, m.day, m.hour, m.minute,
                m.second, m.microsecond);
  return text;
}

std::optional<int64_t> parse_rfc3339(std::string_view text) {
  int year = 0, hour = 0, minute = 0, second = 0, microsecond = 0;
  unsigned month = 0, day = 0;
  // sscanf() accepts texts that rfc3339_text() doesn't write; the comparison at the end refuses them.
  if (text.size() != 27 || std::sscanf(std::string(text).c_str(), "%4d-%2u-%2uT%2d:%2d:%2d.%6dZ", &year, &month, &day,
                                       &hour, &minute, &second, &microsecond) != 7) {
    return std::nullopt;
  }
  const chrono::year_month_day date{chrono::year{year}, chrono::month{month}, chrono::day{day}};
  if (!date.ok()) return std::nullopt;
  const chrono::sys_time<chrono::microseconds> time = chrono::sys_days{date} + chrono::hours{hour} +
                                                      chrono::minutes{minute} + chrono::seconds{second} +
                                                      chrono::microseconds{microsecond};
  const int64_t time_us = time.time_since_epoch().count();
  return rfc3339_text(time_us) == text ? std::optional(time_us) : std::nullopt;
}

std::string calendar_text(int64_t time_us) {
  const Moment m = moment_of(time_us);
  char text[64];
  std::snprintf(text, sizeof text, "%s %s %2u %02d:%02d:%02d %04d", weekdays[m.weekday], months[m.month - 1], m.day,
                m.hour, m.minute, m.second, m.year);
  return text;
}

std::string rtt_text(uint64_t rtt_us) {
  if (rtt_us == 0) return "-";
  const uint64_t hundredths = std::max<uint64_t>((rtt_us + 5) / 10, 1);
  const std::string fraction = std::to_string(100 + hundredths % 100).substr(1);
  return std::to_string(hundredths / 100) + '.' + fraction + " ms";
}

}  // namespace portloop
