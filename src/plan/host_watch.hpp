// What is known of the hosts of a block, and which of them may be asked.
//
// Happy path: fresh -> alive, at the host's first answer. A host on one of the machine's own links begins as
// unresolved, and becomes fresh when its neighbour entry is resolved.
//
// What goes wrong:
//   - an unresolved host has no neighbour entry after the kernel has looked for it -> absent
//   - the neighbour table stays full: what is unresolved -> lost
//   - the next hop to a fresh host is gone: unresolved again, if that is the host itself; else lost, if it stays away
//   - a host that answered falls silent -> suspended: nothing but recovery checks, 1, 2, 4, 8, 8... s apart. If one is
//     answered, the host is alive again and what it was asked meanwhile does not count (void_passes); if none of
//     four is, or six, it is lost
//   - a host has enough open ports (stop_after), or accepts everything (decoys) -> stopped
//   - a host has banned us (ban_watch) -> lost, and it is asked no more
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/rtt_estimator.hpp"
#include "plan/recovery_schedule.hpp"

namespace portloop {

enum class HostState : uint8_t {
  unresolved,  ///< On an own link, and its neighbour is not known yet: one probe at a time, the other ports wait for
               ///< it.
  absent,      ///< There is no such neighbour: what has no result is filtered, host-unreach.
  fresh,       ///< No port has answered yet; it may not exist.
  alive,       ///< A port has answered, and further answers are expected.
  suspended,   ///< It answered and fell silent. Only recovery checks are sent.
  lost,        ///< What has no result is unknown, for the reason that Host::loss gives, and never filtered.
  stopped,     ///< It has enough open ports, or accepts everything: what has no result is not asked.
};

/// Why a host is lost.
enum class Loss : uint8_t {
  silence,   ///< It, or the path to it, fell silent: host-lost.
  no_room,   ///< The neighbour table stayed full: local-error, ENOBUFS, which the kernel does not say.
  no_route,  ///< Its gateway is not there: no-route.
  ban,       ///< It has banned us: banned.
};

/// What a port that answered is good for as a check of loss, worst first. A RST costs its host nothing; a connection is
/// logged, and a server that counts them may shut us out.
enum class Answerer : uint8_t { none, open, closed };

/// Small, because thousands are live at once.
struct Host {
  static constexpr uint32_t no_probe = UINT32_MAX;

  uint64_t target = 0;  ///< Its number: see ScanSpace::address().
  uint64_t last_answer_us = 0;
  RttEstimator rtt;
  uint32_t min_rtt_us = UINT32_MAX;
  uint32_t answers = 0;          ///< Ports that answered.
  uint32_t rescued = 0;          ///< Of them, in a pass after the first.
  uint32_t first_asks = 0;       ///< Fresh asks that have ended.
  uint32_t open_ports = 0;       ///< As far as this loop knows.
  uint32_t answerer = no_probe;  ///< A probe that is known to be answered.
  float doubt = 0;               ///< Answers that were expected since the last one and did not come.
  uint16_t void_passes = 0;      ///< Passes that don't count: the host was away, or not resolved yet.
  HostState state = HostState::fresh;
  Answerer answerer_kind = Answerer::none;
  uint8_t unresolved_waits = 0;  ///< Probes that ended without any news of the neighbour.
  Loss loss = Loss::silence;     ///< If it is lost.
  uint8_t failed_checks = 0;     ///< In a row, since the last answer.
  bool has_answered_check : 1 = false;
  /// Its only answerer answers no more than so many connections: no more checks.
  bool answerer_is_limited : 1 = false;
  bool is_own : 1 = false;             ///< This machine's: its answers show nothing of any path.
  bool next_hop_unproven : 1 = false;  ///< Silence is no verdict before its next hop is confirmed.
  bool is_suspect : 1 = false;         ///< Decoys are out: it may accept everything.
  bool accepts_all : 1 = false;        ///< They have found that it does.
  bool was_asked_in_vain : 1 = false;  ///< While its neighbour was not found, or its entry was wrong.
  bool is_deferred : 1 = false;        ///< It was silent on its early ports: the others are asked later.
  uint8_t open_checks_left = 0;        ///< Connections to an open port that this pass may still make as checks.
  // The share of early ports (EarlyPorts) that is answered promises nothing for the others.
  uint8_t early_first_asks = 0;  ///< Of first_asks.
  uint8_t early_answers = 0;     ///< Of answers.

  /// Which of its passes the block's `pass` is, at least 1.
  uint32_t counted_pass(uint32_t pass) const { return pass > void_passes ? pass - void_passes : 1; }
  bool has_banned_us() const { return loss == Loss::ban; }
  /// Whether an early port was asked, and none has answered.
  bool was_silent_early() const { return early_first_asks > 0 && answers == 0; }
  /// Most ports of a host that was deferred are asked for the first time in the block's second pass.
  uint32_t pass_for_timeout(uint32_t pass) const { return is_deferred && pass > 1 ? pass - 1 : pass; }
  bool is_fresh_or_alive() const { return state == HostState::fresh || state == HostState::alive; }
  /// Whether one open port is all that has answered.
  bool has_lone_answerer() const { return answers == 1 && answerer_kind == Answerer::open; }
  /// Whether its silence may be its own: `ufw limit ssh` lets five connections in half a minute through. One that never
  /// answered a second time may have fallen silent with all others.
  bool answerer_may_be_limited() const { return has_lone_answerer() && has_answered_check; }
  void first_ask_ended(bool early) {
    ++first_asks;
    early_first_asks += early;
  }
  void port_answered(bool early) {
    ++answers;
    early_answers += early;
  }
  /// The estimated probability that the next fresh ask is answered; of an early port, or of another one.
  double expected_share(bool early) const {
    const uint32_t asks = early ? early_first_asks : first_asks - early_first_asks;
    const uint32_t answered = early ? early_answers : answers - early_answers;
    return asks == 0 ? 0 : static_cast<double>(answered) / asks;
  }
};
static_assert(sizeof(Host) <= 64);

/// A known answerer that stays silent counts as two expected answers: at 20 % loss six in a row happen once in 15,000
/// times, and the price of a false alarm is a second.
inline constexpr double doubt_of_a_check = 2;

/// Not thread-safe.
class HostWatch {
 public:
  explicit HostWatch(uint32_t hosts) : hosts_(hosts) {}

  Host& operator[](uint32_t host) { return hosts_[host]; }
  const Host& operator[](uint32_t host) const { return hosts_[host]; }
  uint32_t size() const { return static_cast<uint32_t>(hosts_.size()); }
  auto begin() { return hosts_.begin(); }
  auto end() { return hosts_.end(); }

  // ---- Transitions. Unless stated otherwise, each may be called in any state; other states stay as they are. ----

  /// The neighbour is known: unresolved -> fresh. Passes up to `pass` become void: the block's current one, unless the
  /// host is asked in that.
  void resolved(uint32_t host_number, uint32_t pass);
  /// There is no such neighbour: unresolved -> absent.
  void has_no_neighbour(uint32_t host_number);
  /// A probe of an unresolved host ended without news. Returns whether that has happened too often to go on waiting:
  /// then unresolved -> fresh, as in resolved().
  bool wait_failed(uint32_t host_number, uint32_t pass);
  /// Its neighbour entry is gone: fresh -> unresolved.
  void look_again(uint32_t host_number);
  /// What it was asked until now, in passes up to `pass`, was sent in vain: they become void. Only for a fresh host.
  void ask_anew(uint32_t host_number, uint32_t pass);
  /// What is left of its ports is not asked in the first pass, which becomes void. Only for a fresh host.
  void defer(uint32_t host_number);
  /// It can't be reached from here: unresolved, fresh -> lost.
  void lose(uint32_t host_number, Loss loss);
  /// None of them can be looked for: unresolved -> lost.
  void lose_unresolved(Loss loss);
  /// A port or a check of the host was answered: fresh, suspended, absent -> alive. The passes of a suspended or absent
  /// host up to `pass`, the block's current one, become void. Returns whether it was suspended.
  bool answered(uint32_t host_number, uint32_t pass, uint64_t now_us);
  /// `expected_answers` did not come: alive -> suspended, once the doubt is large enough and has lasted. It is lost
  /// after `recovery_checks`.
  void silent(uint32_t host_number, double expected_answers, uint64_t now_us,
              uint32_t recovery_checks = RecoverySchedule::min_recovery_checks);
  /// The path to all hosts was away and is back: suspended -> alive. The passes of every host up to `void_passes`
  /// become void.
  void path_is_back(uint32_t void_passes, uint64_t now_us);
  /// The path to all hosts is away for good: unresolved, fresh, alive, suspended -> lost.
  void path_is_lost();
  /// alive, lost -> stopped: it is asked no more. The host has just been answered(): it is neither fresh nor suspended.
  void stop(uint32_t host_number);
  /// It has banned us: all but stopped -> lost.
  void ban(uint32_t host_number);
  /// Whether any host is asked no more: it is stopped, or has banned us.
  bool any_stopped() const { return any_stopped_; }

  /// The lone answerer of an alive host fell silent. It is checked once in a pass: the next one must not wait for that.
  void want_check(uint32_t host_number);
  bool any_check_wanted() const { return !checks_wanted_.empty(); }
  /// A host that want_check() was called for, once for each call, if it is alive still and has not answered since.
  std::optional<uint32_t> take_wanted_check();

  /// A host that has become absent or lost, or was absent and answers, since it was returned last.
  std::optional<uint32_t> take_verdict();

  // ---- Recovery ----

  bool any_suspended() const { return !suspensions_.empty(); }
  /// The suspended host whose recovery check is due, if any. First gives up the one whose checks are used up: suspended
  /// -> lost; then nothing is returned.
  std::optional<uint32_t> due_for_recovery_check(uint64_t now_us);
  /// Schedules the next check of a suspended host.
  void recovery_check_sent(uint32_t host, uint64_t now_us);
  /// UINT64_MAX if no host is suspended.
  uint64_t next_recovery_check_us() const;

 private:
  struct Suspension {
    uint32_t host;
    RecoverySchedule schedule;
  };

  void remove_suspension(uint32_t host);

  std::vector<Host> hosts_;
  std::vector<Suspension> suspensions_;  // one for each host whose state is suspended
  bool any_stopped_ = false;
  std::vector<uint32_t> checks_wanted_;
  std::vector<uint32_t> verdicts_;  // for take_verdict()
};

}  // namespace portloop
