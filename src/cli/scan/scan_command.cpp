#include "cli/scan/scan_command.hpp"

#include <algorithm>
#include <filesystem>
#include <new>

#include "cli/exit_status.hpp"
#include "cli/scan/library_result.hpp"
#include "cli/system/unix_time.hpp"

namespace portloop {
namespace {

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

}  // namespace

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
  discovery_.emplace(
      session_.loop(), targets(), request_.settings, limits_,
      [this](const sockaddr& address) { guarded([&] { sinks_.add_all_open(host_address_of(address), false); }); },
      [this] { guarded([this] { on_discovery_end(); }); });
}

void ScanCommand::on_discovery_end() {
  update_stats();
  if (discovery_->out_of_memory()) memory_.report();
  if (stopped()) {
    write_discovered();
    return end_loop();
  }
  phase_ = Phase::scan;
  stats_ = {};
  try {
    const TargetSet answered = discovery_->answered().as_targets();
    if (!answered.empty()) return start_scan(answered);
    all_probed_ = true;
  } catch (const CannotRun& error) {
    failure_ = error.what();
  } catch (const std::bad_alloc&) {
    memory_.report();
  }
  end_loop();
}

/// If there will be no scan: the ports that discovery has found open, as far as they were to be scanned.
void ScanCommand::write_discovered() {
  for (const Discovery::OpenPort& port : discovery_->open_ports()) {
    if (!request_.ports.contains(port.probe.endpoint.port)) continue;
    if (request_.nmap_command) open_ports_.add(port.probe.endpoint);
    sinks_.add(port.probe, port.time_us, nullptr);
  }
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
        if (event == PORTLOOP_HOST_ALL_OPEN)
          guarded([&] { sinks_.add_all_open(host_address_of(address), skips_all_open()); });
        if (event == PORTLOOP_HOST_BANNED) guarded([&] { sinks_.notes().report_ban(host_address_of(address)); });
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
  if (status == UV_ENOMEM) memory_.report();
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
    sinks_.notes().report_neighbour_wait(stats_);
    progress_.observe(stats_, discovery_->elapsed_s());
    progress_.predict(stats_);
  } else if (scan_) {
    stats_ = scan_->stats();
    sinks_.notes().report_flow_limit(stats_);
    sinks_.notes().report_neighbour_wait(stats_);
    progress_.observe(stats_, scan_->elapsed_s());
    stats_ = sinks_.record().total(stats_);
    progress_.predict(stats_);
    if (identification_) progress_.set_identifying(identification_->unfinished());
  }
}

// ---- The end ----

}  // namespace portloop
