#include "compare/explanation.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <limits>

#include "compare/forecast.hpp"
#include "compare/guest_programs.hpp"

namespace portloop::compare {
namespace {

// Below this, connects are answered before connect() returns: their latency is processor time, not a network's.
constexpr double answered_at_once_s = 200e-6;

// A network whose answers take this many times as long as its fastest ones has a queue.
constexpr double queue_factor = 2;

// A model that uses its processors more than this is limited by them.
constexpr double busy_share = 0.8;

double processor_s(const Entry& entry) { return entry.user_s.median + entry.system_s.median; }
double latency_s(const Entry& entry) { return entry.median(&RunRecord::p50_us) * 1e-6; }

/// How many processors a model can use at once.
double usable_processors(const Contender& contender, double processors) {
  switch (contender.kind) {
    case ModelKind::sequential: return 1;
    case ModelKind::thread_per_connection: return processors;
    case ModelKind::thread_pool: return std::min<double>(contender.threads, processors);
    case ModelKind::loop:
      return std::min<double>(std::min(contender.loops, std::max(1U, contender.in_flight)), processors);
    case ModelKind::guest: break;
  }
  assert(contender.guest != nullptr);
  const GuestWay way = contender.guest->way;
  if (contender.guest->runtime->has_lock || way == GuestWay::one || way == GuestWay::loop) return 1;
  return way == GuestWay::pool ? std::min<double>(contender.threads, processors) : processors;
}

/// How many threads a model makes. What threads cost in an interpreter is not known apart from its processor time.
double threads_made(const Contender& contender, double probes, double passes) {
  switch (contender.kind) {
    case ModelKind::thread_per_connection: return probes;
    case ModelKind::thread_pool: return std::min<double>(contender.threads - 1, probes) * passes;
    case ModelKind::loop: return contender.loops > 1 ? contender.loops : 0;
    case ModelKind::sequential:
    case ModelKind::guest: break;
  }
  return 0;
}

void find_network(const Comparison& comparison, Explanation& explanation) {
  double lowest_s = std::numeric_limits<double>::infinity();
  for (const Entry& entry : comparison.entries) {
    if (!entry.runs.empty() && latency_s(entry) > 0) lowest_s = std::min(lowest_s, latency_s(entry));
  }
  if (!std::isfinite(lowest_s)) return;
  explanation.answer_s = lowest_s;
  if (lowest_s < answered_at_once_s) return;
  // Of all models, the one with the most connects per second: if it has filled no queue, the network may be faster
  // still, whatever the answers of slower models waited for.
  const Entry* most = nullptr;
  double rate = 0;
  for (const Entry& entry : comparison.entries) {
    if (entry.runs.empty() || entry.wall_s.median <= 0) continue;
    const double reached = entry.median(&ModelRun::connects) / entry.wall_s.median;
    if (reached <= rate) continue;
    rate = reached;
    most = &entry;
  }
  if (most == nullptr || most->contender.guest != nullptr || latency_s(*most) < queue_factor * lowest_s) return;
  const double usable = usable_processors(most->contender, comparison.unit_costs->processors);
  if (used_processors(*most) / usable > busy_share) return;
  explanation.rate = rate;
  explanation.rate_of = most;
}

CostInputs inputs_of(const Comparison& comparison, const Explanation& explanation, const Entry& entry,
                     uint64_t silent) {
  const Setup& setup = comparison.setup;
  const double passes = silent > 0 ? setup.retries + 1.0 : 1;
  CostInputs inputs;
  inputs.silent = static_cast<double>(silent);
  inputs.answered = static_cast<double>(setup.probes) - inputs.silent;
  inputs.answer_s = explanation.answer_s;
  inputs.silence_s = setup.timeout_ms * 1e-3 * passes;
  inputs.in_flight =
      static_cast<double>(std::clamp<uint64_t>(max_in_flight(entry.contender, setup.probes), 1, setup.probes));
  inputs.processors = usable_processors(entry.contender, comparison.unit_costs->processors);
  inputs.rate = explanation.rate;
  inputs.threads = threads_made(entry.contender, static_cast<double>(setup.probes), passes);
  inputs.thread_s = comparison.unit_costs->thread_s;
  inputs.processor_s = std::max(0.0, processor_s(entry) - inputs.threads * inputs.thread_s);
  return inputs;
}

/// How far a prediction is off, whatever the direction: 0 if it is right.
double error_of(double predicted_s, double measured_s) {
  return std::abs(std::log(std::max(measured_s, 1e-9) / std::max(predicted_s, 1e-9)));
}

/// Replaces one input after the other by what was measured of this model, and finds the one that explains it best.
void find_deviation(Explained& model) {
  struct Candidate {
    Deviation deviation;
    CostTerm term;
    double predicted_s;
  };
  std::vector<Candidate> candidates;
  const Entry& entry = *model.entry;
  CostInputs inputs = model.inputs;
  if (const double own_s = latency_s(entry); own_s > 0) {
    inputs.answer_s = own_s;
    candidates.push_back({Deviation::answers, CostTerm::waiting, predict(inputs).total_s()});
  }
  inputs = model.inputs;
  if (const double peak = entry.median(&ModelRun::peak_in_flight); peak >= 1 && peak < inputs.in_flight) {
    inputs.in_flight = peak;
    candidates.push_back({Deviation::in_flight, CostTerm::waiting, predict(inputs).total_s()});
  }
  inputs = model.inputs;
  const CostTerm binds = model.prediction.binds();
  if (inputs.processors > 1 && (binds == CostTerm::processor || binds == CostTerm::start_up)) {
    inputs.processors = std::max(1.0, used_processors(entry));
    candidates.push_back({Deviation::processors, CostTerm::processor, predict(inputs).total_s()});
  }
  if (binds == CostTerm::waiting && inputs.in_flight >= inputs.answered + inputs.silent) {
    candidates.push_back(
        {Deviation::in_turn, CostTerm::processor, model.prediction.total_s() + model.prediction.processor_s});
  }
  candidates.push_back({Deviation::run_delay, CostTerm::processor,
                        model.prediction.total_s() + entry.median(&RunRecord::run_delay_us) * 1e-6});
  double best = error_of(model.prediction.total_s(), model.measured_s) / 2;  // at least half of the error
  for (const Candidate& candidate : candidates) {
    const double error = error_of(candidate.predicted_s, model.measured_s);
    if (error >= best) continue;
    best = error;
    model.deviation = candidate.deviation;
    model.wrong_term = candidate.term;
  }
}

}  // namespace

double used_processors(const Entry& entry) {
  return entry.wall_s.median > 0 ? processor_s(entry) / entry.wall_s.median : 0;
}

Explanation explain(const Comparison& comparison) {
  Explanation explanation;
  find_network(comparison, explanation);
  // As in a forecast: a model may miss answers, so the lowest number is the target's.
  uint64_t silent = comparison.setup.probes;
  for (const Entry& entry : comparison.entries) {
    for (const RunRecord& run : entry.runs) silent = std::min(silent, silent_in(run.states));
  }
  for (const Entry* entry : comparison.ranked()) {
    if (entry->runs.empty()) continue;
    Explained model;
    model.entry = entry;
    model.inputs = inputs_of(comparison, explanation, *entry, silent);
    model.prediction = predict(model.inputs);
    model.measured_s = entry->wall_s.median;
    model.off = is_off(model.prediction.total_s(), model.measured_s);
    if (model.off) find_deviation(model);
    explanation.models.push_back(model);
  }
  return explanation;
}

}  // namespace portloop::compare
