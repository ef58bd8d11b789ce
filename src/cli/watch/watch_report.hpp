// How a watch reports: its changes as rows or JSON lines, its counts as metrics. Pure.
#pragma once

#include <cstdint>
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
template <class NameOf, class HostNameOf>
std::string metrics_text(const ChangeFilter& filter, const TargetSet& targets, const PortSet& ports,
                         const WatchCounts& counts, const RoundFacts& last, NameOf name_of, HostNameOf host_name_of);

/// A label's value, with its quotes.
void append_label_value(std::string& out, std::string_view raw);

/// The metrics without the lines of open ports. `open`, `closed`, `filtered`: how many ports are.
std::string summary_metrics(uint64_t open, uint64_t closed, uint64_t filtered, const WatchCounts& counts,
                            const RoundFacts& last);

template <class NameOf, class HostNameOf>
std::string metrics_text(const ChangeFilter& filter, const TargetSet& targets, const PortSet& ports,
                         const WatchCounts& counts, const RoundFacts& last, NameOf name_of, HostNameOf host_name_of) {
  uint64_t closed = 0, filtered = 0, open = 0;
  std::string lines;
  for (uint64_t index = 0; index < filter.size(); ++index) {
    const WatchedState state = filter.told(index);
    closed += state == WatchedState::closed;
    filtered += state == WatchedState::filtered;
    if (state != WatchedState::open) continue;
    ++open;
    const Address address = targets.at(index / ports.size());
    const uint16_t port = ports.at(static_cast<uint32_t>(index % ports.size()));
    lines += "portloop_open_port{address=";
    append_label_value(lines, to_text(address));
    lines += ",port=\"" + std::to_string(port) + "\",service=";
    append_label_value(lines, name_of(port));
    lines += ",host=";
    append_label_value(lines, host_name_of(address));
    lines += "} 1\n";
  }
  std::string text = summary_metrics(open, closed, filtered, counts, last);
  return text + "# HELP portloop_open_port Ports that are open.\n# TYPE portloop_open_port gauge\n" + lines;
}

}  // namespace portloop
