#include "cli/scan/scan_sinks.hpp"

#include <uv.h>

#include <new>

#include "cli/scan/library_result.hpp"
#include "cli/system/unix_time.hpp"

namespace portloop {
namespace {

constexpr uint64_t several = 2;  // targets: how many is not known yet

}  // namespace

ScanSinks::ScanSinks(const ScanRequest& request, const SystemServices& services, ProgressLine& progress,
                     Checkpoint checkpoint)
    : services_(services),
      show_all_(request.show_all),
      progress_(progress),
      outputs_(progress, {request.colour, request.live, request.quiet}),
      record_(std::move(checkpoint), request.checkpoint_file),
      notes_(progress, request.settings.stop_after, request.quiet) {
  all_open_.add(record_.done().all_open);
}

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
  for (const OwnPorts& own : done.list.own_ports) {
    for (const PortRange& ports : own.ports.ranges()) header.ports.add(ports);
    ++header.targets;
    header.results_per_host = 0;
    header.has_ipv6 = header.has_ipv6 || own.range.first.family == Family::ipv6;
  }
  if (expects_names_) {
    header.targets = several;
    header.ports.add({1, 65535});  // any may be a target's own
  }
  header.show_all = request.show_all;
  header.list_names = request.list_names;
  if (request.resume_file.empty())
    outputs_.open(request.outputs, request.overwrite, header);
  else
    outputs_.reopen(done.outputs, request.resume_file, header);
  return save();
}

void ScanSinks::add(const portloop_result& found) {
  add(probe_result_of(found), unix_time_us(),
      nullptr);  // closed ports, too: a host's times are those of all its results
}

void ScanSinks::add(const ProbeResult& probe, int64_t time_us, const Finding* identified) {
  try {
    add_result(probe, time_us, identified);
  } catch (const std::bad_alloc&) {
    lost_result_ = true;
    throw;
  }
}

void ScanSinks::add_all_open(const Address& address, bool is_skipped) {
  if (all_open_.add(address)) notes_.report_all_open(address, is_skipped);
}

void ScanSinks::add_result(const ProbeResult& probe, int64_t time_us, const Finding* identified) {
  const bool hold = probe.state == PortState::unknown && record_.keeps_checkpoint();
  if (hold) held_.add(probe, time_us);
  const bool new_reason = record_.add(probe);
  if (new_reason && probe.reason == Reason::no_route) notes_.report_no_route(probe.endpoint.address);
  if (probe.state == PortState::open) notes_.count_open(probe.endpoint.address);
  const bool from_host = probe.state != PortState::unknown && AnsweredAddresses::shows_host(probe.state, probe.reason);
  if (from_host) answered_.add(probe.endpoint.address);
  if (!hold) write(probe, time_us, identified);
  if (expects_names_ && probe.state == PortState::open) keep_open(probe, time_us, identified);
}

void ScanSinks::keep_open(const ProbeResult& probe, int64_t time_us, const Finding* identified) {
  OpenPort port{probe, std::string(probe.banner), time_us, std::nullopt};
  port.probe.banner = {};
  if (identified != nullptr) port.identified = *identified;
  open_ports_[probe.endpoint.address].push_back(std::move(port));
}

void ScanSinks::add_name(const Address& address, const std::string& name) {
  record_.add_name(address, name);
  outputs_.add_name(address, name);
  const auto reported = open_ports_.find(address);
  if (reported == open_ports_.end()) return;
  for (const OpenPort& port : reported->second) {
    OutputResult result;
    result.probe = port.probe;
    result.probe.banner = port.banner;
    result.time_us = port.time_us;
    result.identified = port.identified ? &*port.identified : nullptr;
    result.is_repeated = true;
    result.probe.all_ports_open = all_open_.contains(address);
    write(result, std::span(&name, 1));
  }
}

void ScanSinks::all_names_known() {
  expects_names_ = false;
  open_ports_.clear();
}

void ScanSinks::write(const ProbeResult& probe, int64_t time_us, const Finding* identified) {
  OutputResult result;
  result.probe = probe;
  result.probe.all_ports_open = probe.state == PortState::open && all_open_.contains(probe.endpoint.address);
  result.time_us = time_us;
  result.identified = identified;
  const auto& names = record_.list().names;
  const auto found = names.empty() ? names.end() : names.find(probe.endpoint.address);
  write(result, found == names.end() ? std::span<const std::string>() : found->second);
}

void ScanSinks::write(OutputResult& result, std::span<const std::string> names) {
  const uint16_t port = result.probe.endpoint.port;
  if (result.probe.state == PortState::open || show_all_) result.service = services_.name_of(port);
  if (!names.empty()) result.host_name = names.front();
  result.host_names = names;
  outputs_.write(result);
}

void ScanSinks::end(const ScanFooter& footer) {
  const Checkpoint& scan = record_.done();
  held_.for_each(scan.list.targets, scan.ports, scan.order, scan.seed, scan.shard,
                 [this](const ProbeResult& probe, int64_t time_us) { write(probe, time_us); });
  outputs_.end(footer);
}

bool ScanSinks::save() {
  if (!may_save()) return true;
  const uint64_t begun_ns = uv_hrtime();
  std::vector<SavedOutput> saved = outputs_.saved();
  return outputs_.broken() ||
         report_save(record_.save(std::move(saved), held_.sorted_positions(), all_open_.as_targets(), begun_ns));
}

void ScanSinks::save_all_probed() {
  if (may_save()) report_save(record_.save_all_probed());
}

bool ScanSinks::report_save(const std::string& error) {
  if (!error.empty()) progress_.report(error);
  return !record_.save_failed();
}

}  // namespace portloop
