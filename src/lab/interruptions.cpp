#include "lab/interruptions.hpp"

#include "lab/chance.hpp"

namespace portloop::lab {

namespace {

constexpr uint64_t ns_per_us = 1000;

/// A burst is at a random place of its period: at a fixed one, a retransmission after a whole number of periods would
/// meet the next burst, each time.
bool in_burst(const Bursts& bursts, uint64_t luck_seed, uint64_t since_first_ns) {
  constexpr uint64_t burst_draw = 3;  // 0 to 2 are those of lost() and due_after()
  const uint64_t period_ns = bursts.period_us * ns_per_us;
  const uint64_t length_ns = bursts.length_us * ns_per_us;
  const uint64_t period = since_first_ns / period_ns;
  const double share = as_share(mix({luck_seed, burst_draw, bursts.period_us, period}));
  const auto start_ns = static_cast<uint64_t>(share * static_cast<double>(period_ns - length_ns));
  const uint64_t in_period_ns = since_first_ns % period_ns;
  return in_period_ns >= start_ns && in_period_ns < start_ns + length_ns;
}

bool in_outage(const Outage& outage, uint64_t since_first_ns) {
  const uint64_t from_ns = outage.from_us * ns_per_us;
  return since_first_ns >= from_ns && (outage.for_us == 0 || since_first_ns < from_ns + outage.for_us * ns_per_us);
}

}  // namespace

bool interrupted(const Region& region, uint64_t luck_seed, uint64_t since_first_ns) {
  return (region.bursts && in_burst(*region.bursts, luck_seed, since_first_ns)) ||
         (region.outage && in_outage(*region.outage, since_first_ns));
}

}  // namespace portloop::lab
