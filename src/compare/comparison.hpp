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
#include "compare/run_record.hpp"
#include "compare/statistics.hpp"
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
  std::string lab_profile;  ///< Empty: no lab.
  std::string command_line;
  Environment environment;
};

/// One contender with all its runs.
struct Entry {
  Contender contender;
  std::vector<RunRecord> runs;  ///< Without warm-up runs, in the order in which they ran.
  std::string failure;          ///< Why it could not run, or empty. Earlier runs are kept.

  // Set by evaluate():
  Summary wall_s, user_s, system_s;
  std::vector<Correctness> answers;  ///< One for each run.
  Correctness correctness;           ///< The worst of each number in `answers`.
  std::optional<uint32_t> rank;      ///< 1 is the fastest; nullopt if it failed or a result is wrong.
  Ratio to_fastest;

  /// The median of a number over the runs.
  double median(uint64_t RunRecord::*number) const;
  double median(uint64_t ModelRun::*number) const;
  double probes_per_s(uint64_t probes) const { return wall_s.mean > 0 ? static_cast<double>(probes) / wall_s.mean : 0; }
  /// The share of the threads' time that they spent waiting: 1 - processor time / (wall time x threads), 0-1. 0 if it
  /// is not defined.
  double waiting_share() const;
};

struct Comparison {
  Setup setup;
  std::vector<Entry> entries;  ///< In the order of the command line.
  Verdicts truth;              ///< The lab's ground truth; empty without a lab.
  bool complete = true;        ///< false: interrupted.
  std::string caveat;          ///< A sentence about why the numbers may be distorted, or empty.

  // Set by evaluate():
  uint64_t open_ports = 0;  ///< According to the reference.

  /// The entry with rank 1, or nullptr.
  const Entry* fastest() const;
  /// Entries by rank; then those without a rank, by mean time; then those without a run.
  std::vector<const Entry*> ranked() const;
};

/// Fills in the members marked "set by evaluate()".
void evaluate(Comparison& comparison);

}  // namespace portloop::compare
