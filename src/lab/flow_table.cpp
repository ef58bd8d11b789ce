// The happy path: a SYN adds a flow, unreplied; its SYN-ACK makes it replied, the peer's ACK established; a FIN or a
// RST lets it expire.
//
// The times are those of net/netfilter/nf_conntrack_proto_tcp.c, with one time for all states that it holds for a
// minute or two (SYN_SENT, SYN_RECV, FIN_WAIT, TIME_WAIT): the profile's.
// - a RST as the only reply removes the flow at once: a closed port takes no room
// - after any other RST the flow is held for 10 s (CLOSE), or the profile's time if that is shorter
// - an established flow is held until it is closed (ESTABLISHED: five days)
//
// What can happen instead:
// - the table is full: the SYN is dropped, or the oldest unreplied flow is evicted for it; if there is none, it is
// dropped
// - a packet has no flow: dropped, as its address can't be translated
#include "lab/flow_table.hpp"

#include <algorithm>

#include "lab/packet.hpp"

namespace portloop::lab {

namespace {

constexpr uint64_t ns_per_us = 1000;
constexpr uint64_t close_us = 10'000'000;
constexpr uint64_t never = UINT64_MAX;

}  // namespace

bool FlowTable::pass_out(const ConnectionKey& key, uint8_t tcp_flags, uint64_t now_ns) {
  const bool syn = (tcp_flags & (tcp_flag::syn | tcp_flag::ack | tcp_flag::rst)) == tcp_flag::syn;
  Flow* flow = find(key, now_ns);
  if (flow == nullptr) return syn && add(key, now_ns);
  if ((tcp_flags & tcp_flag::rst) != 0) {
    flow->state = State::closing;
    hold(key, *flow, now_ns + std::min(close_us, limit_.hold_us) * ns_per_us);
    return true;
  }
  if ((tcp_flags & tcp_flag::fin) != 0) {
    flow->state = State::closing;
  } else if (flow->state == State::replied && !syn) {
    flow->state = State::established;
  } else if (flow->state == State::closing && syn) {
    flow->state = State::unreplied;  // the command uses the port again
    if (limit_.evicts) unreplied_.push_back({key, flow->number});
  }
  hold(key, *flow, flow->state == State::established ? never : now_ns + limit_.hold_us * ns_per_us);
  return true;
}

bool FlowTable::pass_back(const ConnectionKey& key, uint8_t tcp_flags, uint64_t now_ns) {
  Flow* flow = find(key, now_ns);
  if (flow == nullptr) return false;
  if ((tcp_flags & tcp_flag::rst) != 0) {
    if (flow->state == State::unreplied) {
      flows_.erase(key);
      return true;
    }
    flow->state = State::closing;
    hold(key, *flow, now_ns + std::min(close_us, limit_.hold_us) * ns_per_us);
    return true;
  }
  if ((tcp_flags & tcp_flag::fin) != 0) {
    flow->state = State::closing;
  } else if (flow->state == State::unreplied) {
    flow->state = State::replied;
  }
  hold(key, *flow, flow->state == State::established ? never : now_ns + limit_.hold_us * ns_per_us);
  return true;
}

bool FlowTable::has_room_for(const ConnectionKey& key, uint64_t now_ns) {
  return find(key, now_ns) != nullptr || limit_.evicts || flows_.size() < limit_.flows;
}

bool FlowTable::knows(const ConnectionKey& key, uint64_t now_ns) { return find(key, now_ns) != nullptr; }

FlowTable::Flow* FlowTable::find(const ConnectionKey& key, uint64_t now_ns) {
  expire(now_ns);
  const auto found = flows_.find(key);
  return found == flows_.end() ? nullptr : &found->second;
}

FlowTable::Flow* FlowTable::find(const Ref& ref) {
  const auto found = flows_.find(ref.key);
  return found == flows_.end() || found->second.number != ref.number ? nullptr : &found->second;
}

bool FlowTable::add(const ConnectionKey& key, uint64_t now_ns) {
  while (!unreplied_.empty() && !is_unreplied(find(unreplied_.front()))) unreplied_.pop_front();
  if (flows_.size() >= limit_.flows && !(limit_.evicts && evict_one())) return false;
  Flow& flow = flows_[key];
  flow.number = ++added_;
  if (limit_.evicts) unreplied_.push_back({key, flow.number});
  hold(key, flow, now_ns + limit_.hold_us * ns_per_us);
  return true;
}

/// Evicts the oldest unreplied flow, which is the first of unreplied_. Returns false if there is none.
bool FlowTable::evict_one() {
  if (unreplied_.empty()) return false;
  flows_.erase(unreplied_.front().key);
  ++evicted_;
  return true;
}

void FlowTable::expire(uint64_t now_ns) {
  while (expiries_.earliest_ns() <= now_ns) {
    const uint64_t due_ns = expiries_.earliest_ns();
    const Ref ref = expiries_.take();
    Flow* flow = find(ref);
    if (flow == nullptr || flow->armed_ns != due_ns) continue;  // removed, or armed for an earlier time
    flow->armed_ns = never;
    if (flow->expires_ns <= now_ns) {
      flows_.erase(ref.key);
    } else {
      hold(ref.key, *flow, flow->expires_ns);
    }
  }
}

/// A flow whose time is extended keeps its earlier entry in expiries_, which arms it again.
void FlowTable::hold(const ConnectionKey& key, Flow& flow, uint64_t until_ns) {
  flow.expires_ns = until_ns;
  if (until_ns >= flow.armed_ns) return;
  flow.armed_ns = until_ns;
  expiries_.add(until_ns, {key, flow.number});
}

}  // namespace portloop::lab
