// A comparison with made-up runs, for tests of what is computed from them.
#pragma once

#include <string_view>

#include "compare/comparison.hpp"

namespace portloop::testing {

/// `states` has a letter for each probe: n(one), o(pen), c(losed), f(iltered), s(ilent), u(nknown).
inline compare::RunRecord run_of(std::string_view states, double wall_s) {
  compare::RunRecord record;
  record.wall_us = static_cast<uint64_t>(wall_s * 1e6);
  record.user_us = 2'000;
  record.system_us = 8'000;
  record.memory_kib = 5'000;
  record.p50_us = 40'300;
  record.p95_us = 41'000;
  record.p99_us = 44'000;
  record.model.connects = states.size();
  record.model.peak_in_flight = 1;
  record.model.peak_threads = 1;
  record.model.peak_descriptors = 1;
  for (const char letter : states)
    record.states.push_back(static_cast<ProbeState>(std::string_view("nocfsu").find(letter)));
  return record;
}

inline compare::Entry entry_of(std::string_view model, std::string_view states, std::initializer_list<double> walls_s) {
  compare::Entry entry;
  entry.contender = compare::parse_models(model)->front();
  if (entry.contender.is_loop()) entry.contender.in_flight = 1000;
  for (const double wall_s : walls_s) {
    entry.runs.push_back(run_of(states, wall_s));
    ModelRun& run = entry.runs.back().model;
    if (entry.contender.threads > 0) run.peak_threads = run.peak_in_flight = entry.contender.threads;
  }
  return entry;
}

/// sequential in 6 s, thread-pool:50 in 1.2 s, loop in 0.1 s: eight probes, two of them open. Not evaluated.
inline compare::Comparison made_comparison() {
  compare::Comparison comparison;
  comparison.entries.push_back(entry_of("sequential", "oocccsss", {6.0, 6.1, 6.2}));
  comparison.entries.push_back(entry_of("thread-pool:50", "oocccsss", {1.20, 1.21, 1.22}));
  comparison.entries.push_back(entry_of("loop", "oocccsss", {0.100, 0.101, 0.102}));
  for (auto& run : comparison.entries[2].runs) run.model.peak_in_flight = 4000;
  comparison.setup.targets = "10.0.0.1";
  comparison.setup.ports = "1-8";
  comparison.setup.probes = 8;
  comparison.setup.seed = 77;
  comparison.setup.runs = 3;
  comparison.setup.command_line = "portloop compare 10.0.0.1 -p 1-8";
  comparison.setup.environment = {{"kernel", "Linux 6.1"}, {"libuv", "1.44.2"}};
  return comparison;
}

}  // namespace portloop::testing
