#include "cli/record/checkpoint_file.hpp"

#include <uv.h>

#include <algorithm>

#include "cli/record/replace_file.hpp"
#include "core/spec_error.hpp"

namespace portloop {
namespace {

// At most one a second, and at most a twentieth of the time is spent on them.
constexpr uint64_t min_interval_ns = 1'000'000'000;
constexpr uint64_t interval_per_cost = 20;

}  // namespace

std::string CheckpointFile::save(const Checkpoint& checkpoint, uint64_t begun_ns) {
  std::string error = replace_file(path_, "checkpoint " + quote_word(path_), checkpoint_text(checkpoint));
  const bool failed_before = failed_;
  failed_ = !error.empty();
  const uint64_t now_ns = uv_hrtime();
  next_ns_ = now_ns + std::max(min_interval_ns, interval_per_cost * (now_ns - begun_ns));
  return failed_before ? "" : error;
}

}  // namespace portloop
