#include "cli/diff/difference_text.hpp"

#include <algorithm>

#include "core/visible_text.hpp"
#include "output/grouped.hpp"
#include "output/terminal_row.hpp"

namespace portloop {
namespace {

constexpr size_t max_ports_bytes = 24;
constexpr size_t max_endpoint_width = 53;  // the longest IPv6 address with its zone, brackets and port

/// As a JSON value.
std::string_view word_of(Standing standing) {
  switch (standing) {
    case Standing::open: return "open";
    case Standing::closed: return "closed";
    case Standing::filtered: return "filtered";
    case Standing::unknown: return "unknown";
    case Standing::not_open: return "not-open";
    case Standing::not_scanned: return "not-scanned";
    case Standing::not_listed: break;
  }
  return "not-listed";
}

/// For people: "filtered (no-response)", "not open".
std::string text_of(Standing standing, const ReadResult* result) {
  std::string text(word_of(standing));
  std::replace(text.begin(), text.end(), '-', ' ');
  const bool reason_is_plain = standing == Standing::open || standing == Standing::closed;
  if (result != nullptr && !reason_is_plain)
    text += " (" + reason_text(result->probe.reason, result->probe.error_number) + ')';
  return text;
}

void append_side_json(std::string& out, Standing standing, const ReadResult* result) {
  out += "{\"state\":";
  append_json_string(out, word_of(standing));
  if (result != nullptr) {
    out += ",\"reason\":";
    append_json_string(out, reason_text(result->probe.reason, result->probe.error_number));
    if (!result->banner.empty()) {
      out += ",\"banner\":";
      append_json_string(out, result->banner);
    }
    if (!result->time.empty()) {
      out += ",\"time\":";
      append_json_string(out, result->time);
    }
  }
  out += '}';
}

const std::string& host_name_of(const Difference& difference) {
  static const std::string none;
  if (difference.b != nullptr && !difference.b->host_name.empty()) return difference.b->host_name;
  return difference.a != nullptr ? difference.a->host_name : none;
}

void append_quoted(std::string& text, std::string_view banner) {
  constexpr size_t max_bytes = 60;
  banner = banner.substr(0, banner.find_last_not_of(" \t\r\n") + 1);
  text += '"';
  append_visible(text, banner.substr(0, max_bytes));
  text += banner.size() > max_bytes ? "...\"" : "\"";
}

std::string row_text(const Difference& difference, std::string_view service) {
  std::string text;
  const std::string a = text_of(difference.standing_a, difference.a), b = text_of(difference.standing_b, difference.b);
  if (difference.kind == DifferenceKind::only_in_a) {
    text = a + " in A, " + b + " in B";
  } else if (difference.kind == DifferenceKind::only_in_b) {
    text = b + " in B, " + a + " in A";
  } else if (a != b) {
    text = a + " -> " + b;
  } else {
    text = a;
  }
  if (difference.kind == DifferenceKind::changed && difference.a->banner != difference.b->banner) {
    text += ", banner ";
    append_quoted(text, difference.a->banner);
    text += " -> ";
    append_quoted(text, difference.b->banner);
  }
  if (!service.empty()) append_visible(text += "  ", service);
  if (!host_name_of(difference).empty()) append_visible(text += "  ", host_name_of(difference));
  return text;
}

char mark_of(DifferenceKind kind) {
  switch (kind) {
    case DifferenceKind::opened: return '+';
    case DifferenceKind::closed: return '-';
    case DifferenceKind::changed: return '~';
    case DifferenceKind::uncertain: return '?';
    case DifferenceKind::only_in_a: return '<';
    case DifferenceKind::only_in_b: break;
  }
  return '>';
}

std::string_view colour_of(DifferenceKind kind) {
  switch (kind) {
    case DifferenceKind::opened: return "\x1b[32m";     // green
    case DifferenceKind::closed: return "\x1b[31m";     // red
    case DifferenceKind::changed: return "\x1b[33m";    // yellow
    case DifferenceKind::uncertain: return "\x1b[35m";  // magenta
    case DifferenceKind::only_in_a:
    case DifferenceKind::only_in_b: break;
  }
  return "\x1b[36m";  // cyan
}

/// "10.0.0.5:22", "[::1]:1-21,23-65535"; of many ports, the first ones and "...".
std::string endpoint_text(const Address& address, const PortSet& ports) {
  std::string text = to_text(address, 0);
  text.pop_back();
  const std::string list = ports.to_text();
  if (list.size() <= max_ports_bytes) return text + list;
  return text + list.substr(0, list.rfind(',', max_ports_bytes - 4) + 1) + "...";
}

}  // namespace

void append_difference_json(std::string& out, const Difference& difference, std::string_view service) {
  out += "{\"change\":";
  append_json_string(out, to_text(difference.kind));
  out += ",\"address\":";
  append_json_string(out, to_text(difference.endpoint.address));
  out += ",\"port\":" + std::to_string(difference.endpoint.port) + ",\"protocol\":\"tcp\",\"service\":";
  append_json_string_or_null(out, service);
  if (!host_name_of(difference).empty()) {
    out += ",\"host\":";
    append_json_string(out, host_name_of(difference));
  }
  out += ",\"before\":";
  append_side_json(out, difference.standing_a, difference.a);
  out += ",\"after\":";
  append_side_json(out, difference.standing_b, difference.b);
  out += "}\n";
}

void DifferenceRows::add(const Difference& difference, std::string_view service, std::string& out) {
  if (!rows_.empty() && host_ != difference.endpoint.address) end(out);
  host_ = difference.endpoint.address;
  const bool open = difference.standing_a == Standing::open || difference.standing_b == Standing::open;
  const uint16_t port = difference.endpoint.port;
  const std::string text = row_text(difference, open ? service : std::string_view{});
  if (!open) {
    const auto [entry, first] = shared_.try_emplace({difference.kind, text}, rows_.size());
    if (!first) return rows_[entry->second].ports.add({port, port});
  }
  rows_.push_back({difference.kind, {}, text});
  rows_.back().ports.add({port, port});
}

void DifferenceRows::end(std::string& out) {
  for (const Row& row : rows_)
    endpoint_width_ = std::min(max_endpoint_width, std::max(endpoint_width_, endpoint_text(host_, row.ports).size()));
  for (const Row& row : rows_) append_row(row, out);
  rows_.clear();
  shared_.clear();
}

/// On a terminal, a row takes two lines if the endpoint leaves less than half of the first one.
void DifferenceRows::append_row(const Row& row, std::string& out) {
  const std::string endpoint = endpoint_text(host_, row.ports);
  const size_t mark_width = 2, gap = 2;
  const bool narrow = columns_ > 0 && (mark_width + endpoint_width_ + gap) * 2 > columns_;
  const bool two_lines = narrow && (mark_width + endpoint.size() + gap) * 2 > columns_;
  size_t start = out.size();
  if (colour_) out += colour_of(row.kind);
  out += mark_of(row.kind);
  out += ' ' + endpoint;
  if (colour_) out += "\x1b[0m";
  if (two_lines) {
    if (columns_ > 0) cut_row(out, start, columns_);
    out += '\n';
    start = out.size();
    out += "    ";
  } else {
    const size_t width = narrow ? columns_ / 2 - mark_width - gap : endpoint_width_;
    out.append(width - std::min(width, endpoint.size()) + gap, ' ');
  }
  out += row.text;
  if (row.ports.size() > 1) out += "  " + grouped(row.ports.size()) + " ports";
  if (columns_ > 0) cut_row(out, start, columns_);
  out += '\n';
}

}  // namespace portloop
