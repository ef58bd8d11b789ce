#include "compare/forecast.hpp"

#include <algorithm>

#include "compare/guest_programs.hpp"

namespace portloop::compare {
namespace {

// A guest that takes this much longer than its forecast is taken for hanging. The fixed part is for a busy machine, and
// the part for each probe for the slowest way there is, a new thread in an interpreter.
constexpr double limit_factor = 10;
constexpr double limit_fixed_s = 60;
constexpr double limit_probe_s = 2e-3;

uint64_t max_in_flight_of_guest(const Contender& contender, uint64_t probes) {
  switch (contender.guest->way) {
    case GuestWay::one: return 1;
    case GuestWay::thread_each: return probes;
    case GuestWay::pool: return contender.threads;
    case GuestWay::loop:
    case GuestWay::tasks: break;
  }
  return contender.in_flight;
}

}  // namespace

uint64_t max_in_flight(const Contender& contender, uint64_t probes) {
  switch (contender.kind) {
    case ModelKind::sequential: return 1;
    case ModelKind::thread_per_connection: return probes;
    case ModelKind::thread_pool: return contender.threads;
    case ModelKind::guest: return max_in_flight_of_guest(contender, probes);
    case ModelKind::loop: break;
  }
  return contender.in_flight;
}

Forecast::Forecast(const Setup& setup, size_t models, double answer_s)
    : setup_(setup), models_(models), answer_s_(answer_s) {}

void Forecast::add(size_t model, const RunRecord& record) {
  ++models_[model].runs;
  models_[model].total_s += static_cast<double>(record.wall_us) * 1e-6;
  const uint64_t silent = silent_in(record.states);
  // A model may miss answers: the lowest number is the target's.
  silent_ = any_run_ ? std::min(silent_, silent) : silent;
  any_run_ = true;
  // With many connects in flight, an answer also waits in queues: the lowest latency is the network's.
  if (record.p50_us > 0) answer_s_ = std::min(answer_s_, static_cast<double>(record.p50_us) * 1e-6);
}

double Forecast::run_s(size_t model, const Contender& contender) const {
  if (models_[model].runs > 0) return models_[model].total_s / models_[model].runs;
  return computed_s(contender, silent_);
}

double Forecast::limit_s(const Contender& contender) const {
  const double max_s = computed_s(contender, any_run_ ? silent_ : setup_.probes);
  return limit_fixed_s + limit_factor * max_s + limit_probe_s * static_cast<double>(setup_.probes);
}

double Forecast::computed_s(const Contender& contender, uint64_t silent) const {
  const uint64_t probes = std::max<uint64_t>(1, setup_.probes);
  const double waiting_s =
      static_cast<double>(probes - std::min(silent, probes)) * answer_s_ +
      static_cast<double>(silent) * setup_.timeout_ms * 1e-3 * (static_cast<double>(setup_.retries) + 1);
  return waiting_s / static_cast<double>(std::clamp<uint64_t>(max_in_flight(contender, probes), 1, probes));
}

double Forecast::remaining_s(const std::vector<Entry>& entries) const {
  double seconds = 0;
  for (size_t i = 0; i < entries.size(); ++i) {
    if (!entries[i].failure.empty()) continue;
    seconds += run_s(i, entries[i].contender) * (setup_.warmup + setup_.runs - models_[i].runs);
  }
  return seconds;
}

}  // namespace portloop::compare
