// One scan of the command line, from the checkpoint it begins with to its exit status.
//
// Happy path: open the outputs, run one scan on one loop (with --discover a small one before it), give each result to
// the sinks as it comes, end with the summary.
//
// What goes wrong:
//   - wrong usage: UsageError before anything is sent. If one of several names does not resolve, it is reported, and
//     the exit status is 3
//   - targets that arrive while it runs (target_feed.hpp) have a wrong word: the scan is stopped, what was found is
//     written, exit 2
//   - SIGINT, SIGTERM or SIGHUP: the scan is stopped, what was found is written, exit 130. A second one ends the
//   process
//   - --max-time is over: the scan is stopped, what was found is written, exit 3
//   - an output breaks (reader gone, disk full): reported once, the scan is stopped, exit 3
//   - a result is unknown: counted by reason, reported at the end, exit 3
//   - the scan after discovery can't be started: CannotRun, but only when the loop has ended, because the error occurs
//     in a callback from C
//   - with --identify, the scan is stopped while open ports are being identified: they are written without that
//   - the memory is used up: what was found is written, exit 3. Before the scan has begun: exit 1
//   - the process is killed: --resume continues from the last checkpoint
//   - the checkpoint can't be written: reported once, the scan goes on, exit 3 if the last one failed

#include <algorithm>
#pragma once

#include <optional>
#include <string>

#include "cli/scan/discovery.hpp"
#include "cli/scan/memory_guard.hpp"
#include "cli/scan/nmap_command.hpp"
#include "cli/scan/port_identification.hpp"
#include "cli/scan/probe_options.hpp"
#include "cli/scan/running_scan.hpp"
#include "cli/scan/scan_request.hpp"
#include "cli/scan/scan_session.hpp"
#include "cli/scan/scan_sinks.hpp"
#include "cli/scan/target_feed.hpp"
#include "cli/system/confinement.hpp"
#include "cli/targets/address_count.hpp"

namespace portloop {

/// Not thread-safe.
class ScanCommand : ScanSession::Events, TargetFeed::Events {
 public:
  /// `services`, `session` and `feed` outlive this object. `checkpoint`: new, or that of the scan that is resumed.
  /// `feed`: adds the targets while the scan runs; nullptr if they are those of the checkpoint.
  ScanCommand(const ScanRequest& request, const SystemServices& services, ScanSession& session, Checkpoint checkpoint,
              TargetFeed* feed)
      : request_(request),
        session_(session),
        feed_(feed),
        progress_(progress_style(request.progress)),
        sinks_(request, services, progress_, std::move(checkpoint)) {
    request_.settings.order.seed = sinks_.record().done().seed;
  }

  int run();

 private:
  /// Which scan is running, or was the last one.
  enum class Phase { discovery, scan };

  template <class Body>
  void guarded(Body body) noexcept {
    memory_.run(body, [this] { stop(); });
  }

  void on_interrupt() override;
  void on_status_request() override;
  void on_tick() override;
  void on_name(const Address& address, const std::string& name) override { sinks_.add_name(address, name); }
  void on_left_out(const std::string& note) override { progress_.report(note); }
  void on_bad_input() override;
  void on_all_targets() override;

  NeededFiles needed_files() const;
  void start_discovery();
  void on_discovery_end();
  void write_discovered();
  void start_scan(const TargetSet& targets);
  void on_result(const portloop_result& result);
  void begin_identification();
  void on_done(int status);
  void identify(const portloop_result& result);
  void on_identified(const ProbeResult& probe, int64_t time_us, const Identified& found);
  void report_fruitless_hosts();
  void end_if_identified();
  void end_loop();

  void stop();
  void stop_if_output_broke();
  void stop_if_time_is_over();
  void show_stats_if_due();
  bool stopped() const {
    return interrupted_ || timed_out_ || memory_.exhausted() || input_failure_.has_value() ||
           sinks_.outputs().failure_taken();
  }
  bool skips_all_open() const { return request_.settings.all_open == AllOpenChoice::skip; }
  void update_stats();
  const char* phase_text() const { return phase_ == Phase::discovery ? "discovery: " : ""; }
  int finish();
  int finish_outputs();
  void report_end(const ScanFooter& footer);
  std::string summary() const;
  const TargetSet& targets() const { return sinks_.record().list().targets; }
  uint64_t target_count() const { return feed_ != nullptr ? feed_->addresses() : targets().size(); }
  size_t failed_names() const;

  ScanRequest request_;
  ScanSession& session_;
  TargetFeed* feed_;
  ProgressLine progress_;
  MemoryGuard memory_{progress_, "the scan is stopped"};
  ScanSinks sinks_;
  ScanLimits limits_;
  OpenPorts open_ports_;  // for --nmap-command
  AddressCount absent_;   // addresses of own links without a host
  Phase phase_ = Phase::scan;
  std::optional<Discovery> discovery_;
  std::optional<RunningScan> scan_;
  std::optional<PortIdentification> identification_;  // with --identify
  bool scan_done_ = false;
  portloop_stats stats_{};  // of the phase, with the results of earlier runs
  uint64_t stats_shown_ns_ = uv_hrtime();
  bool all_probed_ = false;
  bool interrupted_ = false;
  bool timed_out_ = false;  // --max-time
  std::string failure_;     // why the scan after discovery could not be started
  struct InputFailure {
    std::string message;
    int status;
  };
  std::optional<InputFailure> input_failure_;  // why targets could not be read to the end
};

}  // namespace portloop
