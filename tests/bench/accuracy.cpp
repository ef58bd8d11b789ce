// How often a scan of few ports has a wrong result, and what it costs to be more certain: the plan against the
// simulated network of its tests, thousands of scans in virtual time.
//
//   accuracy [SCANS]     for each row; the default is 2,000
//
// A large scan measures the loss of the path; a small one has to assume it, so small scans are most likely to
// mistake loss for a filter.
#include <cstdio>
#include <cstdlib>

#include "support/simulated_network.hpp"

using namespace portloop;
using namespace portloop::testing;

namespace {

struct Kind {
  const char* name;
  double silent_share;
  double open_share;
};
constexpr Kind kinds[] = {
    {"closed, a tenth open", 0, 0.1},
    {"half silent", 0.5, 0.1},
    {"firewalled, 1 % open", 1, 0.01},
    {"firewalled, a fifth open", 1, 0.2},
};
constexpr double losses[] = {0, 0.01, 0.03, 0.1};
constexpr uint16_t port_counts[] = {1, 3, 10, 30, 100, 1000};

void run_row(const Kind& kind, uint16_t ports, double loss_each_way, uint64_t scans) {
  PortSet port_set;
  port_set.add({1, ports});
  const Address host{Family::ipv4, 0, 0x0a000001};
  uint64_t wrong = 0, missed = 0, asks = 0, microseconds = 0;
  PlanOptions options;
  options.max_in_flight = 15000;
  for (uint64_t seed = 1; seed <= scans; ++seed) {
    Behaviour behaviour;
    behaviour.rtt_us = 30'000;
    behaviour.loss_each_way = loss_each_way;
    behaviour.silent_share = kind.silent_share;
    behaviour.open_share = kind.open_share;
    behaviour.seed = seed;
    const ScanSpace space(TargetSet({{host, host}}, {}), port_set, Order::random, seed, Shard{});
    const Outcome outcome = SimulatedNetwork(behaviour, space).run(options);
    wrong += outcome.missed_open + outcome.false_filtered > 0;
    missed += outcome.missed_open > 0;
    asks += outcome.asks;
    microseconds += outcome.microseconds;
  }
  const auto share = [scans](uint64_t count) {
    return 100.0 * static_cast<double>(count) / static_cast<double>(scans);
  };
  std::printf("%-25s %5u %5.0f %% %9.2f %% %9.2f %% %8.2f %8.2f s\n", kind.name, ports, 100 * loss_each_way,
              share(wrong), share(missed), static_cast<double>(asks) / static_cast<double>(scans * ports),
              static_cast<double>(microseconds) * 1e-6 / static_cast<double>(scans));
}

}  // namespace

int main(int argc, char** argv) {
  const uint64_t scans = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 2000;
  std::printf("%-25s %5s %7s %11s %11s %8s %10s\n", "one host, 30 ms", "ports", "loss", "wrong", "open missed", "asks",
              "time");
  for (const Kind& kind : kinds) {
    for (const uint16_t ports : port_counts) {
      for (const double loss : losses) run_row(kind, ports, loss, scans);
    }
  }
}
