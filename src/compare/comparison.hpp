// A comparison: its setup, its runs, and what follows from them. Values and pure functions; the table, the sentences
// and the exports are made from it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "compare/contender.hpp"
#include "compare/correctness.hpp"
#include "compare/environment.hpp"
#include "compare/inference.hpp"
#include "compare/recorded_run.hpp"
#include "compare/run_record.hpp"
#include "compare/statistics.hpp"
#include "compare/unit_costs.hpp"
#include "core/probe_order.hpp"

namespace portloop::compare {

/// What all runs have in common.
struct Setup {
  std::string targets;  ///< As the user typed them.
  std::string ports;
  uint64_t probes = 0;
  uint32_t timeout_ms = 1000;
  uint32_t retries = 0;
  Order order = Order::random;
  uint64_t seed = 0;
  uint32_t runs = 5;  ///< Of each model, not counting warm-up runs.
  uint32_t warmup = 1;
  bool only_loopback = false;  ///< All targets are in 127.0.0.0/8 or ::1.
  std::string lab_profile;     ///< Empty: no lab.
  std::string command_line;
  Environment environment;
};

/// Why a model has no rank.
enum class Withheld : uint8_t {
  no,            ///< It has one.
  failed,        ///< It could not run, or has no run yet.
  wrongly_open,  ///< It reported a port as open that is not: no lost packet causes that.
  more_errors,   ///< It makes significantly more errors than the best model.
};

/// "", "failed", "wrongly open" or "more errors": as exported.
std::string_view to_text(Withheld withheld);

/// One contender with all its runs.
struct Entry {
  Contender contender;
  std::vector<RunRecord> runs;  ///< Without warm-up runs; runs[i] is of round i.
  std::string failure;          ///< Why it could not run, or empty. Earlier runs are kept.
  RecordedRun recorded;         ///< Without a connect if no run was recorded.

  // Set by evaluate():
  Summary wall_s, user_s, system_s;
  std::vector<Correctness> answers;  ///< One for each run.
  Correctness correctness;           ///< The worst of each number in `answers`.
  double error_rate = 0;             ///< The share of the probes of all runs that were wrong or unknown, 0-1.
  Withheld withheld = Withheld::failed;
  std::optional<uint32_t> rank;  ///< 1 has the shortest geometric mean of its times; nullopt if it is withheld.
  Ratio to_fastest;

  /// The median of a number over the runs.
  double median(uint64_t RunRecord::*number) const;
  double median(uint64_t ModelRun::*number) const;
  double probes_per_s(uint64_t probes) const { return wall_s.mean > 0 ? static_cast<double>(probes) / wall_s.mean : 0; }
  /// The share of the lab's answers to this model that were late, 0-1; nullopt without a lab.
  std::optional<double> late_share() const;
  /// The share of the threads' time that they spent waiting: 1 - processor time / (wall time x threads), 0-1. 0 if it
  /// is not defined.
  double waiting_share() const;
};

struct Comparison {
  Setup setup;
  std::vector<Entry> entries;           ///< In the order of the command line.
  Verdicts truth;                       ///< The lab's ground truth; empty without a lab.
  bool complete = true;                 ///< false: interrupted.
  std::optional<UnitCosts> unit_costs;  ///< With --explain.
  std::string caveat;                   ///< A sentence about why the numbers may be distorted, or empty.

  // Set by evaluate():
  uint64_t open_ports = 0;  ///< According to the reference.
  Ratios ratios;            ///< Of `entries`.

  /// The entry with rank 1, or nullptr.
  const Entry* fastest() const;
  /// The ratio of two models' times. Both are members of `entries`.
  Ratio ratio(const Entry& of, const Entry& to) const;
  /// Entries by rank; then those without a rank, by time; then those without a run.
  std::vector<const Entry*> ranked() const;
};

/// Fills in the members marked "set by evaluate()".
void evaluate(Comparison& comparison);

}  // namespace portloop::compare
