// Columns for people, written as results arrive. The heading is written before the first row, so a scan without results
// prints nothing. A cell that is wider than its column widens the column from that row on. On a terminal, rows are cut
// to its width.
#include <algorithm>
#include <array>

#include "core/parse_number.hpp"
#include "core/record_line.hpp"
#include "output/escape.hpp"
#include "output/formats.hpp"
#include "output/host_table.hpp"
#include "output/terminal_row.hpp"
#include "output/time_text.hpp"

namespace portloop {
namespace {

// A name of a megabyte, in a record that `portloop merge` reads, must not widen every row.
constexpr size_t max_width = 300;

/// The line end of a banner is of no use to people; the other formats keep it.
std::string_view without_line_end(std::string_view banner) {
  return banner.substr(0, banner.find_last_not_of(" \t\r\n") + 1);
}

class TextWriter final : public Writer {
 public:
  void begin(const ScanHeader& header, std::string&) override {
    colour_ = header.colour;
    show_all_ = header.show_all;
    columns_ = header.columns;
    ports_ = header.ports;
    if (columns_ > 0 && columns_ < 100) service_.width = 8;  // such as "postgres"
    has_reason_ = columns_ == 0 || show_all_;  // that of open ports is always syn-ack: a terminal needs the room
    // The width for one target is known at the first row. For several, it is what most addresses of the family need.
    if (header.targets > 1) address_.width = header.has_ipv6 ? 21 : 15;
    if (show_all_) {
      state_.width = 8;    // "filtered"
      reason_.width = 16;  // "admin-prohibited"
    }
  }

  void result(const OutputResult& result, std::string& out) override {
    const ProbeResult& probe = result.probe;
    if (probe.state != PortState::open && !show_all_) return;
    const std::string address = address_text(result);
    std::string service;
    append_visible(service, result.service.empty() ? "-" : result.service);

    if (!heading_written_) {
      address_.widen(address);
      append_heading(out);
      heading_written_ = true;
    }
    const size_t start = out.size();
    append_cell(out, address_, address);
    append_cell(out, port_, std::to_string(probe.endpoint.port));
    append_cell(out, state_, to_text(probe.state), colour_ ? colour_of(probe.state) : std::string_view{});
    append_cell(out, service_, service);
    if (has_reason_) append_cell(out, reason_, reason_text(probe.reason, probe.error_number));
    append_cell(out, rtt_, rtt_text(probe.rtt_us));
    if (probe.all_ports_open) out += "(all ports open) ";
    if (result.identified != nullptr)
      append_visible(out, identified_text(*result.identified));
    else
      append_banner(out, without_line_end(probe.banner));
    finish_line(out, start);
  }

  void end(const ScanFooter&, std::string&) override {}

  void set_columns(size_t columns) override { columns_ = columns; }

  void save(std::string& state) const override {
    if (!heading_written_) return;
    state += "widths";
    for (const Column* column : {&address_, &port_, &state_, &service_, &reason_, &rtt_})
      state += ' ' + std::to_string(column->width);
    state += '\n';
  }

  bool restore(std::string_view state) override {
    if (!state.starts_with("widths")) return is_host_table(state);
    const auto words = read_words(state.substr(0, state.find('\n')));
    if (!words || words->size() != 7 || (*words)[0] != "widths") return false;
    size_t word = 1;
    for (Column* column : {&address_, &port_, &state_, &service_, &reason_, &rtt_}) {
      const auto width = parse_number<size_t>((*words)[word++], 0, max_width);
      if (!width) return false;
      column->width = *width;
    }
    heading_written_ = true;
    return true;
  }

 private:
  struct Column {
    std::string_view heading;
    size_t width;
    bool right = false;
    void widen(std::string_view text) { width = std::max(width, std::min(display_width(text), max_width)); }
  };

  static void append_cell(std::string& out, Column& column, std::string_view text, std::string_view colour = {}) {
    column.widen(text);
    const size_t width = display_width(text);
    const size_t padding = column.width - std::min(width, column.width);
    if (column.right) out.append(padding, ' ');
    out += colour;
    out += text;
    if (!colour.empty()) out += no_colour;
    if (!column.right) out.append(padding, ' ');
    out += "  ";
  }

  void append_heading(std::string& out) {
    const size_t start = out.size();
    for (Column* column : {&address_, &port_, &state_, &service_, &reason_, &rtt_})
      if (column != &reason_ || has_reason_) append_cell(out, *column, column->heading);
    finish_line(out, start);
  }

  /// "10.0.0.1 (router.example +2)". On a terminal, a name leaves room for the other columns.
  std::string address_text(const OutputResult& result) const {
    constexpr size_t min_name_width = 8;
    std::string text = to_text(result.probe.endpoint.address);
    if (result.host_name.empty() || result.host_name == text) return text;
    const size_t max_columns = columns_ * 2 / 5, address_columns = text.size();
    if (columns_ > 0 && address_columns + min_name_width > max_columns) return text;
    text += " (";
    append_visible(text, result.host_name);
    if (result.host_names.size() > 1) text += " +" + std::to_string(result.host_names.size() - 1);
    text += ')';
    if (columns_ > 0) cut_row(text, 0, max_columns);
    return text;
  }

  /// On a terminal, the lines of a banner are separated by " | ".
  void append_banner(std::string& out, std::string_view banner) const {
    while (columns_ > 0 && !banner.empty()) {
      const size_t end = std::min(banner.find('\n'), banner.size());
      const std::string_view line = without_line_end(banner.substr(0, end));
      banner.remove_prefix(std::min(end + 1, banner.size()));
      append_visible(out, line);
      if (!line.empty() && !banner.empty()) out += " | ";
    }
    append_visible(out, banner);
  }

  /// The earlier run has shown its hosts on a terminal, where this one has none.
  bool is_host_table(std::string_view state) const {
    ScanHeader header;
    header.ports = ports_;
    std::string nothing;
    HostTable table(true);
    table.begin(header, nothing);
    return table.restore(state);
  }

  void finish_line(std::string& out, size_t start) const {
    while (out.back() == ' ') out.pop_back();
    if (columns_ > 0) cut_row(out, start, columns_);
    out += '\n';
  }

  bool colour_ = false;
  bool show_all_ = false;
  bool has_reason_ = true;
  bool heading_written_ = false;
  size_t columns_ = 0;
  PortSet ports_;
  Column address_{"ADDRESS", 7};
  Column port_{"PORT", 5, true};
  Column state_{"STATE", 5};
  Column service_{"SERVICE", 15};  // IANA's limit for names
  Column reason_{"REASON", 7};
  Column rtt_{"RTT", 9, true};
};

}  // namespace

std::unique_ptr<Writer> make_text_writer() { return std::make_unique<TextWriter>(); }

}  // namespace portloop
