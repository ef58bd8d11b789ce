// Which part of a scan is this machine's, from what its scheduler says.
#pragma once

#include <functional>
#include <string>

#include "core/probe_order.hpp"

namespace portloop {

/// Answers the value of an environment variable, or nullptr.
using Environment = std::function<const char*(const char*)>;

/// `--shard auto`: from the variables of Slurm, Kubernetes, AWS Batch or GNU parallel. Throws UsageError, one line,
/// where none is set, the count is missing, two schedulers are there, or what they say contradicts itself.
Shard shard_of_environment(const Environment& environment);

}  // namespace portloop
