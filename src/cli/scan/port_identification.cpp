#include "cli/scan/port_identification.hpp"

#include <algorithm>

#include "cli/scan/library_result.hpp"
#include "cli/system/unix_time.hpp"
#include "portloop/portloop.hpp"

namespace portloop {
namespace {

IdentifySettings identify_settings(const ScanSettings& settings, TlsContext* tls) {
  IdentifySettings identify;
  identify.timeout_ms = settings.identify_timeout_ms;
  identify.printers = settings.printers;
  identify.sockets = socket_settings_of(settings.call_from);
  identify.tls = tls;
  return identify;
}

Identifier::Limits identify_limits(const ScanLimits& limits) {
  Identifier::Limits identify;
  identify.at_once = std::max(1U, std::min(identify.at_once, limits.identify_sockets / 2));
  identify.sockets = limits.identify_sockets - std::min(limits.identify_sockets, identify.at_once);
  return identify;
}

}  // namespace

PortIdentification::PortIdentification(uv_loop_t* loop, const ScanSettings& settings, const ScanLimits& limits,
                                       OnResult on_result)
    : tls_(TlsContext::create()),
      on_result_(std::move(on_result)),
      identifier_(loop, identify_settings(settings, tls_.get()), identify_limits(limits),
                  [this](uint64_t id, const Identified& found) { on_identified(id, found); }) {}

void PortIdentification::add(const portloop_result& result, std::string host_name, RunningScan& scan) {
  const ProbeResult probe = probe_result_of(result);
  const uint64_t id = next_id_++;
  const int64_t time_us = unix_time_us();
  try {
    held_.emplace(id, Held{probe, time_us});
    KeptConnection socket(identifier_.has_room_for_socket() ? take_fd(result) : -1);
    identifier_.add({probe.endpoint, std::move(host_name), probe.rtt_us}, std::move(socket), id);
  } catch (const std::bad_alloc&) {
    held_.erase(id);
    on_result_(probe, time_us, {});
    throw;
  }
  if (!identifier_.is_full() || scan_paused_) return;
  scan_paused_ = true;
  scan.pause();
}

void PortIdentification::resume_if_due(RunningScan* scan) {
  if (!scan_paused_ || !identifier_.is_half_empty() || scan == nullptr) return;
  scan_paused_ = false;
  scan->resume();
}

void PortIdentification::on_identified(uint64_t id, const Identified& found) noexcept {
  const auto entry = held_.find(id);
  const Held held = entry->second;
  held_.erase(entry);
  on_result_(held.probe, held.time_us, found);
}

}  // namespace portloop
