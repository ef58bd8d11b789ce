// The first router on the command's way out, as far as it answers by itself: a packet that has reached its hop limit
// there is dropped, and the router reports that (ICMP time exceeded), as often as Linux does.
//
// What can happen instead:
// - the router's table is full, and has no flow for the packet: Linux looks there first, and drops it
// - the limit of ICMP errors is exhausted: counted in `icmp_withheld`
#include "lab/responder.hpp"

namespace portloop::lab {

namespace {

constexpr uint64_t round_trip_us = 300;
constexpr uint64_t ns_per_us = 1000;

// net.ipv4.icmp_ratelimit, net.ipv6.icmp.ratelimit
constexpr ErrorLimit linux_limit{.per_second = 1};

}  // namespace

/// Its address in the command's network; on a point-to-point link it has none there, and uses one beside the command's.
Address Responder::first_router(const Address& command) const {
  const Address* gateway = link_ ? link_->gateway_of(command.family) : nullptr;
  return gateway != nullptr ? *gateway : router_of(command);
}

void Responder::on_last_hop(const Segment& segment, std::span<const uint8_t> packet, uint64_t now_ns) {
  ++counters_.hop_limit_reached;
  const ConnectionKey key{segment.destination, segment.source, segment.destination_port, segment.source_port};
  if (flows_ && !flows_->has_room_for(key, now_ns)) {
    ++counters_.router_dropped;
    return;
  }
  const Address router = first_router(segment.source);
  if (!error_limits_[router].take(now_ns, linux_limit.per_second, linux_limit.burst)) {
    ++counters_.icmp_withheld;
    return;
  }
  Packet& answer = queue(now_ns + round_trip_us * ns_per_us, round_trip_us, true);
  build_unreachable(Unreachable::hop_limit_reached, router, packet, answer);
}

}  // namespace portloop::lab
