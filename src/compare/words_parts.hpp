// What the sentences of words.cpp are built from. Internal to the files that write sentences.
#pragma once

#include <string>
#include <vector>

#include "compare/comparison.hpp"

namespace portloop::compare {

using Sentences = std::vector<std::string>;
using Entries = std::vector<const Entry*>;

// Each appends the sentences of its subject that the numbers support.

// words_speed.cpp
void add_winner(const Comparison& comparison, Sentences& out);
void add_in_flight(const Comparison& comparison, Sentences& out);
void add_several_loops(const Comparison& comparison, Sentences& out);
// words_cost.cpp
void add_waiting(const Comparison& comparison, Sentences& out);
void add_exhausted_resources(const Comparison& comparison, Sentences& out);
void add_memory(const Comparison& comparison, Sentences& out);
// words_guests.cpp
void add_guests(const Comparison& comparison, Sentences& out);
// words_errors.cpp
void add_errors(const Comparison& comparison, Sentences& out);
void add_late_lab(const Comparison& comparison, Sentences& out);

/// By rank, as Comparison::ranked().
Entries with_runs(const Comparison& comparison);
Entries with_rank(const Comparison& comparison);

/// The maximum over the runs.
uint64_t max_of(const Entry& entry, uint64_t ModelRun::*field);

/// "12 %", "99.9 %"
std::string percent(double share);
/// "1 probe", "1,000 probes"
std::string counted(uint64_t count, const char* what);
/// "a", "a and b", "a, b and c"
std::string listed(const std::vector<std::string>& parts);
/// "1.20": a ratio without an interval.
std::string about(double ratio);

}  // namespace portloop::compare
