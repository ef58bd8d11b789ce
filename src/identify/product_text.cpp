#include "identify/product_text.hpp"

#include <algorithm>

#include "identify/reply.hpp"

namespace portloop {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

size_t find_ignoring_case(std::string_view text, std::string_view word) {
  const auto found = std::search(text.begin(), text.end(), word.begin(), word.end(),
                                 [](char a, char b) { return lower(a) == lower(b); });
  return found == text.end() ? std::string_view::npos : static_cast<size_t>(found - text.begin());
}

/// "4.96", "3.0.3": from a digit to what no version has.
std::string_view version_at(std::string_view text) {
  const size_t start = std::min(text.find_first_not_of(" -/_v("), text.size());
  text.remove_prefix(start);
  if (text.empty() || !is_digit(text[0])) return {};
  size_t length = 0;
  while (length < text.size() &&
         (is_digit(text[length]) || (lower(text[length]) >= 'a' && lower(text[length]) <= 'z') ||
          std::string_view(".-_+~").find(text[length]) != std::string_view::npos))
    ++length;
  text = text.substr(0, length);
  while (!text.empty() && std::string_view(".-_").find(text.back()) != std::string_view::npos) text.remove_suffix(1);
  return text;
}

}  // namespace

std::string_view first_line(std::string_view text) {
  text = text.substr(0, text.find('\n'));
  if (text.ends_with('\r')) text.remove_suffix(1);
  return text;
}

bool contains_ignoring_case(std::string_view text, std::string_view word) {
  return find_ignoring_case(text, word) != std::string_view::npos;
}

void find_product(std::string_view text, std::initializer_list<std::string_view> names, Finding& finding) {
  for (const std::string_view name : names) {
    const size_t at = find_ignoring_case(text, name);
    if (at == std::string_view::npos) continue;
    finding.product = name;
    finding.version = limited(version_at(text.substr(at + name.size())));
    return;
  }
}

void split_product(std::string_view text, std::string_view separators, Finding& finding) {
  if (text.empty()) return;
  const size_t name_end = is_digit(text[0]) ? 0 : std::min(text.find_first_of(separators), text.size());
  finding.product = limited(text.substr(0, name_end));
  while (!finding.product.empty() && finding.product.back() == ' ') finding.product.pop_back();
  text.remove_prefix(name_end);
  if (!text.empty() && name_end > 0) text.remove_prefix(1);
  finding.version = limited(text.substr(0, text.find_first_of(" \t(,;")));
}

}  // namespace portloop
