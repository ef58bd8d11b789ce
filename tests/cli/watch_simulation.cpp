// Watches a simulated network that loses 10 % of the packets in each direction, in virtual time: no change may be
// reported while there is none, and a real one must be reported within two rounds.
//
// usage: watch_simulation CHECKS
#include <cstdio>
#include <cstdlib>
#include <map>

#include "cli/watch/change_filter.hpp"
#include "support/virtual_scan.hpp"

using namespace portloop;
using namespace portloop::testing;

namespace {

constexpr uint32_t hosts = 20;
constexpr uint16_t ports = 500;

/// All ports are open, or all are closed: then the answers do not depend on the seed, and each round has its own
/// losses.
Behaviour lossy10(WatchedState truth, uint64_t seed) {
  Behaviour behaviour;
  behaviour.rtt_us = 30'000;
  behaviour.jitter_us = 2'000;
  behaviour.loss_each_way = 0.1;
  behaviour.open_share = truth == WatchedState::open ? 1 : 0;
  behaviour.silent_share = truth == WatchedState::filtered ? 1 : 0;
  behaviour.seed = seed;
  return behaviour;
}

/// Scans and calls `each(endpoint)` for every port that was reported as filtered.
template <class Each>
void scan(const Behaviour& behaviour, const ScanSpace& space, const PlanOptions& options, Each each) {
  SimulatedNetwork network(behaviour, space);
  network.observe([&each](uint64_t, uint32_t, const ProbePlan::Next& next) {
    if (next.step == ProbePlan::Step::report && next.report.state == PortState::filtered) each(next.report.endpoint);
  });
  const Outcome outcome = network.run(options, 1, UINT64_MAX);
  if (!outcome.finished) std::abort();
}

/// A network of ports that are all in one state.
class Watch {
 public:
  /// `retries`: of the scan, as with --retries; adaptive if not set.
  explicit Watch(std::optional<uint32_t> retries = {}) { scan_options_.retries = retries; }

  std::vector<ConfirmedChange> round(WatchedState truth) {
    truth_ = truth;
    const ScanSpace space = space_of(hosts, ports, ++seed_);
    std::vector<WatchedState> seen(uint64_t{hosts} * ports,
                                   truth_ == WatchedState::filtered ? WatchedState::filtered : truth_);
    scan(lossy10(truth_, seed_), space, scan_options_,
         [&](const Endpoint& endpoint) { seen[index_of(endpoint)] = WatchedState::filtered; });
    for (uint64_t index = 0; index < seen.size(); ++index) {
      silent_ += truth_ != WatchedState::filtered && seen[index] == WatchedState::filtered;
      filter_.observe(index, seen[index]);
    }
    confirm_suspects();
    return filter_.end_round();
  }

  uint64_t silent() const { return silent_; }

 private:
  static uint64_t index_of(const Endpoint& endpoint) {
    return (static_cast<uint64_t>(endpoint.address.value) - 0x0a000001) * ports + endpoint.port - 1;
  }

  void confirm_suspects() {
    PlanOptions options = wide();
    options.retries = retries_to_confirm;
    for (const uint64_t index : filter_.suspects()) {
      const Address address{Family::ipv4, 0, 0x0a000001 + index / ports};
      PortSet port;
      port.add({static_cast<uint16_t>(1 + index % ports), static_cast<uint16_t>(1 + index % ports)});
      const ScanSpace space(TargetSet({{address, address}}, {}), port, Order::sequential, 1, {});
      WatchedState state = truth_;
      scan(lossy10(truth_, ++seed_), space, options, [&](const Endpoint&) { state = WatchedState::filtered; });
      filter_.confirm(index, state);
    }
  }

  PlanOptions scan_options_ = wide();
  WatchedState truth_ = WatchedState::none;
  ChangeFilter filter_{uint64_t{hosts} * ports};
  uint64_t seed_ = 0;
  uint64_t silent_ = 0;
};

/// Returns how many changes were reported although there was none.
uint64_t count_false_alarms(WatchedState truth, std::optional<uint32_t> retries, uint64_t checks) {
  Watch watch(retries);
  uint64_t reported = 0;
  for (uint64_t done = 0; done < checks; done += uint64_t{hosts} * ports) reported += watch.round(truth).size();
  std::printf("%s, %s: %llu checks, %llu wrong silences in the scans, %llu changes reported\n",
              truth == WatchedState::open ? "open" : "closed", retries ? "one retry" : "adaptive",
              static_cast<unsigned long long>(checks), static_cast<unsigned long long>(watch.silent()),
              static_cast<unsigned long long>(reported));
  return reported;
}

/// Returns whether a change of all ports is reported, of each once, in `max_rounds`.
bool reports(WatchedState before, WatchedState after, int max_rounds) {
  Watch watch;
  for (int i = 0; i < 3; ++i) {
    if (!watch.round(before).empty()) return false;
  }
  uint64_t reported = 0;
  for (int i = 0; i < max_rounds; ++i) {
    for (const ConfirmedChange& change : watch.round(after))
      reported += change.before == before && change.after == after;
  }
  std::printf("change %d -> %d: %llu of %d reported in %d rounds\n", static_cast<int>(before), static_cast<int>(after),
              static_cast<unsigned long long>(reported), hosts * ports, max_rounds);
  return reported == uint64_t{hosts} * ports;
}

}  // namespace

int main(int argc, char** argv) {
  const uint64_t checks = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 10'000'000;
  uint64_t reported = 0;
  for (const WatchedState truth : {WatchedState::open, WatchedState::closed}) {
    reported += count_false_alarms(truth, std::nullopt, checks / 4);
    // With one retry, a scan takes one port in 28 for silent: probing again has to notice each of them.
    reported += count_false_alarms(truth, 1, checks / 4);
  }
  using enum WatchedState;
  const bool all_reported =
      reports(closed, open, 2) && reports(open, closed, 2) && reports(filtered, open, 2) && reports(open, filtered, 2);
  return reported == 0 && all_reported ? 0 : 1;
}
