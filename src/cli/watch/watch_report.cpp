#include "cli/watch/watch_report.hpp"

#include <algorithm>
#include <cstdio>

#include "core/visible_text.hpp"
#include "output/terminal_row.hpp"
#include "output/time_text.hpp"

namespace portloop {
namespace {

std::string_view word_of(WatchedState state) {
  switch (state) {
    case WatchedState::open: return "open";
    case WatchedState::closed: return "closed";
    case WatchedState::filtered: return "filtered";
    case WatchedState::none: break;
  }
  return "unknown";
}

void append_metric(std::string& text, const char* name, const char* type, const char* help) {
  text += std::string("# HELP portloop_") + name + ' ' + help + "\n# TYPE portloop_" + name + ' ' + type + '\n';
}

std::string decimal(double number) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3f", number);
  return text;
}

/// The metrics without the lines of open ports. `open`, `closed`, `filtered`: how many ports are.
std::string summary_metrics(uint64_t open, uint64_t closed, uint64_t filtered, const WatchCounts& counts,
                            const RoundFacts& last) {
  std::string text;
  append_metric(text, "watch_rounds_total", "counter", "Rounds that have ended.");
  text += "portloop_watch_rounds_total " + std::to_string(counts.rounds) + '\n';
  append_metric(text, "watch_changes_total", "counter", "Changes that were confirmed and reported.");
  text += "portloop_watch_changes_total{change=\"opened\"} " + std::to_string(counts.opened) + '\n';
  text += "portloop_watch_changes_total{change=\"closed\"} " + std::to_string(counts.closed) + '\n';
  text += "portloop_watch_changes_total{change=\"changed\"} " + std::to_string(counts.changed) + '\n';
  append_metric(text, "watch_last_round_timestamp_seconds", "gauge", "When the last round ended, in Unix time.");
  text += "portloop_watch_last_round_timestamp_seconds " + decimal(static_cast<double>(last.ended_us) * 1e-6) + '\n';
  append_metric(text, "watch_last_round_seconds", "gauge", "How long the last round took.");
  text += "portloop_watch_last_round_seconds " + decimal(last.seconds) + '\n';
  append_metric(text, "watch_ports", "gauge", "Ports by the state that was reported last.");
  text += "portloop_watch_ports{state=\"open\"} " + std::to_string(open) + '\n';
  text += "portloop_watch_ports{state=\"closed\"} " + std::to_string(closed) + '\n';
  text += "portloop_watch_ports{state=\"filtered\"} " + std::to_string(filtered) + '\n';
  append_metric(text, "watch_unknown_ports", "gauge", "Ports of the last round that could not be asked.");
  text += "portloop_watch_unknown_ports " + std::to_string(last.unknown) + '\n';
  return text;
}

}  // namespace

std::string_view change_word(const ConfirmedChange& change) {
  if (change.after == WatchedState::open) return "opened";
  return change.before == WatchedState::open ? "closed" : "changed";
}

void append_change_json(std::string& out, const ReportedChange& reported) {
  const ConfirmedChange& change = reported.change;
  out += "{\"time\":";
  append_json_string(out, rfc3339_text(reported.time_us));
  out += ",\"round\":" + std::to_string(reported.round) + ",\"change\":";
  append_json_string(out, change_word(change));
  out += ",\"address\":";
  append_json_string(out, to_text(reported.endpoint.address));
  out += ",\"port\":" + std::to_string(reported.endpoint.port) + ",\"protocol\":\"tcp\",\"service\":";
  append_json_string_or_null(out, reported.service);
  if (!reported.host_name.empty()) {
    out += ",\"host\":";
    append_json_string(out, reported.host_name);
  }
  out += ",\"before\":";
  append_json_string(out, word_of(change.before));
  out += ",\"after\":";
  append_json_string(out, word_of(change.after));
  out += "}\n";
}

namespace {

constexpr std::string_view all_open_word = "all-ports-open", ordinary_word = "ordinary";

/// The start of a row: when, what and where.
void append_row_start(std::string& out, int64_t time_us, std::string_view word, const std::string& where, bool colour,
                      size_t columns) {
  const auto append_cell = [&out](std::string_view text, size_t width) {
    out += text;
    out.append(width - std::min(width, text.size()) + 2, ' ');
  };
  const std::string time = rfc3339_text(time_us);
  constexpr size_t narrow = 100, date = 11, seconds_end = 19;
  append_cell(
      columns > 0 && columns < narrow ? time.substr(date, seconds_end - date) + 'Z' : time.substr(0, seconds_end) + 'Z',
      0);
  if (colour) out += word == "opened" ? "\x1b[32m" : word == "closed" ? "\x1b[31m" : "\x1b[33m";
  append_cell(word, 7);
  if (colour) out += "\x1b[0m";
  append_cell(where, columns > 0 && columns < 80 ? 0 : 21);
}

void end_row(std::string& out, size_t start, std::string_view host_name, size_t columns) {
  if (!host_name.empty()) append_visible(out += "  ", host_name);
  if (columns > 0) cut_row(out, start, columns);
  out += '\n';
}

}  // namespace

void append_change_row(std::string& out, const ReportedChange& reported, bool colour, size_t columns) {
  const ConfirmedChange& change = reported.change;
  const size_t start = out.size();
  append_row_start(out, reported.time_us, change_word(change),
                   to_text(reported.endpoint.address, reported.endpoint.port), colour, columns);
  out += std::string(word_of(change.before)) + " -> " + std::string(word_of(change.after));
  if (!reported.service.empty()) append_visible(out += "  ", reported.service);
  end_row(out, start, reported.host_name, columns);
}

void append_change_row(std::string& out, const ReportedHost& reported, bool colour, size_t columns) {
  const size_t start = out.size();
  append_row_start(out, reported.time_us, "changed", to_text(reported.change.address), colour, columns);
  out += reported.change.accepts_all ? "ordinary -> accepts connections on every port"
                                     : "accepts connections on every port -> ordinary";
  end_row(out, start, reported.host_name, columns);
}

void append_change_json(std::string& out, const ReportedHost& reported) {
  const bool accepts_all = reported.change.accepts_all;
  out += "{\"time\":";
  append_json_string(out, rfc3339_text(reported.time_us));
  out += ",\"round\":" + std::to_string(reported.round) + ",\"change\":\"changed\",\"address\":";
  append_json_string(out, to_text(reported.change.address));
  out += ",\"port\":null,\"protocol\":\"tcp\",\"service\":null";
  if (!reported.host_name.empty()) {
    out += ",\"host\":";
    append_json_string(out, reported.host_name);
  }
  out += ",\"before\":";
  append_json_string(out, accepts_all ? ordinary_word : all_open_word);
  out += ",\"after\":";
  append_json_string(out, accepts_all ? all_open_word : ordinary_word);
  out += "}\n";
}

std::string metrics_text(const ChangeFilter& filter, const TargetSet& targets, const PortSet& ports,
                         const WatchCounts& counts, const RoundFacts& last,
                         const std::function<std::string_view(uint16_t)>& name_of,
                         const std::function<std::string_view(const Address&)>& host_name_of) {
  uint64_t closed = 0, filtered = 0, open = 0;
  std::string lines;  // a label's value is escaped as a JSON string is
  for (uint64_t index = 0; index < filter.size(); ++index) {
    const WatchedState state = filter.reported(index);
    closed += state == WatchedState::closed;
    filtered += state == WatchedState::filtered;
    if (state != WatchedState::open) continue;
    ++open;
    const Address address = targets.at(index / ports.size());
    const uint16_t port = ports.at(static_cast<uint32_t>(index % ports.size()));
    lines += "portloop_open_port{address=";
    append_json_string(lines, to_text(address));
    lines += ",port=\"" + std::to_string(port) + "\",service=";
    append_json_string(lines, name_of(port));
    lines += ",host=";
    append_json_string(lines, host_name_of(address));
    lines += "} 1\n";
  }
  std::string text = summary_metrics(open, closed, filtered, counts, last);
  return text + "# HELP portloop_open_port Ports that are open.\n# TYPE portloop_open_port gauge\n" + lines;
}

}  // namespace portloop
