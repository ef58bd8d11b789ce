// The export formats of a comparison: one table row for each.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "compare/comparison.hpp"

namespace portloop::compare {

/// The structure of hyperfine's JSON, in seconds, with additional fields.
std::string to_json(const Comparison& comparison);
/// One line for each run of each model.
std::string to_csv(const Comparison& comparison);
std::string to_markdown(const Comparison& comparison);
/// One self-contained page.
std::string to_html(const Comparison& comparison);

struct ExportFormat {
  std::string_view name;
  std::string (*write)(const Comparison&);
};

inline constexpr std::array<ExportFormat, 4> export_formats_table{
    {{"json", to_json}, {"csv", to_csv}, {"markdown", to_markdown}, {"html", to_html}}};

constexpr const auto& export_formats() { return export_formats_table; }

}  // namespace portloop::compare
