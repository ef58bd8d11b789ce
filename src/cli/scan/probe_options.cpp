#include "cli/scan/probe_options.hpp"

#include <algorithm>
#include <utility>

#include "cli/exit_status.hpp"
#include "cli/system/descriptor_limit.hpp"
#include "cli/terminal/note.hpp"
#include "sockets/socket_address.hpp"

namespace portloop {

namespace {

constexpr uint32_t max_banner_bytes = 512;
constexpr uint32_t max_identify_sockets = 512;

/// Of the descriptors that are free, how many the scan itself can use for connects.
uint32_t share_descriptors(uint32_t spare, const ScanSettings& settings, ScanLimits& limits) {
  if (!settings.identify) return spare;
  limits.identify_sockets = std::max(2U, std::min(max_identify_sockets, spare / 4));
  const uint32_t rest = spare - std::min(spare, limits.identify_sockets);
  // Loop threads keep as many connections to open ports as may be in flight until their results are taken.
  return std::max(1U, limits.loops > 1 ? rest / 2 : rest);
}

/// What discovery and the scan itself have in common.
Options common_options(const TargetSet& targets, const PortSet& ports, const ScanSettings& settings,
                       const ScanLimits& limits) {
  Options options;
  for (const AddressRange& range : targets.ranges()) {
    const SocketAddress first = to_socket_address({range.first, 0}), last = to_socket_address({range.last, 0});
    options.add_range(first.any, last.any);
  }
  options.ports(ports.to_text())
      .in_flight(limits.in_flight)
      .loops(limits.loops)
      .rate(settings.rate_per_s)
      .timeout_ms(settings.timeout_ms)
      .adaptive(settings.adaptive)
      .retries(settings.retries ? static_cast<int>(*settings.retries) : -1)
      .order(settings.order.order == Order::random ? PORTLOOP_ORDER_RANDOM : PORTLOOP_ORDER_SEQUENTIAL)
      .seed(settings.order.seed)
      .shard(settings.shard.number, settings.shard.count)
      .connector(settings.portable_connector ? PORTLOOP_CONNECTOR_PORTABLE : PORTLOOP_CONNECTOR_FASTEST)
      .interface_name(settings.call_from.interface)
      .dscp(settings.call_from.dscp)
      .mark(settings.call_from.mark)
      .all_open(settings.all_open == AllOpenChoice::skip ? PORTLOOP_ALL_OPEN_SKIP : PORTLOOP_ALL_OPEN_REPORT);
  if (!settings.excluded_ports.empty()) options.exclude_ports(settings.excluded_ports.to_text());
  for (const std::string& source : settings.call_from.sources) options.source(source);
  return options;
}

}  // namespace

ScanLimits choose_limits(const ScanSettings& settings, bool quiet) {
  ScanLimits limits;
  limits.loops = settings.loops == 0 ? std::max(1U, uv_available_parallelism()) : settings.loops;
  const uint32_t spare = share_descriptors(raise_descriptor_limit(limits.loops + 1), settings, limits);
  const uint32_t wanted = settings.in_flight.value_or(default_in_flight(spare));
  limits.in_flight = std::min(wanted, spare);
  if (wanted > spare && !quiet) {
    const std::string limit = std::to_string(spare);
    print_note("--in-flight " + std::to_string(wanted) + " is more than the " + limit +
               " descriptors that are free: at most " + limit +
               " connects will be in flight (ulimit -n sets the limit)");
  }
  return limits;
}

Options discovery_options(const TargetSet& targets, const PortSet& ports, const ScanSettings& settings,
                          const ScanLimits& limits) {
  try {
    return common_options(targets, ports, settings, limits);
  } catch (const Error& error) {
    throw CannotRun(error.what());
  }
}

Options full_scan_options(const TargetSet& targets, const PortSet& ports, const ScanSettings& settings,
                          const ScanLimits& limits, const FinishedSet& finished) {
  try {
    Options options = common_options(targets, ports, settings, limits);
    options.stop_after(settings.stop_after);
    if (settings.banners != BannerChoice::none) {
      const portloop_banners http = settings.printers ? PORTLOOP_BANNERS_HTTP_PRINTERS : PORTLOOP_BANNERS_HTTP;
      options.banners(settings.banners == BannerChoice::http ? http : PORTLOOP_BANNERS_READ, settings.banner_timeout_ms,
                      max_banner_bytes);
    }
    options.keep_connections(settings.identify);
    for (const PositionRange& range : finished.ranges()) options.skip_positions(range.first, range.last);
    return options;
  } catch (const Error& error) {
    throw CannotRun(error.what());
  }
}

Options open_scan_options(const PortSet& ports, const ScanSettings& settings, const ScanLimits& limits) {
  return std::move(full_scan_options(TargetSet(), ports, settings, limits, FinishedSet()).open_input(true));
}

}  // namespace portloop
