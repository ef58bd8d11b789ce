#include "cli/scan/discovery.hpp"

#include <new>

#include "cli/exit_status.hpp"
#include "cli/scan/library_result.hpp"
#include "cli/system/unix_time.hpp"

namespace portloop {

namespace {

PortSet ports_without(const PortSet& excluded) {
  PortSet ports = *parse_ports(discovery_ports, nullptr);
  ports.remove(excluded);
  if (ports.empty())
    throw UsageError(std::string("'--discover' probes ports ") + discovery_ports +
                     ", and '--exclude-ports' excludes all of them");
  return ports;
}

}  // namespace

Discovery::Discovery(uv_loop_t* loop, const TargetSet& targets, const ScanSettings& settings, const ScanLimits& limits,
                     OnAllOpen on_all_open, std::function<void()> on_end)
    : on_end_(std::move(on_end)) {
  running_.emplace(
      loop, discovery_options(targets, ports_without(settings.excluded_ports), settings, limits),
      [this](const portloop_result& result) { on_result(result); }, [this](int status) { on_done(status); },
      [on_all_open = std::move(on_all_open)](const sockaddr& address, portloop_host_event event) {
        if (event == PORTLOOP_HOST_ALL_OPEN) on_all_open(address);
      });
}

void Discovery::stop() {
  if (running_) running_->stop();
}

void Discovery::on_result(const portloop_result& result) {
  const ProbeResult probe = probe_result_of(result);
  if (!AnsweredAddresses::shows_host(probe.state, probe.reason)) return;
  try {
    answered_.add(probe.endpoint.address);
    if (probe.state == PortState::open) open_ports_.push_back({probe, unix_time_us()});
  } catch (const std::bad_alloc&) {  // must not reach libuv
    out_of_memory_ = true;
    stop();
  }
}

/// Not the end yet: the scan that follows needs the descriptors of the sockets that are being closed.
void Discovery::on_done(int status) {
  if (status == UV_ENOMEM) out_of_memory_ = true;
  stats_ = running_->stats();
  elapsed_s_ = running_->elapsed_s();
  running_->close(on_end_);
  running_.reset();
}

}  // namespace portloop
