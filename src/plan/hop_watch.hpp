// Whether the first router on the way to the targets has room for new connections. A connect with a hop limit of 1 ends
// there, and the router reports that (ICMP time exceeded), without root. A router whose connection table is full drops
// it like any other new connection: Linux looks into its table before it looks at the hop limit.
//
// Happy path: targets answer, and the router is never asked.
//
// What goes wrong:
//   - many asks in a row are not answered: the router is asked once, before any small table can be full, and then again
//     as more is sent (due()). As long as it reports each time, silence is that of the targets
//   - it does not report the first connects: it sends no ICMP errors, or there is no router. Nothing is concluded
//   - it reported at first and is silent now: it is asked again, first at once and then every second, because routers
//     limit their ICMP errors. If it stays silent, its table is full, or it is gone: nothing else is sent, and it is
//     checked 1, 2, 4, 8, 8... s apart. If it reports, what was asked meanwhile does not count (FlowLimit); if it never
//     does, the path is lost
//   - it only reports no more: a target that has answered before is asked meanwhile, and answers
//   - it reports so rarely that it seems to be full: when it reports again, it is asked twice more at once. If it has
//     room, it reports at least one of these. If it reports neither, nothing is concluded from then on
//   - a block is to be judged that never answered, and the router has not been asked for long: want_proof()
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <optional>

#include "core/probe_result.hpp"
#include "core/rtt_estimator.hpp"
#include "plan/recovery_schedule.hpp"

namespace portloop {

/// How a connect with a hop limit of 1 has ended.
enum class HopOutcome : uint8_t {
  expired,   ///< The first router has reported that it was the last hop.
  answered,  ///< By somebody who accepts or refuses connections: the target itself, or a proxy.
  silent,
};

/// What the loops of a scan share of it. Thread-safe.
class SharedHop {
 public:
  /// Takes one of the asks that a router may be expected to report: Linux sends each receiver a burst of six errors,
  /// and then one a second (net.ipv4.icmp_ratelimit). `keep`: so many of the burst are left.
  bool take(uint64_t now_us, uint32_t keep);
  /// When take() succeeds at the latest, if nothing is kept.
  uint64_t next_take_us() const;

  /// The connect that the router has reported, once one is known.
  std::optional<Endpoint> endpoint() const;
  void set_endpoint(const Endpoint& endpoint);
  /// Returns whether this loop may look for one now: one loop at a time does.
  bool begin_search(uint64_t now_us);

  void reported(uint64_t sent_us);
  /// When the latest connect that the router has reported was sent, by any loop.
  uint64_t reported_sent_us() const { return reported_sent_us_.load(std::memory_order_relaxed); }
  /// Counts a connect that it has not reported. Returns how many there were in a row.
  uint32_t missed() { return missed_.fetch_add(1, std::memory_order_relaxed) + 1; }

 private:
  static constexpr uint64_t interval_us = 1'000'000;
  static constexpr uint32_t burst = 5;
  enum class Found : uint8_t { no, being_set, yes };

  std::atomic<uint64_t> free_from_us_{0};  // when the burst can be repeated
  std::atomic<uint64_t> search_us_{0};
  std::atomic<Found> found_{Found::no};
  Endpoint endpoint_;  // set once, before found_
  std::atomic<uint64_t> reported_sent_us_{0};
  std::atomic<uint32_t> missed_{0};
};

/// Not thread-safe: one for each loop. Serials are SendControl's, in the order sent.
class HopWatch {
 public:
  /// `shared` outlives it.
  explicit HopWatch(SharedHop& shared) : shared_(shared) {}

  /// An ask was answered that has to pass the router.
  void let_through(uint64_t serial) { proven_serial_ = std::max(proven_serial_, serial); }
  /// Whether the router should be asked now.
  bool due(uint64_t next_serial, uint64_t now_us) const;
  /// There is nothing to ask it with.
  void postpone(uint64_t next_serial) { next_ask_serial_ = next_serial + search_after; }
  /// Whether an ask may be made now that is due; if so, it has to be followed by sent().
  bool begin_ask(uint64_t next_serial, uint64_t now_us);
  /// The connect to ask with; nullopt if none is known yet.
  std::optional<Endpoint> endpoint() const { return shared_.endpoint(); }
  void sent(uint64_t serial, uint64_t now_us);
  /// When due() should be called again, though nothing is sent meanwhile; UINT64_MAX if that changes nothing.
  uint64_t next_ask_us() const;

  /// That ask has ended. A router that falls silent is given `recovery_checks`.
  void ended(HopOutcome outcome, const Endpoint& endpoint, uint64_t now_us, uint32_t recovery_checks);
  /// It could not be made, and is due again.
  void withdrawn() {
    in_flight_ = false;
    next_ask_serial_ = 0;
  }
  /// Of what it reports.
  const RttEstimator& rtt() const { return rtt_; }
  /// How many endpoints were tried that it did not report.
  uint32_t searches() const { return searches_; }

  /// Whether the router does not let new connections through.
  bool is_full() const { return full_.has_value(); }
  /// Whether an ask that was sent at `sent_us` and got through, or one of another loop, ends that.
  bool is_back(uint64_t sent_us) const {
    return full_ && std::max(sent_us, shared_.reported_sent_us()) >= full_from_us_;
  }
  /// Whether it may really have been full: a table is full for seconds (FlowLimit).
  bool may_have_been_full(uint64_t now_us) const;
  /// It was not, and only reports no more, or too rarely: nothing is concluded from now on.
  void end_reports() {
    is_unusable_ = true;
    full_.reset();
  }
  /// Whether it has been checked in vain for too long.
  bool is_given_up(uint64_t now_us) const { return full_ && full_->is_over(now_us); }
  /// It lets connections through again; `next_serial` is that of the next ask.
  void back(uint64_t next_serial);

  /// Whether what was asked until `last_ask_us` was let through, as far as the router can show it.
  bool is_proven(uint64_t last_ask_us, uint64_t next_serial) const;
  void want_proof() { proof_wanted_ = true; }

 private:
  // Before the smallest table that FlowLimit knows is full; but not for the sake of a scan whose targets answer.
  static constexpr uint64_t search_after = 128;
  static constexpr uint32_t max_searches = 3;
  static constexpr uint64_t min_step = 256;
  static constexpr uint64_t max_step = 65'536;
  // At 10 % loss in each direction, four in a row are lost once in 800 times; the price of a false alarm is a second.
  static constexpr uint32_t max_missed = 4;
  static constexpr uint64_t report_pause_us = 1'100'000;
  // A router that was silent for seconds may send a burst of reports.
  static constexpr uint32_t max_confirmations = 2;

  void report_missed(uint64_t now_us, uint32_t recovery_checks);
  void report_arrived(uint64_t now_us);

  SharedHop& shared_;
  RttEstimator rtt_;
  uint32_t searches_ = 0;
  bool is_unusable_ = false;
  bool in_flight_ = false;
  uint64_t sent_us_ = 0;
  uint64_t first_serial_ = 0;   // after the last silence
  uint64_t proven_serial_ = 0;  // of the latest ask that got through
  uint64_t next_ask_serial_ = search_after;
  uint64_t next_ask_us_ = 0;
  bool proof_wanted_ = false;
  std::optional<RecoverySchedule> full_;
  uint64_t full_from_us_ = 0;
  uint32_t confirmations_left_ = 0;  // after the first report of a full router
};

}  // namespace portloop
