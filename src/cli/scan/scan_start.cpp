// How a scan is begun: the limits, the library's options, and with --discover a first scan before it.
#include <algorithm>
#include <cstdio>
#include <new>

#include "cli/scan/descriptor_limit.hpp"
#include "cli/scan/scan_command.hpp"
#include "cli/targets/system_address.hpp"

namespace portloop {

void ScanCommand::choose_limits() {
  loops_ = request_.loops;
  if (loops_ == 0) loops_ = std::max(1U, uv_available_parallelism());
  const uint32_t spare = raise_descriptor_limit(loops_ + 1);
  in_flight_ = request_.in_flight.value_or(default_in_flight(spare));
  if (in_flight_ > spare) {
    if (!request_.quiet) {
      std::fprintf(stderr,
                   "portloop: --in-flight %u is more than the %u descriptors that are free: at most %u are outstanding "
                   "(ulimit -n sets the limit)\n",
                   in_flight_, spare, spare);
    }
    in_flight_ = spare;
  }
}

void ScanCommand::start(const TargetSet& targets, const PortSet& ports) {
  const std::unique_ptr<portloop_options, void (*)(portloop_options*)> options(portloop_options_new(),
                                                                               portloop_options_free);
  if (!options) throw std::bad_alloc();
  portloop_options* o = options.get();
  int error = 0;
  for (const AddressRange& range : targets.ranges()) {
    const std::string text = to_text(range.first) + (range.first == range.last ? "" : '-' + to_text(range.last));
    if (error == 0) error = portloop_options_add_target(o, text.c_str());
  }
  if (error == 0) error = portloop_options_set_ports(o, ports.to_text().c_str());
  if (error == 0) error = portloop_options_set_in_flight(o, in_flight_);
  if (error == 0) error = portloop_options_set_rate(o, request_.rate_per_s);
  if (error == 0) error = portloop_options_set_timeout_ms(o, request_.timeout_ms);
  if (error == 0) error = portloop_options_set_adaptive(o, request_.adaptive);
  if (error == 0) error = portloop_options_set_retries(o, request_.retries ? static_cast<int>(*request_.retries) : -1);
  if (error == 0)
    error = portloop_options_set_order(
        o, request_.order == Order::random ? PORTLOOP_ORDER_RANDOM : PORTLOOP_ORDER_SEQUENTIAL);
  if (error == 0) error = portloop_options_set_seed(o, request_.seed);
  if (error == 0) error = portloop_options_set_shard(o, request_.shard.number, request_.shard.count);
  for (const PositionRange& range : record_.finished.ranges()) {
    if (error == 0) error = portloop_options_skip_positions(o, range.first, range.last);
  }
  if (error == 0) error = portloop_options_set_loops(o, loops_);
  if (error == 0 && !discovering_) error = portloop_options_set_stop_after(o, request_.stop_after);
  if (error == 0)
    error = portloop_options_set_connector(
        o, request_.portable_connector ? PORTLOOP_CONNECTOR_PORTABLE : PORTLOOP_CONNECTOR_FASTEST);
  if (error == 0 && request_.banners && !discovering_) {
    const auto kind = request_.banners_http ? PORTLOOP_BANNERS_HTTP : PORTLOOP_BANNERS_READ;
    error = portloop_options_set_banners(o, kind, request_.banner_timeout_ms, 512);
  }
  if (error != 0) throw CannotRun(portloop_options_error(o));
  check(portloop_scan_init(&loop_, &scan_), "the scan can't be made");
  portloop_scan_set_data(scan_, this);
  scan_started_ns_ = uv_hrtime();
  if (started_ns_ == 0) started_ns_ = scan_started_ns_;
  error = discovering_ ? portloop_scan_start(scan_, o, on_discovery_result, on_discovery_done)
                       : portloop_scan_start(scan_, o, on_result, on_done);
  if (error == 0) return;
  portloop_scan_close(scan_, nullptr);
  const std::string why = portloop_options_error(o);
  throw CannotRun("the scan can't be started: " + (why.empty() ? uv_strerror(error) : why));
}

void ScanCommand::on_discovery_result(portloop_scan* scan, const portloop_result* result) {
  auto* self = static_cast<ScanCommand*>(portloop_scan_data(scan));
  ProbeResult probe;
  probe.state = static_cast<PortState>(result->state);
  probe.reason = static_cast<Reason>(result->reason);
  if (AnsweredAddresses::tells_of_a_host(probe)) {
    self->answered_->add(*address_of(reinterpret_cast<const sockaddr&>(result->address)));
  }
}

void ScanCommand::on_discovery_done(portloop_scan* scan, int) {
  auto* self = static_cast<ScanCommand*>(portloop_scan_data(scan));
  self->take_stats();
  self->scan_ = nullptr;
  // Only when the first scan's sockets are closed does the second one find its descriptors.
  portloop_scan_close(
      scan, [](portloop_scan* closed) { static_cast<ScanCommand*>(portloop_scan_data(closed))->scan_what_answered(); });
}

void ScanCommand::scan_what_answered() {
  if (!stopped_) {
    discovering_ = false;
    discovery_connects_ = stats_.connects;
    stats_ = {};
    const TargetSet there = answered_->as_targets();
    silent_addresses_ = list_->targets.size() - there.size();
    if (!there.empty()) {
      try {
        start(there, request_.ports);
        return;
      } catch (const CannotRun& error) {
        // Below us is C: it can't pass.
        failure_ = error.what();
      }
    } else {
      all_probed_ = true;
    }
  }
  finished_ns_ = uv_hrtime();
  close_handles();
}

}  // namespace portloop
