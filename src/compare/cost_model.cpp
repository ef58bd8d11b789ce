#include "compare/cost_model.hpp"

#include <algorithm>
#include <cmath>

namespace portloop::compare {

std::string_view to_text(CostTerm term) {
  switch (term) {
    case CostTerm::waiting: return "waiting";
    case CostTerm::processor: return "processor";
    case CostTerm::network: return "network";
    case CostTerm::start_up: break;
  }
  return "start-up";
}

double CostInputs::max_wait_s() const { return std::max(answered > 0 ? answer_s : 0, silent > 0 ? silence_s : 0); }

double Prediction::total_s() const { return std::max({waiting_s, processor_s, network_s}) + start_up_s; }

CostTerm Prediction::binds() const {
  const double largest = std::max({waiting_s, processor_s, network_s});
  if (start_up_s > largest) return CostTerm::start_up;
  if (largest == waiting_s) return CostTerm::waiting;
  return largest == processor_s ? CostTerm::processor : CostTerm::network;
}

Prediction predict(const CostInputs& inputs) {
  Prediction prediction;
  prediction.waiting_s = std::max(inputs.wait_s() / std::max(1.0, inputs.in_flight), inputs.max_wait_s());
  prediction.processor_s = inputs.processor_s / std::max(1.0, inputs.processors);
  prediction.network_s = inputs.rate > 0 ? (inputs.answered + inputs.silent) / inputs.rate : 0;
  prediction.start_up_s = inputs.threads * inputs.thread_s;
  return prediction;
}

double in_flight_that_suffices(const CostInputs& inputs) {
  const Prediction prediction = predict(inputs);
  const double others_s = std::max({prediction.processor_s, prediction.network_s, inputs.max_wait_s()});
  // No more than the probes, which rounding would exceed.
  return others_s > 0 ? std::min(std::ceil(inputs.wait_s() / others_s), inputs.answered + inputs.silent) : 1;
}

double threads_to_match(const CostInputs& inputs, double seconds) {
  const Prediction prediction = predict(inputs);
  const double probes = inputs.answered + inputs.silent;
  if (std::max({prediction.processor_s, prediction.network_s, inputs.max_wait_s()}) > seconds) return 0;
  // wait / n + n x thread = seconds: the smaller root, as the larger one only wastes threads.
  const double wait_s = inputs.wait_s();
  const double discriminant = seconds * seconds - 4 * inputs.thread_s * wait_s;
  if (discriminant < 0) return 0;
  const double threads = std::ceil(2 * wait_s / (seconds + std::sqrt(discriminant)));
  return threads <= probes ? std::max(1.0, threads) : 0;
}

bool is_off(double predicted_s, double measured_s) {
  return std::abs(measured_s - predicted_s) > max_error * predicted_s;
}

}  // namespace portloop::compare
