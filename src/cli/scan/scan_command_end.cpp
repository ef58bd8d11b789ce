// How a scan of the command line ends: its last save, its summary, its exit status.
#include <cstdio>

#include "cli/exit_status.hpp"
#include "cli/scan/scan_command.hpp"
#include "cli/scan/scan_summary.hpp"
#include "cli/system/unix_time.hpp"
#include "output/grouped.hpp"

namespace portloop {

int ScanCommand::finish() {
  progress_.clear();
  if (!failure_.empty()) throw CannotRun(failure_);
  if (feed_ != nullptr && all_probed_) {
    if (const std::string why = feed_->nothing_added(); !why.empty()) throw UsageError(why);
  }
  try {
    return finish_outputs();
  } catch (const std::bad_alloc&) {
    memory_.report();
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
  summary.own_ports = feed_ != nullptr && stats_.probes != summary.targets * summary.ports;
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
  summary.banned_hosts = sinks_.notes().banned_hosts();
  if (request_.resume_file.empty()) summary.absent_hosts = absent_.count();
  for (const auto& [reason, unknown] : record.done().unknown) summary.unknown[reason] = unknown.count;
  if (request_.verbose) summary.seed = request_.settings.order.seed;
  summary.shard = request_.settings.shard;
  return summary_text(summary);
}

}  // namespace portloop
