// Reads back what the JSON format wrote.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "output/writer.hpp"

namespace portloop {

/// One line of JSON, with memory of its own.
struct ReadResult {
  ProbeResult probe;  ///< Its banner is empty: see `banner`.
  std::string host_name;
  std::string service;
  std::string banner;  ///< Raw bytes, as they came from the network.
  int64_t time_us = 0;

  /// Views of this object: valid as long as it is.
  OutputResult view() const;
};

/// Nothing where the line is not one JSON object with `address`, `port`, `state` and `reason` as portloop writes them;
/// the other fields may lack, and fields that portloop does not know are passed over.
std::optional<ReadResult> read_json_result(std::string_view line);

/// The raw bytes of a JSON string's content as append_json_string() wrote it; nothing where an escape is not one.
std::optional<std::string> raw_of_json_string(std::string_view content);

}  // namespace portloop
