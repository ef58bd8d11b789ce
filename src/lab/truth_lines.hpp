// The ground truth as portloop's own JSON lines, for `--truth`.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "core/port_set.hpp"
#include "core/target_set.hpp"
#include "lab/profile.hpp"

namespace portloop::lab {

/// Calls `line` with one record of core/result_json.hpp (newline included) for each address and port, in ascending
/// order, until it returns false. `time` is written as it is. `rtt_us` is the RTT without jitter.
void write_truth(const Profile& profile, const TargetSet& targets, const PortSet& ports, bool open_only,
                 std::string_view time, const std::function<bool(const std::string&)>& line);

}  // namespace portloop::lab
