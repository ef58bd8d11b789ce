// Whether anything that this scan knows to be there still answers: many hosts that fall silent together are one event,
// of the path, and no verdict on any of them.
//
// Happy path: heard() at each answer. Endpoints of different hosts that answered are remembered as witnesses.
//
// What goes wrong:
//   - many answers are expected, of several hosts, and none comes from anywhere -> suspended: nothing is sent but a few
//     checks of witnesses, 1, 2, 4, 8, 8... s apart. If one is answered, the path is back; the plan lets what it asked
//     meanwhile not count. If none is, the path is lost for good
//   - a block is to be judged, and nothing has answered since it was last asked: a witness is checked first
//     (want_proof())
//   - neighbours on an own link are looked for, and nothing has answered for quiet_us: a witness is checked, because
//     a link that is away would make all of them absent
//   - the few witnesses there are were checked a moment ago: the neighbours are looked for twice
//   (ProbePlan::is_absent())
//   - fewer than min_witnesses hosts have answered: nothing can be said of a path, and each host is watched by itself
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>

#include "core/probe_result.hpp"
#include "core/rtt_estimator.hpp"
#include "plan/host_watch.hpp"
#include "plan/recovery_schedule.hpp"

namespace portloop {

/// An endpoint that has answered.
struct Witness {
  Endpoint endpoint;
  uint64_t target;  ///< Its number: see ScanSpace::address().
  RttEstimator rtt;
  Answerer kind;
};

/// Not thread-safe: one for each loop.
class PathWatch {
 public:
  static constexpr uint32_t min_witnesses = 2;

  /// The doubt of one host that counts, so that several must fall silent.
  double max_doubt_of_one_host() const { return max_path_doubt / std::clamp(witnesses_, min_witnesses, max_voices); }

  /// Whether an ask that was sent at `sent_us` was sent after the last answer arrived: only then its silence is news.
  bool is_news(uint64_t sent_us) const { return sent_us >= last_answer_us_; }
  bool suspended() const { return schedule_.has_value(); }
  bool lost() const { return lost_; }

  /// A port answered: it may serve as a witness.
  void add_witness(const Witness& witness);
  /// An answer has arrived. Returns whether it ends a suspension.
  bool heard(uint64_t now_us);
  /// The path is lost, although it answers now and then.
  void give_up() {
    lost_ = true;
    schedule_.reset();
  }
  /// `expected_answers` did not come. A path that is suspended for it is lost after `recovery_checks` at least.
  void silent(double expected_answers, uint64_t now_us,
              uint32_t recovery_checks = RecoverySchedule::min_recovery_checks);

  /// Whether an answer has arrived since `since_us`; true as well if there are too few witnesses to ask.
  bool is_proven_since(uint64_t since_us) const { return last_answer_us_ >= since_us || witnesses_ < min_witnesses; }
  /// A neighbour has answered a request: the link to it works. Proves nothing of the path beyond.
  void found_neighbour(uint64_t now_us) { note_life(now_us); }
  /// Whether something has answered, or was found, between the first and the last request for a neighbour: one that was
  /// looked for in vain is then absent, and not the link to it.
  bool was_alive(uint64_t first_us, uint64_t last_us) const {
    return last_life_us_ >= first_us && !(silent_from_us_ < first_us && last_us < silent_until_us_);
  }
  /// Whether there are witnesses enough to ask one whenever a proof is needed.
  bool can_always_ask() const { return closed_witnesses_ > 0 || witnesses_ >= min_open_witnesses; }
  bool has_witness() const { return witnesses_ > 0; }
  /// When a witness should be checked while neighbours are looked for; UINT64_MAX if there is none, or the path is
  /// away.
  uint64_t quiet_from_us() const;
  /// That was not so: a witness should be checked. Returns false if one is being checked already.
  bool want_proof() {
    proof_wanted_ = true;
    return checks_in_flight_ == 0;
  }

  /// The witness to check now, if any. May find that the path is lost.
  std::optional<Witness> due_check(uint64_t now_us, uint64_t random);
  void check_sent(uint64_t now_us);
  void check_answered() { --checks_in_flight_; }
  void check_failed(uint64_t now_us, uint32_t recovery_checks = RecoverySchedule::min_recovery_checks);
  /// The check could not be made.
  void check_withdrawn() { --checks_in_flight_; }
  /// When due_check() should be called again, 0 for at once; UINT64_MAX if only the end of an ask can change anything.
  uint64_t next_check_us() const {
    if (lost_) return UINT64_MAX;
    if (burst_left_ > 0 || (proof_wanted_ && checks_in_flight_ == 0)) return 0;
    return schedule_ ? schedule_->next_check_us() : UINT64_MAX;
  }

 private:
  // None of several hosts is silent by chance. A false alarm costs a second.
  static constexpr double max_path_doubt = 16;
  static constexpr uint32_t max_voices = 4;

  // The kernel sends a neighbour three requests, a second apart: something must answer between the first and the last.
  static constexpr uint64_t quiet_us = 1'500'000;
  // Open ports may be limited, as by `ufw limit`: each is asked every twelve seconds at most.
  static constexpr uint64_t open_interval_us = 12'000'000;
  static constexpr uint32_t min_open_witnesses = 8;  // open_interval_us by quiet_us

  struct Place {
    Witness witness;
    uint64_t next_check_us = 0;  ///< Not earlier, for a mere proof.
  };

  void note_life(uint64_t now_us);
  uint64_t max_deadline_us() const;
  void suspend(uint64_t now_us, uint32_t recovery_checks);

  std::array<std::optional<Place>, 32> places_;  // by target
  size_t checked_place_ = 0;                     // that due_check() chose last
  uint32_t witnesses_ = 0;
  uint32_t closed_witnesses_ = 0;  // of them, those that cost their host nothing
  double doubt_ = 0;               // answers that were expected since the last one and did not come
  uint64_t first_answer_us_ = 0;
  uint64_t last_answer_us_ = 0;
  uint64_t last_life_us_ = 0;                          // an answer, or a neighbour that was found
  uint64_t silent_from_us_ = 0, silent_until_us_ = 0;  // the last time that was longer than quiet_us
  uint32_t checks_in_flight_ = 0;
  uint64_t next_proof_us_ = 0;  // after a check in vain: what it delays has a turn
  bool proof_wanted_ = false;
  uint32_t burst_left_ = 0;  // witnesses that are still to be checked in this turn of the schedule
  std::optional<RecoverySchedule> schedule_;
  bool lost_ = false;
};

}  // namespace portloop
