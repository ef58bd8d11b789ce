// What the plan learns when an ask ends.
#include <algorithm>
#include <cassert>

#include "plan/plan.hpp"

namespace portloop {
namespace {

// At 20 % loss, three checks in a row are lost once in 125 times; then the estimate of loss falls back to its prior.
constexpr uint8_t checks_until_limited = 3;

// Chance may cut a pass short at the same point twice. Halved from then on, the rate of any scan has come down to the
// least by the time that the path is given up.
constexpr uint32_t fruitless_returns_until_slower = 3;
constexpr uint32_t max_fruitless_returns = 32;

constexpr uint64_t min_targets_looked_for_twice = 8;
// A link that was plugged in a moment ago.
constexpr uint64_t settling_us = 10'000'000;

}  // namespace

void ProbePlan::connect_ended(const Ask& ask) {
  assert(in_flight_ > 0);
  --in_flight_;
  routes_.ended(ask);
  backoff_.ask_ended();
}

Block& ProbePlan::ended(const Ask& ask) {
  connect_ended(ask);
  Block& block = blocks_[ask.block];
  if (ask.unresolved) waits_.end(block.hosts[ask.host].target);
  block.returned(ask.probe, ask.kind);
  return block;
}

/// Something has answered. `by_path`: not one of this machine's own addresses.
void ProbePlan::heard(const Ask& ask, bool by_path, uint64_t now_us) {
  if (by_path && path_.heard(now_us)) {
    bool came_further = false;
    for (uint32_t place = 0; place < blocks_.places(); ++place) {
      if (Block* block = blocks_.at(place)) came_further |= block->all_are_back(now_us);
    }
    silence_ended(came_further, now_us);
  }
  flows_.answered(ask.serial, now_us);
}

/// Of a host, if it is the only one, or of the path. What was asked in vain is asked again, so a path that falls silent
/// each time at the same point is asked more and more slowly, and given up in the end.
void ProbePlan::silence_ended(bool came_further, uint64_t now_us) {
  control_.forget_rounds();
  flows_.silence_ended(control_.next_serial(), now_us);
  fruitless_returns_ = came_further ? 0 : fruitless_returns_ + 1;
  if (fruitless_returns_ >= fruitless_returns_until_slower) flows_.slow_down();
  control_.limit_rate(flows_.rate_per_s());
  if (fruitless_returns_ < max_fruitless_returns) return;
  path_.give_up();
  lose_hosts();
}

/// The path is lost: what has no result is reported as such.
void ProbePlan::lose_hosts() {
  for (uint32_t place = 0; place < blocks_.places(); ++place) {
    if (Block* block = blocks_.at(place)) block->hosts.path_is_lost();
  }
}

/// How many checks a host or a path that falls silent now is given.
uint32_t ProbePlan::recovery_checks() const {
  return flows_.may_be_full() ? RecoverySchedule::checks_of_full_table : RecoverySchedule::min_recovery_checks;
}

void ProbePlan::witness_ended(const Ask& ask, bool answered, uint64_t now_us) {
  connect_ended(ask);
  control_.answered(ask.serial);
  if (answered) {
    path_.check_answered();
    heard(ask, true, now_us);
  } else {
    path_.check_failed(now_us, recovery_checks());
  }
}

void ProbePlan::answered(const Ask& ask, PortState state, uint64_t rtt_us, uint64_t now_us) {
  if (ask.kind == ProbeKind::witness) {
    witness_ended(ask, state != PortState::filtered, now_us);
    return;
  }
  if (state == PortState::filtered) {
    path_answered(ask, now_us);
    return;
  }
  Block& block = ended(ask);
  Host& host = block.hosts[ask.host];
  resolve(block, ask.host, now_us);
  if (host.next_hop_unproven) {
    host.next_hop_unproven = false;
    next_hops_.heard(ask.endpoint.address);
  }
  control_.answered(ask.serial);
  if (block.hosts.answered(ask.host, block.pass(), now_us) && block.hosts.size() == 1) {
    silence_ended(block.all_are_back(now_us), now_us);
  }
  heard(ask, !host.is_own, now_us);
  block.note_answered(ask);
  if (rtt_us != 0 && !ask.unresolved) {  // or it may include the time that the neighbour took
    host.min_rtt_us = static_cast<uint32_t>(std::min<uint64_t>(host.min_rtt_us, rtt_us));
    control_.rtt_sample(ask.serial, rtt_us, host.min_rtt_us);
    host.rtt.sample(rtt_us);
  }
  host.failed_checks = 0;
  if (ask.kind == ProbeKind::check) {
    block.loss.check(block.counted_pass(ask.pass), true);
    if (host.answered_checks < UINT8_MAX) ++host.answered_checks;
  }
  if (!ask.is_probe()) return;
  block.finish(ask.probe);
  const uint32_t pass = host.counted_pass(ask.pass);
  block.count_found(pass);
  ++host.answers;
  if (ask.kind == ProbeKind::fresh) ++host.first_asks;
  if (pass > 1) ++host.rescued;
  note_answerer(block, ask, state);
}

void ProbePlan::note_answerer(Block& block, const Ask& ask, PortState state) {
  Host& host = block.hosts[ask.host];
  const Answerer kind = state == PortState::open ? Answerer::open : Answerer::closed;
  if (!host.is_own && (host.answers == 1 || kind > host.answerer_kind))
    path_.add_witness({ask.endpoint, host.target, host.rtt, kind});
  if (kind >= host.answerer_kind) {
    host.answerer = ask.probe;
    host.answerer_kind = kind;
  }
  block.checks.add_answerer(ask.probe, kind);
  if (kind != Answerer::open) return;
  ++host.open_ports;
  if (options_.stop_after != 0 && host.open_ports >= options_.stop_after) block.hosts.has_enough_open_ports(ask.host);
}

/// An ICMP error is final for its port, and evidence of nothing else. Routers limit how many they send, and the
/// kernel's own report that there is no such neighbour ends whatever waits at that moment: taken for answers, a few of
/// them would promise more, so that pass followed pass for ever, at a rate that they had taught.
void ProbePlan::path_answered(const Ask& ask, uint64_t now_us) {
  Block& block = ended(ask);
  resolve(block, ask.host, now_us);
  Host& host = block.hosts[ask.host];
  if (host.next_hop_unproven && !space_.links.contains(ask.endpoint.address)) {
    host.next_hop_unproven = false;
    next_hops_.heard(ask.endpoint.address);
  }
  control_.path_answered(ask.serial);
  if (ask.kind == ProbeKind::check) block.loss.check(block.counted_pass(ask.pass), false);
  if (!ask.is_probe()) return;
  block.finish(ask.probe);
  if (ask.kind == ProbeKind::fresh) ++host.first_asks;
}

void ProbePlan::resolve(Block& block, uint32_t host_number, uint64_t now_us) {
  Host& host = block.hosts[host_number];
  if (host.state != HostState::unresolved) return;
  waits_.resolved(host.target, now_us);
  block.hosts.resolved(host_number, block.pass());
}

void ProbePlan::neighbour_event(const NeighbourEvent& event, uint64_t now_us) {
  next_hops_.report(event, now_us);
  if (event.news == NeighbourNews::absent) next_hop_is_absent(event.address, now_us);
  const std::optional<uint64_t> target = space_.targets.index_of(event.address);
  const NeighbourWaits::Wait* wait = target ? waits_.find(*target) : nullptr;
  if (wait == nullptr) return;
  Block& block = blocks_[wait->block];
  if (event.has_entry() || event.news == NeighbourNews::absent) table_of(event.address.family).had_room();
  if (event.has_entry()) {
    if (wait->holds_room()) path_.found_neighbour(now_us);
    resolve(block, wait->host, now_us);
  } else if (event.news == NeighbourNews::absent && block.hosts[wait->host].state == HostState::unresolved) {
    // The waiting probe need not hear of it: the kernel limits the errors that it sends to itself as well (sysctl
    // icmp_msgs_per_sec). Its timeout is now over.
    if (is_absent(*wait)) block.hosts.has_no_neighbour(wait->host);
    waits_.failed(*target);
  }
}

/// The hosts that it is the next hop to were asked in vain. If it is one of them, it is looked for again; if it is a
/// gateway that stays away, they are lost.
void ProbePlan::next_hop_is_absent(const Address& next_hop, uint64_t now_us) {
  const bool is_on_link = space_.targets.contains(next_hop) && space_.links.contains(next_hop);
  if (!is_on_link && !next_hops_.stays_away(next_hop, now_us)) return;
  for (uint32_t place = 0; place < blocks_.places(); ++place) {
    Block* block = blocks_.at(place);
    if (block == nullptr || !block->has_unproven_hosts()) continue;
    for (uint32_t number = 0; number < block->hosts.size(); ++number) {
      Host& host = block->hosts[number];
      if (!host.next_hop_unproven) continue;
      const Address address = space_.targets.at(host.target);
      if (address == next_hop) {
        host.next_hop_unproven = false;
        block->hosts.look_again(number);
      } else if (const Address* gateway = space_.links.gateway_of(address);
                 gateway != nullptr && *gateway == next_hop) {
        if (next_hops_.stays_away(next_hop, now_us)) block->hosts.lose(number, Loss::no_route);
      }
    }
  }
}

/// A neighbour that was looked for in vain: not while the link may have been away. Then its wait ends without news, and
/// it is looked for again. If there is hardly anybody to ask, every host is looked for twice: an outage that hides one
/// takes five seconds then.
bool ProbePlan::is_absent(const NeighbourWaits::Wait& wait) const {
  if (path_.was_alive(wait.sent_us, wait.sent_us + space_.links.last_request_us())) return true;
  if (path_.can_always_ask()) return false;
  if (blocks_[wait.block].hosts[wait.host].unresolved_waits > 0) return true;
  // One or a few hosts that are not there are the usual case, and so is a link without any, once it has been up a
  // while.
  const bool is_first_look = wait.sent_us < first_wait_us_ + settling_us;
  return space_.targets.size() < min_targets_looked_for_twice || (!path_.has_witness() && !is_first_look);
}

bool ProbePlan::no_neighbour(const Ask& ask, uint64_t now_us) {
  if (ask.kind == ProbeKind::witness) {
    witness_ended(ask, false, now_us);
    return false;
  }
  HostWatch& hosts = blocks_[ask.block].hosts;
  Host& host = hosts[ask.host];
  const bool is_on_link = space_.links.contains(ask.endpoint.address);
  // A routed target's error is of its gateway: nothing has left this machine.
  const bool lacks_gateway = space_.links.are_known && !is_on_link && !host.is_own;
  const bool is_gone = is_on_link && host.state == HostState::alive;
  if (lacks_gateway || is_gone) {
    silent(ask, now_us);
    return false;
  }
  // It was sent by an old entry, which has turned out to be wrong.
  const bool had_old_entry = !ask.unresolved && (host.state == HostState::unresolved || host.next_hop_unproven);
  if (is_on_link && had_old_entry) {
    silent(ask, now_us);
    host.next_hop_unproven = false;
    hosts.look_again(ask.host);
    return false;
  }
  if (ask.unresolved && host.state == HostState::unresolved && !is_absent(*waits_.find(host.target))) {
    silent(ask, now_us);
    return false;
  }
  hosts.has_no_neighbour(ask.host);
  path_answered(ask, now_us);
  return true;
}

void ProbePlan::silent(const Ask& ask, uint64_t now_us) {
  if (ask.kind == ProbeKind::witness) {
    witness_ended(ask, false, now_us);
    return;
  }
  FullTableWatch& table = table_of(ask.endpoint.address.family);
  const bool was_dropped = table.may_have_dropped(ask) && space_.links.contains(ask.endpoint.address);
  if (was_dropped) table.dropped(now_us);
  const bool may_be_lost = routes_.may_be_lost(ask) || (was_dropped && !table.stays_full(now_us));
  if (ask.is_probe() && !ask.unresolved && may_be_lost) {
    repeat(ask);
    return;
  }
  Block& block = ended(ask);
  Host& host = block.hosts[ask.host];
  if (was_dropped && table.stays_full(now_us)) {
    block.hosts.lose(ask.host, Loss::no_room);
    block.hosts.lose_unresolved(Loss::no_room);
  }
  if (host.state == HostState::unresolved) {
    // Nobody knows whether the probe has left this machine: it is asked again, and nothing is concluded.
    const bool counts = ask.unresolved && !was_dropped;
    if (!counts || !block.hosts.wait_failed(ask.host, block.pass())) block.note_skipped();
    return;
  }
  if (host.state == HostState::absent) return;  // reported with the host's other ports
  if (ask.kind == ProbeKind::check) block.loss.check(block.counted_pass(ask.pass), false);
  if (ask.kind == ProbeKind::fresh) ++host.first_asks;
  if (options_.adaptive) note_silence(block, ask, now_us);
}

/// Answers that were expected and did not come raise doubts about the host, and about the path to all.
void ProbePlan::note_silence(Block& block, const Ask& ask, uint64_t now_us) {
  Host& host = block.hosts[ask.host];
  const uint32_t checks = recovery_checks();
  const double doubt_before = std::min<double>(host.doubt, path_.max_doubt_of_one_host());
  switch (ask.kind) {
    case ProbeKind::check:
      if (note_lost_check(block, ask)) {
        path_.silent(1, now_us, checks);
        return;
      }
      block.hosts.silent(ask.host, doubt_of_a_check, now_us, checks);
      if (host.has_lone_answerer()) block.hosts.want_check(ask.host);
      break;
    case ProbeKind::fresh: block.hosts.silent(ask.host, host.expected_share(), now_us, checks); break;
    case ProbeKind::recovery: path_.silent(1, now_us, checks); return;
    case ProbeKind::retry:  // it was silent before: nothing was expected
    case ProbeKind::witness: return;
  }
  path_.silent(std::min<double>(host.doubt, path_.max_doubt_of_one_host()) - doubt_before, now_us, checks);
}

/// Returns whether a lost check is the work of a limit of the port's own, which is no evidence about anything else.
/// Behind a router whose table is full it would look the same, if enough was asked to fill one.
bool ProbePlan::note_lost_check(Block& block, const Ask& ask) {
  Host& host = block.hosts[ask.host];
  if (host.failed_checks < UINT8_MAX) ++host.failed_checks;
  if (host.answerer_is_limited || !host.answerer_may_be_limited()) return host.answerer_is_limited;
  if (host.failed_checks < checks_until_limited || flows_.may_fill_table(control_.next_serial())) return false;
  host.answerer_is_limited = true;
  host.doubt = 0;
  block.loss.withdraw_lost_checks(block.counted_pass(ask.pass), host.failed_checks);
  return true;
}

void ProbePlan::put_back(const Ask& ask, int error_number, bool descriptors, uint64_t now_us) {
  assert(in_flight_ > 0);
  --in_flight_;
  control_.answered(ask.serial);  // it burdens no network
  forget_ask(ask);
  backoff_.failed(ask, ask.is_probe(), error_number, descriptors, in_flight_, now_us);
}

/// A probe that is made again stays in its block's books as being asked: the pass has not ended before it has. Other
/// asks are dropped.
void ProbePlan::forget_ask(const Ask& ask) {
  if (ask.kind == ProbeKind::witness) {
    path_.check_withdrawn();
  } else if (!ask.is_probe()) {
    blocks_[ask.block].returned(ask.probe, ask.kind);
  }
}

bool ProbePlan::no_route(const Ask& ask, bool may_pass, uint64_t now_us) {
  Ask again = ask;
  if (!may_pass || !routes_.failed(again)) {
    again.lacked_route = false;  // it still lacks it: that is no end of an outage
    given_up(again, now_us);
    return ask.is_probe();
  }
  assert(in_flight_ > 0);
  --in_flight_;
  control_.answered(ask.serial);  // it burdens no network
  forget_ask(ask);
  if (ask.is_probe()) backoff_.keep(again);
  backoff_.pause(now_us + RouteWatch::route_pause_us);
  return false;
}

void ProbePlan::repeat(const Ask& ask) {
  assert(in_flight_ > 0 && ask.is_probe());
  --in_flight_;
  control_.answered(ask.serial);
  backoff_.keep(ask);
}

void ProbePlan::given_up(const Ask& ask, uint64_t now_us) {
  if (ask.kind == ProbeKind::witness) {
    witness_ended(ask, false, now_us);
    return;
  }
  Block& block = ended(ask);
  control_.answered(ask.serial);
  if (ask.is_probe()) block.finish(ask.probe);
}

}  // namespace portloop
