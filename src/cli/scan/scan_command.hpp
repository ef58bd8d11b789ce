// portloop scan, as one object: what it holds and what it does when. scan_command.cpp has its course from the request
// to the exit status, scan_start.cpp how a scan is begun, scan_results.cpp what is done with what comes.
#pragma once

#include <unistd.h>

#include <array>
#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/record/checkpoint.hpp"
#include "cli/record/output_file.hpp"
#include "cli/scan/discovery.hpp"
#include "cli/scan/scan_options.hpp"
#include "cli/targets/target_list.hpp"
#include "cli/terminal/progress.hpp"
#include "cli/usage.hpp"
#include "output/writer.hpp"
#include "portloop/portloop.h"

namespace portloop {

inline int64_t unix_time_us() {
  using namespace std::chrono;
  return duration_cast<microseconds>(system_clock::now().time_since_epoch()).count();
}

/// Throws CannotRun where a call of libuv or of the library failed.
inline void check(int error, const char* what) {
  if (error != 0) throw CannotRun(std::string(what) + ": " + uv_strerror(error));
}

/// One format, and where it goes.
struct Output {
  std::string format;
  std::unique_ptr<Writer> writer;
  std::unique_ptr<OutputFile> file;
};

class ScanCommand {
 public:
  /// `earlier`: the checkpoint to go on from.
  ScanCommand(const ScanRequest& request, const SystemServices& services, std::optional<Checkpoint> earlier)
      : request_(request), services_(services), progress_(wants_progress(request)), resumed_(earlier.has_value()) {
    if (earlier) record_ = std::move(*earlier);
    earlier_counts_ = record_.counts;
    earlier_us_ = record_.elapsed_us;
  }

  ~ScanCommand();
  ScanCommand(const ScanCommand&) = delete;
  ScanCommand& operator=(const ScanCommand&) = delete;

  int run();

 private:
  static bool wants_progress(const ScanRequest& request) {
    if (request.quiet || request.progress == ProgressChoice::never) return false;
    return request.progress == ProgressChoice::always || isatty(STDERR_FILENO) == 1;
  }

  void begin_record();
  void open_outputs(const TargetList& list);
  void reopen_outputs(ScanHeader& header);
  void choose_limits();
  void start(const TargetSet& targets, const PortSet& ports);
  void watch_signals();
  static void on_result(portloop_scan* scan, const portloop_result* result);
  static void on_done(portloop_scan* scan, int status);
  void write_result(const portloop_result& result);
  static void on_discovery_result(portloop_scan* scan, const portloop_result* result);
  static void on_discovery_done(portloop_scan* scan, int status);
  void scan_what_answered();
  void note_unknown(const ProbeResult& probe);
  void count_open(const Address& address);
  void print_status();
  void tick();
  void take_stats();
  double elapsed_s(uint64_t now_ns) const {
    return static_cast<double>(now_ns - started_ns_) * 1e-9 + static_cast<double>(earlier_us_) * 1e-6;
  }
  bool write_checkpoint(bool complete);
  void check_outputs();
  void interrupt();
  void close_handles();
  int finish(const TargetList& list);
  std::string summary(const portloop_stats& stats, double elapsed_s) const;

  ScanRequest request_;
  const SystemServices& services_;
  ProgressLine progress_;
  const TargetList* list_ = nullptr;
  uv_loop_t loop_{};
  bool loop_made_ = false;  // and not closed
  portloop_scan* scan_ = nullptr;
  portloop_stats stats_{};
  std::vector<Output> outputs_;
  uv_timer_t ticks_{};
  uv_async_t ending_{};              // SIGINT, SIGTERM
  uv_signal_t status_signals_[2]{};  // SIGUSR1, and SIGINFO where there is one
  size_t status_signal_count_ = 0;
  uint32_t loops_ = 1;
  uint32_t in_flight_ = 1;
  std::unique_ptr<AnsweredAddresses> answered_;  // with --discover
  bool discovering_ = false;
  uint64_t silent_addresses_ = 0;            // that did not answer discovery
  std::map<Address, uint32_t> open_counts_;  // with --stop-after, of hosts with an open port
  uint64_t stopped_hosts_ = 0;
  std::string failure_;  // why the second scan could not be started
  uint64_t discovery_connects_ = 0;
  uint64_t started_ns_ = 0;
  uint64_t scan_started_ns_ = 0;  // after discovery, later than started_ns_
  uint64_t finished_ns_ = 0;
  bool interrupted_ = false;
  bool output_broken_ = false;
  bool stopped_ = false;
  bool all_probed_ = false;
  const bool resumed_;
  Checkpoint record_;  // what has been done, in all runs
  std::array<uint64_t, 4> earlier_counts_{};
  uint64_t earlier_us_ = 0;
  uint64_t next_checkpoint_ns_ = 0;
  bool checkpoint_failed_ = false;
};

}  // namespace portloop
