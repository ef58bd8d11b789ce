// portloop scan: from the options to a scan (scan_command.hpp), over the public API like any other embedder.
#include <algorithm>
#include <cstdio>

#include "cli/commands.hpp"
#include "cli/exit_status.hpp"
#include "cli/scan/scan_command.hpp"
#include "cli/scan/scan_options.hpp"
#include "cli/targets/broadcast_addresses.hpp"
#include "cli/terminal/note.hpp"
#include "core/spec_error.hpp"

namespace portloop {
namespace {

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
  if (request.settings.shard.count > 1) return list;
  for (const Address& address : remove_broadcast_addresses(list.targets))
    if (!request.quiet) print_note(broadcast_note(address));
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
