#include "cli/watch/change_filter.hpp"

namespace portloop {

WatchedState watched_state(PortState state) {
  switch (state) {
    case PortState::open: return WatchedState::open;
    case PortState::closed: return WatchedState::closed;
    case PortState::filtered: return WatchedState::filtered;
    case PortState::unknown: break;
  }
  return WatchedState::none;
}

void ChangeFilter::restore(uint64_t index, WatchedState told, WatchedState pending) {
  known_[index].told = told;
  known_[index].pending = pending;
}

void ChangeFilter::saw(uint64_t index, WatchedState state) {
  if (state == WatchedState::none) return;
  Known& known = known_[index];
  if (state == known.told) {
    known.pending = WatchedState::none;
  } else if (known.told == WatchedState::none && state != WatchedState::filtered) {
    known.told = state;
  } else {
    suspects_.insert_or_assign(index, Suspect{state});
  }
}

std::vector<uint64_t> ChangeFilter::doubtful() const {
  std::vector<uint64_t> indices;
  indices.reserve(suspects_.size());
  for (const auto& [index, suspect] : suspects_) indices.push_back(index);
  return indices;
}

void ChangeFilter::asked_again(uint64_t index, WatchedState state) {
  const auto suspect = suspects_.find(index);
  if (suspect != suspects_.end()) suspect->second.seen_again = state;
}

std::vector<ConfirmedChange> ChangeFilter::end_round() {
  std::vector<ConfirmedChange> changes;
  for (const auto& [index, suspect] : suspects_) {
    Known& known = known_[index];
    if (suspect.seen_again == WatchedState::none) continue;
    const bool agreed = suspect.seen == suspect.seen_again;
    if (known.told == WatchedState::none) {
      known.told = suspect.seen_again;  // learned
    } else if (!agreed) {
      known.pending = WatchedState::none;
    } else if (suspect.seen == WatchedState::filtered && known.pending != WatchedState::filtered) {
      known.pending = WatchedState::filtered;
    } else {
      changes.push_back({index, known.told, suspect.seen});
      known.told = suspect.seen;
      known.pending = WatchedState::none;
    }
  }
  suspects_.clear();
  return changes;
}

}  // namespace portloop
