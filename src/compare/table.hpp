// A comparison as tables for a terminal. Pure functions.
#pragma once

#include <string>
#include <string_view>

#include "compare/comparison.hpp"
#include "compare/inference.hpp"

namespace portloop::compare {

constexpr size_t table_columns = 100;

/// Two tables: the answers and times, with bars; and the costs. If `columns` are fewer than table_columns, the least
/// useful columns are left out, and named below.
std::string table_text(const Comparison& comparison, size_t columns = table_columns);

/// "412 ms", "2.61 s", "72.0 min"; "12.3 MiB"; "1,234,567". Also used by the sentences and the exports.
std::string duration_text(double seconds);
std::string memory_text(double kib);
std::string count_text(double number);
/// "2.61 ± 0.02 s": both numbers have the same unit and the same decimals.
std::string spread_text(const Summary& seconds);
/// "61.2x [57.9-64.7]"; "61.2" without an interval; "2.00x" if it is too wide to be of use.
std::string ratio_text(const Ratio& ratio);
/// The same for a table: "2.00x [too few runs]".
std::string ratio_cell(const Ratio& ratio);

/// "2.1 %": the share of the lab's late answers; "-" without a lab.
std::string late_text(const Entry& entry);

/// The text, filled up with spaces.
std::string left(const std::string& text, size_t columns);
std::string right(const std::string& text, size_t columns);

/// The column of the models' names.
size_t name_columns_of(const Comparison& comparison);

/// The width on a terminal: every character in our texts is one column wide.
size_t columns_of(std::string_view text);

}  // namespace portloop::compare
