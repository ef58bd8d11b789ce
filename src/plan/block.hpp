// One block of the order while any of its probes has no result: the books of its probes, its hosts, its passes.
//
// A probe's life: draw() when it is taken from the order; asked() and returned() for each connect; finish() when it has
// its result. The plan decides, the block keeps the books and asserts that they balance.
//
// A block's life: drawing, until the order leads into the next block; in a group of blocks, first its early ports, and
// its other ports when those of all blocks of the group have been asked. Then settling (what is in flight comes back)
// and sweeping (the silent probes are asked again) take turns, a pass each, until silence is a verdict; then reporting.
#pragma once

#include <algorithm>
#include <cassert>
#include <cstdint>
#include <optional>
#include <vector>

#include "core/permutation.hpp"
#include "plan/ask.hpp"
#include "plan/checks.hpp"
#include "plan/flow_limit.hpp"
#include "plan/host_watch.hpp"
#include "plan/late_hosts.hpp"
#include "plan/loss_estimate.hpp"
#include "plan/next_hops.hpp"
#include "plan/pass_policy.hpp"
#include "plan/probe_ledger.hpp"
#include "plan/scan_space.hpp"

namespace portloop {

/// Not thread-safe.
class Block {
 public:
  enum class Phase : uint8_t {
    drawing,    ///< Fresh probes come in.
    sweeping,   ///< The silent ones are asked again.
    settling,   ///< Everything of this pass has been asked; its answers and deadlines are awaited.
    reporting,  ///< Silence is the verdict.
  };

  /// `space` outlives it. `place`: its index among the plan's live blocks. `retries`: the user's, if set.
  Block(const ScanSpace& space, uint64_t number, uint32_t place, std::optional<uint32_t> retries);
  /// Before anything is drawn: which hosts are this machine's own, which have to be looked for, and which are reached
  /// by a next hop that is not confirmed.
  void note_next_hops(const NextHops& hops);

  uint64_t number() const { return number_; }
  uint32_t place() const { return place_; }
  /// Probes of the block that belong to this shard, whichever loop draws them.
  uint32_t size() const { return static_cast<uint32_t>(runs_.size()); }
  uint32_t probe_at(uint64_t position) const {
    return static_cast<uint32_t>(position - (position < runs_.early_end ? runs_.early_first : others_from_));
  }
  uint64_t position(uint32_t probe) const { return space_->base_position + shard_position(probe); }
  /// Where its probes are in the shard.
  const ScanSpace::Runs& runs() const { return runs_; }
  /// The probe's host, as an index into `hosts`, and port.
  ProbeOrder::Block::Local local(uint32_t probe) const {
    if (!sparse_.empty()) return sparse_[probe];
    const uint64_t index = space_->shard.index_at(shard_position(probe));
    return order_.at(probe < runs_.early() ? index - first_early_index_ : index - first_other_index_ + order_.early());
  }
  /// The inverse of local(). nullopt if it is another shard's. Precondition: the probes are not listed.
  std::optional<uint32_t> probe_of(const ProbeOrder::Block::Local& local) const;
  /// Whether it is of an early port.
  bool is_early(uint32_t probe) const {
    return sparse_.empty() ? probe < runs_.early() : space_->order.is_early(sparse_[probe].port);
  }
  Endpoint endpoint(const ProbeOrder::Block::Local& local) const {
    return {space_->address(hosts[local.host_in_block].target), space_->ports.at(local.port)};
  }
  uint64_t tag(uint32_t probe, const ProbeOrder::Block::Local& local) const {
    return space_->tag_of(position(probe), hosts[local.host_in_block].target);
  }
  const ScanSpace& space() const { return *space_; }

  // ---- The books ----

  /// How many probes the ledger has room for: in a group only the early ones, until others are drawn.
  uint32_t ledger_size() const { return ledger_.size(); }
  void extend_ledger() {
    ledger_.grow(size());
    asked_now_.resize(size());
  }

  /// The probe is ours: not asked yet, without a result.
  void draw(uint32_t probe) {
    assert(phase_ == Phase::drawing && ledger_.finished(probe));  // what nobody has drawn counts as finished
    ledger_.draw(probe);
    ++unfinished_;
  }
  /// The same, for a probe of an unresolved host: it is asked when the host is resolved.
  void draw_unresolved(uint32_t probe, uint32_t host_number) {
    draw(probe);
    if (drawn_unresolved_.empty()) drawn_unresolved_.resize(hosts.size());
    ++drawn_unresolved_[host_number];
  }
  /// A connect for the probe is being made. Checks aside, a probe has one at a time. Returns the number of the attempt.
  uint32_t asked(uint32_t probe, ProbeKind kind, uint64_t now_us) {
    ++in_flight_;
    decoy_waits_ += kind == ProbeKind::decoy;
    if (!is_probe(kind)) return 1;
    last_ask_us_ = now_us;
    if (first_ask_us_ == 0) first_ask_us_ = now_us;
    assert(!ledger_.finished(probe) && !asked_now_[probe]);
    asked_now_[probe] = true;
    asked_any_ = true;
    return ledger_.count_attempt(probe);
  }
  /// That connect has ended and will not be made again.
  void returned(uint32_t probe, ProbeKind kind) {
    assert(in_flight_ > 0);
    --in_flight_;
    decoy_waits_ -= kind == ProbeKind::decoy;
    if (!is_probe(kind)) return;
    assert(asked_now_[probe]);
    asked_now_[probe] = false;
  }
  /// A host waits for its decoys: until it is decided, the block is not settled.
  void hold_for_decoys() {
    ++in_flight_;
    ++decoy_waits_;
  }
  void decoys_decided() {
    assert(in_flight_ > 0 && decoy_waits_ > 0);
    --in_flight_;
    --decoy_waits_;
  }
  /// The probe has its result, or needs none.
  void finish(uint32_t probe) {
    assert(unfinished_ > 0 && !ledger_.finished(probe) && !asked_now_[probe]);
    ledger_.finish(probe);
    --unfinished_;
  }

  bool finished(uint32_t probe) const { return ledger_.finished(probe); }
  bool asked_now(uint32_t probe) const { return asked_now_[probe]; }
  uint32_t attempts(uint32_t probe) const { return ledger_.attempts(probe); }
  /// Probes that were drawn and have no result.
  uint32_t unfinished() const { return unfinished_; }
  /// Connects asked for and not returned, checks and decoys included, and hosts that wait for their decoys.
  uint32_t in_flight() const { return in_flight_; }
  /// Whether everything that this pass asked has come back. Decoys are no part of it: the next pass need not wait for
  /// them.
  bool pass_has_come_back() const { return in_flight_ == decoy_waits_; }

  // ---- Passes ----

  Phase phase() const { return phase_; }
  uint32_t pass() const { return pass_; }
  /// Which of the passes that count `pass` is, at least 1, as far as all hosts are concerned.
  uint32_t counted_pass(uint32_t pass) const { return pass > void_passes_ ? pass - void_passes_ : 1; }
  void end_drawing() { phase_ = Phase::settling; }
  /// The neighbour of an unresolved host was found. What was drawn meanwhile is asked in this pass, if it is the first
  /// and no port of the host was asked in vain; otherwise the host's passes begin with the next one.
  void resolve(uint32_t host_number);
  /// Whether this pass has ports left of hosts that were resolved in it.
  bool has_late_ports() const { return late_hosts_ && !late_hosts_->empty(); }
  uint64_t late_ports() const { return late_hosts_ ? late_hosts_->owed() : 0; }
  /// The next one of those; nullopt if the port at hand is none of them.
  std::optional<uint32_t> take_late_port();
  /// In a group, the other ports of a host that was silent on its early ones are deferred: the second pass asks them
  /// first.
  bool may_defer() const { return runs_.are_apart() && hosts.size() > 1; }
  void defer(uint32_t host_number) {
    assert(phase_ == Phase::drawing);
    hosts.defer(host_number);
    has_deferred_ = true;
  }
  /// Whether the second pass waits until all blocks of the group are drawn, as far as `position`, the next to be drawn,
  /// shows.
  bool waits_for_group(uint64_t next_position) const {
    return has_deferred_ && pass_ == 1 && next_position < runs_.group_end;
  }
  PassFacts pass_facts() const;
  /// Begins the pass that `next` asks for. Returns false, and changes nothing, if it has no host to ask again.
  bool begin_pass(NextPass next, uint32_t asks_per_check);
  /// As begin_pass(), for the sake of hosts of which nobody knows whether they were asked. At the last pass they are
  /// lost.
  bool begin_pass_for_unresolved(uint32_t asks_per_check);
  void begin_reporting();
  /// Whether this pass asks the silent ports of `host`.
  bool wants_retry(const Host& host) const { return wants_retry(host, pass_, sweep_kind_); }
  /// The interval of checks for this pass, given what the pacer suggests.
  uint32_t check_interval(uint32_t asks_per_check) const { return checks_are_scarce() ? 1 : asks_per_check; }

  /// This pass's way through the probes, in an order of its own (sweeping), or through all in turn (reporting).
  bool at_end() const { return sweep_at_ == ledger_.size(); }
  uint32_t next_in_sweep() const { return static_cast<uint32_t>(sweep_.at(sweep_at_)); }
  uint32_t next_to_report() const { return sweep_at_; }
  void advance() { ++sweep_at_; }
  /// The probe at hand is in flight: the next pass must ask it.
  void note_skipped() { skipped_some_ = true; }
  /// The probe at hand is silent and not asked, because its host is suspended: it is not settled by this pass.
  void note_suspended() { asked_any_ = true; }
  /// Whether the pass measures anything: it asks silent ports, or will have to.
  bool pass_needs_checks() const { return asked_any_ || skipped_some_; }
  void end_sweep() { phase_ = Phase::settling; }
  /// All of its hosts were away: what this pass found silent since its last answer may not have been asked at all. What
  /// was reported so far stays. Returns whether the block has come further since it was called last.
  bool all_are_back(uint64_t now_us);
  /// A port has its answer, in its host's `host_pass`-th pass that counts: a host that was not resolved or away before
  /// is no witness of what the path has lost.
  void count_found(uint32_t host_pass) {
    ++found_;
    loss.answer(host_pass);
  }
  /// How far the pass has come; for an ask that is made now.
  uint32_t sweep_at() const { return sweep_at_; }
  /// An ask of this pass, which had come so far, was answered: until then everything could be. A recovery check is made
  /// long after the pass had stopped being answered.
  void note_answered(const Ask& ask) {
    if (ask.pass == pass_ && ask.kind != ProbeKind::recovery) proven_until_ = std::max(proven_until_, ask.sweep_at);
  }
  /// A router on the way is asked now. If it lets that through, so were the asks of this pass until now.
  void hop_asked(uint64_t now_us) {
    if (now_us < last_ask_us_ + FlowLimit::min_flow_hold_us) hop_asked_at_ = {pass_, sweep_at_};
  }
  void hop_answered() {
    if (hop_asked_at_.pass == pass_) proven_until_ = std::max(proven_until_, hop_asked_at_.sweep_at);
  }
  /// When one of its ports was last asked for a result.
  uint64_t last_ask_us() const { return last_ask_us_; }
  uint64_t first_ask_us() const { return first_ask_us_; }

  /// Whether any of its hosts is on an own link, and was not resolved when the block was opened.
  bool has_unresolved_hosts() const { return has_unresolved_hosts_; }
  /// Whether any host had an unproven next hop when the block was opened.
  bool has_unproven_hosts() const { return has_unproven_hosts_; }
  /// It waits for news of a next hop, of which there have been `news` so far, until a time.
  void hold(uint64_t until_us, uint32_t news) {
    held_until_us_ = until_us;
    held_at_news_ = news;
  }
  /// Until when, if nothing has changed; 0 if it has.
  uint64_t held_until_us(uint64_t now_us, uint32_t news) const {
    return now_us < held_until_us_ && news == held_at_news_ ? held_until_us_ : 0;
  }

  HostWatch hosts;
  LossEstimate loss;
  Checks checks;

 private:
  void list_hosts();
  uint64_t shard_position(uint32_t probe) const {
    return probe + (probe < runs_.early() ? runs_.early_first : others_from_);
  }
  bool is_owed(std::optional<uint32_t> probe) const {
    return probe && *probe < ledger_.size() && !finished(*probe) && !asked_now(*probe) && attempts(*probe) == 0;
  }
  bool wants_retry(const Host& host, uint32_t pass, NextPass kind) const;
  bool checks_are_scarce() const;

  const ScanSpace* space_;
  uint64_t number_;
  uint32_t place_;
  std::optional<uint32_t> retries_;
  ProbeOrder::Block order_;
  ScanSpace::Runs runs_;        // in the shard
  uint64_t others_from_;        // where its first probe would be, if the runs were not apart
  uint64_t first_early_index_;  // in the order
  uint64_t first_other_index_;
  std::vector<ProbeOrder::Block::Local>
      sparse_;  // by probe, if the shard has fewer probes of the block than it has hosts, or they are listed

  std::vector<uint32_t> drawn_unresolved_;  // probes of each host; empty if there were none
  std::optional<LateHosts> late_hosts_;     // unless there were none yet
  ProbeLedger ledger_;
  std::vector<bool> asked_now_;
  uint32_t unfinished_ = 0;
  uint32_t in_flight_ = 0;
  uint32_t decoy_waits_ = 0;  // of them, decoys and hosts that wait for theirs
  uint64_t first_ask_us_ = 0, last_ask_us_ = 0;

  bool has_unresolved_hosts_ = false;
  bool has_unproven_hosts_ = false;
  bool has_deferred_ = false;
  uint64_t held_until_us_ = 0;
  uint32_t held_at_news_ = 0;
  Phase phase_ = Phase::drawing;
  uint32_t pass_ = 1;
  uint32_t void_passes_ = 0;   // up to this one none counts: all hosts were away
  uint32_t found_ = 0;         // answers in this pass
  uint32_t empty_passes_ = 0;  // in a row, before this one
  NextPass sweep_kind_ = NextPass::sweep_all;
  Permutation sweep_;
  uint32_t sweep_at_ = 0;
  uint32_t proven_until_ = 0;  // of the sweep
  struct Progress {
    uint32_t pass, proven_until, unfinished;
    bool operator==(const Progress&) const = default;
  } last_return_{};
  struct SweepPlace {
    uint32_t pass, sweep_at;
  } hop_asked_at_{};
  bool asked_any_ = false;  // in this pass, or would have if its host were not suspended
  bool skipped_some_ = false;
};

/// So few silent ports that a pass over them measures little by itself.
inline constexpr uint32_t few_ports = 64;

}  // namespace portloop
