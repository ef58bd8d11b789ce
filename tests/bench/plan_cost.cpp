// Cost of the plan for each probe: the time of next() and of the calls that end a probe, with 4,000 in flight and
// without a network. The figure is the ratio to the permutation of the same probes, which every plan needs: it depends
// little on the machine.
#include <chrono>
#include <cstdio>
#include <deque>

#include "plan/plan.hpp"

using namespace portloop;

namespace {

constexpr uint32_t hosts = 64;
constexpr uint16_t ports = 20000;
constexpr uint32_t in_flight = 4000;

ScanSpace make_space() {
  PortSet port_set;
  port_set.add({1, ports});
  const Address first{Family::ipv4, 0, 0x0a000001};
  Address last = first;
  last.value += hosts - 1;
  return ScanSpace(TargetSet({{first, last}}, {}), port_set, Order::random, 1, {});
}

double now_ns() {
  return static_cast<double>(std::chrono::steady_clock::now().time_since_epoch() / std::chrono::nanoseconds(1));
}

/// Nanoseconds for each probe. Of every 8 ports, `silent_of_8` never answer.
double plan_cost_ns(const ScanSpace& space, uint32_t silent_of_8) {
  struct Waiting {
    Ask ask;
    uint64_t sent_us;
  };
  const double began_ns = now_ns();
  ProbeCursor cursor;
  PlanOptions options;
  options.max_in_flight = in_flight;
  ProbePlan plan(space, cursor, options);
  std::deque<Waiting> answers, silences;
  uint64_t now_us = 1;
  for (;;) {
    const ProbePlan::Next& next = plan.next(now_us);
    if (next.step == ProbePlan::Step::finished) break;
    if (next.step == ProbePlan::Step::ask) {
      const bool silent = next.ask.kind != ProbeKind::check && next.ask.endpoint.port % 8 < silent_of_8;
      (silent ? silences : answers).push_back({next.ask, now_us});
      now_us += 1;
    } else if (next.step == ProbePlan::Step::wait) {
      now_us += 100;
    }
    while (!answers.empty() && answers.front().sent_us + 1000 <= now_us) {
      plan.answered(answers.front().ask, PortState::closed, 1000, now_us);
      answers.pop_front();
    }
    while (!silences.empty() && silences.front().sent_us + plan.timeout_now_us(silences.front().ask) <= now_us) {
      plan.silent(silences.front().ask, now_us);
      silences.pop_front();
    }
  }
  return (now_ns() - began_ns) / static_cast<double>(space.size());
}

double permutation_cost_ns(const ScanSpace& space) {
  const double began_ns = now_ns();
  uint64_t sum = 0;
  for (uint64_t i = 0; i < space.order.size(); ++i) sum += space.order.at(i).port;
  [[maybe_unused]] volatile uint64_t used = sum;
  return (now_ns() - began_ns) / static_cast<double>(space.size());
}

}  // namespace

int main() {
  const ScanSpace space = make_space();
  const double permutation_ns = permutation_cost_ns(space);
  std::printf("permutation alone   %6.1f ns a probe\n", permutation_ns);
  for (const uint32_t silent_of_8 : {0U, 1U, 7U, 8U}) {
    double best_ns = 1e9;
    for (int run = 0; run < 5; ++run) best_ns = std::min(best_ns, plan_cost_ns(space, silent_of_8));
    std::printf("plan, %u/8 silent    %6.1f ns a probe, %5.2f x\n", silent_of_8, best_ns, best_ns / permutation_ns);
  }
}
