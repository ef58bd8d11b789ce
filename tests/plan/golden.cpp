// What the plan asks and reports, step by step, against simulated networks with fixed seeds: a change that is meant to
// keep the plan's behaviour must keep every line of tests/plan/golden.txt.
//
//   golden                 prints a line for each scenario: its counts, and a digest of the whole sequence
//   golden --check FILE    compares these lines with FILE's; exit status 1 if any differs
//   golden --trace NAME    prints one scenario's sequence, to compare between two builds
#include <cinttypes>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <string>
#include <vector>

#include "support/simulated_network.hpp"

using namespace portloop;
using namespace portloop::testing;

namespace {

struct Scenario {
  std::string name;
  Behaviour behaviour;
  uint32_t hosts = 1;
  uint16_t ports = 1000;
  PlanOptions options;
  uint32_t loops = 1;
  Order order = Order::random;
  Shard shard;
};

std::vector<Scenario> scenarios() {
  std::vector<Scenario> all;
  const auto add = [&all](const char* name, uint32_t hosts, uint16_t ports, auto change) {
    for (const uint64_t seed : {1, 2}) {
      Scenario scenario;
      scenario.name = std::string(name) + "/" + std::to_string(seed);
      scenario.hosts = hosts;
      scenario.ports = ports;
      scenario.options.max_in_flight = 15000;
      scenario.behaviour.seed = seed;
      change(scenario);
      all.push_back(scenario);
    }
  };
  add("lan", 1, 65535, [](Scenario& s) { s.behaviour.rtt_us = 300, s.behaviour.jitter_us = 50; });
  add("wan", 1, 65535, [](Scenario& s) { s.behaviour.rtt_us = 40'000; });
  add("lossy-3", 1, 20000, [](Scenario& s) { s.behaviour.loss_each_way = 0.03; });
  add("lossy-10", 1, 20000, [](Scenario& s) { s.behaviour.loss_each_way = 0.1; });
  add("lossy-30", 1, 2000, [](Scenario& s) { s.behaviour.loss_each_way = 0.3; });
  add("firewalled", 1, 10000, [](Scenario& s) { s.behaviour.silent_share = 1, s.behaviour.open_share = 0.0014; });
  add("firewalled-lossy", 1, 300, [](Scenario& s) {
    s.behaviour = {.loss_each_way = 0.05, .silent_share = 0.5, .open_share = 0.2, .seed = s.behaviour.seed};
  });
  add("firewalled-2-loops", 1, 10000,
      [](Scenario& s) { s.behaviour.silent_share = 1, s.behaviour.open_share = 0.0014, s.loops = 2; });
  add("one-port", 1, 1, [](Scenario& s) { s.behaviour.loss_each_way = 0.1; });
  add("dead", 1, 2000, [](Scenario& s) { s.behaviour.host_share = 0; });
  add("dead-few", 1, 10, [](Scenario& s) { s.behaviour.host_share = 0; });
  add("no-neighbour", 1, 20000,
      [](Scenario& s) { s.behaviour.host_share = 0, s.behaviour.neighbour_fails_us = 2'000'000; });
  add("unreachable", 1, 5000, [](Scenario& s) { s.behaviour.host_share = 0, s.behaviour.unreachable_per_s = 100; });
  add("limited-resets", 1, 4000, [](Scenario& s) { s.behaviour.rst_per_s = 200, s.behaviour.open_share = 0.003; });
  add("limited-resets-2-loops", 1, 4000,
      [](Scenario& s) { s.behaviour.rst_per_s = 200, s.behaviour.open_share = 0.003, s.loops = 2; });
  add("narrow-path", 1, 10000, [](Scenario& s) { s.behaviour.path_per_s = 2000; });
  add("away-and-back", 1, 30000, [](Scenario& s) {
    s.behaviour.gone_at_us = 500'000, s.behaviour.back_at_us = 5'000'000, s.behaviour.microseconds_per_ask = 40;
  });
  add("away-for-good", 1, 30000,
      [](Scenario& s) { s.behaviour.gone_at_us = 500'000, s.behaviour.microseconds_per_ask = 40; });
  add("sparse", 4096, 3, [](Scenario& s) {
    s.behaviour = {
        .rtt_us = 100'000, .loss_each_way = 0.01, .open_share = 0.5, .host_share = 0.1, .seed = s.behaviour.seed};
  });
  add("sparse-unreachable", 256, 20, [](Scenario& s) {
    s.behaviour = {
        .loss_each_way = 0.01, .open_share = 0.3, .host_share = 0.2, .unreachable_per_s = 50, .seed = s.behaviour.seed};
  });
  add("many-blocks", 30000, 2, [](Scenario& s) { s.behaviour.loss_each_way = 0.02; });
  add("sequential-shard", 30000, 2, [](Scenario& s) {
    s.behaviour.loss_each_way = 0.02, s.order = Order::sequential, s.shard = {2, 3};
  });
  add("retries-0", 1, 20000, [](Scenario& s) {
    s.options.retries = 0, s.behaviour.gone_at_us = 300'000, s.behaviour.back_at_us = 3'000'000,
    s.behaviour.microseconds_per_ask = 40;
  });
  add("retries-3", 4, 200,
      [](Scenario& s) { s.options.retries = 3, s.behaviour.host_share = 0.5, s.behaviour.loss_each_way = 0.2; });
  add("rate", 1, 2000, [](Scenario& s) { s.options.rate_per_s = 1000; });
  add("narrow", 1, 2000, [](Scenario& s) { s.options.max_in_flight = 7; });
  add("fixed-timing", 1, 5000,
      [](Scenario& s) { s.options.adaptive = false, s.options.timeout_ms = 300, s.behaviour.silent_share = 0.3; });
  add("short-timeout", 8, 100, [](Scenario& s) { s.options.timeout_ms = 150, s.behaviour.silent_share = 0.3; });
  add("stop-after", 64, 100,
      [](Scenario& s) { s.options.stop_after = 2, s.behaviour.open_share = 0.1, s.behaviour.loss_each_way = 0.05; });
  add("local-failures", 4, 1000, [](Scenario& s) {
    s.behaviour.local_failure_share = 0.01, s.behaviour.doubt_share = 0.01, s.behaviour.cannot_ask_share = 0.01;
  });
  add("local-failures-stop-after", 16, 100, [](Scenario& s) {
    s.behaviour.local_failure_share = 0.1, s.behaviour.open_share = 0.1, s.options.stop_after = 2;
  });
  add("nothing-can-be-made", 1, 3, [](Scenario& s) { s.behaviour.local_failure_share = 1; });
  return all;
}

/// FNV-1a, 64 bits (Fowler, Noll, Vo).
class Digest {
 public:
  void add(const std::string& text) {
    for (const char byte : text) value_ = (value_ ^ static_cast<unsigned char>(byte)) * 0x100000001b3;
  }
  uint64_t value() const { return value_; }

 private:
  uint64_t value_ = 0xcbf29ce484222325;
};

std::string line_of(uint64_t now_us, uint32_t loop, const ProbePlan::Next& next) {
  char line[160];
  if (next.step == ProbePlan::Step::ask) {
    const Ask& ask = next.ask;
    std::snprintf(line, sizeof line, "%" PRIu64 " loop %u ask %" PRIu64 " pass %u attempt %u kind %u timeout %u\n",
                  now_us, loop, ask.position, unsigned{ask.pass}, unsigned{ask.attempt},
                  static_cast<unsigned>(ask.kind), ask.timeout_us);
  } else {
    const ProbeResult& result = next.report;
    std::snprintf(line, sizeof line, "%" PRIu64 " loop %u report %" PRIu64 " %s %s attempts %u\n", now_us, loop,
                  result.position, std::string(to_text(result.state)).c_str(),
                  reason_text(result.reason, result.error_number).c_str(), result.attempts);
  }
  return line;
}

/// The scenario's line; its sequence goes to standard output if `trace`.
std::string play(const Scenario& scenario, bool trace) {
  PortSet ports;
  ports.add({1, scenario.ports});
  const Address first{Family::ipv4, 0, 0x0a000001};
  Address last = first;
  last.value += scenario.hosts - 1;
  const ScanSpace space(TargetSet({{first, last}}, {}), ports, scenario.order, scenario.behaviour.seed, scenario.shard);
  Digest digest;
  uint64_t reports = 0;
  SimulatedNetwork network(scenario.behaviour, space);
  network.observe([&](uint64_t now_us, uint32_t loop, const ProbePlan::Next& next) {
    const std::string line = line_of(now_us, loop, next);
    if (trace) std::fputs(line.c_str(), stdout);
    digest.add(line);
    reports += next.step == ProbePlan::Step::report;
  });
  const Outcome outcome = network.run(scenario.options, scenario.loops);
  char line[200];
  std::snprintf(line, sizeof line,
                "%s asks %" PRIu64 " reports %" PRIu64 " results %" PRIu64 " us %" PRIu64 "%s digest %016" PRIx64,
                scenario.name.c_str(), outcome.asks, reports, outcome.results, outcome.microseconds,
                outcome.finished ? "" : " UNFINISHED", digest.value());
  return line;
}

int check(const char* path) {
  std::ifstream file(path);
  if (!file) {
    std::fprintf(stderr, "golden: %s can't be opened\n", path);
    return 1;
  }
  int differences = 0;
  std::string expected;
  for (const Scenario& scenario : scenarios()) {
    const std::string line = play(scenario, false);
    if (!std::getline(file, expected)) expected = "(nothing)";
    if (line == expected) continue;
    ++differences;
    std::fprintf(stderr, "expected %s\nbut got  %s\n", expected.c_str(), line.c_str());
  }
  if (std::getline(file, expected)) {
    ++differences;
    std::fprintf(stderr, "no such scenario: %s\n", expected.c_str());
  }
  return differences == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 3 && std::strcmp(argv[1], "--check") == 0) return check(argv[2]);
  const char* traced = argc == 3 && std::strcmp(argv[1], "--trace") == 0 ? argv[2] : nullptr;
  if (argc != 1 && traced == nullptr) {
    std::fputs("usage: golden [--check FILE | --trace SCENARIO]\n", stderr);
    return 2;
  }
  bool known = traced == nullptr;
  for (const Scenario& scenario : scenarios()) {
    if (traced != nullptr && scenario.name != traced) continue;
    known = true;
    const std::string line = play(scenario, traced != nullptr);
    if (traced == nullptr) std::printf("%s\n", line.c_str());
  }
  if (!known) std::fprintf(stderr, "golden: no scenario is called '%s'\n", traced);
  return known ? 0 : 2;
}
