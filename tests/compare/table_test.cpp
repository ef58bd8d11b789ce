// The tables for a terminal, and how numbers are written.
#include <doctest/doctest.h>

#include <sstream>

#include "compare/table.hpp"
#include "compare/words.hpp"
#include "support/made_comparison.hpp"
#include "support/report_text.hpp"

using namespace portloop;
using namespace portloop::compare;
using namespace portloop::testing;

TEST_CASE("numbers are written with three digits and the unit that fits") {
  CHECK(duration_text(0.0000123) == "12.3 µs");
  CHECK(duration_text(0.0999) == "99.9 ms");
  CHECK(duration_text(0.9999) == "1.00 s");
  CHECK(duration_text(2.614) == "2.61 s");
  CHECK(duration_text(4500) == "75.0 min");
  CHECK(count_text(1234567) == "1,234,567");
  CHECK(memory_text(5000) == "4.88 MiB");
  CHECK(memory_text(3 * 1024 * 1024) == "3.00 GiB");
  CHECK(spread_text(summarise({1, 1, 4})) == "2.00 ± 1.73 s");
  CHECK(spread_text(summarise({2})) == "2.00 s");
  CHECK(spread_text(summarise({41.8, 41.95})) == "41.9 ± 0.1 s");
  CHECK(ratio_text({1.333, 1.298, 1.362, 5}) == "1.33x [1.30-1.36]");
  CHECK(ratio_text({61.23, 57.9, 64.75, 5}) == "61.2x [57.9-64.8]");
  CHECK(ratio_text({494, 420.4, 580, 5}) == "494x [420-580]");
  CHECK(ratio_text({2, 0.21, 19.9, 2}) == "2.00x [0.21-19.90]");
  CHECK(ratio_cell({2, 0.21, 19.9, 2}) == "2.00x [0.21-19.90]");
  for (const Ratio& too_wide : {Ratio{2, 1e-9, 4e9, 2}, Ratio{2, 0.19, 19.9, 3}, Ratio{2, 0.3, 20.1, 3}}) {
    CHECK(ratio_text(too_wide) == "2.00x");
    CHECK(ratio_cell(too_wide) == "2.00x [too few runs]");
  }
  CHECK(ratio_text({61.23, 61.23, 61.23, 1}) == "61.2");
}

TEST_CASE("the table fits 100 columns, whatever the numbers") {
  Comparison comparison = made_comparison();
  comparison.entries.push_back(entry_of("thread-per-connection", "oocccsss", {0.0001}));
  comparison.entries.push_back(entry_of("loops:1024", "ocoocuuu", {123456, 0.5}));
  comparison.entries.back().contender.in_flight = 1'000'000;
  comparison.entries.back().contender.shows_in_flight = true;
  for (RunRecord& run : comparison.entries.back().runs) {
    for (const RecordField& field : record_fields()) {
      if (field.name != "wall_us") field.in(run) = 98'765'432;
    }
  }
  comparison.entries.push_back(entry_of("loops:7", "", {}));
  comparison.entries.back().failure = "killed by signal: Killed";
  comparison = evaluated(comparison);
  CHECK(widest_line(table_text(comparison)) <= table_columns);
  CHECK(widest_line(words_text(comparison, table_columns)) <= table_columns);
  CHECK(widest_line(words_text(comparison, 80)) <= 80);
  CHECK(widest_line(heading_text(comparison, 60)) <= 60);
  CHECK(widest_line(heading_text(comparison, table_columns)) <= table_columns);
  CHECK(has(table_text(comparison), "no run: killed by signal: Killed"));
}

TEST_CASE("a narrow terminal gets fewer columns, and is told which are missing") {
  const std::string narrow = table_text(evaluated(), 80);
  CHECK(widest_line(narrow) <= 80);
  CHECK(has(narrow, "A wider terminal also shows: p95, p99, switch\n"));
  CHECK(has(narrow, "█"));
  CHECK(widest_line(table_text(evaluated(), 70)) <= 70);
  const std::string narrowest = table_text(evaluated(), 60);
  for (const char* heading : {"found", "wall time", "x fastest", "user", "system", "memory"})
    CHECK(has(narrowest, heading));
  CHECK_FALSE(has(table_text(evaluated()), "also shows"));
  CHECK_FALSE(has(table_text(evaluated()), "for every model"));
}

TEST_CASE("the table lists models by rank, the longest time with the longest bar") {
  const std::string table = table_text(evaluated());
  CHECK(table.find(" 1 loop") < table.find(" 2 thread-pool:50"));
  CHECK(table.find(" 2 thread-pool:50") < table.find(" 3 sequential"));
  std::istringstream lines(table);
  std::string line;
  std::getline(lines, line);
  size_t before = 0;
  for (int i = 0; i < 3; ++i) {
    std::getline(lines, line);
    const size_t bars = count_of(line, "█");
    CHECK(bars >= before);
    before = bars;
  }
  CHECK(before > 10);
}
