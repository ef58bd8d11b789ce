#include "output/host_rows.hpp"

#include <algorithm>

#include "output/banner_text.hpp"
#include "output/escape.hpp"
#include "output/grouped.hpp"
#include "output/terminal_row.hpp"
#include "output/time_text.hpp"

namespace portloop {
namespace {

constexpr size_t port_width = 5;
constexpr size_t max_service_width = 15;  // IANA's limit for names
constexpr size_t stacked_indent = 2;
constexpr size_t min_right_width = 24;  // for the ports beside a host
constexpr std::string_view all_ports_open_text = "accepts connections on every port";

std::string spaces(size_t count) { return std::string(count, ' '); }

std::string padded(const std::string& text, size_t width) {
  return text + spaces(width - std::min(width, row_width(text)));
}

std::string right_aligned(const std::string& text, size_t width) {
  return spaces(width - std::min(width, text.size())) + text;
}

std::string host_text(const HostRow& row) {
  return row.name.empty() ? row.address : row.address + " (" + row.name + ')';
}

/// The column for what is known of a port besides its service.
std::string detail_text(const ListedPort& port) {
  if (port.identified == nullptr) return banner_text(port.banner);
  std::string text;
  append_visible(text, port.identified->text);
  return text;
}

/// Lines of at most `width` columns, from pieces that are not divided.
class Paragraph {
 public:
  explicit Paragraph(size_t width) : width_(width) {}

  void add(const std::string& piece) {
    const size_t piece_width = row_width(piece);
    const size_t shown_width = piece_width - (piece.ends_with(' ') ? 1 : 0);
    if (lines_.empty() || (used_ > 0 && used_ + shown_width > width_)) {
      lines_.emplace_back();
      used_ = 0;
    }
    lines_.back() += piece;
    used_ += piece_width;
  }
  /// Each piece ends with its separator.
  void add_pieces(std::string_view text, char separator) {
    for (size_t start = 0; start < text.size();) {
      const size_t end = std::min(text.find(separator, start), text.size() - 1) + 1;
      add(std::string(text.substr(start, end - start)));
      start = end;
    }
  }
  std::vector<std::string> take() { return std::move(lines_); }

 private:
  const size_t width_;
  size_t used_ = 0;
  std::vector<std::string> lines_;
};

}  // namespace

void HostRows::fit(const HostRow& row, bool with_ports) {
  address_width_ = std::max(address_width_, row.address.size());
  full_host_width_ = std::max(full_host_width_, row_width(host_text(row)));
  rtt_width_ = std::max(rtt_width_, rtt_text(row.rtt_us).size());
  if (!with_ports) return;
  for (const ListedPort& port : row.ports) {
    service_width_ = std::max(service_width_, std::min(max_service_width, display_width(port.service)));
    has_identified_ = has_identified_ || port.identified != nullptr;
    has_details_ = has_details_ || has_identified_ || !port.banner.empty();
  }
}

/// A long name is cut, an address never.
size_t HostRows::host_width() const { return std::min(full_host_width_, std::max(address_width_, columns_ * 2 / 5)); }

bool HostRows::is_stacked() const { return host_width() + rtt_width_ + 4 + min_right_width > columns_; }

size_t HostRows::indent() const { return is_stacked() ? stacked_indent : host_width() + rtt_width_ + 4; }

size_t HostRows::right_width() const { return columns_ - std::min(columns_ - 1, indent()); }

std::string HostRows::coloured(std::string_view text, PortState state) const {
  return colour_ ? std::string(colour_of(state)) + std::string(text) + std::string(no_colour) : std::string(text);
}

std::string HostRows::left_part(const HostRow& row) const {
  constexpr size_t min_name_width = 8;
  std::string host = host_text(row);
  if (row_width(host) > host_width() && row.address.size() + min_name_width > host_width()) host = row.address;
  cut_row(host, 0, host_width());
  return padded(host, host_width()) + "  " + right_aligned(rtt_text(row.rtt_us), rtt_width_) + "  ";
}

std::string HostRows::heading() const {
  const std::string left = padded("HOST", host_width()) + "  " + right_aligned("RTT", rtt_width_) + "  ";
  std::string line = left;
  if (!is_stacked())
    line += has_details_
                ? " PORT  " + padded("SERVICE", service_width_) + (has_identified_ ? "  IDENTIFIED" : "  BANNER")
                : "OPEN PORTS";
  line.erase(line.find_last_not_of(' ') + 1);
  cut_row(line, 0, columns_);
  return line;
}

void HostRows::append_line(std::string& out, std::string line) const {
  line.erase(line.find_last_not_of(' ') + 1);
  cut_row(line, 0, columns_);
  out += line;
  out += '\n';
}

void HostRows::append(std::string& out, const HostRow& row) const {
  std::string left = left_part(row);
  if (is_stacked()) {
    append_line(out, left);
    left = spaces(stacked_indent);
  }
  const std::vector<std::string> lines = right_part(row);
  if (lines.empty() && !is_stacked()) append_line(out, left);
  for (const std::string& line : lines) {
    append_line(out, left + line);
    left = spaces(indent());
  }
}

std::string HostRows::one_line(const HostRow& row) const {
  std::string line = left_part(row);
  if (row.all_ports_open) line += std::string(all_ports_open_text) + (row.ports.empty() ? "" : ": ");
  for (const ListedPort& port : row.ports) {
    line += joined_port(port, &port == &row.ports.back());
    if (row_width(line) > columns_ + 2) break;  // more than the separator
  }
  line.erase(line.find_last_not_of(' ') + 1);
  cut_row(line, 0, columns_);
  return line;
}

std::vector<std::string> HostRows::right_part(const HostRow& row) const {
  std::vector<std::string> lines;
  if (row.all_ports_open) {
    Paragraph paragraph(right_width());
    paragraph.add_pieces(all_ports_open_text, ' ');
    lines = paragraph.take();
  }
  for (std::string& line : has_details_ ? port_lines(row) : joined_ports(row)) lines.push_back(std::move(line));
  for (const CountedPorts& counted : row.counted) {
    Paragraph paragraph(right_width());
    paragraph.add(grouped(counted.count) + ' ');
    paragraph.add(coloured(to_text(counted.state), counted.state) + ' ');
    paragraph.add('(' + counted.reason + "): ");
    paragraph.add_pieces(counted.ranges, ',');
    for (std::string& line : paragraph.take()) lines.push_back(std::move(line));
  }
  return lines;
}

/// A line for each port.
std::vector<std::string> HostRows::port_lines(const HostRow& row) const {
  std::vector<std::string> lines;
  for (const ListedPort& port : row.ports) {
    std::string service;
    append_visible(service, port.service.empty() ? "-" : port.service);
    const std::string number = right_aligned(std::to_string(port.port), port_width);
    lines.push_back(coloured(number, port.state) + "  " + padded(service, service_width_) + "  " + detail_text(port));
  }
  return lines;
}

/// "22 ssh, ".
std::string HostRows::joined_port(const ListedPort& port, bool is_last) const {
  std::string piece = coloured(std::to_string(port.port), port.state);
  if (!port.service.empty()) {
    piece += ' ';
    append_visible(piece, port.service);
  }
  return is_last ? piece : piece + ", ";
}

std::vector<std::string> HostRows::joined_ports(const HostRow& row) const {
  Paragraph paragraph(right_width());
  for (const ListedPort& port : row.ports) paragraph.add(joined_port(port, &port == &row.ports.back()));
  return paragraph.take();
}

}  // namespace portloop
