#include "cli/options/shard_choice.hpp"

#include <array>
#include <optional>

#include "cli/usage.hpp"
#include "core/record_line.hpp"
#include "core/spec_error.hpp"

namespace portloop {
namespace {

// What a count may be given in where the scheduler exports none; elsewhere it must agree.
constexpr const char* own_count = "PORTLOOP_SHARD_COUNT";

struct Scheduler {
  const char* name;
  const char* index;                  // the variable that numbers the parts
  uint64_t first_index;               // of the first part; Slurm says itself
  std::array<const char*, 2> counts;  // variables that may say how many there are
};

constexpr auto schedulers = std::to_array<Scheduler>({
    {"Slurm", "SLURM_ARRAY_TASK_ID", 0, {"SLURM_ARRAY_TASK_COUNT", own_count}},
    {"Kubernetes", "JOB_COMPLETION_INDEX", 0, {"JOB_COMPLETIONS", own_count}},
    {"AWS Batch", "AWS_BATCH_JOB_ARRAY_INDEX", 0, {"AWS_BATCH_JOB_ARRAY_SIZE", own_count}},
    {"GNU parallel", "PARALLEL_SEQ", 1, {own_count, nullptr}},
});

[[noreturn]] void refuse(const std::string& why) {
  throw UsageError("--shard auto: " + why + ": --shard K/N says it by hand");
}

std::optional<uint64_t> number_in(const Environment& environment, const char* variable) {
  const char* value = environment(variable);
  if (value == nullptr) return std::nullopt;
  const auto number = read_count(value);
  if (!number || *number > UINT32_MAX)
    refuse(std::string(variable) + " is " + quote_word(value) + ", not a whole number");
  return number;
}

uint64_t count_of(const Scheduler& scheduler, const Environment& environment) {
  std::optional<uint64_t> count;
  const char* said_by = nullptr;
  std::string looked_for;
  for (const char* variable : scheduler.counts) {
    if (variable == nullptr) continue;
    looked_for += (looked_for.empty() ? "" : " or ") + std::string(variable);
    const auto said = number_in(environment, variable);
    if (said && count && *said != *count) {
      refuse(std::string(said_by) + " is " + std::to_string(*count) + " but " + variable + " is " +
             std::to_string(*said));
    }
    if (said && !count) {
      count = said;
      said_by = variable;
    }
  }
  if (!count) refuse(std::string(scheduler.index) + " is set but not how many parts there are, in " + looked_for);
  return *count;
}

/// Slurm's array indices need not begin at 0 or 1, and may be steps apart; a list with gaps has no K.
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
  if (found == nullptr) refuse("no scheduler says which part this is; looked for " + looked_for);
  const uint64_t index = *number_in(environment, found->index);
  const uint64_t count = count_of(*found, environment);
  if (found == &schedulers[0]) return slurm_shard(index, count, environment);
  if (index < found->first_index || index - found->first_index >= count) {
    refuse(std::string(found->index) + " is " + std::to_string(index) + ", which is not one of " +
           std::to_string(count) + " parts");
  }
  return {static_cast<uint32_t>(index - found->first_index + 1), static_cast<uint32_t>(count)};
}

}  // namespace portloop
