// Scans of a simulated network, in virtual time, for the tests of the plan.
#pragma once

#include <memory>

#include "support/simulated_network.hpp"

namespace portloop::testing {

/// `hosts` addresses from 10.0.0.1 on, with ports 1 to `ports`. With small blocks a group of them is soon scanned.
inline ScanSpace space_of(uint32_t hosts, uint16_t ports, uint64_t seed, Order order = Order::random, Shard shard = {},
                          uint64_t block_probes = ProbeOrder::default_block_probes) {
  PortSet port_set;
  port_set.add({1, ports});
  const Address first{Family::ipv4, 0, 0x0a000001};
  Address last = first;
  last.value += hosts - 1;
  return ScanSpace(TargetSet({{first, last}}, {}), port_set, order, seed, shard, {}, block_probes);
}

/// `hosts` addresses from 10.7.0.1 on, all on an own link of such a network, with ports 1 to `ports`.
inline ScanSpace space_on_link(const Behaviour& behaviour, uint32_t hosts, uint16_t ports, Shard shard = {}) {
  PortSet port_set;
  port_set.add({1, ports});
  const Address first{Family::ipv4, 0, 0x0a070001};
  Address last = first;
  last.value += hosts - 1;
  ScanSpace space(TargetSet({{first, last}}, {}), port_set, Order::random, behaviour.seed, shard);
  space.links.on_link = space.targets.ranges();
  space.links.resolve_us = behaviour.resolve_us;
  return space;
}

/// A large window: up to 15,000 probes in flight.
inline PlanOptions wide() {
  PlanOptions options;
  options.max_in_flight = 15000;
  return options;
}

/// Decoys are drawn from the ports above those that space_of() scans.
inline PlanOptions with_decoys(PlanOptions options, uint64_t seed, bool stop) {
  auto ports = std::make_shared<PortSet>();
  ports->add({30000, 65535});
  options.decoys = DecoyOptions{std::move(ports), seed, stop};
  return options;
}

/// Scans `hosts` x `ports` of a network that behaves like `behaviour`.
inline Outcome run(const Behaviour& behaviour, uint32_t hosts, uint16_t ports, const PlanOptions& options = wide(),
                   uint32_t loops = 1) {
  const ScanSpace space = space_of(hosts, ports, behaviour.seed);
  return SimulatedNetwork(behaviour, space).run(options, loops);
}

}  // namespace portloop::testing
