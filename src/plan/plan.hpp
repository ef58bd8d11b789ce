// What to ask next, what to ask again, and when a silent port may be called filtered. Pure: it is told the time and
// what was seen, and returns what to do; a test can play the network.
//
// Words: an ask is one connect for a probe. A block is a part of the order whose hosts are scanned together. A pass
// asks every port of a block that is still silent. A check asks a port that is known to answer, to measure loss.
//
// Happy path: next() takes fresh probes from the shared cursor, block by block; each is asked once and answered. When
// a block is drawn and nothing of it is in flight, its silent ports are asked again in another order, pass by pass,
// until so few answers can be missing that silence is a verdict (pass_policy). Then each silent port is reported, and
// the block is forgotten.
//
// What goes wrong:
//   - a probe fails on our side: put_back(). It is asked again after a pause, with fewer in flight; if that never
//     ends, it is reported as unknown (local_backoff)
//   - a host that answered goes silent: it is suspended, and checked again and again. If it answers, what it was asked
//     meanwhile does not count; otherwise its remaining ports are unknown (host_watch)
//   - answers get fewer as we speed up: the window shrinks, or probes are spaced (window, pacer)
//   - all hosts fall silent together: the path is suspended, and a few witnesses are checked. If one answers, nothing
//     that was asked meanwhile counts; otherwise all that is left is unknown (path_watch)
//   - the next hop to silent hosts is not confirmed: their block is not judged before the system has reported it. If it
//     is gone, they are looked for again, or asked again; if it stays away, they are unknown (next_hops)
//   - a host on an own link may be absent: its first probe waits for the kernel's report, and the other ports wait for
//     that (neighbour_waits). If it is there, they are asked at once (late_hosts), otherwise all are host-unreach
//   - the first router's table of connections is full: nothing is sent until it has room again, and what was asked
//     meanwhile does not count (hop_watch)
//   - a host has stop_after open ports: its probes that have no result end without one; they are counted
//   - a host accepts connections on ports where nobody listens: the caller holds the results of its open ports until
//     that is found out, by a round trip or two (decoys)
//   - a host begins to refuse us: what it refuses is held until an open port of it has been accepted again; if that is
//     refused as well, all of it is unknown (ban_watch)
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>

#include "core/probe_result.hpp"
#include "plan/ask.hpp"
#include "plan/ban_watch.hpp"
#include "plan/decoys.hpp"
#include "plan/flow_limit.hpp"
#include "plan/full_table_watch.hpp"
#include "plan/hop_watch.hpp"
#include "plan/live_blocks.hpp"
#include "plan/local_backoff.hpp"
#include "plan/path_watch.hpp"
#include "plan/route_watch.hpp"
#include "plan/scan_space.hpp"
#include "plan/send_control.hpp"
#include "plan/timeout.hpp"

namespace portloop {

struct PlanOptions {
  bool adaptive = true;             ///< false: every ask waits timeout_ms, and the window is max_in_flight.
  uint32_t timeout_ms = 1000;       ///< The longest an ask may wait, once its neighbour is resolved.
  std::optional<uint32_t> retries;  ///< How many times a silent port is asked again; adaptive if not set.
  uint32_t max_in_flight = 1000;
  double rate_per_s = 0;               ///< 0: no limit.
  uint32_t stop_after = 0;             ///< A host with this many open ports is asked no more; 0: never.
  std::optional<DecoyOptions> decoys;  ///< Hosts that accept everything are looked for.
  bool asks_hop = false;               ///< A connect can be made with a hop limit of 1. Only if `adaptive`.
};

/// Not thread-safe: each loop has its own plan.
class ProbePlan {
 public:
  enum class Step : uint8_t {
    ask,       ///< Make `ask`.
    report,    ///< `report` is final: no answer came, or the probe could not be made.
    again,     ///< Nothing yet, but call again soon: a long search was cut so that the loop can breathe.
    wait,      ///< Nothing until `wait_until_us`, or until an ask ends.
    finished,  ///< Every probe that this plan took has its result, or needs none.
  };
  struct Next {
    Step step = Step::wait;
    Ask ask;
    ProbeResult report;
    uint64_t wait_until_us = 0;  ///< UINT64_MAX: only an ask that ends can change anything.
  };

  /// `space` and `cursor` outlive the plan.
  ProbePlan(const ScanSpace& space, ProbeCursor& cursor, const PlanOptions& options);

  /// Whether nothing is left to draw. Then draw_from() may follow, at any time.
  bool has_drawn_all() const { return drawn_all_; }
  /// Draws fresh probes from `part`, and keeps it as long as any of them has no result.
  void draw_from(const std::shared_ptr<ScanPart>& part);
  /// How far the plan has come.
  struct Progress {
    uint64_t drawn = 0;  ///< Positions that it has taken from the order and asked, or left to a later pass.
    uint32_t pass = 0;   ///< The lowest of its blocks'; 1 as long as anything is left to draw, 0 if nothing is left.
    uint32_t expected_passes = 0;  ///< About how many there will be, at least `pass`.
    uint64_t pass_size = 0;        ///< Of the live blocks: how many probes that pass goes through,
    uint64_t pass_sent = 0;        ///< and how many it has gone through.
  };
  Progress progress() const;
  /// Blocks that have probes without a result.
  uint32_t live_blocks() const { return blocks_.count(); }

  /// Valid until the next call. Of `ask`, `report` and `wait_until_us` only what belongs to the step is set.
  const Next& next(uint64_t now_us);

  /// How long this ask is to wait, by what is known now. It changes as its host answers or its neighbour is found; 0 if
  /// the neighbour was looked for in vain.
  uint32_t timeout_now_us(const Ask& ask) const;

  // Each ask ends in exactly one of these.
  /// The port answered, or the path answered for it: then `state` is filtered, and the round-trip time is not used.
  /// Final. `rtt_us` is 0 if it is no sample (Karn).
  void answered(const Ask& ask, PortState state, uint64_t rtt_us, uint64_t now_us);
  /// The same, for a caller that lets the plan hold results. Returns whether to report `result`, which is the ask's;
  /// otherwise it is no result of a probe, or the plan reports it later.
  bool take_answer(const Ask& ask, const ProbeResult& result, uint64_t rtt_us, uint64_t now_us);
  /// No answer within timeout_now_us().
  void silent(const Ask& ask, uint64_t now_us);
  /// The kernel found no such neighbour. Returns true if that is final: then the caller reports the port as filtered,
  /// host-unreach, and if the host was not resolved before, the plan reports its other ports later. Returns false if
  /// the host has answered before, and so has gone away, if the link may be away, or if it was the gateway that was not
  /// found: then it is as if the ask had been silent.
  bool no_neighbour(const Ask& ask, uint64_t now_us);
  /// It failed on our side, and is asked again later. `descriptors`: it was a descriptor that could not be had.
  void put_back(const Ask& ask, int error_number, bool descriptors, uint64_t now_us);
  /// The answer was in doubt: the same ask is made again, at once, with the counts that the caller gave it.
  void repeat(const Ask& ask);
  /// The system has no route to it. `may_pass`: it is, or may be, an outage. Returns true if that is final: then the
  /// caller reports the port. Otherwise it is made again, and what was in flight meanwhile does not count.
  bool no_route(const Ask& ask, bool may_pass, uint64_t now_us);
  /// An ask of kind hop, unless it failed on our side.
  void hop_ended(const Ask& ask, HopOutcome outcome, uint64_t now_us);
  /// It can't be asked from here; the caller reports it. Final.
  void given_up(const Ask& ask, uint64_t now_us);

  /// The system reports a neighbour, which need not be a target.
  void neighbour_event(const NeighbourEvent& event, uint64_t now_us);
  /// No events will be passed on: nothing waits for them.
  void neighbours_are_not_followed() { follows_neighbours_ = false; }
  /// Whether the gateway to this target has not been found: an error of unknown origin may be this machine's own.
  bool lacks_gateway(const Endpoint& endpoint) const;

  struct HostVerdict {
    Address address;
    HostState state;           ///< absent, lost, or, if it was absent before, alive.
    bool accepts_all = false;  ///< A HostFinding: it is alive, and accepts connections on every port.
    bool banned = false;       ///< It is lost, because it has begun to refuse us.
  };
  /// A host whose verdict has changed, before any of its ports is reported for that reason. Each is returned once.
  std::optional<HostVerdict> next_host_verdict();

  /// What becomes of the result of an open port, after answered().
  enum class OpenPortUse : uint8_t {
    report,
    hold,  ///< Until next_host_finding() has its host.
    drop,  ///< Its host accepts everything, and is asked no more.
  };
  OpenPortUse open_port_use(const Ask& ask) const;
  struct HostFinding {
    Address address;
    bool accepts_all;  ///< Connections on every port; otherwise it is an ordinary host.
  };
  bool has_host_findings() const { return !findings_.empty(); }
  /// What the decoys of a host have found out. Each is returned once.
  std::optional<HostFinding> next_host_finding();

  /// Changes two of the options from now on; what is in flight stays.
  void set_limits(uint32_t max_in_flight, double rate_per_s);
  /// The caller has not called next() for a while, for reasons of its own.
  void interrupted() {
    control_.interrupted();
    wants_room_ = false;
  }
  /// While it is held, next() asks for nothing, but reports what is known.
  void hold(bool held) {
    held_ = held;
    held_back_ = false;
  }
  /// Whether next() would have asked, had it not been held.
  bool is_held_back() const { return held_back_; }
  /// Whether answers have arrived that nobody has looked at yet: this side is busy, and more in flight would only wait.
  void answers_wait(bool wait) { control_.answers_wait(wait); }

  uint32_t in_flight() const { return in_flight_; }
  /// Probes that ended without a result, because their host had enough open ports.
  uint64_t not_asked() const { return not_asked_; }
  const SendControl& control() const { return control_; }
  const FlowLimit& flow_limit() const { return flows_; }
  /// For how long hosts on own links have had to wait for room in the neighbour table.
  uint64_t room_wait_us() const { return room_wait_us_; }

 private:
  /// What came of looking for work in one place.
  enum class Search : uint8_t {
    found,    ///< `next` is filled in.
    nothing,  ///< No work here now.
    changed,  ///< No work yet, but there may be at the next look: the search was cut, or something has ended.
  };

  /// What becomes of a fresh probe.
  enum class FreshUse : uint8_t {
    ask,
    await,  ///< It is drawn, and asked when its host's neighbour is found.
    later,  ///< It is drawn, and a later pass asks or reports it.
    drop,   ///< Its host has enough open ports.
    wait,   ///< The neighbour table has no room for its host now, or the only host is suspected of a ban.
  };

  /// First asks are answered in shares that differ by kind.
  enum class FirstAsks : uint8_t { early, others, later };

  Search find_work(uint64_t now_us, Next& next);
  Search next_hop(uint64_t now_us, Next& next);
  Search next_witness(uint64_t now_us, Next& next);
  Search next_put_back(uint64_t now_us, Next& next);
  Search next_decoy(uint64_t now_us, Next& next);
  Search next_released(Next& next);
  Search next_proof(uint64_t now_us, Next& next);
  Search next_of_block(Block& block, uint64_t now_us, Next& next);
  bool next_recovery_check(Block& block, uint64_t now_us, Next& next);
  bool next_wanted_check(Block& block, uint64_t now_us, Next& next);
  Search next_late_port(Block& block, uint64_t now_us, Next& next);
  Search next_retry(Block& block, uint64_t now_us, Next& next);
  bool next_check(Block& block, Host& host, uint64_t random, uint64_t now_us, Next& next);
  bool next_last_check(Block& block, uint64_t now_us, Next& next);
  Search next_report(Block& block, Next& next);
  Search next_fresh(uint64_t now_us, Next& next);

  void note_first_ask(const Ask& ask);
  FreshUse fresh_probe_use(Block& block, uint32_t probe, uint64_t now_us);
  bool begin_wait(const Block& block, uint32_t host_number, uint64_t now_us);
  bool may_send(uint64_t now_us);
  bool may_send_witness(uint64_t now_us);
  bool unless_held(bool may_send);
  bool has_finished() const { return drawn_all_ && backoff_.empty() && blocks_.empty(); }
  uint64_t wake_time_us(uint64_t now_us) const;
  uint64_t next_possible_send_us(uint64_t now_us) const;
  Search draw_chunk();
  Block* block_for_drawing(uint64_t position);
  void end_drawing(uint64_t position);
  bool waits_for_group(const Block& block) const;
  bool may_overlap(const Block& block) const;
  Search pass_ended(Block& block, uint64_t now_us);
  Search prove_next_hops(Block& block, uint64_t now_us);
  /// Whether silence of a host is a verdict, as far as its next hop is concerned.
  struct NextHopProof {
    uint64_t await_until_us = 0;  ///< The system will have reported more by then.
    bool asks_anew = false;       ///< What it was asked does not count.

    bool is_given(uint64_t now_us) const { return !asks_anew && await_until_us <= now_us; }
  };
  NextHopProof prove_next_hop(Block& block, uint32_t host_number, uint64_t now_us);
  NextHopProof prove_gateway(Block& block, uint32_t host_number, const NextHops::Hop& gateway, uint64_t now_us);

  void ask(Block& block, uint32_t probe, ProbeKind kind, uint64_t now_us, Next& next);
  void send(Ask& ask, uint64_t now_us);
  TimeoutOptions timeouts() const { return {options_.adaptive, options_.timeout_ms}; }

  Block& ended(const Ask& ask);
  void connect_ended(const Ask& ask);
  void forget_ask(const Ask& ask);
  void heard(const Ask& ask, bool by_path, uint64_t now_us);
  void path_is_back(uint64_t now_us);
  void silence_ended(bool came_further, uint64_t now_us);
  void lose_hosts();
  void next_hop_is_absent(const Address& next_hop, uint64_t now_us);
  uint32_t recovery_checks() const;
  void witness_ended(const Ask& ask, bool answered, uint64_t now_us);
  void path_answered(const Ask& ask, uint64_t now_us);
  void resolve(Block& block, uint32_t host_number, uint64_t now_us);
  void wait_has_news(uint64_t target, const NeighbourEvent& event, uint64_t now_us);
  bool is_absent(const NeighbourWaits::Wait& wait) const;
  FullTableWatch& table_of(Family family) { return tables_[family == Family::ipv6]; }
  void note_silence(Block& block, const Ask& ask, uint64_t now_us);
  bool note_lost_check(Block& block, const Ask& ask);
  void note_answerer(Block& block, const Ask& ask, PortState state);
  void look_for_all_open(Block& block, uint32_t host_number);
  void decoy_ended(const Ask& ask, DecoyOutcome outcome);
  void decide(const Decoys::Suspect& suspect, bool accepts_all);
  std::optional<Endpoint> hop_endpoint() const;
  bool is_silent_behind_router(const Block& block, const Host& host) const;
  bool hop_let_through(const Ask& ask, uint64_t now_us);
  bool hop_is_proven(Block& block);
  bool is_cut_off() const { return path_.suspended() || (hop_ && hop_->is_full() && !path_.lost()); }
  void note_witness_refused(const Ask& ask, Reason reason, uint64_t now_us);
  void proof_was_silent(const Ask& ask, uint64_t now_us);
  bool note_bans();
  bool has_unproven_results(const Block& block);
  Search wait_for_proofs() const { return bans_.any_released() ? Search::changed : Search::nothing; }
  void forget(Block& block);

  std::shared_ptr<const ScanSpace> space_;  // that fresh probes are drawn from
  ProbeCursor* cursor_;                     // of the same part
  const OwnLinks& links_;                   // the same for all parts
  NeighbourRoom& neighbours_;               // likewise
  PlanOptions options_;
  Next next_;  // kept, because it is large, and most of it belongs to one step only
  SendControl control_;
  LocalBackoff backoff_;
  LiveBlocks blocks_;
  PathWatch path_;
  RouteWatch routes_;
  FlowLimit flows_;
  std::optional<HopWatch> hop_;
  NeighbourWaits waits_;
  std::optional<Decoys> decoys_;
  BanWatch bans_;
  std::vector<HostFinding> findings_;  // for next_host_finding()
  std::array<FullTableWatch, 2> tables_;
  NextHops next_hops_;
  bool follows_neighbours_ = true;
  uint64_t first_wait_us_ = 0;  // when the first neighbour was looked for
  uint32_t news_of_next_hops_ = 0;
  uint64_t hold_until_us_ = 0;  // for which the last call of next() holds a block; UINT64_MAX: it holds none
  bool wants_room_ = false;     // the last call of next() found no room in the neighbour table
  uint64_t room_wait_us_ = 0;
  uint64_t last_call_us_ = 0;  // of next()
  Block* drawing_ = nullptr;   // the block that fresh probes are drawn into
  uint32_t turn_ = 0;          // place of the live block that is served next
  uint64_t chunk_next_ = 0;    // shard positions that are drawn from the cursor and not asked
  uint64_t chunk_end_ = 0;
  uint64_t taken_ = 0;  // positions, in all chunks so far
  bool drawn_all_ = false;
  FirstAsks first_asks_ = FirstAsks::others;  // the kind of the last one
  bool held_ = false;
  bool held_back_ = false;
  uint32_t steps_left_ = 0;  // of this call of next()
  uint32_t in_flight_ = 0;
  uint32_t fruitless_returns_ = 0;  // silences in a row that ended where the one before had ended
  uint64_t not_asked_ = 0;
};

}  // namespace portloop
