#include "output/escape.hpp"

namespace portloop {

void append_xml_text(std::string& out, std::string_view raw) {
  std::string visible;
  append_visible(visible, raw);
  for (const char c : visible) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      case '\'': out += "&apos;"; break;
      default: out += c;
    }
  }
}

void append_csv_cell(std::string& out, std::string_view raw) {
  std::string cell;
  // The raw first byte decides: a tab or a carriage return is guarded although it is escaped.
  constexpr std::string_view guarded = "=+-@\t\r'";
  if (!raw.empty() && guarded.find(raw[0]) != guarded.npos) cell += '\'';
  append_visible(cell, raw);
  const bool edge_space = !cell.empty() && (cell.front() == ' ' || cell.back() == ' ');
  if (!edge_space && cell.find_first_of(",\"") == cell.npos) {
    out += cell;
    return;
  }
  out += '"';
  for (const char c : cell) {
    if (c == '"') out += '"';
    out += c;
  }
  out += '"';
}

void append_grepable_value(std::string& out, std::string_view raw) { append_visible(out, raw, "/,"); }

}  // namespace portloop
