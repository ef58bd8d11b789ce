// The exports: complete, well formed, and safe from what a person typed.
#include <doctest/doctest.h>

#include <algorithm>
#include <sstream>

#include "compare/chart.hpp"
#include "compare/exports.hpp"
#include "compare/table.hpp"
#include "compare/words.hpp"
#include "support/made_comparison.hpp"
#include "support/report_text.hpp"

using namespace portloop;
using namespace portloop::compare;
using namespace portloop::testing;

TEST_CASE("a model without a rank is marked in the table and in the sentences") {
  Comparison comparison = made_comparison();
  for (RunRecord& run : comparison.entries[2].runs) run.states[0] = ProbeState::closed;
  comparison = evaluated(comparison);
  CHECK(has(table_text(comparison), " - loop"));
  CHECK(has(all_sentences(comparison),
            "loop missed 1 of the 2 open ports in the worst run. It makes significantly more errors than the best "
            "model, so it "
            "has no rank."));
  CHECK(has(all_sentences(comparison), "thread-pool:50 was the fastest of the models with a rank: "));
  CHECK(has(to_json(comparison), "\"rank\":null,\"rank_withheld\":\"more errors\""));
  CHECK(has(to_csv(comparison), "loop,0,1,1000,1,,more errors,1,1,0,0,0,"));
  for (const Chart& chart : charts_of(comparison)) CHECK(has(chart.svg, "loop unranked"));
}

TEST_CASE("the lab's late answers are in the sentences and in every export") {
  Comparison comparison = made_comparison();
  comparison.setup.lab_profile = "lan";
  for (Entry& entry : comparison.entries) {
    for (RunRecord& run : entry.runs) run.lab_answers = 1000;
  }
  comparison.entries[0].runs[1].lab_late = 12;
  comparison = evaluated(comparison);
  CHECK(comparison.entries[0].late_share() == doctest::Approx(0.004));
  CHECK(has(all_sentences(comparison), "The lab was late with less than 1 % of its answers to every model."));
  comparison.entries[2].runs[1].lab_late = 900;
  comparison.entries[1].runs[1].lab_late = 60;
  comparison = evaluated(comparison);
  CHECK(has(all_sentences(comparison),
            "The lab was late with 30 % (loop) and 2 % (thread-pool:50) of its answers: it may have limited these "
            "models, and small differences mean little."));
  CHECK(has(to_json(comparison), "\"late_share\":0.3,"));
  CHECK(has(to_json(comparison), "\"lab_late\":[0,900,0]"));
  CHECK(has(to_csv(comparison), ",lab_answers,lab_late,lab_dropped,"));
  CHECK(has(to_markdown(comparison), " 30.0 % |"));
  CHECK(has(to_html(comparison), "<td>30.0 %</td>"));
  CHECK(has(to_json(evaluated()), "\"late_share\":null,"));
  CHECK(has(to_markdown(evaluated()), " - |\n"));
}

TEST_CASE("why a model failed is in the table and in every export with a row for it") {
  Comparison comparison = made_comparison();
  comparison.entries[0].runs.clear();
  comparison.entries[0].failure = "exited with status 1: no descriptors";
  comparison = evaluated(comparison);
  CHECK(has(table_text(comparison), "no run: exited with status 1: no descriptors"));
  for (const auto& write : {to_json, to_markdown, to_html})
    CHECK(has(write(comparison), "exited with status 1: no descriptors"));
}

TEST_CASE("what was misjudged is in the table and in Markdown") {
  Comparison comparison = made_comparison();
  for (RunRecord& run : comparison.entries[2].runs) run.states[2] = run.states[3] = run.states[4] = ProbeState::silent;
  comparison = evaluated(comparison);
  CHECK(has(table_text(comparison), " - loop                      2      0     0     0     3  101 ± 1 ms"));
  CHECK(has(to_markdown(comparison), "| - | `loop` | 2 | 0 | 0 | 0 | 3 | 101 ± 1 ms |"));
  CHECK(has(all_sentences(comparison),
            "loop reported 3 closed ports as filtered, or the other way round in the worst "
            "run. It makes significantly more errors"));
}

TEST_CASE("an interrupted comparison without a run is marked incomplete and has no charts") {
  Comparison comparison = made_comparison();
  for (Entry& entry : comparison.entries) entry.runs.clear();
  comparison.complete = false;
  comparison = evaluated(comparison);
  CHECK(has(heading_text(comparison, table_columns), "(incomplete)"));
  CHECK(charts_of(comparison).empty());
  for (const ExportFormat& format : export_formats()) CHECK_FALSE(format.write(comparison).empty());
}

TEST_CASE("the csv has a line for each run, and each line every column") {
  const std::string csv = to_csv(evaluated());
  std::istringstream lines(csv);
  std::string header, line;
  std::getline(lines, header);
  size_t runs = 0;
  for (; std::getline(lines, line); ++runs)
    CHECK(std::count(line.begin(), line.end(), ',') == std::count(header.begin(), header.end(), ','));
  CHECK(runs == 9);
}

TEST_CASE("each row of the markdown table has every column") {
  Comparison comparison = made_comparison();
  comparison.entries.push_back(entry_of("loops:7", "", {}));
  std::istringstream lines(to_markdown(evaluated(comparison)));
  size_t rows = 0;
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("|")) continue;
    ++rows;
    CAPTURE(line);
    CHECK(std::count(line.begin(), line.end(), '|') == 19);
  }
  CHECK(rows == 6);
}

TEST_CASE("what a person typed can't break out of an export") {
  Comparison comparison = made_comparison();
  comparison.setup.targets = "</title><script>alert(1)</script>|`\x1b[31m\"";
  comparison.setup.command_line = comparison.setup.targets;
  comparison = evaluated(comparison);
  CHECK_FALSE(has(to_html(comparison), "<script"));
  for (const ExportFormat& format : export_formats()) CHECK_FALSE(has(format.write(comparison), "\x1b"));
  CHECK(has(to_json(comparison), "\\\""));
  CHECK_FALSE(has(to_markdown(comparison), "|`\\x1b"));
}
