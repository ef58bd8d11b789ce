// What the plan does with the system's reports of neighbours, and while it waits for them.
#include <algorithm>
#include <cassert>

#include "plan/plan.hpp"

namespace portloop {
namespace {

constexpr uint64_t min_targets_looked_for_twice = 2;
// A link that was plugged in a moment ago.
constexpr uint64_t settling_us = 10'000'000;

// A report of the kernel comes a little after the time that its settings add up to.
constexpr uint64_t confirmation_grace_us = 500'000;

constexpr uint64_t gateway_pause_us = 1'000'000;

}  // namespace

void ProbePlan::resolve(Block& block, uint32_t host_number, uint64_t now_us) {
  const Host& host = block.hosts[host_number];
  if (host.state != HostState::unresolved) return;
  waits_.resolved(host.target, now_us);
  block.resolve(host_number);
}

void ProbePlan::neighbour_event(const NeighbourEvent& event, uint64_t now_us) {
  if (next_hops_.report(event, now_us)) {
    ++news_of_next_hops_;
    if (event.news == NeighbourNews::absent) next_hop_is_absent(event.address, now_us);
  }
  const ScanSpace* before = nullptr;
  for (uint32_t place = 0; place < blocks_.places() && !waits_.empty(); ++place) {
    const Block* live = blocks_.at(place);
    if (live == nullptr || &live->space() == before) continue;
    before = &live->space();
    const std::optional<uint64_t> index = before->targets.index_of(event.address);
    if (index) wait_has_news(before->base_target + *index, event, now_us);
  }
}

void ProbePlan::wait_has_news(uint64_t target, const NeighbourEvent& event, uint64_t now_us) {
  const NeighbourWaits::Wait* wait = waits_.find(target);
  if (wait == nullptr) return;
  Block& block = blocks_[wait->block];
  if (event.has_entry() || event.news == NeighbourNews::absent) table_of(event.address.family).had_room();
  if (event.has_entry()) {
    // An entry that is unconfirmed may come from a packet of its own, over a link that works in one direction only.
    if (wait->holds_room() && event.news == NeighbourNews::confirmed) path_.found_neighbour(now_us);
    resolve(block, wait->host, now_us);
  } else if (event.news == NeighbourNews::absent && block.hosts[wait->host].state == HostState::unresolved) {
    // The waiting probe need not hear of it: the kernel limits the errors that it sends to itself as well (sysctl
    // icmp_msgs_per_sec). Its timeout is now over.
    if (is_absent(*wait)) block.hosts.has_no_neighbour(wait->host);
    waits_.failed(target);
  }
}

/// The hosts that it is the next hop to were asked in vain. If it is one of them, it is looked for again; if it is a
/// gateway that stays away, they are lost.
void ProbePlan::next_hop_is_absent(const Address& next_hop, uint64_t now_us) {
  const bool stays_away = next_hops_.stays_away(next_hop, now_us);
  for (uint32_t place = 0; place < blocks_.places(); ++place) {
    Block* block = blocks_.at(place);
    if (block == nullptr || !block->has_unproven_hosts()) continue;
    for (uint32_t number = 0; number < block->hosts.size(); ++number) {
      Host& host = block->hosts[number];
      if (!host.next_hop_unproven) continue;
      const Address address = block->space().address(host.target);
      if (address == next_hop) {
        host.next_hop_unproven = false;
        block->hosts.look_again(number);
      } else if (const Address* gateway = links_.gateway_of(address); gateway != nullptr && *gateway == next_hop) {
        if (stays_away) block->hosts.lose(number, Loss::no_route);
      }
    }
  }
}

/// A neighbour that was looked for in vain: not while the link may have been away. Then its wait ends without news, and
/// it is looked for again. If there is hardly anybody to ask, every host is looked for twice: an outage that hides one
/// takes five seconds then.
bool ProbePlan::is_absent(const NeighbourWaits::Wait& wait) const {
  if (path_.was_alive(wait.sent_us, wait.sent_us + links_.last_request_us())) return true;
  if (path_.can_always_ask()) return false;
  if (blocks_[wait.block].hosts[wait.host].unresolved_waits > 0) return true;
  // A single host that is not there is the usual case, and so is a link without any, once it has been up a
  // while.
  const bool is_first_look = wait.sent_us < first_wait_us_ + settling_us;
  const uint64_t targets = space_->base_target + space_->targets.size();
  return targets < min_targets_looked_for_twice || (!path_.has_witness() && !is_first_look);
}

bool ProbePlan::no_neighbour(const Ask& ask, uint64_t now_us) {
  if (ask.kind == ProbeKind::witness) {
    witness_ended(ask, false, now_us);
    return false;
  }
  HostWatch& hosts = blocks_[ask.block].hosts;
  Host& host = hosts[ask.host];
  const bool is_on_link = links_.contains(ask.endpoint.address);
  // A routed target's error is of its gateway: nothing has left this machine.
  const bool lacks_gateway = links_.are_known && !is_on_link && !host.is_own;
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
  if (ask.kind == ProbeKind::proof) proof_was_silent(ask, now_us);
  return true;
}

/// Silence is no verdict on a host that has never answered, before its next hop is confirmed. Returns found if all are.
ProbePlan::Search ProbePlan::prove_next_hops(Block& block, uint64_t now_us) {
  bool asks_anew = false;
  uint64_t await_until_us = UINT64_MAX;
  const bool is_last_pass = block.pass() >= max_passes;
  for (uint32_t number = 0; number < block.hosts.size(); ++number) {
    Host& host = block.hosts[number];
    if (!host.next_hop_unproven) continue;
    if (is_last_pass) block.hosts.lose(number, Loss::no_route);
    const NextHopProof proof = host.state == HostState::fresh ? prove_next_hop(block, number, now_us) : NextHopProof{};
    if (proof.await_until_us > now_us) await_until_us = std::min(await_until_us, proof.await_until_us);
    asks_anew |= proof.asks_anew;
    if (proof.is_given(now_us)) host.next_hop_unproven = false;
  }
  if (asks_anew && block.begin_pass(NextPass::sweep_by_host, control_.asks_per_check())) return Search::changed;
  if (await_until_us == UINT64_MAX) return Search::found;
  block.hold(await_until_us, news_of_next_hops_);
  hold_until_us_ = std::min(hold_until_us_, await_until_us);
  return Search::nothing;
}

ProbePlan::NextHopProof ProbePlan::prove_next_hop(Block& block, uint32_t host_number, uint64_t now_us) {
  constexpr NextHopProof given, anew{.asks_anew = true};
  Host& host = block.hosts[host_number];
  const Address address = block.space().address(host.target);
  const NextHops::Hop* hop = next_hops_.of(address);
  assert(hop != nullptr);
  if (hop->state == NextHops::State::confirmed) {
    host.next_hop_unproven = false;
    if (hop->changed_us <= block.first_ask_us()) return given;
    block.hosts.ask_anew(host_number, block.pass());
    return anew;
  }
  if (hop->state == NextHops::State::unconfirmed) {
    const uint64_t until_us = block.last_ask_us() + links_.confirm_us + confirmation_grace_us;
    if (now_us < until_us) return {.await_until_us = until_us};
  }
  if (!links_.contains(address)) return prove_gateway(block, host_number, *hop, now_us);
  host.next_hop_unproven = false;
  block.hosts.look_again(host_number);
  return anew;
}

/// It is being looked for, or was looked for in vain, or nothing is heard of it.
ProbePlan::NextHopProof ProbePlan::prove_gateway(Block& block, uint32_t host_number, const NextHops::Hop& gateway,
                                                 uint64_t now_us) {
  if (gateway.absent_us <= block.last_ask_us()) return {.await_until_us = block.last_ask_us() + links_.wait_us()};
  if (next_hops_.stays_away(gateway.address, now_us)) {
    block.hosts.lose(host_number, Loss::no_route);
    return {};
  }
  // To ask makes the system look for it. A pass over thousands of ports is no more than that.
  if (now_us < gateway.absent_us + gateway_pause_us) return {.await_until_us = gateway.absent_us + gateway_pause_us};
  block.hosts.ask_anew(host_number, block.pass());
  return {.asks_anew = true};
}

bool ProbePlan::lacks_gateway(const Endpoint& endpoint) const {
  if (!follows_neighbours_ || links_.contains(endpoint.address)) return false;
  const NextHops::Hop* gateway = next_hops_.of(endpoint.address);
  return gateway != nullptr &&
         (gateway->state == NextHops::State::unresolved || gateway->state == NextHops::State::absent);
}

}  // namespace portloop
