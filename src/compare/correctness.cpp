#include "compare/correctness.hpp"

#include <algorithm>

namespace portloop::compare {
namespace {

bool known(ProbeState state) { return state != ProbeState::none && state != ProbeState::unknown; }
bool filtered(ProbeState state) { return state == ProbeState::filtered || state == ProbeState::silent; }

ProbeState vote(const std::vector<const Verdicts*>& runs, size_t probe) {
  size_t open = 0, closed = 0, filtered_votes = 0;
  for (const Verdicts* run : runs) {
    const ProbeState state = (*run)[probe];
    open += state == ProbeState::open;
    closed += state == ProbeState::closed;
    filtered_votes += filtered(state);
  }
  if (open + closed + filtered_votes == 0) return ProbeState::none;
  if (open >= closed + filtered_votes) return ProbeState::open;
  return closed >= filtered_votes ? ProbeState::closed : ProbeState::filtered;
}

}  // namespace

Verdicts consensus(const std::vector<const Verdicts*>& runs) {
  Verdicts reference(runs.empty() ? 0 : runs.front()->size(), ProbeState::none);
  for (size_t i = 0; i < reference.size(); ++i) reference[i] = vote(runs, i);
  return reference;
}

bool wrong(ProbeState reported, ProbeState reference) {
  if (!known(reported)) return true;
  if (reported == ProbeState::open || reference == ProbeState::open) return reported != reference;
  return known(reference) && filtered(reported) != filtered(reference);
}

Correctness judge(const Verdicts& reported, const Verdicts& reference) {
  Correctness result;
  for (size_t i = 0; i < reference.size(); ++i) {
    const bool truly_open = reference[i] == ProbeState::open;
    if (!known(reported[i])) {
      ++result.unknown;
    } else if (reported[i] == ProbeState::open) {
      ++(truly_open ? result.found : result.wrongly_open);
    } else if (truly_open) {
      ++result.missed;
    } else if (known(reference[i]) && filtered(reported[i]) != filtered(reference[i])) {
      ++result.misjudged;
    }
  }
  return result;
}

Correctness worse(const Correctness& a, const Correctness& b) {
  return {std::min(a.found, b.found), std::max(a.missed, b.missed), std::max(a.wrongly_open, b.wrongly_open),
          std::max(a.unknown, b.unknown), std::max(a.misjudged, b.misjudged)};
}

uint64_t open_in(const Verdicts& verdicts) {
  return static_cast<uint64_t>(std::count(verdicts.begin(), verdicts.end(), ProbeState::open));
}

uint64_t silent_in(const Verdicts& verdicts) {
  return static_cast<uint64_t>(std::count(verdicts.begin(), verdicts.end(), ProbeState::silent));
}

}  // namespace portloop::compare
