#include "lab/ground_truth.hpp"

#include <algorithm>

#include "lab/chance.hpp"

namespace portloop::lab {

namespace {

/// Separates the different draws about one address.
enum Draw : uint64_t { host_exists = 1, round_trip, port_open, port_closed, host_accepts_all };

/// By its `open` lines.
bool opens_all_ports(const Region& region) {
  return std::any_of(region.open.begin(), region.open.end(),
                     [](const OpenRule& rule) { return rule.ports.size() == 65535 && rule.share >= 1; });
}

}  // namespace

HostTruth GroundTruth::host(const Address& address) const {
  if (!profile_.link) return in_region(address);
  const EthernetLink& link = *profile_.link;
  HostTruth host;
  if (link.is_own(address)) {
    host.own = host.exists = true;
    return host;
  }
  host = in_region(address);
  host.on_link = link.contains(address);
  host.broadcast = address == link.broadcast();
  if (link.is_network_or_broadcast(address)) host.exists = false;
  return host;
}

HostTruth GroundTruth::in_region(const Address& address) const {
  for (const Region& region : profile_.regions) {
    bool inside = false;
    for (const Prefix& prefix : region.prefixes) inside = inside || prefix.contains(address);
    if (!inside) continue;
    HostTruth host;
    host.region = &region;
    host.exists = true;
    host.rtt_us = region.rtt_low_us;
    if (region.exists < 1) {
      host.exists = as_share(mix(mix({profile_.seed, host_exists}), address)) < region.exists;
    }
    host.accepts_all = host.exists && opens_all_ports(region);
    if (region.accepts_all > 0) {
      const double share = as_share(mix(mix({profile_.seed, host_accepts_all}), address));
      host.accepts_all = host.accepts_all || (host.exists && share < region.accepts_all);
    }
    if (region.rtt_high_us > region.rtt_low_us) {
      Address subnet = address;
      subnet.value = subnet.value >> region.rtt_shared_bits << region.rtt_shared_bits;
      const double share = as_share(mix(mix({profile_.seed, round_trip}), subnet));
      host.rtt_us += static_cast<uint32_t>(share * (region.rtt_high_us - region.rtt_low_us + 1.0));
    }
    return host;
  }
  return {};
}

PortTruth GroundTruth::port(const HostTruth& host, const Address& address, uint16_t port) const {
  PortTruth truth;
  if (host.own) truth.refusal = Refusal::rst;
  if (host.on_link && !host.exists) truth.refusal = Refusal::host_unreachable;
  if (host.region == nullptr || (host.on_link && !host.exists)) return truth;
  if (!host.exists) {
    truth.refusal = host.region->missing;
    truth.limit = host.region->missing_limit;
    return truth;
  }
  if (host.accepts_all && host.region->accepts_all > 0) {
    truth.open = true;
    truth.speech = host.region->accepts_all_speech;
    return truth;
  }
  uint64_t rule_number = 0;
  const auto drawn = [&](Draw draw, double share) {
    ++rule_number;
    return share >= 1 || as_share(mix(mix({profile_.seed, draw, rule_number, port}), address)) < share;
  };
  for (const OpenRule& rule : host.region->open) {
    if (!rule.ports.contains(port) || !drawn(port_open, rule.share)) continue;
    truth.open = true;
    truth.speech = rule.speech;
    return truth;
  }
  for (const ClosedRule& rule : host.region->closed) {
    if (!rule.ports.contains(port) || !drawn(port_closed, rule.share)) continue;
    truth.refusal = rule.refusal;
    truth.limit = rule.limit;
    return truth;
  }
  truth.refusal = Refusal::rst;
  return truth;
}

PortState state_of(const PortTruth& port) {
  if (port.open) return PortState::open;
  return port.refusal == Refusal::rst ? PortState::closed : PortState::filtered;
}

Reason reason_of(const PortTruth& port) {
  if (port.open) return Reason::syn_ack;
  switch (port.refusal) {
    case Refusal::rst: return Reason::conn_refused;
    case Refusal::silence: return Reason::no_response;
    case Refusal::net_unreachable: return Reason::net_unreach;
    case Refusal::host_unreachable: return Reason::host_unreach;
    case Refusal::port_unreachable: return Reason::port_unreach;
    case Refusal::admin_prohibited: return Reason::admin_prohibited;
  }
  return Reason::no_response;
}

}  // namespace portloop::lab
