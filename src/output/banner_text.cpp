#include "output/banner_text.hpp"

#include <algorithm>
#include <cctype>

#include "core/visible_text.hpp"

namespace portloop {
namespace {

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view space = " \t\r\n";
  text.remove_prefix(std::min(text.find_first_not_of(space), text.size()));
  return text.substr(0, text.find_last_not_of(space) + 1);
}

/// Removes the first line from `text`, and returns it without the space around it.
std::string_view take_line(std::string_view& text) {
  const size_t end = std::min(text.find('\n'), text.size());
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return trimmed(line);
}

bool starts_with_ignoring_case(std::string_view text, std::string_view lower_case) {
  return text.size() >= lower_case.size() &&
         std::equal(lower_case.begin(), lower_case.end(), text.begin(),
                    [](char a, char b) { return a == std::tolower(static_cast<unsigned char>(b)); });
}

/// RFC 9110, section 10.2.4. Empty if the header has none.
std::string_view server_of(std::string_view header) {
  constexpr std::string_view name = "server:";
  while (!header.empty()) {
    const std::string_view line = take_line(header);
    if (line.empty()) break;
    if (starts_with_ignoring_case(line, name)) return trimmed(line.substr(name.size()));
  }
  return {};
}

}  // namespace

std::string banner_text(std::string_view banner) {
  std::string_view first;
  while (first.empty() && !banner.empty()) first = take_line(banner);
  std::string text;
  const std::string_view server = first.starts_with("HTTP/") ? server_of(banner) : std::string_view{};
  if (server.empty()) {
    append_visible(text, first);
    return text;
  }
  const std::string_view status = trimmed(first.substr(std::min(first.find(' '), first.size())));
  append_visible(text, server);
  if (status.empty()) return text;
  text += " (";
  append_visible(text, status);
  return text + ')';
}

}  // namespace portloop
