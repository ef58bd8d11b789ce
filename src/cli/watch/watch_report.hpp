// How a watch reports: its changes as rows or JSON lines, its counts as metrics. Pure.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "cli/watch/watch_state.hpp"

namespace portloop {

/// "opened", "closed", or "changed" if neither state is open.
std::string_view change_word(const ConfirmedChange& change);

/// A change with what is written beside it. The views are borrowed.
struct ReportedChange {
  ConfirmedChange change;
  Endpoint endpoint;
  std::string_view service;
  std::string_view host_name;
  int64_t time_us;
  uint64_t round;
};

/// Appends one JSON object and a newline.
void append_change_json(std::string& out, const ReportedChange& reported);

/// That a host has begun to accept everything, or is an ordinary one again.
struct ReportedHost {
  AllOpenHosts::Change change;
  std::string_view host_name;
  int64_t time_us;
  uint64_t round;
};
void append_change_json(std::string& out, const ReportedHost& reported);
void append_change_row(std::string& out, const ReportedHost& reported, bool colour, size_t columns);

/// Appends a row for people. `columns`: of a terminal, to which it is cut; 0: it is whole.
void append_change_row(std::string& out, const ReportedChange& reported, bool colour, size_t columns);

/// The last round, for the metrics.
struct RoundFacts {
  int64_t ended_us = 0;
  double seconds = 0;
  uint64_t unknown = 0;  ///< Ports whose state could not be found out.
};

/// Prometheus' text format (https://prometheus.io/docs/instrumenting/exposition_formats/), with a line for each open
/// port. `name_of(port)` and `host_name_of(address)` return what is written beside it.
std::string metrics_text(const ChangeFilter& filter, const TargetSet& targets, const PortSet& ports,
                         const WatchCounts& counts, const RoundFacts& last,
                         const std::function<std::string_view(uint16_t)>& name_of,
                         const std::function<std::string_view(const Address&)>& host_name_of);

}  // namespace portloop
