// portloop scan: from the options to the exit status, over the public API like any other embedder.
//
// Happy path: parse the options, collect the targets, open the outputs, run one scan on one loop (with --discover a
// small one before it), give each result to the sinks as it comes, end with the summary.
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
#include <cstdio>
#include <filesystem>
#include <new>
#include <optional>

#include "cli/commands.hpp"
#include "cli/exit_status.hpp"
#include "cli/scan/discovery.hpp"
#include "cli/scan/library_result.hpp"
#include "cli/scan/nmap_command.hpp"
#include "cli/scan/port_identification.hpp"
#include "cli/scan/probe_options.hpp"
#include "cli/scan/running_scan.hpp"
#include "cli/scan/scan_options.hpp"
#include "cli/scan/scan_session.hpp"
#include "cli/scan/scan_sinks.hpp"
#include "cli/scan/scan_summary.hpp"
#include "cli/scan/target_feed.hpp"
#include "cli/system/confinement.hpp"
#include "cli/system/unix_time.hpp"
#include "cli/targets/address_count.hpp"
#include "cli/targets/broadcast_addresses.hpp"
#include "core/spec_error.hpp"
#include "output/grouped.hpp"

namespace portloop {
namespace {

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

  /// For callbacks from libuv, which no exception may reach: runs `body`. If the memory is used up, stops the scan.
  template <class Body>
  void guarded(Body body) noexcept;
  void report_out_of_memory() noexcept;

  void on_interrupt() override;
  void on_status_request() override;
  void on_tick() override;
  void on_name(const Address& address, const std::string& name) override { sinks_.add_name(address, name); }
  void on_bad_input() override;
  void on_all_targets() override;

  NeededFiles needed_files() const;
  void start_discovery();
  void on_discovery_end();
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
    return interrupted_ || timed_out_ || out_of_memory_ || input_failure_.has_value() ||
           sinks_.outputs().failure_taken();
  }
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
  bool out_of_memory_ = false;
  std::string failure_;  // why the scan after discovery could not be started
  struct InputFailure {
    std::string message;
    int status;
  };
  std::optional<InputFailure> input_failure_;  // why targets could not be read to the end
};

bool reads_standard_input(const TargetWords& words) {
  return std::find(words.input_files.begin(), words.input_files.end(), "-") != words.input_files.end();
}

/// What must be reachable: the targets or, while they are not known, any address of both families.
TargetSet possible_targets(const TargetList& list) {
  std::vector<AddressRange> ranges = list.targets.ranges();
  for (const OwnPorts& own : list.own_ports) ranges.push_back(own.range);
  if (ranges.empty()) {
    for (const Family family : {Family::ipv4, Family::ipv6}) {
      const Address any{family, 0, highest_value(family)};
      ranges.push_back({any, any});
    }
  }
  return TargetSet(std::move(ranges), {});
}

int ScanCommand::run() {
  check_granted(request_.settings.call_from, possible_targets(sinks_.record().list()));
  if (feed_ != nullptr && feed_->is_stream()) sinks_.expect_names();
  if (!sinks_.open(request_)) return exit_failed;
  session_.watch(*this);  // first: it takes descriptors that the scan must not count on
  if (progress_.is_redrawn() && !reads_standard_input(request_.targets)) session_.watch_keys();
  limits_ = choose_limits(request_.settings, request_.quiet);
  if (request_.settings.identify) begin_identification();
  if (request_.confined) confine(needed_files());
  if (request_.discover)
    start_discovery();
  else
    start_scan(targets());
  session_.run();
  return finish();
}

NeededFiles ScanCommand::needed_files() const {
  NeededFiles files{request_.checkpoint_file, {}};
  const std::filesystem::path directory = sinks_.record().done().directory;
  for (const OutputChoice& output : request_.outputs) {
    if (!output.file.empty()) files.outputs.push_back((directory / output.file).string());
  }
  return files;
}

// ---- The scan, and discovery before it ----

void ScanCommand::start_discovery() {
  phase_ = Phase::discovery;
  sinks_.record().start_clock();
  discovery_.emplace(session_.loop(), targets(), request_.settings, limits_,
                     [this] { guarded([this] { on_discovery_end(); }); });
}

void ScanCommand::on_discovery_end() {
  update_stats();
  if (discovery_->out_of_memory()) report_out_of_memory();
  if (stopped()) return end_loop();
  phase_ = Phase::scan;
  stats_ = {};
  try {
    const TargetSet answered = discovery_->answered().as_targets();
    if (!answered.empty()) return start_scan(answered);
    all_probed_ = true;
  } catch (const CannotRun& error) {
    failure_ = error.what();
  } catch (const std::bad_alloc&) {
    report_out_of_memory();
  }
  end_loop();
}

void ScanCommand::start_scan(const TargetSet& targets) {
  const Options options = feed_ != nullptr ? open_scan_options(request_.ports, request_.settings, limits_)
                                           : full_scan_options(targets, request_.ports, request_.settings, limits_,
                                                               sinks_.record().done().finished);
  sinks_.record().start_clock();
  scan_.emplace(
      session_.loop(), options, [this](const portloop_result& result) { guarded([&] { on_result(result); }); },
      [this](int status) { guarded([this, status] { on_done(status); }); },
      [this](const sockaddr& address, portloop_host_event event) {
        if (event == PORTLOOP_HOST_ALL_OPEN) guarded([&] { sinks_.add_all_open(host_address_of(address)); });
      });
  if (feed_ == nullptr) return;
  progress_.set_total_known(!feed_->is_stream());
  feed_->start(session_.loop(), *scan_, *this);
}

/// Called in a handler.
void ScanCommand::on_bad_input() {
  guarded([this] {
    try {
      throw;
    } catch (const UsageError& error) {
      input_failure_ = {error.what(), exit_usage};
    } catch (const CannotRun& error) {
      input_failure_ = {error.what(), exit_incomplete};
    }
    stop();
  });
}

void ScanCommand::on_all_targets() {
  progress_.set_total_known(true);
  sinks_.all_names_known();
}

void ScanCommand::on_result(const portloop_result& result) {
  // Without a round trip: no router has answered, but the kernel has found no such neighbour on an own link.
  if (result.reason == PORTLOOP_HOST_UNREACH && result.rtt_us == 0)
    absent_.add(probe_result_of(result).endpoint.address);
  if (request_.nmap_command && result.state == PORTLOOP_OPEN) open_ports_.add(probe_result_of(result).endpoint);
  if (identification_ && result.state == PORTLOOP_OPEN && !stopped())
    identify(result);
  else
    sinks_.add(result);
  stop_if_output_broke();
}

void ScanCommand::on_done(int status) {
  all_probed_ = status == 0;
  if (status == UV_ENOMEM) report_out_of_memory();
  update_stats();
  scan_done_ = true;
  if (feed_ != nullptr) feed_->close();
  end_if_identified();
}

// ---- --identify ----

void ScanCommand::begin_identification() {
  identification_.emplace(session_.loop(), request_.settings, limits_,
                          [this](const ProbeResult& probe, int64_t time_us, const Identified& found) {
                            guarded([&] { on_identified(probe, time_us, found); });
                          });
  if (!identification_->has_tls() && !request_.quiet)
    progress_.report("this portloop was built without OpenSSL: --identify makes no TLS handshakes");
}

void ScanCommand::identify(const portloop_result& result) {
  const auto& names = sinks_.record().list().names;
  const auto name = names.find(probe_result_of(result).endpoint.address);
  identification_->add(result, name != names.end() ? name->second.front() : std::string(), *scan_);
}

void ScanCommand::on_identified(const ProbeResult& probe, int64_t time_us, const Identified& found) {
  ProbeResult result = probe;
  result.banner = found.banner;
  sinks_.add(result, time_us, found.finding ? &*found.finding : nullptr);
  stop_if_output_broke();
  identification_->resume_if_due(scan_ ? &*scan_ : nullptr);
  end_if_identified();
}

void ScanCommand::report_fruitless_hosts() {
  for (const Address& address : identification_->fruitless_hosts()) {
    progress_.report(to_text(address) + ": nothing spoke on " + std::to_string(Identifier::max_fruitless) +
                     " of its open ports in a row; the others were not asked");
  }
}

void ScanCommand::end_if_identified() {
  if (scan_done_ && scan_ && (!identification_ || identification_->idle())) end_loop();
}

void ScanCommand::end_loop() {
  sinks_.record().stop_clock();
  if (feed_ != nullptr) feed_->close();
  scan_.reset();
  session_.unwatch();
}

// ---- What happens meanwhile ----

template <class Body>
void ScanCommand::guarded(Body body) noexcept {
  try {
    body();
  } catch (const std::bad_alloc&) {
    report_out_of_memory();
    stop();
  }
}

void ScanCommand::report_out_of_memory() noexcept {
  if (out_of_memory_) return;
  out_of_memory_ = true;
  progress_.clear();
  std::fputs("portloop: out of memory; the scan is stopped\n", stderr);
}

void ScanCommand::on_interrupt() {
  interrupted_ = true;
  stop();
}

/// Prints a line below the results and in place of the progress line, which the next tick draws again.
void ScanCommand::on_status_request() {
  guarded([this] {
    update_stats();
    sinks_.outputs().flush_terminals();
    progress_.report(phase_text() + progress_.status_text(stats_));
  });
}

void ScanCommand::on_tick() {
  guarded([this] {
    sinks_.flush();
    stop_if_output_broke();
    stop_if_time_is_over();
    update_stats();
    progress_.draw(stats_, phase_text());
    show_stats_if_due();
    if (!sinks_.record().save_is_due()) return;
    sinks_.save();
    stop_if_output_broke();
  });
}

/// --stats-every
void ScanCommand::show_stats_if_due() {
  const uint64_t now_ns = uv_hrtime();
  if (request_.stats_every_ms == 0 || now_ns - stats_shown_ns_ < request_.stats_every_ms * 1'000'000) return;
  stats_shown_ns_ = now_ns;
  on_status_request();
}

void ScanCommand::stop() {
  if (phase_ == Phase::discovery) discovery_->stop();
  if (scan_) scan_->stop();
  if (identification_) identification_->stop();
}

void ScanCommand::stop_if_output_broke() {
  const std::optional<std::string> failure = sinks_.outputs().take_failure();
  if (!failure) return;
  progress_.report(*failure + "; the scan is stopped");
  stop();
}

void ScanCommand::stop_if_time_is_over() {
  const auto max_s = static_cast<double>(request_.max_time_ms) / 1000;
  if (request_.max_time_ms == 0 || stopped() || sinks_.record().this_run_s() < max_s) return;
  timed_out_ = true;
  if (!request_.quiet) progress_.report("the time of --max-time is over; the scan is stopped");
  stop();
}

void ScanCommand::update_stats() {
  if (phase_ == Phase::discovery) {
    stats_ = discovery_->stats();
    progress_.observe(stats_, discovery_->elapsed_s());
    progress_.predict(stats_);
  } else if (scan_) {
    stats_ = scan_->stats();
    sinks_.notes().report_flow_limit(stats_);
    progress_.observe(stats_, scan_->elapsed_s());
    stats_ = sinks_.record().total(stats_);
    progress_.predict(stats_);
  }
}

// ---- The end ----

int ScanCommand::finish() {
  progress_.clear();
  if (!failure_.empty()) throw CannotRun(failure_);
  if (feed_ != nullptr && all_probed_) {
    if (const std::string why = feed_->nothing_added(); !why.empty()) throw UsageError(why);
  }
  try {
    return finish_outputs();
  } catch (const std::bad_alloc&) {
    report_out_of_memory();
    sinks_.outputs().end_without_footers();
    return interrupted_ ? exit_interrupted : exit_incomplete;
  }
}

int ScanCommand::finish_outputs() {
  sinks_.save();  // before what end() writes, which a resumed scan writes itself
  ScanFooter footer;
  footer.finished_us = unix_time_us();
  footer.hosts_total = target_count();
  footer.complete = !stopped() && all_probed_ && stats_.unknown == 0 && failed_names() == 0;
  if (request_.resume_file.empty() && phase_ == Phase::scan) footer.hosts_answered = sinks_.answered();
  footer.hosts_absent = absent_.count();
  footer.summary = summary();
  sinks_.end(footer);
  if (const auto failure = sinks_.outputs().take_failure()) progress_.report(*failure);
  if (all_probed_) sinks_.save_all_probed();
  if (input_failure_) {
    progress_.report(input_failure_->message + (target_count() > 0 ? ": the scan is stopped" : ""));
    return input_failure_->status;
  }
  report_end(footer);
  if (interrupted_) return exit_interrupted;
  return footer.complete && !sinks_.outputs().broken() && !sinks_.record().save_failed() ? exit_complete
                                                                                         : exit_incomplete;
}

size_t ScanCommand::failed_names() const {
  return sinks_.record().list().failed_names + (feed_ != nullptr ? feed_->failed_names().size() : 0);
}

void ScanCommand::report_end(const ScanFooter& footer) {
  if (feed_ != nullptr) {
    for (const std::string& line : feed_->failed_names()) progress_.report(line);
    if (const uint64_t names = feed_->unknown_names(); names > 0)
      progress_.report(grouped(names) + (names == 1 ? " name was" : " names were") +
                       " not looked up to the end: the scan has ended before");
  }
  if (!request_.quiet) {
    if (identification_) report_fruitless_hosts();
    for (const auto& [reason, unknown] : sinks_.record().done().unknown) {
      progress_.report(grouped(unknown.count) + " unknown: " + reason + ", the first " +
                       to_text(unknown.first.address, unknown.first.port));
    }
    sinks_.notes().report_unusual(stats_);
    progress_.print((interrupted_ ? "interrupted: " : "") + footer.summary);
  }
  if (request_.nmap_command) {
    for (const std::string& command : open_ports_.nmap_commands()) std::fprintf(stderr, "%s\n", command.c_str());
  }
}

std::string ScanCommand::summary() const {
  if (phase_ == Phase::discovery) return discovery_summary_text(targets().size(), discovery_->answered().count());
  const ScanRecord& record = sinks_.record();
  ScanSummary summary;
  summary.targets = target_count();
  summary.ports = feed_ != nullptr ? feed_->distinct_ports() : request_.ports.size();
  summary.connects = stats_.connects;
  if (request_.resume_file.empty()) summary.answered = sinks_.answered();
  if (discovery_) {
    summary.discovered = discovery_->answered().count();
    summary.connects += discovery_->stats().connects;
  }
  summary.stats = stats_;
  summary.elapsed_s = record.elapsed_s();
  summary.this_run_s = record.this_run_s();
  summary.stop_after = request_.settings.stop_after;
  summary.stopped_hosts = sinks_.notes().stopped_hosts();
  summary.all_open_hosts = sinks_.all_open_hosts();
  if (request_.resume_file.empty()) summary.absent_hosts = absent_.count();
  for (const auto& [reason, unknown] : record.done().unknown) summary.unknown[reason] = unknown.count;
  if (request_.verbose) summary.seed = request_.settings.order.seed;
  summary.shard = request_.settings.shard;
  return summary_text(summary);
}

/// The option that numbers the probes of all targets, so that it needs their whole list and the same ports for all of
/// them; "" if there is none.
std::string numbering_option(const ScanRequest& request) {
  if (!request.checkpoint_file.empty()) return "--checkpoint";
  if (request.settings.shard.count > 1) return "--shard";
  if (request.discover) return "--discover";
  return request.settings.order.order == Order::sequential ? "--order sequential" : "";
}

/// Whether targets are scanned while the list still arrives. XML and grepable files begin with what is scanned, and
/// have each host in one piece; that an interface leads to all targets is checked before.
bool reads_while_scanning(const ScanRequest& request) {
  const auto has_whole_hosts = [](const OutputChoice& output) {
    return output.format == "xml" || output.format == "grepable";
  };
  return !request.targets.input_files.empty() && numbering_option(request).empty() &&
         request.settings.call_from.interface.empty() &&
         std::none_of(request.outputs.begin(), request.outputs.end(), has_whole_hosts);
}

/// The targets of a new scan whose list is read first. A shard keeps the broadcast addresses: on another machine, they
/// may be a host's.
TargetList targets_of(const ScanRequest& request, uv_loop_t* loop) {
  const std::string option = numbering_option(request);
  TargetList list = option.empty()
                        ? collect_targets_with_ports(request.targets, request.ports.size(), loop)
                        : collect_targets(request.targets, request.ports.size(), loop, "a scan with " + option);
  if (request.settings.shard.count == 1) remove_broadcast_addresses(list.targets, request.quiet);
  return list;
}

int run_new(const ScanRequest& request, const SystemServices& services) {
  ScanSession session;
  TargetFeed feed(request.targets, request.ports, request.settings.excluded_ports);
  TargetList list;
  if (reads_while_scanning(request)) {
    feed.open(session.loop());
  } else {
    list = targets_of(request, session.loop());
    if (!list.own_ports.empty()) feed.use(list);
  }
  const bool is_fed = feed.is_stream() || !list.own_ports.empty();
  return ScanCommand(request, services, session, new_checkpoint(request, std::move(list)), is_fed ? &feed : nullptr)
      .run();
}

}  // namespace

int run_scan(int argc, const char* const* argv) {
  const SystemServices services = SystemServices::load();
  const auto request = parse_scan_options(argc, argv, services);
  if (!request) return exit_complete;
  if (request->resume_file.empty()) return run_new(*request, services);
  Checkpoint earlier = read_checkpoint(request->resume_file);
  const ScanRequest resumed = resumed_request(*request, earlier, services);
  if (earlier.complete()) {
    const size_t failed_names = earlier.list.failed_names;
    std::fprintf(stderr, "portloop: checkpoint %s: every port has its result, nothing is left to do%s\n",
                 quote_word(request->resume_file).c_str(), failed_names > 0 ? "; some target did not resolve" : "");
    return failed_names > 0 ? exit_incomplete : exit_complete;
  }
  ScanSession session;
  return ScanCommand(resumed, services, session, std::move(earlier), nullptr).run();
}

}  // namespace portloop
