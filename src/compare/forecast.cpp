#include "compare/forecast.hpp"

#include <algorithm>

namespace portloop::compare {
namespace {

uint64_t max_in_flight(const Contender& contender, uint64_t probes) {
  switch (contender.kind) {
    case ModelKind::sequential: return 1;
    case ModelKind::thread_per_connection: return probes;
    case ModelKind::thread_pool: return contender.threads;
    case ModelKind::loop: break;
  }
  return contender.in_flight;
}

}  // namespace

Forecast::Forecast(const Setup& setup, size_t models, double answer_s)
    : setup_(setup), models_(models), answer_s_(answer_s) {}

void Forecast::add(size_t model, const RunRecord& record) {
  ++models_[model].runs;
  models_[model].total_s += static_cast<double>(record.wall_us) * 1e-6;
  silent_ = static_cast<uint64_t>(std::count(record.states.begin(), record.states.end(), ProbeState::silent));
  // With many connects in flight, an answer also waits in queues: the lowest latency is the network's.
  if (record.p50_us > 0) answer_s_ = std::min(answer_s_, static_cast<double>(record.p50_us) * 1e-6);
}

double Forecast::run_s(size_t model, const Contender& contender) const {
  if (models_[model].runs > 0) return models_[model].total_s / models_[model].runs;
  const uint64_t probes = std::max<uint64_t>(1, setup_.probes);
  const double waiting_s =
      static_cast<double>(probes - std::min(silent_, probes)) * answer_s_ +
      static_cast<double>(silent_) * setup_.timeout_ms * 1e-3 * (static_cast<double>(setup_.retries) + 1);
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
