// Groups of blocks: the early ports of all hosts come first, and hosts that are silent on them last.
#include <doctest/doctest.h>

#include <algorithm>
#include <map>

#include "plan/plan.hpp"
#include "support/exact_outcome.hpp"
#include "support/virtual_scan.hpp"

using namespace portloop;
using namespace portloop::testing;

namespace {

constexpr uint64_t small_blocks = 1;  // of 16 hosts

ScanSpace groups(uint32_t hosts, uint16_t ports, Shard shard = {}) {
  return space_of(hosts, ports, 7, Order::random, shard, small_blocks);
}

/// One host in ten, and nothing but silence from the others.
Behaviour sparse() {
  Behaviour behaviour;
  behaviour.host_share = 0.1;
  behaviour.rtt_us = 20'000;
  behaviour.open_share = 0.02;
  behaviour.early_open_share = 0.2;
  behaviour.seed = 3;
  return behaviour;
}

}  // namespace

TEST_CASE("of many hosts, all ports of those that answer are asked before the other ports of those that don't") {
  const ScanSpace space = groups(400, 300);  // 25 blocks, two groups
  SimulatedNetwork network(sparse(), space);
  uint64_t last_of_alive = 0, first_of_silent = UINT64_MAX, asks = 0, second_group = UINT64_MAX;
  const uint64_t group_end = space.runs_of(0).group_end;
  network.observe([&](uint64_t, uint32_t, const ProbePlan::Next& next) {
    if (next.step != ProbePlan::Step::ask) return;
    ++asks;
    if (next.ask.position >= group_end) second_group = std::min(second_group, asks);
    if (next.ask.position >= group_end || next.ask.attempt > 1 || next.ask.early || !next.ask.is_probe()) return;
    if (network.exists(next.ask.endpoint.address))
      last_of_alive = asks;
    else
      first_of_silent = std::min(first_of_silent, asks);
  });
  PlanOptions options = wide();
  options.rate_per_s = 1000;  // the early asks of the first block have ended before its other ports are drawn
  check_exact(network.run(options));
  CHECK(last_of_alive > 0);
  CHECK(first_of_silent != UINT64_MAX);
  CHECK(last_of_alive < first_of_silent);
  CHECK(second_group > last_of_alive);
}

TEST_CASE("a silent host is asked twice on each port, and once more on the early ones") {
  Behaviour dead;
  dead.host_share = 0;
  const ScanSpace space = groups(40, 200);
  SimulatedNetwork network(dead, space);
  std::map<uint64_t, std::pair<bool, uint32_t>> asked;
  network.observe([&](uint64_t, uint32_t, const ProbePlan::Next& next) {
    if (next.step != ProbePlan::Step::ask) return;
    auto& [early, times] = asked[next.ask.position];
    early = next.ask.early;
    if (++times == 1) CHECK(next.ask.timeout_us < 1'000'000);  // as of any first ask, in whichever pass
  });
  PlanOptions options = wide();
  options.rate_per_s = 200;  // the first block's early asks have ended before another port is drawn
  options.timeout_ms = 3000;
  check_exact(network.run(options));
  CHECK(asked.size() == space.size());
  uint32_t deferred = 0;
  for (const auto& entry : asked) {
    const auto [early, times] = entry.second;
    if (!space.runs_of(0).contain(entry.first)) continue;
    CHECK(times == (early ? 3 : 2));
    deferred += !early;
  }
  CHECK(deferred == 16 * 190);
}

TEST_CASE("that deferred hosts answer nothing is no sign of overload") {
  Behaviour behaviour = sparse();
  behaviour.rtt_us = 100'000;
  behaviour.open_share = 1;  // most first asks of the first pass are answered
  const ScanSpace space = groups(2000, 100);
  const Outcome outcome = SimulatedNetwork(behaviour, space).run(wide());
  check_exact(outcome);
  CHECK(outcome.microseconds < 30'000'000);  // 37 s if it were
}

TEST_CASE("the user's number of retries holds for hosts that were deferred") {
  Behaviour dead;
  dead.host_share = 0;
  const ScanSpace space = groups(40, 100);
  SimulatedNetwork network(dead, space);
  std::map<uint64_t, uint32_t> asked;
  network.observe([&](uint64_t, uint32_t, const ProbePlan::Next& next) {
    if (next.step == ProbePlan::Step::ask && !next.ask.early && space.runs_of(0).contain(next.ask.position))
      ++asked[next.ask.position];
  });
  PlanOptions options = wide();
  options.rate_per_s = 200;
  options.retries = 0;
  check_exact(network.run(options));
  CHECK(asked.size() == 16 * 94);
  CHECK(std::all_of(asked.begin(), asked.end(), [](const auto& times) { return times.second == 1; }));
}

TEST_CASE("groups are exact with loss, in loops and in shards, when hosts hide their early ports") {
  Behaviour lossy = sparse();
  lossy.loss_each_way = 0.03;
  lossy.early_open_share = 0;
  for (const double silent : {0.0, 0.9}) {
    lossy.silent_share = silent;
    for (const uint32_t loops : {1U, 3U}) {
      const ScanSpace space = groups(300, 100);
      check_exact(SimulatedNetwork(lossy, space).run(wide(), loops));
    }
    for (const uint32_t shards : {3U, 40U, 700U}) {
      uint64_t results = 0;
      for (uint32_t number = 1; number <= shards; number += 1 + shards / 50) {
        const ScanSpace space = groups(300, 100, Shard{number, shards});
        const Outcome outcome = SimulatedNetwork(lossy, space).run(wide());
        check_exact(outcome);
        results += outcome.results;
      }
      if (shards <= 50) CHECK(results == 30000);
    }
  }
}

TEST_CASE("the runs of all blocks tile a scan, whatever its shard") {
  for (const uint32_t shards : {1U, 3U, 20U, 90U, 4001U}) {
    for (const uint32_t number : {1U, shards / 2 + 1, shards}) {
      const ScanSpace space = groups(700, 65, Shard{number, shards});
      std::vector<std::pair<uint64_t, uint64_t>> runs;
      const uint64_t blocks =
          (space.order.block_count() + space.order_blocks_per_block() - 1) / space.order_blocks_per_block();
      for (uint64_t block = 0; block < blocks; ++block) {
        const ScanSpace::Runs of_block = space.runs_of(block);
        runs.emplace_back(of_block.early_first, of_block.early_end);
        runs.emplace_back(of_block.other_first, of_block.other_end);
        CHECK(of_block.other_end <= of_block.group_end);
        for (const uint64_t position : {of_block.early_first, of_block.other_first})
          if (of_block.contain(position)) CHECK(space.block_of(position) == block);
      }
      std::erase_if(runs, [](const auto& run) { return run.first == run.second; });
      std::sort(runs.begin(), runs.end());
      uint64_t next = 0;
      for (const auto& [first, end] : runs) {
        REQUIRE(first == next);
        next = end;
      }
      CHECK(next == space.size());
    }
  }
}
