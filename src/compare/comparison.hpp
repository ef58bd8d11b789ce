// A comparison: what was asked for, the runs, and what follows from them. Values and pure functions; the
// table, the words and the exports are made from it.
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

/// What every run has in common.
struct Setup {
  std::string targets;  ///< As the person wrote them.
  std::string ports;
  uint64_t probes = 0;
  uint32_t timeout_ms = 1000;
  uint32_t retries = 0;
  Order order = Order::random;
  uint64_t seed = 0;
  uint32_t runs = 5;  ///< Of each model, without the warm-up.
  uint32_t warmup = 1;
  std::string lab_profile;  ///< Empty: no lab.
  std::string command_line;
  Environment environment;
};

/// One contender with all its runs.
struct Entry {
  Contender contender;
  std::vector<RunRecord> runs;  ///< Measured ones only, in the order in which they ran.
  std::string failure;          ///< Why it could not run; the runs before it are kept.

  // Set by evaluate():
  Summary wall_s, user_s, system_s;
  std::vector<Correctness> answers;  ///< Of each run.
  Correctness correctness;           ///< The worst of them.
  std::optional<uint32_t> rank;      ///< 1 is the fastest; nothing where it failed or its answer differs.
  Ratio to_fastest;

  /// The median over the runs of one of the numbers.
  double middle(uint64_t RunRecord::*number) const;
  double middle(uint64_t ModelRun::*number) const;
  double probes_per_s(uint64_t probes) const { return wall_s.mean > 0 ? static_cast<double>(probes) / wall_s.mean : 0; }
  /// The share of its threads' time in which they waited: 1 - CPU / (wall x threads), 0-1.
  double waiting_share() const;
};

struct Comparison {
  Setup setup;
  std::vector<Entry> entries;  ///< In the order in which they were asked for.
  Verdicts truth;              ///< The lab's; empty without a lab.
  bool complete = true;        ///< false: interrupted.
  std::string doubt;           ///< Why the numbers may say more about something else; empty: no reason known.

  // Set by evaluate():
  uint64_t open_ports = 0;  ///< In the reference.

  /// The fastest entry that has a rank; null where none has.
  const Entry* fastest() const;
  /// By rank, then those without one, in the order of their mean time, then those without a run.
  std::vector<const Entry*> ranked() const;
};

/// Fills in what follows from the runs.
void evaluate(Comparison& comparison);

}  // namespace portloop::compare
