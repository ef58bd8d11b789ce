// The happy path: a SYN arrives; unless it is lost, the ground truth determines what its port does; unless the answer
// (SYN-ACK, RST or an ICMP error) is lost, it is queued for the duration of the round trip, and take_due() returns it.
// What follows a SYN-ACK is in conversation.cpp.
//
// What can happen instead:
// - the packet has reached its hop limit at the first router: first_router.cpp
// - a router's table is full, or no longer has the flow: `router_dropped` counts the packet, in either direction
// - the uplink is busy: the packet waits, and is delivered later; if its queue is full, `uplink_dropped` counts it
// - the address is in no prefix, has no host, or its host has gone away: silence, or what `missing` specifies
// - loss, in either direction: counted in `dropped`; nothing else happens
// - the host has banned the command: it refuses whatever arrives, as `bans` specifies
// - the host's limit of RSTs is exhausted: counted in `rst_withheld`; silence
// - a router looks for a host that isn't there: the SYN waits, and is answered when the router gives up
// - the limit of ICMP errors is exhausted: counted in `icmp_withheld`; silence
// - the SYN repeats one of a known handshake: the same SYN-ACK again
// - the four-tuple is known but the SYN is new: the peer has dropped the old connection, and a new one replaces it
// - on an Ethernet link the command's kernel asks for a MAC address first: only a host that exists answers
// - a segment without a connection: a RST, if the host itself would answer a SYN to that port
#include "lab/responder.hpp"

#include <algorithm>

#include "lab/answered_connection.hpp"
#include "lab/interruptions.hpp"

namespace portloop::lab {

namespace {

constexpr uint64_t ns_per_us = 1000;

// An answer that is later than this was delayed by the lab rather than by the profile's network.
constexpr uint64_t tolerated_lateness_ns = 2'000'000;
constexpr uint64_t tolerated_share_of_rtt = 10;

uint32_t sequence_after(const Segment& segment) {
  const bool takes_one = (segment.flags & (tcp_flag::syn | tcp_flag::fin)) != 0;
  return segment.sequence + static_cast<uint32_t>(segment.payload.size()) + (takes_one ? 1 : 0);
}

bool is_syn(const Segment& segment) {
  return (segment.flags & (tcp_flag::syn | tcp_flag::ack | tcp_flag::rst)) == tcp_flag::syn;
}

/// Builds the RST that answers `segment`, as in RFC 9293, section 3.10.7.1.
void build_rst(const Segment& segment, Packet& packet) {
  Reply reply;
  reply.source = segment.destination;
  reply.destination = segment.source;
  reply.source_port = segment.destination_port;
  reply.destination_port = segment.source_port;
  if ((segment.flags & tcp_flag::ack) != 0) {
    reply.sequence = segment.acknowledgement;
    reply.flags = tcp_flag::rst;
  } else {
    reply.acknowledgement = sequence_after(segment);
    reply.flags = tcp_flag::rst | tcp_flag::ack;
  }
  build_segment(reply, packet);
}

Address sender_of(Refusal refusal, const Address& host) {
  return refusal == Refusal::port_unreachable ? host : router_of(host);
}

Unreachable unreachable(Refusal refusal) {
  switch (refusal) {
    case Refusal::rst:
    case Refusal::silence:
    case Refusal::host_unreachable: break;
    case Refusal::net_unreachable: return Unreachable::net;
    case Refusal::port_unreachable: return Unreachable::port;
    case Refusal::admin_prohibited: return Unreachable::admin_prohibited;
  }
  return Unreachable::host;
}

}  // namespace

Address router_of(const Address& host) {
  Address router = host;
  router.value = host.value >> 8 << 8 | 1;
  if (router == host) router.value += 253;
  return router;
}

Responder::Responder(const Profile& profile, uint64_t luck_seed)
    : link_(profile.link), truth_(profile), luck_seed_(luck_seed) {
  if (profile.router) flows_.emplace(*profile.router);
  if (profile.uplink) uplink_.emplace(*profile.uplink);
}

void Responder::receive(std::span<const uint8_t> packet, uint64_t arrived_ns, bool broadcast) {
  ++counters_.packets_in;
  const auto segment = parse_segment(packet);
  if (!segment) {
    const auto solicitation = link_ ? parse_solicitation(packet) : std::nullopt;
    if (solicitation) on_solicitation(*solicitation, arrived_ns, broadcast);
    return;
  }
  first_packet_ns_ = std::min(first_packet_ns_, arrived_ns);
  const bool stays_on_link = link_ && link_->contains(segment->destination);
  if (segment->hop_limit <= 1 && !stays_on_link) {
    on_last_hop(*segment, packet, arrived_ns);
    return;
  }
  const uint32_t seen_before = is_syn(*segment) ? count_syn(*segment, arrived_ns) : 0;
  if (flows_ && !stays_on_link && !routed_out(*segment, arrived_ns)) {
    ++counters_.router_dropped;
  } else if (!uplink_ || stays_on_link) {
    deliver(*segment, packet, arrived_ns, seen_before);
  } else if (!uplink_->send(packet, seen_before, arrived_ns)) {
    ++counters_.uplink_dropped;
  }
}

uint32_t Responder::count_syn(const Segment& syn, uint64_t now_ns) {
  ++counters_.syns;
  counters_.syn_rate.add(now_ns);
  const uint32_t seen_before = sightings_.add({syn.destination, syn.destination_port});
  if (seen_before > 0) ++counters_.syn_repeated;
  return seen_before;
}

bool Responder::routed_out(const Segment& segment, uint64_t now_ns) {
  const ConnectionKey key{segment.destination, segment.source, segment.destination_port, segment.source_port};
  const bool passes = flows_->pass_out(key, segment.flags, now_ns);
  counters_.peak_flows = std::max<uint64_t>(counters_.peak_flows, flows_->size());
  counters_.flows_evicted = flows_->evicted();
  return passes;
}

bool Responder::routed_back(const Packet& packet, uint64_t now_ns) {
  const bool is_arp = packet.bytes[0] == 0;
  if (link_ && (is_arp || link_->contains(source_of(packet.head())))) return true;
  const AnsweredConnection answered = answered_connection(packet.head());
  if (!answered.tcp_flags) return flows_->knows(answered.key, now_ns);
  return flows_->pass_back(answered.key, *answered.tcp_flags, now_ns);
}

/// The packet has left the command's own network.
void Responder::deliver(const Segment& segment, std::span<const uint8_t> packet, uint64_t now_ns,
                        uint32_t seen_before) {
  const Arrival arrival{segment, packet, truth_.host(segment.destination), now_ns, seen_before};
  if (is_syn(segment)) {
    on_syn(arrival);
  } else {
    on_segment(arrival);
  }
}

uint64_t Responder::next_event_ns() const {
  return std::min({uplink_ ? uplink_->next_ns() : never, unresolved_.next_ns(), timers_.earliest_ns()});
}

uint64_t Responder::next_due_ns() const { return std::min(next_event_ns(), answers_.earliest_ns()); }

void Responder::run_event(uint64_t event_ns, uint64_t now_ns) {
  if (uplink_ && uplink_->next_ns() == event_ns) {
    const Uplink::Departure departure = uplink_->take();
    deliver(*parse_segment(departure.packet), departure.packet, departure.at_ns, departure.seen_before);
  } else if (unresolved_.next_ns() == event_ns) {
    on_unresolved_host();
  } else {
    Connection* connection = connections_.find(timers_.take());
    if (connection == nullptr || connection->armed_ns != event_ns) return;  // removed, or armed for an earlier time
    connection->armed_ns = never;
    on_timer(*connection, now_ns);
  }
}

const Packet* Responder::take_due(uint64_t now_ns) {
  for (uint64_t event_ns = next_event_ns(); event_ns <= now_ns; event_ns = next_event_ns()) run_event(event_ns, now_ns);
  while (answers_.earliest_ns() <= now_ns) {
    const uint32_t slot = answers_.take();
    free_pending_.push_back(slot);  // not reused before the next call
    const Pending& answer = pending_[slot];
    if (flows_ && !answer.from_first_router && !routed_back(answer.packet, now_ns)) {
      ++counters_.router_dropped;
      continue;
    }
    ++counters_.packets_out;
    if (now_ns > answer.due_ns + answer.tolerance_ns) ++counters_.late;
    return &answer.packet;
  }
  return nullptr;
}

/// ARP or neighbour discovery. The gateway always answers, other addresses only if they have a host.
void Responder::on_solicitation(const Solicitation& solicitation, uint64_t now_ns, bool broadcast) {
  ++counters_.solicitations;
  first_packet_ns_ = std::min(first_packet_ns_, now_ns);
  const Address& target = solicitation.target;
  const HostTruth host = truth_.host(target);
  const Address* gateway = link_->gateway_of(target.family);
  const bool is_gateway = gateway != nullptr && *gateway == target;
  if (host.own || !host.on_link || (!is_gateway && (!host.exists || host.region == nullptr))) return;
  constexpr uint64_t broadcast_draw = 4, answer_draw = 5;  // 0 to 3 are those of lost(), due_after() and bursts
  const uint64_t draw = mix({answer_draw, host_state(target, now_ns).solicitations++});
  if (broadcast && as_share(mix(mix({luck_seed_, broadcast_draw, draw}), target)) < link_->broadcast_loss) {
    ++counters_.dropped;
    return;
  }
  if (host.region == nullptr) {
    build_advertisement(solicitation, queue(now_ns, 0));
    return;
  }
  const Region& region = *host.region;
  if (is_away(region, target, now_ns) || lost(Direction::out, region, target, now_ns, draw)) return;
  const uint64_t due_ns = due_after(now_ns, region, host.rtt_us, target, draw);
  if (lost(Direction::back, region, target, due_ns, draw)) return;
  build_advertisement(solicitation, queue(due_ns, host.rtt_us));
}

void Responder::on_syn(const Arrival& arrival) {
  const Segment& syn = arrival.segment;
  if (arrival.host.region == nullptr || is_away(*arrival.host.region, syn.destination, arrival.now_ns)) return;
  if (lost(Direction::out, *arrival.host.region, syn.destination, arrival.now_ns,
           mix({syn.destination_port, arrival.seen_before}))) {
    return;
  }
  const PortTruth port = truth_.port(arrival.host, syn.destination, syn.destination_port);
  if (arrival.host.exists && is_banned(arrival)) {
    const Ban& ban = *arrival.host.region->ban;
    refuse(arrival, {false, Speech::nothing, ban.refusal, ban.limit});
  } else if (port.open) {
    accept(arrival, port);
  } else {
    refuse(arrival, port);
  }
}

void Responder::accept(const Arrival& arrival, const PortTruth& port) {
  const Segment& syn = arrival.segment;
  const ConnectionKey key{syn.destination, syn.source, syn.destination_port, syn.source_port};
  Connection* known = connections_.find(key);
  if (known != nullptr && known->initial_receive == syn.sequence) {
    if (!known->established) send_syn_ack(*known, arrival.now_ns);
    return;
  }
  if (known != nullptr) remove(*known);
  Connection& connection = connections_.add(key);
  connection.speech = port.speech;
  connection.region = arrival.host.region;
  connection.rtt_us = arrival.host.rtt_us;
  connection.initial_send =
      static_cast<uint32_t>(mix({luck_seed_, ConnectionKeyHash{}(key), syn.sequence, arrival.seen_before}));
  connection.initial_receive = syn.sequence;
  connection.receive_next = syn.sequence + 1;
  connection.peer_max_segment_bytes = syn.max_segment_bytes;
  connection.heard_ns = arrival.now_ns;
  // The draws differ from those of an earlier handshake of the same endpoint.
  connection.packets_out = arrival.seen_before << 16;
  connection.packets_in = connection.packets_out;
  counters_.peak_half_open = std::max(counters_.peak_half_open, ++counters_.half_open);
  send_syn_ack(connection, arrival.now_ns);
  arm(connection);
}

void Responder::refuse(const Arrival& arrival, const PortTruth& port) {
  const Segment& syn = arrival.segment;
  if (port.refusal == Refusal::silence || (arrival.host.on_link && !arrival.host.exists)) return;
  const uint64_t draw = mix({syn.destination_port, arrival.seen_before});
  if (port.refusal != Refusal::rst) {
    report_unreachable(arrival, port, draw);
    return;
  }
  if (!rst_allowed(arrival)) return;
  const Region& region = *arrival.host.region;
  const uint64_t due_ns = due_after(arrival.now_ns, region, arrival.host.rtt_us, syn.destination, draw);
  if (lost(Direction::back, region, syn.destination, due_ns, draw)) return;
  build_rst(syn, queue(due_ns, arrival.host.rtt_us));
}

void Responder::report_unreachable(const Arrival& arrival, const PortTruth& port, uint64_t draw) {
  const Address& about = arrival.segment.destination;
  const Address sender = sender_of(port.refusal, about);
  const Region& region = *arrival.host.region;
  if (!arrival.host.exists && region.missing_after_us > 0) {
    bool replaced = false;
    WaitingError& error = unresolved_.add(about, arrival.now_ns + region.missing_after_us * ns_per_us, replaced);
    if (replaced) ++counters_.icmp_withheld;
    build_unreachable(unreachable(port.refusal), sender, arrival.packet, error.packet);
    error.draw = draw;
  } else if (Packet* packet = queue_error(arrival.host, about, port, arrival.now_ns, draw)) {
    build_unreachable(unreachable(port.refusal), sender, arrival.packet, *packet);
  }
}

/// The router gives up looking for a host: what has waited for it is answered, as far as the limit allows.
void Responder::on_unresolved_host() {
  const UnresolvedHosts::Failed failed = unresolved_.take();
  const HostTruth host = truth_.host(failed.address);
  const PortTruth port = truth_.port(host, failed.address, 0);
  for (const WaitingError& error : failed.errors) {
    Packet* packet = queue_error(host, failed.address, port, failed.at_ns, error.draw);
    if (packet != nullptr) *packet = error.packet;
  }
}

void Responder::on_stray_segment(const Arrival& arrival) {
  const Segment& segment = arrival.segment;
  if ((segment.flags & tcp_flag::rst) != 0 || !arrival.host.exists) return;
  const uint64_t draw =
      mix({segment.destination_port, segment.source_port, segment.sequence, segment.acknowledgement, segment.flags});
  const Region& region = *arrival.host.region;
  if (lost(Direction::out, region, segment.destination, arrival.now_ns, draw)) return;
  const PortTruth port = truth_.port(arrival.host, segment.destination, segment.destination_port);
  if (!port.open && port.refusal != Refusal::rst) return;
  const uint64_t due_ns = due_after(arrival.now_ns, region, arrival.host.rtt_us, segment.destination, draw);
  if (!rst_allowed(arrival) || lost(Direction::back, region, segment.destination, due_ns, draw)) return;
  build_rst(segment, queue(due_ns, arrival.host.rtt_us));
}

Responder::HostState& Responder::host_state(const Address& host, uint64_t now_ns) {
  const auto [found, is_new] = host_states_.try_emplace(host);
  if (is_new) found->second.first_seen_ns = now_ns;
  return found->second;
}

bool Responder::is_away(const Region& region, const Address& host, uint64_t now_ns) {
  if (region.gone_at_us == 0) return false;
  const uint64_t since_first_ns = now_ns - host_state(host, now_ns).first_seen_ns;
  return since_first_ns >= region.gone_at_us * ns_per_us &&
         (region.back_at_us == 0 || since_first_ns < region.back_at_us * ns_per_us);
}

/// Counts a SYN that has reached its host. Returns whether the host has banned the command.
bool Responder::is_banned(const Arrival& arrival) {
  if (!arrival.host.region->ban) return false;
  const Ban& ban = *arrival.host.region->ban;
  HostState& state = host_state(arrival.segment.destination, arrival.now_ns);
  const bool was_banned = state.syns > ban.after;
  if (was_banned && ban.for_us > 0 && arrival.now_ns - state.banned_from_ns >= ban.for_us * ns_per_us) state.syns = 0;
  if (state.syns <= ban.after && ++state.syns > ban.after) state.banned_from_ns = arrival.now_ns;
  return state.syns > ban.after;
}

bool Responder::rst_allowed(const Arrival& arrival) {
  const Region& region = *arrival.host.region;
  if (region.rst_per_second == 0) return true;
  TokenBucket& rsts = host_state(arrival.segment.destination, arrival.now_ns).rsts;
  if (rsts.take(arrival.now_ns, region.rst_per_second, region.rst_burst)) return true;
  ++counters_.rst_withheld;
  return false;
}

/// A packet passes the place where bursts and outages happen at `at_ns`.
bool Responder::lost(Direction direction, const Region& region, const Address& host, uint64_t at_ns, uint64_t draw) {
  if ((region.bursts || region.outage) && interrupted(region, luck_seed_, at_ns - first_packet_ns_)) {
    ++counters_.dropped;
    return true;
  }
  const double share = direction == Direction::out ? region.loss_out : region.loss_back;
  if (share <= 0) return false;
  const uint64_t seed = mix({luck_seed_, static_cast<uint64_t>(direction), draw});
  if (as_share(mix(seed, host)) >= share) return false;
  ++counters_.dropped;
  return true;
}

/// Queues an ICMP error, for the caller to build, unless it is lost or the limit of its sender is reached.
Packet* Responder::queue_error(const HostTruth& host, const Address& about, const PortTruth& port, uint64_t now_ns,
                               uint64_t draw) {
  if (port.limit.per_second > 0) {
    TokenBucket& errors = error_limits_[sender_of(port.refusal, about)];
    if (!errors.take(now_ns, port.limit.per_second, port.limit.burst)) {
      ++counters_.icmp_withheld;
      return nullptr;
    }
  }
  const uint64_t due_ns = due_after(now_ns, *host.region, host.rtt_us, about, draw);
  if (lost(Direction::back, *host.region, about, due_ns, draw)) return nullptr;
  return &queue(due_ns, host.rtt_us);
}

uint64_t Responder::due_after(uint64_t now_ns, const Region& region, uint32_t rtt_us, const Address& host,
                              uint64_t draw) const {
  constexpr uint64_t jitter_draw = 2;  // 0 and 1 are the two directions of lost()
  uint64_t delay_ns = rtt_us * ns_per_us;
  if (region.jitter_us > 0) {
    const double share = as_share(mix(mix({luck_seed_, jitter_draw, draw}), host));
    delay_ns += static_cast<uint64_t>(share * static_cast<double>(region.jitter_us * ns_per_us));
  }
  return now_ns + delay_ns;
}

Packet& Responder::queue(uint64_t due_ns, uint32_t rtt_us, bool from_first_router) {
  uint32_t slot = static_cast<uint32_t>(pending_.size());
  if (free_pending_.empty()) {
    pending_.emplace_back();
  } else {
    slot = free_pending_.back();
    free_pending_.pop_back();
  }
  pending_[slot].due_ns = due_ns;
  pending_[slot].from_first_router = from_first_router;
  pending_[slot].tolerance_ns = tolerated_lateness_ns + rtt_us * ns_per_us / tolerated_share_of_rtt;
  answers_.add(due_ns, slot);
  return pending_[slot].packet;
}

}  // namespace portloop::lab
