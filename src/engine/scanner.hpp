// One scan on one borrowed loop: takes probes from the plan, makes the connects in slots, and reports results.
//
// Happy path: start() opens the connector. From the loop, pump() does what the plan returns next, a batch at a time:
// each ask gets a slot and a connect. The connector reports its outcome, classify() turns it into a verdict, and the
// plan and the events receive it. When the plan is finished, on_done() is called; close() frees everything.
//
// What goes wrong:
//   - a slot's timer fires: that proves nothing yet. The loop runs timers before it polls, so the answer may already be
//     in the kernel: the connector is polled once more before silence is reported to the plan.
//   - many timers fire in one turn: their slots are only queued, and polled in batches
//   - a timer fires too early, because it was started for the slot's previous probe, or when the loop's time was stale:
//     it is started again
//   - a local error: the plan takes the probe back and makes it again later; the same for a route that is away for a
//     while
//   - an answer is not conclusive: the connect is repeated as core/doubt.hpp decides
//   - a port is open, and its host may accept everything: the result is held until that is known (suspect_hosts.hpp)
//   - a host may have banned us: the plan holds what it refuses, and reports it later (plan/ban_watch.hpp). What is
//   held
//     when the scan is stopped is not reported
//   - stop() or close() from any callback, even on_result(): no more probes are taken, pending connects are cancelled
//     from the loop in batches, then on_done(UV_ECANCELED) is called (scanner_end.cpp)
//   - out of memory: the scan stops, and then on_done(UV_ENOMEM) is called; no exception reaches the loop
//   - the input is open, and nothing is left to scan: the scanner waits for additions (scanner_input.cpp)
//   - the process forks: in the child the descriptors are closed, no result follows, and on_done(UV_ENOTSUP) is called
#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <new>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include <uv.h>

#include "core/doubt.hpp"
#include "engine/budget_share.hpp"
#include "engine/connector.hpp"
#include "engine/loop_turn.hpp"
#include "engine/neighbour_watch.hpp"
#include "engine/recent_targets.hpp"
#include "engine/scan_input.hpp"
#include "engine/slot_array.hpp"
#include "engine/suspect_hosts.hpp"
#include "plan/plan.hpp"

namespace portloop {

/// Called on the loop's thread, never inside Scanner::start(). May call any function of the scanner. May throw
/// std::bad_alloc, which ends the scan, and nothing else.
class ScanEvents {
 public:
  virtual void on_result(const ProbeResult& result) = 0;
  /// Only if ScannerOptions::host_verdicts is set.
  virtual void on_host(const ProbePlan::HostVerdict&) {}
  /// Exactly once after each successful start(): 0, UV_ECANCELED if the scan was stopped first, UV_ENOMEM, or
  /// UV_ENOTSUP in a child process.
  virtual void on_done(int status) = 0;

 protected:
  ~ScanEvents() = default;
};

/// May be read from any thread. All but in_flight, the progress and `learned_rate` only grow.
struct ScanCounters {
  std::atomic<uint64_t> connects{0};  ///< Connect attempts: one for each ask, even if nothing could be sent.
  std::atomic<uint64_t> open{0}, closed{0}, filtered{0}, unknown{0};
  std::atomic<uint64_t> local_failures{0};    ///< Asks put back because a local resource was exhausted.
  std::atomic<uint64_t> not_probed{0};        ///< Left out: their host had enough open ports, or accepts everything.
  std::atomic<uint32_t> flow_limit_per_s{0};  ///< As FlowLimit; at least 1 if there is a limit.
  std::atomic<uint64_t> flow_limit_flows{0};
  std::atomic<uint32_t> flow_limit_hold_ms{0};
  std::atomic<uint32_t> in_flight{0};
  std::atomic<uint32_t> peak_in_flight{0};
  // As ProbePlan::Progress, a few times a second. `pass` is 0 before the scan and after it.
  std::atomic<uint64_t> drawn{0}, pass_size{0}, pass_sent{0};
  std::atomic<uint32_t> pass{0}, expected_passes{0};
  std::atomic<uint32_t> banners{0};        ///< Connections from which a banner is being read.
  std::atomic<uint32_t> learned_rate{0};   ///< The lowest rate that overload has taught; 0 if there was no overload.
  std::atomic<bool> had_own_queue{false};  ///< The window was cut because of OwnQueue.
  std::atomic<uint64_t> room_wait_ms{0};   ///< For room in the neighbour table.

  uint64_t results() const { return open + closed + filtered + unknown; }
};

/// How the banners of open ports are read.
struct BannerOptions {
  bool wanted = false;
  bool http = false;      ///< If nothing arrives, send a GET.
  bool printers = false;  ///< Send it to ports of printers, too.
  uint32_t timeout_ms = 2000;
  uint32_t max_bytes = 512;
};

struct ScannerOptions {
  PlanOptions plan;
  BannerOptions banners;
  bool keep_connections = false;  ///< Results of open ports have their connection.
  SocketSettings sockets;
  bool host_verdicts = false;            ///< Hosts that become absent or lost, or accept everything, are reported.
  std::shared_ptr<SharedBudget> budget;  ///< With other scans; nullptr for none. The plan's limits hold as well.
};

/// What may change while a scan runs.
struct ScanLimits {
  uint32_t max_in_flight;  ///< At least 1.
  double rate_per_s;       ///< 0: no limit.
};

class BannerReader;

/// Not thread-safe: use it on the loop's thread only, except counters().
class Scanner final : private ConnectorEvents {
 public:
  /// `loop`, `turn` (the loop's), `space`, `cursor`, `events` and `input` outlive the scanner. With an input, the scan
  /// goes on with what is added when it has drawn all of `space`, and is not done before the input is finished.
  Scanner(uv_loop_t* loop, LoopTurn& turn, const ScanSpace& space, ProbeCursor& cursor, const ScannerOptions& options,
          std::unique_ptr<Connector> connector, ScanEvents& events, ScanInput* input = nullptr);
  /// Precondition: start() was never called, or it failed, or close() has called `on_closed` (which may itself destroy
  /// the scanner). Otherwise the loop still has handles that point here.
  ~Scanner();

  /// Call it once. Returns 0, or a negative libuv code: then no event follows, and the scanner can only be destroyed.
  int start();
  /// Call it once, after start() has succeeded. Returns 0, or a negative libuv code: then the scan has to be ended.
  int join_budget() noexcept;
  /// Takes no more probes, cancels the pending connects from the loop, then calls on_done(UV_ECANCELED). Open ports
  /// whose banner is being read are still reported, with the part that has arrived. No effect before start() and after
  /// on_done().
  void stop();
  /// While it is paused, a running scan starts no connect; those in flight end, and answers are reported, silence is
  /// not. It is not done before it is resumed. No effect unless it runs.
  void set_paused(bool paused);
  /// Takes effect in the next turn of the loop; connects that are in flight stay. No effect unless it runs.
  void set_limits(const ScanLimits& limits);
  /// Something was added to the input, or it is finished.
  void input_changed();
  /// Precondition: start() returned 0, and close() was not called before. stop() and on_done() need not have been.
  /// Ends the scan without another result; on_done(UV_ECANCELED) follows, unless on_done() was already called. Then
  /// closes the timers, the connector and all other handles, some in each turn of the loop, and calls `on_closed` from
  /// the loop, which must run until then.
  void close(std::function<void()> on_closed);

  const ScanCounters& counters() const { return counters_; }
  /// Whether the running scan keeps the loop alive. It does by default. A scan that is done does not; one that is being
  /// closed always does.
  void set_referenced(bool referenced);
  /// This process is a child of the one that started the scan: see LoopTurn.
  void on_fork() noexcept;

 private:
  enum class State : uint8_t { fresh, running, stopping, done, closing };

  template <class Body>
  void guarded(Body body) noexcept;
  void on_turn();
  static void on_wake(uv_timer_t* timer);
  static void start_timer(ConnectSlot& slot, uint64_t wait_us);
  static void on_deadline(uv_timer_t* timer);
  void on_outcome(uint32_t slot, const ConnectOutcome& outcome) override;
  void on_batch_end(bool more_wait) override;
  bool has_queued_turn() const override { return work_.is_queued(); }

  void watch_neighbours() noexcept;
  void note_neighbours(std::span<const NeighbourEvent> events);
  void look_at_deadline(const Address& neighbour);
  void pump(uint64_t began_us);
  bool report_host();
  bool report_settled();
  void settle_findings();
  void draw_next_part(uint64_t now_us);
  uint64_t next_part_us() const;
  void plan_finished();
  void wait_for_plan(uint64_t plan_wake_us, uint64_t now_us);
  void wake_at(uint64_t time_us, uint64_t now_us);
  void give_back_permit();
  void put_down_permit(bool is_held_back);
  void poll_late_slots(uint64_t began_us);
  void start_ask(const Ask& ask);
  void handle(uint32_t number, const ConnectOutcome& outcome);
  void handle_answer(uint32_t number, const Verdict& verdict);
  void handle_open_port(uint32_t number, const ProbeResult& result);
  void handle_no_neighbour(uint32_t number, const Verdict& verdict);
  void handle_no_route(uint32_t number, const Verdict& verdict);
  bool handle_hop(uint32_t number, const ConnectOutcome& outcome, const Verdict& verdict);
  void handle_silence(uint32_t number, Connector::Keep keep);
  void handle_doubt(uint32_t number, const Verdict& verdict);
  void forget_doubt(uint64_t position);
  void read_banner(uint32_t number, const ProbeResult& result);
  void deliver_connection(uint32_t number, ProbeResult result, bool hold);
  void deliver_read(const ProbeResult& result);
  void deliver(const ProbeResult& result);
  ProbeResult result_of(const ConnectSlot& slot, const Verdict& verdict, uint64_t now_ns) const;

  void free_slot(uint32_t number);
  void release_slot(uint32_t number, Connector::Keep keep);
  void publish_flow_limit();
  void publish_progress(uint64_t now_us);
  uint64_t progress_due_us() const;
  void schedule_turn();
  void cancel_some();
  bool report_held();
  void report_done(int status);
  void close_some();
  void apply_reference(bool referenced);
  void on_handle_closed();

  uv_loop_t* loop_;
  LoopTurn& turn_;
  const ScanSpace& space_;
  ProbeCursor& cursor_;
  ScannerOptions options_;
  ProbePlan plan_;
  std::unique_ptr<Connector> connector_;
  ScanEvents& events_;
  ScanInput* input_;  // nullptr if nothing can be added
  ScanInput::Reader reader_;
  uint64_t part_spaced_until_us_ = 0;  // additions wait until then for more of them
  ScanCounters counters_;
  std::unique_ptr<NeighbourWatch> neighbours_;  // nullptr unless targets are on own links
  std::unique_ptr<BannerReader> banners_;       // nullptr unless banners are wanted
  std::unique_ptr<BudgetShare> share_;          // nullptr unless it shares a budget
  std::optional<SuspectHosts> suspects_;        // if there are decoys

  State state_ = State::fresh;
  bool referenced_ = true;
  bool pumping_ = false;
  bool paused_ = false;
  LoopTurn::Work work_{[](void* self) { static_cast<Scanner*>(self)->on_turn(); }, this};
  OwnedHandle<uv_timer_t, Scanner> wake_;  // fires when the plan wants to be called again
  SlotArray slots_;
  RecentTargets sent_to_;
  std::map<Address, uint32_t> waiting_slots_;  // whose connects wait for their neighbours
  struct LateSlot {
    uint32_t number;
    uint64_t serial;  // of its ask; by the time it is polled, the slot may have another one
  };
  std::deque<LateSlot> late_slots_;  // their timers have fired
  size_t late_and_polled_ = 0;       // how many of them were late before the loop last polled
  // By position, the few probes whose answers so far were inconclusive. Erased when the probe has its result or starts
  // afresh; the entry of one that the plan drops (its host has enough open ports) stays.
  std::unordered_map<uint64_t, DoubtCounts> doubts_;
  uint64_t progress_published_us_ = 0;
  bool done_reported_ = false;
  int failure_ = 0;  // why it stopped by itself, or 0
  size_t cancelled_slots_ = 0;
  size_t closed_slots_ = 0;
  size_t open_handles_ = 0;
  std::function<void()> on_closed_;
};

template <class Body>
void Scanner::guarded(Body body) noexcept {
  try {
    body();
  } catch (const std::bad_alloc&) {
    pumping_ = false;
    failure_ = UV_ENOMEM;
    stop();
    schedule_turn();
  }
}

}  // namespace portloop
