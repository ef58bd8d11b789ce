// One scan on one borrowed loop: draws probes from the plan, fills slots, hands out results.
//
// Happy path: start() opens the connector; from the loop, pump() takes what the plan says next, up to a batch,
// and gives each ask a slot; the connector tells the outcome, the table turns it into a verdict, the plan and
// the events learn it; when the plan is finished, on_done() is called; close() gives everything back.
//
// What goes wrong:
//   - a slot's timer fires: a question, not an answer. The loop runs timers before it polls, so the reply may
//     lie in the kernel already: the connector is asked before the plan is told of silence.
//   - many timers fire in one turn: they only queue their slots, which are asked in batches
//   - a local error: the plan takes the probe back and waits
//   - a timer fires too early, because it was started for its slot's probe before, or the loop's time was old when it
//     was started: it is started again
//   - stop() or close() from any callback, also from on_result(): pulling ends at once, pending connects are
//     cancelled in batches from the loop, then on_done(UV_ECANCELED) (scanner_end.cpp)
//   - no memory: the scan is stopped, and on_done(UV_ENOMEM) says why; no exception reaches the loop
#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include <uv.h>

#include "core/doubt.hpp"
#include "engine/connector.hpp"
#include "plan/plan.hpp"

namespace portloop {

/// What a scan tells. Always from the loop's thread, never from inside start(). Everything may be called on
/// the scanner from inside these. They may throw nothing but std::bad_alloc, which ends the scan.
class ScanEvents {
 public:
  virtual void on_result(const ProbeResult& result) = 0;
  /// Exactly once for each start(): 0, or UV_ECANCELED when it was stopped first, or UV_ENOMEM.
  virtual void on_done(int status) = 0;

 protected:
  ~ScanEvents() = default;
};

/// What a running scan has done. Each count only grows, but in_flight. Read from any thread.
struct ScanCounters {
  std::atomic<uint64_t> connects{0};  ///< Connect calls that were made for asks.
  std::atomic<uint64_t> open{0}, closed{0}, filtered{0}, unknown{0};
  std::atomic<uint64_t> local_failures{0};  ///< Asks put back because this machine lacked something.
  std::atomic<uint64_t> not_probed{0};      ///< Probes of hosts that had enough open ports.
  std::atomic<uint32_t> in_flight{0};
  std::atomic<uint32_t> peak_in_flight{0};

  uint64_t results() const { return open + closed + filtered + unknown; }
};

/// How what open ports say first is read.
struct BannerOptions {
  bool wanted = false;
  bool http = false;  ///< Where nothing came, ask with a GET.
  uint32_t timeout_ms = 2000;
  uint32_t max_bytes = 512;
};

struct ScannerOptions {
  PlanOptions plan;
  BannerOptions banners;
};

class BannerReader;
struct ConnectSlot;

/// Not thread-safe: everything from the loop's thread, but the counters.
class Scanner final : private ConnectorEvents {
 public:
  /// `loop`, `space`, `cursor` and `events` outlive the scanner.
  Scanner(uv_loop_t* loop, const ScanSpace& space, ProbeCursor& cursor, const ScannerOptions& options,
          std::unique_ptr<Connector> connector, ScanEvents& events);
  ~Scanner();  ///< Only after close() has called back, or where start() failed or was never called.

  /// On error (a negative libuv code) nothing is called back.
  int start();
  /// Ends the scan; on_done(UV_ECANCELED) follows from the loop, unless on_done() has been called. Open ports
  /// whose banner was being read are still told, with what came of it.
  void stop();
  /// Ends the scan without another result, and gives everything back; then `on_closed`, from the loop. Once.
  void close(std::function<void()> on_closed);

  const ScanCounters& counters() const { return counters_; }
  /// Whether it keeps the loop alive while it runs; it does by default. Once it is done it doesn't, until it
  /// is closed.
  void set_referenced(bool referenced);

 private:
  enum class State : uint8_t { fresh, running, stopping, done, closing };

  template <class Body>
  void guarded(Body body) noexcept;
  static void on_turn(uv_idle_t* idle);
  static void on_wake(uv_timer_t* timer);
  static void start_timer(ConnectSlot& slot, uint64_t wait_us);
  static void on_deadline(uv_timer_t* timer);
  void on_outcome(uint32_t slot, const ConnectOutcome& outcome) override;
  void on_batch_end(bool more_wait) override;

  void pump(uint64_t began_us);
  void ask_late_slots(uint64_t began_us);
  void start_ask(const Ask& ask);
  void handle(uint32_t slot, const ConnectOutcome& outcome);
  void handle_answer(uint32_t slot, const Verdict& verdict);
  void handle_silence(uint32_t slot, Connector::Keep keep);
  void handle_doubt(uint32_t slot, const Verdict& verdict);
  void forget_doubt(uint64_t position);
  void read_banner(uint32_t slot, const ProbeResult& result);
  void deliver(const ProbeResult& result);
  ProbeResult result_of(const ConnectSlot& slot, const Verdict& verdict, uint64_t now_ns) const;

  ConnectSlot& take_slot(const Endpoint& endpoint);
  void free_slot(uint32_t slot, Connector::Keep keep);
  void add_slot();
  void turn_soon();
  void cancel_some();
  void tell_done(int status);
  void close_some();
  void apply_reference(bool referenced);
  void on_handle_closed();

  uv_loop_t* loop_;
  ScannerOptions options_;
  ProbePlan plan_;
  std::unique_ptr<Connector> connector_;
  ScanEvents& events_;
  ScanCounters counters_;
  std::unique_ptr<BannerReader> banners_;

  State state_ = State::fresh;
  bool referenced_ = true;
  bool pumping_ = false;
  uv_idle_t turns_{};                                // active while there is work for the next turn of the loop
  uv_timer_t wake_{};                                // when the plan wants to be asked again
  std::vector<std::unique_ptr<ConnectSlot>> slots_;  // they never move
  std::vector<uint32_t> free_slots_[4];              // by the connector's kind
  struct LateSlot {
    uint32_t number;
    uint64_t serial;  // of its ask: by the time that it is looked at, the slot may have another one
  };
  std::deque<LateSlot> late_slots_;  // their timers fired
  size_t late_and_polled_ = 0;       // of them, before the loop polled last
  // By position, the few probes whose answers so far were inconclusive. Erased when the probe has its result or starts
  // afresh; the entry of one that the plan drops (its host has enough open ports) stays.
  std::unordered_map<uint64_t, DoubtCounts> doubts_;
  bool done_told_ = false;
  int failure_ = 0;  // why it was stopped, where nobody asked for it
  size_t cancelled_slots_ = 0;
  size_t closed_slots_ = 0;
  size_t open_handles_ = 0;
  std::function<void()> on_closed_;
};

}  // namespace portloop
