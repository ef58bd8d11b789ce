#include "compare/words.hpp"

#include "compare/words_parts.hpp"

namespace portloop::compare {
namespace {

// If times vary by more than this, a difference of a few per cent means little.
constexpr double noisy_share = 0.15;

void add_caveats(const Comparison& comparison, Sentences& out) {
  std::vector<std::string> noisy;
  for (const Entry* entry : with_runs(comparison)) {
    const double share = entry->wall_s.mean > 0 ? entry->wall_s.deviation / entry->wall_s.mean : 0;
    if (share > noisy_share) noisy.push_back(entry->contender.name() + " (" + percent(share) + ")");
  }
  if (!noisy.empty())
    out.push_back("The times of " + listed(noisy) + " vary widely: use more runs or a quieter machine.");
  if (!comparison.caveat.empty()) out.push_back(comparison.caveat);
  if (!comparison.complete)
    out.push_back("Interrupted: the comparison is incomplete and contains only what was measured until then.");
}

}  // namespace

std::vector<std::string> sentences(const Comparison& comparison) {
  std::vector<std::string> out;
  add_winner(comparison, out);
  add_waiting(comparison, out);
  add_in_flight(comparison, out);
  add_exhausted_resources(comparison, out);
  add_several_loops(comparison, out);
  add_memory(comparison, out);
  add_errors(comparison, out);
  add_guests(comparison, out);
  add_late_lab(comparison, out);
  add_caveats(comparison, out);
  return out;
}

}  // namespace portloop::compare
