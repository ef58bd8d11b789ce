// Which part of a scan this machine takes, from the variables of its scheduler.
#pragma once

#include <functional>
#include <string>

#include "core/probe_order.hpp"

namespace portloop {

/// Returns the value of an environment variable, or nullptr.
using Environment = std::function<const char*(const char*)>;

/// `--shard auto`: from the variables of Slurm, Kubernetes, AWS Batch or GNU parallel. Throws UsageError if none is
/// set, if the count is missing, if the variables of two schedulers are set, or if they contradict each other.
Shard shard_of_environment(const Environment& environment);

}  // namespace portloop
