// The JSON text of one result, written and parsed: what `portloop scan -f json` and `portloop-lab --truth` write, and
// what `portloop merge` and `portloop-lab --check` read. docs/formats.md defines the fields.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/finding.hpp"
#include "core/probe_result.hpp"

namespace portloop {

/// A result with what accompanies it in a record. The views are borrowed.
struct ResultRecord {
  ProbeResult probe;
  std::string_view service;                      ///< Empty if the port has no name.
  std::string_view host_name;                    ///< Empty if none was given.
  std::string_view time;                         ///< RFC 3339; copied as it is.
  const Finding* identified = nullptr;           ///< nullptr if there is none.
  std::span<const std::string> host_names = {};  ///< Written if there are several; the first is host_name.
};

/// Appends one JSON object and a newline.
void append_result_json(std::string& line, const ResultRecord& record);

/// A parsed record, which owns its text.
struct ParsedResult {
  ProbeResult probe;  ///< Its banner is empty: see `banner`.
  std::string service;
  std::string host_name;
  std::vector<std::string> host_names;  ///< Empty if there is at most host_name.
  std::string banner;                   ///< Raw bytes, as they came from the network.
  std::string time;
  std::optional<Finding> identified;
};

enum class ResultFields : uint8_t {
  all,                 ///< The fields are those of append_result_json(); `reason` is required.
  endpoint_and_state,  ///< Only `address`, `port` and `state` are parsed; other members can be anything.
};

/// Parses one line. Returns nullopt unless it is exactly one JSON object (RFC 8259) with `address`, `port` and `state`,
/// in any order. Members that aren't known are skipped.
std::optional<ParsedResult> parse_result_json(std::string_view line, ResultFields fields = ResultFields::all);

}  // namespace portloop
