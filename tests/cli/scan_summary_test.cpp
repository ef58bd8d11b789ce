#include "cli/scan/scan_summary.hpp"

#include <doctest/doctest.h>

using namespace portloop;

namespace {

ScanSummary summary_of_one_host() {
  ScanSummary summary;
  summary.targets = 1;
  summary.ports = 1000;
  summary.stats.probes = 1000;
  summary.stats.open = 2;
  summary.stats.closed = 998;
  summary.connects = 1000;
  summary.elapsed_s = summary.this_run_s = 0.5;
  summary.seed = 7;
  return summary;
}

}  // namespace

TEST_CASE("a complete scan") {
  CHECK(
      summary_text(summary_of_one_host()) ==
      "1 target, 1,000 ports: 2 open, 998 closed, 0 filtered, 0 unknown in 0.50 s (2,000 probes/s, 2,000 connects/s), "
      "seed 7");
}

TEST_CASE("what is missing is counted: after discovery, --stop-after and an interrupt") {
  ScanSummary summary = summary_of_one_host();
  summary.targets = 2;
  summary.silent_addresses = 1;
  summary.stats.closed = 90;
  summary.stats.not_probed = 8;
  summary.stop_after = 2;
  summary.stopped_hosts = 1;
  summary.shard = {2, 3};
  CHECK(
      summary_text(summary) ==
      "2 targets (1 of them did not answer discovery), 1,000 ports: 2 open, 90 closed, 0 filtered, 0 unknown, 8 not "
      "probed (1 host has 2 open), 900 without a result in 0.50 s (184 probes/s, 2,000 connects/s), seed 7, shard 2/3");
}

TEST_CASE("probes count in all runs, connects in this one") {
  ScanSummary summary = summary_of_one_host();
  summary.elapsed_s = 10;
  summary.this_run_s = 2;
  CHECK(summary_text(summary).find(" in 10.00 s (100 probes/s, 500 connects/s)") != std::string::npos);
}

TEST_CASE("discovery that ended early") {
  CHECK(discovery_summary_text(256, 3) == "256 targets: discovery ended early, after 3 had answered");
}
