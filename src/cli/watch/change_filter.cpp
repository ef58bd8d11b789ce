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

void ChangeFilter::restore(uint64_t index, WatchedState reported, WatchedState pending) {
  known_[index].reported = reported;
  known_[index].pending = pending;
}

void ChangeFilter::observe(uint64_t index, WatchedState state) {
  if (state == WatchedState::none) return;
  Known& known = known_[index];
  if (state == known.reported) {
    known.pending = WatchedState::none;
  } else if (known.reported == WatchedState::none && state != WatchedState::filtered) {
    known.reported = state;
  } else {
    suspects_.insert_or_assign(index, Suspect{state});
  }
}

std::vector<uint64_t> ChangeFilter::suspects() const {
  std::vector<uint64_t> indices;
  indices.reserve(suspects_.size());
  for (const auto& [index, suspect] : suspects_) indices.push_back(index);
  return indices;
}

void ChangeFilter::confirm(uint64_t index, WatchedState state) {
  const auto suspect = suspects_.find(index);
  if (suspect != suspects_.end()) suspect->second.seen_again = state;
}

std::vector<ConfirmedChange> ChangeFilter::end_round() {
  std::vector<ConfirmedChange> changes;
  for (const auto& [index, suspect] : suspects_) {
    Known& known = known_[index];
    if (suspect.seen_again == WatchedState::none) continue;
    const bool agreed = suspect.seen == suspect.seen_again;
    if (known.reported == WatchedState::none) {
      known.reported = suspect.seen_again;  // learned
    } else if (!agreed) {
      known.pending = WatchedState::none;
    } else if (suspect.seen == WatchedState::filtered && known.pending != WatchedState::filtered) {
      known.pending = WatchedState::filtered;
    } else {
      changes.push_back({index, known.reported, suspect.seen});
      known.reported = suspect.seen;
      known.pending = WatchedState::none;
    }
  }
  suspects_.clear();
  return changes;
}

}  // namespace portloop
