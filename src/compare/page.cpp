// The page of --export-html. One file, without scripts, that loads nothing. It follows the reader's light or dark mode,
// and tables that are too wide for a phone scroll on their own.
#include <algorithm>

#include "compare/chart.hpp"
#include "compare/explanation.hpp"
#include "compare/exports.hpp"
#include "compare/lanes.hpp"
#include "compare/svg.hpp"
#include "compare/table.hpp"
#include "compare/words.hpp"
#include "output/grouped.hpp"

namespace portloop::compare {
namespace {

constexpr std::string_view style = R"(
:root { color-scheme: light dark; --bg: #ffffff; --fg: #1b1f24; --muted: #57606a; --line: #d0d7de; --outline: #7d868f; --box: #f6f8fa;
  --loop: #0550ae; --blocking: #b35900; --guest: #a8327d; --unranked: #6e7781;
  --open: #0a5c36; --closed: #7a8699; --filtered: #8250df; --silent: #b35900; --unknown: #cf222e; }
@media screen and (prefers-color-scheme: dark) {
  :root { --bg: #0d1117; --fg: #e6edf3; --muted: #9da7b1; --line: #30363d; --outline: #6e7681; --box: #161b22;
    --loop: #6cb6ff; --blocking: #f0a35e; --guest: #ff9bce; --unranked: #8b949e;
    --open: #7ee787; --closed: #7d8897; --filtered: #d2a8ff; --silent: #f0a35e; --unknown: #ff7b72; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 72rem; padding: 1rem; background: var(--bg); color: var(--fg);
  font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.5rem; margin: 0.5rem 0; }
h2 { font-size: 1.15rem; margin: 2rem 0 0.5rem; }
p { max-width: 46rem; }
.heading { color: var(--muted); margin: 0.25rem 0; }
.lead { font-size: 1.15rem; line-height: 1.45; margin: 1rem 0; }
.warning { border-left: 4px solid var(--blocking); padding-left: 0.75rem; font-weight: 600; }
.scroll { overflow-x: auto; }
table { border-collapse: separate; border-spacing: 0; font-size: 0.85rem; font-variant-numeric: tabular-nums; white-space: nowrap; }
tr { break-inside: avoid; }
th, td { padding: 0.3rem 0.45rem; text-align: right; border-bottom: 1px solid var(--line); }
thead th { color: var(--muted); font-weight: 600; vertical-align: bottom; }
tbody th { font-weight: 400; }
th.model { text-align: left; position: sticky; left: 0; background: var(--bg); }
caption { text-align: left; white-space: normal; color: var(--muted); padding-bottom: 0.3rem; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(26rem, 100%), 1fr)); gap: 1rem; }
.charts figure:last-child:nth-child(odd) { grid-column: 1 / -1; }
figure { break-inside: avoid; margin: 0; padding: 1rem; border: 1px solid var(--outline); border-radius: 6px; background: var(--box); }
figcaption { font-weight: 600; margin-bottom: 0.5rem; }
svg { display: block; width: 100%; height: auto; max-width: 40rem; }
svg text { font: 14px system-ui, sans-serif; fill: var(--fg); }
svg .tick, svg .axis { fill: var(--muted); }
svg .value { font-weight: 600; }
svg .grid { stroke: var(--line); stroke-width: 1; }
svg .error { stroke: var(--fg); stroke-width: 1.5; }
svg .run { fill: var(--box); stroke: var(--fg); stroke-width: 1; }
svg .curve { fill: none; stroke-width: 2; } .curve.loop { stroke: var(--loop); } .curve.blocking { stroke: var(--blocking); } .curve.guest { stroke: var(--guest); }
svg .band { opacity: 0.2; } .band.loop { fill: var(--loop); } .band.blocking { fill: var(--blocking); } .band.guest { fill: var(--guest); }
svg .cell { fill: var(--loop); stroke: var(--outline); } svg .cell.best { stroke: var(--fg); stroke-width: 2; }
svg .trail { fill: none; stroke-width: 2; opacity: 0.6; }
.trail.loop { stroke: var(--loop); } .trail.blocking { stroke: var(--blocking); } .trail.guest { stroke: var(--guest); }
.fill.loop { fill: var(--loop); } .fill.blocking { fill: var(--blocking); } .fill.guest { fill: var(--guest); }
.hollow { fill: var(--box); stroke-width: 2; } .hollow.loop { stroke: var(--loop); } .hollow.blocking { stroke: var(--blocking); } .hollow.guest { stroke: var(--guest); }
.unranked.loop { stroke: var(--loop); } .unranked.blocking { stroke: var(--blocking); } .unranked.guest { stroke: var(--guest); }
.fill.unranked, .hollow.unranked { fill: var(--box); stroke-width: 2; stroke-dasharray: 3 2; }
.swim { background: var(--box); } .swim figcaption { font-weight: 400; color: var(--muted); text-align: center; }
.swim > p { margin: 0 0 0.75rem; } .model-lanes { break-inside: avoid; margin-bottom: 1.5rem; } .model-lanes p { max-width: none; }
h3 { font-size: 1rem; margin: 0; }
svg.lanes, svg.flight { max-width: none; } svg.flight { margin-top: 4px; }
svg .bar { fill: none; } svg .grid, svg .area { vector-effect: non-scaling-stroke; }
.bar.open { stroke: var(--open); } .bar.closed { stroke: var(--closed); } .bar.filtered { stroke: var(--filtered); }
.bar.silent { stroke: var(--silent); } .bar.unknown { stroke: var(--unknown); } .bar.turns { stroke: var(--fg); }
svg .area { fill: var(--line); stroke: var(--outline); stroke-width: 1; }
.ticks { position: relative; height: 1.3rem; color: var(--muted); font-size: 0.8rem; white-space: nowrap; }
.ticks span { position: absolute; transform: translateX(-50%); }
.ticks .first { transform: none; } .ticks .last { transform: translateX(-100%); }
svg.sample { display: inline-block; width: 20px; height: 10px; margin-right: 0.3em; }
.key { display: inline-block; width: 0.8em; height: 0.8em; border-radius: 2px; margin-right: 0.3em; }
.pair { white-space: nowrap; margin-right: 1em; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 0.2rem 1rem; margin: 0; }
dt { color: var(--muted); } dd { margin: 0; min-width: 0; }
code { font: 0.9em ui-monospace, monospace; }
ul.words { max-width: 46rem; padding-left: 1.2rem; } ul.words li { margin: 0.3rem 0; }
@media (max-width: 40rem) { figure { padding: 0.6rem; } dl { grid-template-columns: 1fr; gap: 0; } dd { margin-bottom: 0.5rem; } }
@page { margin: 12mm; }
@media print {
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  body { max-width: none; padding: 0; font-size: 10pt; }
  h2, h3, .heading, caption { break-after: avoid; }
  .scroll { overflow: visible; }
  table { width: 100%; font-size: 7pt; }
  th, td { padding: 0.15rem; }
  thead th { white-space: normal; overflow-wrap: normal; }
  th.model { position: static; white-space: normal; overflow-wrap: normal; }
  li, dd { break-inside: avoid; }
  .charts { grid-template-columns: 1fr 1fr; }
  figure.swim { break-inside: auto; border: 0; padding: 0; background: none; }
}
)";

/// Keeps the "-c N" of a model's name on the same line as the name.
std::string sentence_markup(const std::string& sentence) {
  std::string text = markup_text(sentence);
  for (size_t at = text.find(" -c "); at != std::string::npos; at = text.find(" -c ", at))
    text.replace(at, 4, "&#160;&#8209;c&#160;");
  return text;
}

std::string cell(const std::string& text) { return "<td>" + markup_text(text) + "</td>"; }

/// With a box around it that scrolls if the table is too wide.
std::string table_opened(std::string_view caption, std::initializer_list<std::string_view> columns) {
  std::string out = "<div class=\"scroll\" tabindex=\"0\"><table><caption>" + markup_text(caption) +
                    "</caption><thead><tr><th scope=\"col\" class=\"model\">model</th>";
  for (const std::string_view column : columns) out += "<th scope=\"col\">" + markup_text(column) + "</th>";
  return out + "</tr></thead><tbody>\n";
}

std::string row_heading(const std::string& model) {
  return "<th scope=\"row\" class=\"model\">" + markup_text(model) + "</th>";
}

std::string answers(const Comparison& comparison) {
  std::string out = table_opened("Answers in the worst run, and times",
                                 {"rank", "found", "missed", "false", "unknown", "misjudged", "wall time", "median",
                                  "min", "max", "× fastest [95\u00a0%]"});
  for (const Entry* entry : comparison.ranked()) {
    out += "<tr>" + row_heading(entry->contender.name()) + cell(entry->rank ? std::to_string(*entry->rank) : "–");
    if (entry->runs.empty()) {
      out += "<td colspan=\"10\">no run" + markup_text(entry->failure.empty() ? "" : ": " + entry->failure) +
             "</td></tr>\n";
      continue;
    }
    const Correctness& c = entry->correctness;
    for (const uint64_t n : {c.found, c.missed, c.wrongly_open, c.unknown, c.misjudged}) out += cell(grouped(n));
    out += cell(spread_text(entry->wall_s)) + cell(duration_text(entry->wall_s.median)) +
           cell(duration_text(entry->wall_s.min)) + cell(duration_text(entry->wall_s.max)) +
           cell(comparison.fastest() == nullptr ? "–" : ratio_cell(entry->to_fastest)) + "</tr>\n";
  }
  return out + "</tbody></table></div>\n";
}

std::string costs(const Comparison& comparison) {
  std::string out =
      table_opened("Medians of the runs", {"user", "system", "memory", "threads", "refused", "descriptors", "switches",
                                           "in flight", "connects/s", "p50", "p95", "p99", "late"});
  for (const Entry* entry : comparison.ranked()) {
    if (entry->runs.empty()) continue;
    const double switches =
        entry->median(&RunRecord::switches_voluntary) + entry->median(&RunRecord::switches_involuntary);
    const double connects = entry->median(&ModelRun::connects) / (entry->wall_s.median > 0 ? entry->wall_s.median : 1);
    out += "<tr>" + row_heading(entry->contender.name()) + cell(duration_text(entry->user_s.median)) +
           cell(duration_text(entry->system_s.median)) + cell(memory_text(entry->median(&RunRecord::memory_kib))) +
           cell(count_text(entry->median(&ModelRun::peak_threads))) +
           cell(count_text(entry->median(&ModelRun::threads_refused))) +
           cell(count_text(entry->median(&ModelRun::peak_descriptors))) + cell(count_text(switches)) +
           cell(count_text(entry->median(&ModelRun::peak_in_flight))) + cell(count_text(connects));
    for (const auto field : {&RunRecord::p50_us, &RunRecord::p95_us, &RunRecord::p99_us})
      out += cell(duration_text(entry->median(field) * 1e-6));
    out += cell(late_text(*entry)) + "</tr>\n";
  }
  return out + "</tbody></table></div>\n";
}

std::string figures(const Comparison& comparison) {
  const auto key = [](const char* box, const char* text) {
    return std::string("<span class=\"pair\"><span class=\"key\" style=\"") + box + "\"></span>" + text + "</span> ";
  };
  const bool some_unranked = std::any_of(comparison.entries.begin(), comparison.entries.end(),
                                         [](const Entry& entry) { return !entry.runs.empty() && !entry.rank; });
  const bool some_guests = std::any_of(comparison.entries.begin(), comparison.entries.end(),
                                       [](const Entry& entry) { return entry.contender.guest != nullptr; });
  std::string out = "<p class=\"heading\">" + key("background: var(--loop)", "loops") +
                    key("background: var(--blocking)", "blocking threads");
  if (some_guests) out += key("background: var(--guest)", "other languages");
  if (some_unranked) out += key("border: 2px dashed var(--unranked)", "no rank");
  out += "</p>\n<div class=\"charts\">\n";
  for (const Chart& chart : charts_of(comparison)) {
    out += "<figure><figcaption>" + markup_text(chart.title) + "</figcaption>" + chart.svg + "</figure>\n";
  }
  return out + "</div>\n";
}

std::string circumstances(const Comparison& comparison) {
  const Setup& setup = comparison.setup;
  std::string out = "<dl>";
  const auto item = [&out](std::string_view name, std::string_view value) {
    out += "<dt>" + markup_text(name) + "</dt><dd>" + markup_text(value) + "</dd>\n";
  };
  out += "<dt>command</dt><dd><code>" + markup_text(setup.command_line) + "</code></dd>\n";
  item("targets", setup.targets);
  item("ports", setup.ports);
  item("probes", grouped(setup.probes) + ", " + grouped(comparison.open_ports) + " open by " +
                     (comparison.truth.empty() ? "the consensus of the runs" : "the lab's ground truth"));
  if (!setup.lab_profile.empty()) item("lab", setup.lab_profile);
  item("timeout", std::to_string(setup.timeout_ms) + " ms, " + std::to_string(setup.retries) + " retries");
  item("order", (setup.order == Order::random ? "random, seed " : "sequential, seed ") + std::to_string(setup.seed));
  item("runs", std::to_string(setup.runs) + " of each model, after " + std::to_string(setup.warmup) + " warm-up runs");
  for (const auto& [name, value] : setup.environment) item(name, value);
  return out + "</dl>\n";
}

}  // namespace

std::string to_html(const Comparison& comparison) {
  std::string out =
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" "
      "content=\"width=device-width, "
      "initial-scale=1\">\n<title>portloop compare: " +
      markup_text(comparison.setup.targets) + "</title>\n<style>" + std::string(style) +
      "</style>\n</head>\n<body>\n<main>\n<h1>portloop compare</h1>\n";
  const std::string heading = heading_text(comparison, SIZE_MAX);
  for (size_t start = 0; start < heading.size();) {
    const size_t end = heading.find('\n', start);
    out += "<p class=\"heading\">" + markup_text(heading.substr(start, end - start)) + "</p>\n";
    start = end + 1;
  }
  if (!comparison.complete) out += "<p class=\"warning\">Interrupted: incomplete.</p>\n";
  const std::vector<std::string> all = sentences(comparison);
  if (!all.empty()) out += "<p class=\"lead\">" + sentence_markup(all.front()) + "</p>\n";
  if (all.size() > 1) {
    out += "<ul class=\"words\">\n";
    for (size_t i = 1; i < all.size(); ++i) out += "<li>" + sentence_markup(all[i]) + "</li>\n";
    out += "</ul>\n";
  }
  out += "<h2>Answers and time</h2>\n" + answers(comparison) + lanes_figure(comparison) + "<h2>Charts</h2>\n" +
         figures(comparison) + "<h2>What it cost</h2>\n" + costs(comparison) + explanation_html(comparison) +
         "<h2>How it was measured</h2>\n" + circumstances(comparison);
  return out + "</main>\n</body>\n</html>\n";
}

}  // namespace portloop::compare
