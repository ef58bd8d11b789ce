// Which changes of a watched network are reported: those that a second probe confirms. Pure.
//
// Each round, every endpoint is scanned (observe()); those that look different from what was reported last are probed
// again at once (suspects(), confirm()); end_round() returns the changes that are certain.
//
//   - Open and closed are answers of the host itself: seen twice in one round, they are reported.
//   - Filtered may be loss, an outage, or a host that restarts: it is reported once the next round has seen it,
//     twice.
//   - Unknown is no observation at all, and changes nothing.
//   - What an endpoint is at first is learned, not reported. Filtered has to be seen twice for that, too: a lost answer
//     must not become an opened port in the second round.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "core/probe_result.hpp"

namespace portloop {

enum class WatchedState : uint8_t { none, open, closed, filtered };

/// `none` for PortState::unknown.
WatchedState watched_state(PortState state);

/// How many times a silent port is retried when it is probed again. With a tenth of the packets lost in each direction,
/// seven connects in a row are lost once in 100,000 times.
inline constexpr uint32_t retries_to_confirm = 6;

struct ConfirmedChange {
  uint64_t index;
  WatchedState before;
  WatchedState after;
  friend bool operator==(const ConfirmedChange&, const ConfirmedChange&) = default;
};

/// Takes a byte for each endpoint. Endpoints are numbers below `endpoints`.
class ChangeFilter {
 public:
  explicit ChangeFilter(uint64_t endpoints) : known_(endpoints) {}

  /// What an earlier run has reported, and what it has seen once. Before the first round.
  void restore(uint64_t index, WatchedState reported, WatchedState pending);

  /// A result of this round's scan.
  void observe(uint64_t index, WatchedState state);
  /// What is to be probed again, ascending.
  std::vector<uint64_t> suspects() const;
  /// A result of probing again.
  void confirm(uint64_t index, WatchedState state);
  /// Returns the changes that this round has confirmed, by index.
  std::vector<ConfirmedChange> end_round();
  /// Forgets what this round has seen, instead of end_round().
  void abandon_round() { suspects_.clear(); }

  uint64_t size() const { return known_.size(); }
  /// What was reported last, or learned; none if nothing is known yet.
  WatchedState reported(uint64_t index) const { return known_[index].reported; }
  /// What the last round saw for the first time, and the next one may confirm; none if there is no such thing.
  WatchedState pending(uint64_t index) const { return known_[index].pending; }

 private:
  struct Known {
    WatchedState reported : 4 = WatchedState::none;
    WatchedState pending : 4 = WatchedState::none;
  };
  static_assert(sizeof(Known) == 1);
  struct Suspect {
    WatchedState seen;
    WatchedState seen_again = WatchedState::none;
  };

  std::vector<Known> known_;
  std::map<uint64_t, Suspect> suspects_;  // of this round
};

}  // namespace portloop
