// A comparison as text for a terminal of 100 columns. Pure functions.
#pragma once

#include <string>
#include <string_view>

#include "compare/comparison.hpp"

namespace portloop::compare {

constexpr size_t table_columns = 100;

/// Two tables: who was right and how long it took, with bars; and what it cost.
std::string table_text(const Comparison& comparison);

/// "412 ms", "2.61 s", "72.0 min"; "12.3 MiB"; "1,234,567": also the exports' words.
std::string duration_text(double seconds);
std::string memory_text(double kib);
std::string count_text(double number);
/// "2.61 ± 0.02 s", in one unit; the spread with the decimals of the mean.
std::string spread_text(const Summary& seconds);
/// "61 ± 3"; "1.00" for the fastest.
std::string ratio_text(const Ratio& ratio);

/// How wide it is on a terminal: every character of ours is one column.
size_t columns_of(std::string_view text);

}  // namespace portloop::compare
