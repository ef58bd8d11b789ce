#include "cli/scan/scan_summary.hpp"

#include <doctest/doctest.h>

#include <utility>

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
  CHECK(summary_text(summary_of_one_host()) ==
        "1 address, 1,000 ports: 2 open, 998 closed in 0.50 s (2,000 connects/s), seed 7");
}

TEST_CASE("what is missing is counted: after discovery, --stop-after and an interrupt") {
  ScanSummary summary = summary_of_one_host();
  summary.targets = 2;
  summary.discovered = 1;
  summary.stats.closed = 90;
  summary.stats.not_probed = 8;
  summary.stop_after = 2;
  summary.stopped_hosts = 1;
  summary.shard = {2, 3};
  CHECK(
      summary_text(summary) ==
      "1 of 2 addresses answered discovery, 1,000 ports each: 2 open, 90 closed, 8 not probed (1 host has 2 open), 900 "
      "without a result in 0.50 s (2,000 connects/s), seed 7, shard 2/3");
}

TEST_CASE("targets with ports of their own have so many in all") {
  ScanSummary summary = summary_of_one_host();
  summary.own_ports = true;
  summary.seed.reset();
  summary.targets = 3;
  summary.stats.probes = 7;
  summary.stats.closed = 5;
  CHECK(summary_text(summary) == "3 addresses, 7 ports in all: 2 open, 5 closed in 0.50 s (2,000 connects/s)");
}

TEST_CASE("hosts that accept everything are counted, and so is what was not probed for them") {
  ScanSummary summary = summary_of_one_host();
  summary.all_open_hosts = 3;
  summary.stats.not_probed = 2997;
  CHECK(summary_text(summary).find(", 3 hosts accept everything, 2,997 not probed in ") != std::string::npos);
}

TEST_CASE("the time is that of all runs, the rate that of this one") {
  ScanSummary summary = summary_of_one_host();
  summary.elapsed_s = 10;
  summary.this_run_s = 2;
  CHECK(summary_text(summary).find(" in 10.00 s (500 connects/s)") != std::string::npos);
}

TEST_CASE("addresses with and without a host, and why results are unknown") {
  ScanSummary summary = summary_of_one_host();
  summary.targets = 256;
  summary.absent_hosts = 235;
  summary.answered = 20;
  summary.stats.unknown = 3;
  summary.unknown = {{"host-lost", 3}};
  summary.seed.reset();
  CHECK(
      summary_text(summary) ==
      "20 of 256 addresses answered (235 have no host), 1,000 ports each: 2 open, 998 closed, 3 unknown (host-lost) in "
      "0.50 s (2,000 connects/s)");
  summary.answered = 21;  // with them, it is known of every address
  CHECK(summary_text(summary).starts_with("21 of 256 addresses have a host, 1,000 ports each: "));
  summary.absent_hosts = 1;
  summary.unknown = {{"host-lost", 2}, {"no-route", 1}};
  CHECK(summary_text(summary).find("(1 has no host)") != std::string::npos);
  CHECK(summary_text(summary).find("3 unknown (host-lost 2, no-route 1) in") != std::string::npos);
  summary.unknown = {{"banned", 3}};
  summary.banned_hosts = 1;
  CHECK(summary_text(summary).find("3 unknown (banned), 1 host refuses us in") != std::string::npos);
  summary.banned_hosts = 2;
  CHECK(summary_text(summary).find(", 2 hosts refuse us in") != std::string::npos);
}

TEST_CASE("a rate has three digits, and a scan of a few milliseconds has none") {
  ScanSummary summary = summary_of_one_host();
  summary.connects = 123'456;
  CHECK(summary_text(summary).find("(247,000 connects/s)") != std::string::npos);
  summary.elapsed_s = summary.this_run_s = 0.02;
  CHECK(summary_text(summary).find(" in 0.02 s, seed 7") != std::string::npos);
}

TEST_CASE("discovery that ended early") {
  CHECK(discovery_summary_text(256, 3) == "256 addresses: discovery ended early, after 3 had answered");
}

TEST_CASE("of a scan that was resumed it is not known who answered before") {
  ScanSummary summary = summary_of_one_host();
  summary.targets = 256;
  summary.stats.filtered = 12'000;
  CHECK(summary_text(summary).starts_with("256 addresses, 1,000 ports each: 2 open, 998 closed, 12,000 filtered in "));
}

TEST_CASE("times are as exact as a person wants them") {
  ScanSummary summary = summary_of_one_host();
  for (const auto& [seconds, text] : {std::pair{9.99, " in 9.99 s "},
                                      {59.99, " in 59.99 s "},
                                      {59.996, " in 1 min 0 s "},
                                      {7384.0, " in 2 h 3 min "}}) {
    summary.elapsed_s = seconds;
    CAPTURE(summary_text(summary));
    CHECK(summary_text(summary).find(text) != std::string::npos);
  }
}
