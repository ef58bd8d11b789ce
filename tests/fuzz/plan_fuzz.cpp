// A ProbePlan against a network that the input describes, in virtual time: each probe has one result, no more probes
// are in flight than allowed, and the number of asks and the time have a bound.
#include "fuzz/expect.hpp"
#include "fuzz/input.hpp"
#include "support/virtual_scan.hpp"

using namespace portloop;
using namespace portloop::testing;

namespace {

constexpr uint64_t max_virtual_us = 3'000'000'000'000;

double share(fuzz::Input& input) { return static_cast<double>(input.below(256)) / 255; }

/// Of three orders of magnitude each as much as of the others.
uint64_t scaled(fuzz::Input& input, uint64_t unit) {
  static constexpr uint64_t scales[] = {1, 10, 100, 1000};
  return unit * scales[input.below(4)] * (1 + input.below(9));
}

Behaviour take_network(fuzz::Input& input) {
  Behaviour network;
  network.seed = 1 + input.below(255);
  network.rtt_us = scaled(input, 100);
  network.jitter_us = input.flag() ? scaled(input, 50) : 0;
  network.open_share = share(input);
  network.silent_share = input.flag() ? share(input) : 0;
  network.host_share = input.flag() ? share(input) : 1;
  if (input.flag()) network.loss_each_way = share(input) * 0.6;
  if (input.flag()) network.rst_per_s = static_cast<double>(scaled(input, 1));
  if (input.flag()) network.path_per_s = static_cast<double>(scaled(input, 5));
  if (input.flag()) network.router_flows = static_cast<uint32_t>(scaled(input, 4));
  if (input.flag()) network.gone_at_us = scaled(input, 10'000);
  if (network.gone_at_us != UINT64_MAX && input.flag())
    network.back_at_us = network.gone_at_us + scaled(input, 100'000);
  if (input.flag()) {
    network.route_lost_at_us = scaled(input, 10'000);
    network.route_back_at_us = network.route_lost_at_us + scaled(input, 100'000);
  }
  if (input.flag()) network.neighbour_fails_us = scaled(input, 100'000);
  if (input.flag()) network.unreachable_per_s = static_cast<double>(scaled(input, 1));
  if (input.flag()) network.local_failure_share = share(input) * 0.2;
  if (input.flag()) network.doubt_share = share(input) * 0.2;
  if (input.flag()) network.cannot_ask_share = share(input);
  return network;
}

PlanOptions take_options(fuzz::Input& input) {
  PlanOptions options;
  options.max_in_flight = static_cast<uint32_t>(1 + input.below(input.flag() ? 8 : 4000));
  options.timeout_ms = static_cast<uint32_t>(50 + input.below(10'000));
  options.adaptive = !input.flag();
  if (input.flag()) options.retries = static_cast<uint32_t>(input.below(8));
  if (input.flag()) options.rate_per_s = static_cast<double>(scaled(input, 5));
  if (input.flag()) options.stop_after = static_cast<uint32_t>(1 + input.below(3));
  return options;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  fuzz::Input input(bytes, size);
  const Behaviour network = take_network(input);
  const PlanOptions options = take_options(input);
  const auto loops = static_cast<uint32_t>(input.flag() ? input.between(1, 3) : 1);
  const auto hosts = static_cast<uint32_t>(input.between(1, 20));
  const auto ports = static_cast<uint16_t>(input.between(1, 80 / hosts));

  const ScanSpace space = space_of(hosts, ports, network.seed, input.flag() ? Order::sequential : Order::random);
  const Outcome outcome = SimulatedNetwork(network, space).run(options, loops, max_virtual_us);
  EXPECT(outcome.finished);
  EXPECT(outcome.reported_twice == 0);
  EXPECT(outcome.results <= outcome.probes);
  EXPECT(options.stop_after > 0 || outcome.results == outcome.probes);
  EXPECT(outcome.peak_in_flight <= options.max_in_flight);
  // As in tests/plan/random_networks.cpp: what the passes and checks allow, a timeout and a second for each.
  EXPECT(outcome.asks <= uint64_t{max_passes} * (2 * outcome.probes + 64 * loops + 8 * hosts));
  EXPECT(outcome.turns <= 10 * (outcome.asks + outcome.results) + 1000);
  // While a host or a path is silent, it is checked every 8 s at last.
  EXPECT(outcome.microseconds <= (outcome.asks + 100) * (1'000'000 + 1000 * uint64_t{options.timeout_ms}) +
                                     outcome.recovery_asks * RecoverySchedule::max_recovery_interval_us);
  return 0;
}
