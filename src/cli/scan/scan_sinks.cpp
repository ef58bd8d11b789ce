#include "cli/scan/scan_sinks.hpp"

#include <uv.h>

#include "cli/scan/library_result.hpp"
#include "cli/system/unix_time.hpp"
#include "cli/terminal/colour.hpp"

namespace portloop {

ScanSinks::ScanSinks(const ScanRequest& request, const SystemServices& services, ProgressLine& progress,
                     Checkpoint checkpoint)
    : services_(services),
      show_all_(request.show_all),
      progress_(progress),
      outputs_(progress, request.colour && colour_is_allowed()),
      record_(std::move(checkpoint), request.checkpoint_file),
      notes_(progress, request.settings.stop_after, request.quiet) {}

bool ScanSinks::open(const ScanRequest& request) {
  const Checkpoint& done = record_.done();
  ScanHeader header;
  header.version = portloop_version();
  header.command_line = request.command_line;
  header.started_us = done.started_us;
  header.ports = request.ports;
  header.targets = done.list.targets.size();
  header.seed = done.seed;
  header.results_per_host = done.shard.count == 1 && request.settings.stop_after == 0 ? request.ports.size() : 0;
  header.has_ipv6 = done.list.targets.has_family(Family::ipv6);
  header.show_all = request.show_all;
  if (request.resume_file.empty())
    outputs_.open(request.outputs, request.overwrite, header);
  else
    outputs_.reopen(done.outputs, request.resume_file, header);
  return save();
}

void ScanSinks::add(const portloop_result& found) {
  OutputResult result;
  result.probe = probe_result_of(found);
  const ProbeResult& probe = result.probe;
  if (probe.state == PortState::open || show_all_) result.service = services_.name_of(probe.endpoint.port);
  result.time_us = unix_time_us();  // of closed ports, too: a host's times are those of all its results
  const auto& names = record_.list().names;
  if (!names.empty()) {
    if (const auto name = names.find(probe.endpoint.address); name != names.end()) result.host_name = name->second;
  }
  const bool new_reason = record_.add(probe);
  if (new_reason && probe.reason == Reason::no_route) notes_.report_no_route(probe.endpoint.address);
  if (probe.state == PortState::open) notes_.count_open(probe.endpoint.address);
  outputs_.write(result);
}

bool ScanSinks::save() {
  if (!record_.keeps_checkpoint()) return true;
  const uint64_t begun_ns = uv_hrtime();
  std::vector<SavedOutput> saved = outputs_.saved();
  return outputs_.broken() || report_save(record_.save(std::move(saved), begun_ns));
}

void ScanSinks::save_complete() {
  if (record_.keeps_checkpoint() && !outputs_.broken()) report_save(record_.save_complete());
}

bool ScanSinks::report_save(const std::string& error) {
  if (!error.empty()) progress_.report(error);
  return !record_.save_failed();
}

}  // namespace portloop
