// How differences are written: rows for people, JSON lines for programs.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "cli/diff/difference.hpp"
#include "core/port_set.hpp"

namespace portloop {

/// Appends one JSON object and a newline.
void append_difference_json(std::string& out, const Difference& difference, std::string_view service);

/// Rows such as "+ 10.0.0.5:8080  closed -> open  http-alt", host by host. Ports that differ alike, and are open on
/// neither side, share a row.
class DifferenceRows {
 public:
  /// `columns`: of a terminal, to which rows are cut; 0: rows are whole.
  DifferenceRows(bool colour, size_t columns) : colour_(colour), columns_(columns) {}

  void add(const Difference& difference, std::string_view service, std::string& out);
  /// Appends the rows of the last host.
  void end(std::string& out);

 private:
  struct Row {
    DifferenceKind kind;
    PortSet ports;
    std::string text;
  };

  void append_row(const Row& row, std::string& out);

  const bool colour_;
  const size_t columns_;
  size_t endpoint_width_ = 21;  // an IPv4 address with its port
  Address host_;
  std::vector<Row> rows_;                                            // of `host_`
  std::map<std::pair<DifferenceKind, std::string>, size_t> shared_;  // rows that further ports may join
};

}  // namespace portloop
