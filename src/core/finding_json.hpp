// The JSON object `identified` of a record, written and parsed. docs/formats.md defines its fields.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/finding.hpp"

namespace portloop {

/// Appends one JSON object.
void append_finding_json(std::string& out, const Finding& finding);

/// Returns nullopt unless `text` is one JSON object whose known members have the types that append_finding_json()
/// writes. Members that aren't known are skipped.
std::optional<Finding> parse_finding_json(std::string_view text);

}  // namespace portloop
