// The machine that a comparison ran on. Part of every export, so that readers can judge the numbers.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace portloop::compare {

/// Names and values in display order: time, portloop, libuv, kernel, processors, the limits of descriptors, processes
/// and threads, those of the control group, load average, port range.
using Environment = std::vector<std::pair<std::string, std::string>>;

Environment read_environment();

}  // namespace portloop::compare
