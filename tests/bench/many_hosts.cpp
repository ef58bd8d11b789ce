// When the last open port of many addresses is known, of which few have a host, and when the scan has ended: in virtual
// time. 0.5 % loss in each direction, 50 ms; a third of a host's ports are silent.
//
//   many_hosts [HOSTS [PORTS [LOOPS]]]     by default 8,192 addresses, ports 1-589, one loop
#include <cinttypes>
#include <cstdio>
#include <cstdlib>

#include "support/virtual_scan.hpp"

using namespace portloop;
using namespace portloop::testing;

int main(int argc, char** argv) {
  const auto word = [&](int i, unsigned long by_default) {
    return argc > i ? std::strtoul(argv[i], nullptr, 10) : by_default;
  };
  Behaviour behaviour;
  behaviour.host_share = 0.05;
  behaviour.rtt_us = 50'000;
  behaviour.loss_each_way = 0.005;
  behaviour.silent_share = 0.3;
  behaviour.open_share = 0.002;
  behaviour.early_open_share = 0.15;
  behaviour.microseconds_per_ask = 20;
  behaviour.seed = 5;
  const ScanSpace space =
      space_of(static_cast<uint32_t>(word(1, 8192)), static_cast<uint16_t>(word(2, 589)), behaviour.seed);
  const Outcome outcome =
      SimulatedNetwork(behaviour, space).run(wide(), static_cast<uint32_t>(word(3, 1)), 100'000'000'000);
  std::printf("last open port %.1f s, end %.1f s, %" PRIu64 " asks for %" PRIu64 " probes, %s\n",
              static_cast<double>(outcome.last_open_us) * 1e-6, static_cast<double>(outcome.microseconds) * 1e-6,
              outcome.asks, outcome.probes,
              outcome.finished && outcome.missed_open + outcome.false_filtered == 0 ? "exact" : "NOT EXACT");
  return outcome.finished ? 0 : 1;
}
