// Reads back what the JSON format wrote.
#pragma once

#include <optional>
#include <string_view>

#include "core/result_json.hpp"
#include "output/writer.hpp"

namespace portloop {

/// One line of JSON, which owns its text.
struct ReadResult : ParsedResult {
  int64_t time_us = 0;  ///< Unix time; 0 if the line has no time.

  /// The views are of this object's members.
  OutputResult view() const;
};

/// Returns nullopt unless the line is a record as core/result_json.hpp defines it and its time, if there is one, is as
/// the JSON format writes it.
std::optional<ReadResult> read_json_result(std::string_view line);

}  // namespace portloop
