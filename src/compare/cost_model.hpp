// What the time of a model should be, from what a probe costs:
//
//   max(probes x wait / in flight, probes x processor time / processors, probes / rate of the network) + start-up
//
// and what would have to change to reach another time. Pure functions.
#pragma once

#include <cstdint>
#include <string_view>

namespace portloop::compare {

enum class CostTerm : uint8_t { waiting, processor, network, start_up };

/// "waiting", "processor", "network" or "start-up": as exported.
std::string_view to_text(CostTerm term);

/// All measured in the comparison whose times are predicted.
struct CostInputs {
  double answered = 0;     ///< Probes that get an answer.
  double answer_s = 0;     ///< How long an answer takes, without a queue.
  double silent = 0;       ///< Probes that don't.
  double silence_s = 0;    ///< How long one of them occupies a connect, in all passes.
  double in_flight = 1;    ///< What the model allows, at least 1.
  double processor_s = 0;  ///< Processor time of all probes, without that of making threads.
  double processors = 1;   ///< That the model can use at once, at least 1.
  double rate = 0;         ///< Answers per second of the network; 0: no limit was seen.
  double threads = 0;      ///< That are made one after the other.
  double thread_s = 0;     ///< How long making a thread takes.

  double wait_s() const { return answered * answer_s + silent * silence_s; }
  /// No number in flight makes a scan shorter than its longest wait.
  double max_wait_s() const;
};

struct Prediction {
  double waiting_s = 0;
  double processor_s = 0;
  double network_s = 0;
  double start_up_s = 0;

  double total_s() const;
  /// The term that decides: the largest of the first three, or start-up if that is larger still.
  CostTerm binds() const;
};

Prediction predict(const CostInputs& inputs);

/// Returns with how many connects in flight waiting would no longer be the largest term.
double in_flight_that_suffices(const CostInputs& inputs);

/// Returns how many threads, each with a connect in flight and each to be made first, would take `seconds`. 0 if no
/// number would: more threads wait less, but take longer to make.
double threads_to_match(const CostInputs& inputs, double seconds);

/// A prediction that is further from the measurement is reported as wrong.
constexpr double max_error = 1.0 / 3;

/// Returns whether the measurement differs from the prediction by more than max_error of it.
bool is_off(double predicted_s, double measured_s);

}  // namespace portloop::compare
