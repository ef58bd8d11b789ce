// How long a scan holds its embedder's loop, with thousands of connects in flight.
//
//   loop_hold TARGET PORTS IN_FLIGHT [portable]     inside portloop-lab or another network namespace
//
// Prints three figures for each phase.
//   "turn"    processor time of one turn of the loop: the longest that another handle waits, whatever else the
//             machine does
//     "timer"   the gap between two calls of the embedder's 1 ms timer, as its user notices it; includes the time that
//             the machine gives to other processes
//     "work"    connect calls and results in the longest turn, and the largest number in any turn
//
// Phases: "idle", a loop that turns and does nothing, as a control; "scan", a whole scan with thousands of timeouts;
// "close", a second scan that is closed with everything pending. What the control shows is caused by the machine: a
// virtual processor that is taken away, and packets of other processes, are charged to the running thread.
#include <sys/resource.h>
#include <time.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "portloop/portloop.hpp"

namespace {

uint64_t processor_time_ns() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(now.tv_nsec);
}

/// Watches one loop.
class Watch {
 public:
  explicit Watch(uv_loop_t* loop) {
    turns_us_.reserve(1 << 22);
    gaps_us_.reserve(1 << 22);
    uv_check_init(loop, &turn_);
    turn_.data = this;
    uv_check_start(&turn_, [](uv_check_t* check) { static_cast<Watch*>(check->data)->on_turn(); });
    uv_timer_init(loop, &timer_);
    timer_.data = this;
    uv_timer_start(
        &timer_, [](uv_timer_t* timer) { static_cast<Watch*>(timer->data)->on_timer(); }, 1, 1);
    uv_unref(reinterpret_cast<uv_handle_t*>(&turn_));
    uv_unref(reinterpret_cast<uv_handle_t*>(&timer_));
    begin();
  }
  /// Counts what a running scan does in each turn.
  void follow(const portloop::Scan* scan) {
    scan_ = scan;
    done_ = 0;
  }
  void begin() {
    max_turn_us_ = 0;
    max_work_ = work_of_longest_turn_ = 0;
    turns_us_.clear();
    gaps_us_.clear();
    turn_ns_ = processor_time_ns();
    gap_ns_ = uv_hrtime();
  }
  void report(const char* phase) {
    print(phase, "turn", turns_us_);
    if (max_work_ > 0) {
      std::printf("%-8s %-6s in the longest turn %5llu, at most in a turn %5llu\n", phase, "work",
                  static_cast<unsigned long long>(work_of_longest_turn_), static_cast<unsigned long long>(max_work_));
    }
    print(phase, "timer", gaps_us_);
    begin();
  }
  void close() {
    uv_close(reinterpret_cast<uv_handle_t*>(&turn_), nullptr);
    uv_close(reinterpret_cast<uv_handle_t*>(&timer_), nullptr);
  }

 private:
  void on_turn() {
    const uint64_t now_ns = processor_time_ns();
    const double turn_us = static_cast<double>(now_ns - turn_ns_) * 1e-3;
    turns_us_.push_back(turn_us);
    turn_ns_ = now_ns;
    if (scan_ == nullptr) return;
    const portloop_stats stats = scan_->stats();
    const uint64_t done = stats.connects + stats.open + stats.closed + stats.filtered + stats.unknown;
    if (turn_us > max_turn_us_) {
      max_turn_us_ = turn_us;
      work_of_longest_turn_ = done - done_;
    }
    max_work_ = std::max(max_work_, done - done_);
    done_ = done;
  }
  void on_timer() {
    const uint64_t now_ns = uv_hrtime();
    gaps_us_.push_back(static_cast<double>(now_ns - gap_ns_) * 1e-3);
    gap_ns_ = now_ns;
  }
  static void print(const char* phase, const char* what, std::vector<double>& values_us) {
    if (values_us.empty()) return;
    std::sort(values_us.begin(), values_us.end());
    const auto at = [&](double share) {
      return values_us[static_cast<size_t>(share * static_cast<double>(values_us.size() - 1))];
    };
    const auto over_2_ms = values_us.end() - std::upper_bound(values_us.begin(), values_us.end(), 2000.0);
    std::printf(
        "%-8s %-6s count %7zu  median %6.0f us  99 %% %6.0f us  99.9 %% %6.0f us  max %6.0f us  over 2 ms %td\n", phase,
        what, values_us.size(), at(0.5), at(0.99), at(0.999), values_us.back(), over_2_ms);
  }

  uv_check_t turn_{};
  uv_timer_t timer_{};
  uint64_t turn_ns_ = 0;
  uint64_t gap_ns_ = 0;
  std::vector<double> turns_us_, gaps_us_;
  const portloop::Scan* scan_ = nullptr;
  uint64_t done_ = 0;  // connect calls and results at the end of the previous turn
  double max_turn_us_ = 0;
  uint64_t work_of_longest_turn_ = 0;  // of that turn
  uint64_t max_work_ = 0;              // of any turn
};

/// Runs a loop that does nothing, for about as long as the scan takes.
void turn_idly(uv_loop_t* loop) {
  constexpr uint64_t idle_ms = 3000;
  uv_idle_t turning;
  uv_timer_t end;
  uv_idle_init(loop, &turning);
  uv_idle_start(&turning, [](uv_idle_t*) {});
  uv_timer_init(loop, &end);
  end.data = &turning;
  uv_timer_start(
      &end,
      [](uv_timer_t* timer) {
        uv_close(static_cast<uv_handle_t*>(timer->data), nullptr);
        uv_close(reinterpret_cast<uv_handle_t*>(timer), nullptr);
      },
      idle_ms, 0);
  uv_run(loop, UV_RUN_DEFAULT);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) {
    std::fprintf(stderr, "usage: loop_hold TARGET PORTS IN_FLIGHT [portable]\n");
    return 2;
  }
  rlimit descriptors{};
  getrlimit(RLIMIT_NOFILE, &descriptors);
  descriptors.rlim_cur = descriptors.rlim_max;
  setrlimit(RLIMIT_NOFILE, &descriptors);
  const auto in_flight = static_cast<uint32_t>(std::strtoul(argv[3], nullptr, 10));
  uv_loop_t loop;
  uv_loop_init(&loop);
  Watch watch(&loop);
  turn_idly(&loop);
  watch.report("idle");
  try {
    portloop::Options options;
    options.add_target(argv[1]).ports(argv[2]).in_flight(in_flight).adaptive(false).retries(1).timeout_ms(950);
    if (argc > 4 && std::strcmp(argv[4], "portable") == 0) options.connector(PORTLOOP_CONNECTOR_PORTABLE);
    portloop_stats stats{};
    portloop::Scan whole(&loop);
    watch.follow(&whole);
    whole.start(
        options, [](const portloop_result&) {}, [&](int) { stats = whole.stats(); });
    uv_run(&loop, UV_RUN_DEFAULT);
    watch.follow(nullptr);
    whole.close();
    uv_run(&loop, UV_RUN_DEFAULT);
    std::printf(
        "%u in flight: %llu open, %llu closed, %llu filtered, %llu unknown, %llu connects, %llu local failures\n",
        stats.peak_in_flight, static_cast<unsigned long long>(stats.open),
        static_cast<unsigned long long>(stats.closed), static_cast<unsigned long long>(stats.filtered),
        static_cast<unsigned long long>(stats.unknown), static_cast<unsigned long long>(stats.connects),
        static_cast<unsigned long long>(stats.local_failures));
    watch.report("scan");
    portloop::Scan cancelled(&loop);
    cancelled.start(options, [](const portloop_result&) {});
    while (cancelled.stats().in_flight < std::min<uint64_t>(in_flight, stats.probes)) uv_run(&loop, UV_RUN_ONCE);
    watch.begin();
    cancelled.close();
    uv_run(&loop, UV_RUN_DEFAULT);
    watch.report("close");
  } catch (const portloop::Error& error) {
    std::fprintf(stderr, "loop_hold: %s\n", error.what());
    return 1;
  }
  watch.close();
  uv_run(&loop, UV_RUN_DEFAULT);
  return uv_loop_close(&loop) == 0 ? 0 : 1;
}
