#include "cli/options/shard_choice.hpp"

#include <array>
#include <optional>

#include "cli/exit_status.hpp"
#include "core/parse_number.hpp"
#include "core/spec_error.hpp"

namespace portloop {
namespace {

// Holds the count if the scheduler exports none. If the scheduler does, both must agree.
constexpr const char* own_count = "PORTLOOP_SHARD_COUNT";

struct Scheduler {
  const char* name;
  const char* index;                  // the variable that holds the shard's number
  uint64_t first_index;               // of the first shard; Slurm has a variable for it
  std::array<const char*, 2> counts;  // variables that may hold the number of shards
};

constexpr auto schedulers = std::to_array<Scheduler>({
    {"Slurm", "SLURM_ARRAY_TASK_ID", 0, {"SLURM_ARRAY_TASK_COUNT", own_count}},
    {"Kubernetes", "JOB_COMPLETION_INDEX", 0, {"JOB_COMPLETIONS", own_count}},
    {"AWS Batch", "AWS_BATCH_JOB_ARRAY_INDEX", 0, {"AWS_BATCH_JOB_ARRAY_SIZE", own_count}},
    {"GNU parallel", "PARALLEL_SEQ", 1, {own_count, nullptr}},
});

[[noreturn]] void refuse(const std::string& why) {
  throw UsageError("--shard auto: " + why + ": give --shard K/N instead");
}

std::optional<uint64_t> number_in(const Environment& environment, const char* variable) {
  const char* value = environment(variable);
  if (value == nullptr) return std::nullopt;
  const auto number = parse_number<uint64_t>(value, 0, UINT32_MAX);
  if (!number) refuse(std::string(variable) + " is " + quote_word(value) + ", not a whole number");
  return number;
}

uint64_t count_of(const Scheduler& scheduler, const Environment& environment) {
  std::optional<uint64_t> count;
  const char* source = nullptr;
  std::string looked_for;
  for (const char* variable : scheduler.counts) {
    if (variable == nullptr) continue;
    looked_for += (looked_for.empty() ? "" : " or ") + std::string(variable);
    const auto found = number_in(environment, variable);
    if (found && count && *found != *count) {
      refuse(std::string(source) + " is " + std::to_string(*count) + " but " + variable + " is " +
             std::to_string(*found));
    }
    if (found && !count) {
      count = found;
      source = variable;
    }
  }
  if (!count) refuse(std::string(scheduler.index) + " is set, but the number of shards is not, in " + looked_for);
  return *count;
}

/// Slurm's array indices may begin anywhere and may be several apart. An irregular list such as 1,2,9 has no K.
Shard slurm_shard(uint64_t index, uint64_t count, const Environment& environment) {
  const uint64_t first = number_in(environment, "SLURM_ARRAY_TASK_MIN").value_or(0);
  const auto last = number_in(environment, "SLURM_ARRAY_TASK_MAX");
  uint64_t step = number_in(environment, "SLURM_ARRAY_TASK_STEP").value_or(1);
  if (step == 0) step = 1;
  const bool regular = environment("SLURM_ARRAY_TASK_MIN") != nullptr && index >= first &&
                       (index - first) % step == 0 &&
                       (!last || (*last >= first && (*last - first) / step + 1 == count));
  if (!regular || (index - first) / step >= count) {
    refuse("SLURM_ARRAY_TASK_ID " + std::to_string(index) + " of " + std::to_string(count) +
           " is not in a regular range SLURM_ARRAY_TASK_MIN-SLURM_ARRAY_TASK_MAX:SLURM_ARRAY_TASK_STEP");
  }
  return {static_cast<uint32_t>((index - first) / step + 1), static_cast<uint32_t>(count)};
}

}  // namespace

Shard shard_of_environment(const Environment& environment) {
  const Scheduler* found = nullptr;
  std::string looked_for;
  for (const Scheduler& scheduler : schedulers) {
    looked_for += (looked_for.empty() ? "" : ", ") + std::string(scheduler.index);
    if (environment(scheduler.index) == nullptr) continue;
    if (found != nullptr) {
      refuse(std::string(found->index) + " (" + found->name + ") and " + scheduler.index + " (" + scheduler.name +
             ") are both set");
    }
    found = &scheduler;
  }
  if (found == nullptr) refuse("no variable of a scheduler is set; looked for " + looked_for);
  const uint64_t index = *number_in(environment, found->index);
  const uint64_t count = count_of(*found, environment);
  if (found == &schedulers[0]) return slurm_shard(index, count, environment);
  if (index < found->first_index || index - found->first_index >= count) {
    refuse(std::string(found->index) + " is " + std::to_string(index) + ", which is not one of " +
           std::to_string(count) + " shards");
  }
  return {static_cast<uint32_t>(index - found->first_index + 1), static_cast<uint32_t>(count)};
}

}  // namespace portloop
