// The progress line of a scan: how much is done, connects per second, and the time left.
#include <doctest/doctest.h>

#include <algorithm>
#include <string>

#include "cli/terminal/progress.hpp"

using namespace portloop;

namespace {

/// All that is not drawn is fresh: of two expected passes, the second begins when all is drawn.
portloop_stats stats_of(uint64_t probes, uint64_t connects, uint64_t closed, uint64_t open = 0) {
  portloop_stats stats{};
  stats.probes = probes;
  stats.connects = connects;
  stats.drawn = std::min(probes, std::max(connects, closed + open));
  stats.pass = connects > probes ? 2 : 1;
  stats.expected_passes = 2;
  const uint64_t sent = connects > probes ? connects - probes : connects;
  stats.pass_permille = static_cast<uint32_t>(std::min<uint64_t>(1000, sent * 1000 / probes));
  stats.closed = closed;
  stats.open = open;
  return stats;
}

double seconds_left_at_100_connects_per_s(const portloop_stats& stats) {
  ProgressLine line(ProgressStyle::none);
  line.observe(stats, static_cast<double>(stats.connects) / 100);
  return line.seconds_left(stats);
}

}  // namespace

TEST_CASE("the rate counts connects, not results") {
  ProgressLine line(ProgressStyle::none);
  const portloop_stats stats = stats_of(65'535, 20'000, 12'342, 3);
  line.observe(stats, 2);
  CHECK(line.status_text(stats) == "pass 1 of about 2, 30 % sent, 3 open, 10,000 connects/s");
}

TEST_CASE("there is an estimate once the predictions of two seconds agree, and never one of 0 s") {
  ProgressLine line(ProgressStyle::none);
  std::string text;
  const auto observe = [&](double elapsed_s, uint64_t answered) {
    const portloop_stats stats = stats_of(1000, answered, answered);
    line.observe(stats, elapsed_s);
    line.predict(stats);
    text = line.status_text(stats);
  };
  for (int tick = 1; tick <= 9; ++tick) observe(tick * 0.25, static_cast<uint64_t>(tick) * 25);
  CHECK(text == "pass 1 of about 2, 22 % sent, 0 open, 8 s left, 100 connects/s");
  observe(2.5, 900);  // the pace changes
  CHECK(text.find("left") == std::string::npos);
  for (int tick = 1; tick <= 12; ++tick) {
    observe(2.5 + tick * 0.25, 900 + static_cast<uint64_t>(tick));
    CHECK(text.find(" 0 s left") == std::string::npos);
  }
}

TEST_CASE("no estimate for the first two seconds") {
  ProgressLine line(ProgressStyle::none);
  for (int tick = 1; tick <= 7; ++tick) {
    const portloop_stats stats = stats_of(1000, static_cast<uint64_t>(tick) * 25, static_cast<uint64_t>(tick) * 25);
    line.observe(stats, tick * 0.25);
    line.predict(stats);
    CHECK(line.status_text(stats).find("left") == std::string::npos);
  }
}

TEST_CASE("the rate is the current one: a burst at the start does not shorten the estimate") {
  ProgressLine line(ProgressStyle::none);
  line.observe(stats_of(1000, 10'000, 100), 1);
  CHECK(line.status_text(stats_of(1000, 10'000, 100)).find(" 10,000 connects/s") != std::string::npos);
  uint64_t connects = 10'000;
  for (double elapsed_s = 1.25; elapsed_s <= 40; elapsed_s += 0.25)
    line.observe(stats_of(1000, connects += 25, 100), elapsed_s);
  CHECK(line.status_text(stats_of(1000, connects, 100)).find(" 100 connects/s") != std::string::npos);
}

TEST_CASE("the rate starts again with the scan that follows discovery") {
  ProgressLine line(ProgressStyle::none);
  line.observe(stats_of(100, 5000, 0), 5);
  line.observe(stats_of(100, 50, 0), 1);
  CHECK(line.status_text(stats_of(100, 50, 0)).find(" 50 connects/s") != std::string::npos);
}

TEST_CASE("there is no estimate before the first connect and after the last result") {
  ProgressLine line(ProgressStyle::none);
  CHECK(line.status_text(portloop_stats{}) == "nothing sent yet, 0 open");
  line.observe(stats_of(100, 100, 100), 1);
  CHECK(line.status_text(stats_of(100, 100, 100)) == "pass 1 of about 2, 100 % sent, 0 open, 100 connects/s");
}

TEST_CASE("if every port answers, each probe that is left takes one connect") {
  CHECK(seconds_left_at_100_connects_per_s(stats_of(1000, 400, 400)) == doctest::Approx(6));
}

TEST_CASE("if every port is silent, each takes two connects, and those probed once take one more") {
  CHECK(seconds_left_at_100_connects_per_s(stats_of(1000, 400, 0)) == doctest::Approx(6 + 4 + 6));
  CHECK(seconds_left_at_100_connects_per_s(stats_of(1000, 1000, 0)) == doctest::Approx(10));
  CHECK(seconds_left_at_100_connects_per_s(stats_of(1000, 1700, 0)) == doctest::Approx(3));
}

TEST_CASE("if half of the ports are silent, half of the rest is expected to be") {
  CHECK(seconds_left_at_100_connects_per_s(stats_of(1000, 400, 200)) == doctest::Approx(2 + 6 + 3));
}

TEST_CASE("if every port has been probed and a host answers slowly, its rate of results counts") {
  ProgressLine line(ProgressStyle::none);
  line.observe(stats_of(1000, 5000, 200), 10);  // 500 connects and 20 answers a second
  line.observe(stats_of(1000, 5100, 240), 12);  // 50 and 20
  CHECK(line.seconds_left(stats_of(1000, 5100, 240)) == doctest::Approx(760 / 20.0));
}

TEST_CASE("probes that an earlier run has done, or that will not be made, do not count") {
  portloop_stats stats = stats_of(1000, 100, 600);
  stats.skipped = 500;
  stats.not_probed = 100;
  stats.drawn = 700;
  CHECK(seconds_left_at_100_connects_per_s(stats) == doctest::Approx(3));
}

TEST_CASE("a third pass that is expected takes as many connects as there are silent ports") {
  portloop_stats stats = stats_of(1000, 1700, 0);
  CHECK(seconds_left_at_100_connects_per_s(stats) == doctest::Approx(3));
  stats.expected_passes = 3;
  CHECK(seconds_left_at_100_connects_per_s(stats) == doctest::Approx(3 + 10));
}

TEST_CASE("banners are read while probes are sent, and waited for at the end") {
  const ProgressLine line(ProgressStyle::none);
  portloop_stats stats = stats_of(1000, 1000, 992, 3);
  stats.banners = 5;
  CHECK(line.status_text(stats).find("3 open, reading 5 banners") != std::string::npos);
  stats.pass = 0;
  CHECK(line.status_text(stats) == "3 open, waiting for 5 banners");
  stats.banners = 1;
  CHECK(line.status_text(stats) == "3 open, waiting for 1 banner");
}

TEST_CASE("ports that are being identified are counted") {
  ProgressLine line(ProgressStyle::none);
  portloop_stats stats = stats_of(1000, 1000, 997, 3);
  line.set_identifying(1200);
  CHECK(line.status_text(stats) == "pass 1 of about 2, 100 % sent, 3 open, identifying 1,200 ports, 0 connects/s");
  stats.pass = 0;
  line.set_identifying(1);
  CHECK(line.status_text(stats) == "3 open, identifying 1 port");
  line.set_identifying(0);
  CHECK(line.status_text(stats) == "3 open");
}

TEST_CASE("a narrow terminal gets the parts that fit, and at least the beginning of the first one") {
  const ProgressLine line(ProgressStyle::none);
  const portloop_stats stats = stats_of(1000, 500, 500);
  CHECK(line.status_text(stats, 44) == "pass 1 of about 2, 50 % sent, 0 open");
  CHECK(line.status_text(stats, 36) == "pass 1 of about 2, 50 % sent, 0 open");
  CHECK(line.status_text(stats, 35) == "pass 1 of about 2, 50 % sent");
  CHECK(line.status_text(stats, 9) == "pass 1 of");
}
