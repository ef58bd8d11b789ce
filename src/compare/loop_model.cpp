#include "compare/loop_model.hpp"

#include <uv.h>

#include <memory>
#include <optional>

#include "capi/options.hpp"
#include "compare/probe_numbers.hpp"
#include "compare/process_state.hpp"
#include "compare/recording_connector.hpp"
#include "portloop/portloop.h"
#include "sockets/socket_address.hpp"

namespace portloop::compare {
namespace {

struct LoopScan {
  LoopScan(const ModelScan& scan, VerdictSheet& verdicts, const volatile std::sig_atomic_t* stop_flag)
      : numbers(scan.targets, scan.ports), sheet(verdicts), stop(stop_flag), recording(scan.recording) {}

  ProbeNumbers numbers;
  VerdictSheet& sheet;
  const volatile std::sig_atomic_t* stop;  // not nullptr: the scan also ends at the first answer
  Recording* recording;                    // not nullptr: the scan also ends when the recording's time is over
  bool done = false;
  uint64_t descriptors = 0;
  portloop_stats stats{};
};

ProbeState probe_state_of(const portloop_result& result) {
  switch (result.state) {
    case PORTLOOP_OPEN: return ProbeState::open;
    case PORTLOOP_CLOSED: return ProbeState::closed;
    case PORTLOOP_FILTERED: return result.reason == PORTLOOP_NO_RESPONSE ? ProbeState::silent : ProbeState::filtered;
    case PORTLOOP_UNKNOWN: break;
  }
  return ProbeState::unknown;
}

void on_result(portloop_scan* scan, const portloop_result* result) {
  auto* loop_scan = static_cast<LoopScan*>(portloop_scan_data(scan));
  const auto endpoint = to_endpoint(reinterpret_cast<const sockaddr&>(result->address));
  const auto number = loop_scan->numbers.of(*endpoint);
  if (!number) return;
  const ProbeState state = probe_state_of(*result);
  loop_scan->sheet.set(*number, state, result->rtt_us);
  if (loop_scan->stop != nullptr && state != ProbeState::silent && state != ProbeState::unknown)
    portloop_scan_stop(scan);
}

void on_done(portloop_scan* scan, int) {
  auto* loop_scan = static_cast<LoopScan*>(portloop_scan_data(scan));
  loop_scan->done = true;
  portloop_scan_stats(scan, &loop_scan->stats, sizeof loop_scan->stats);
  loop_scan->descriptors = descriptors_of_this_process();  // includes the recycled sockets, if there is one loop
  portloop_scan_close(scan, nullptr);
}

int set_options(portloop_options* o, const ModelScan& scan, const Contender& contender, uint64_t seed, Order order) {
  int error = 0;
  for (const AddressRange& range : scan.targets.ranges()) {
    const SocketAddress first = to_socket_address({range.first, 0});
    const SocketAddress last = to_socket_address({range.last, 0});
    if (error == 0) error = portloop_options_add_range(o, &first.any, &last.any);
  }
  if (error == 0) error = portloop_options_set_ports(o, scan.ports.to_text().c_str());
  if (error == 0) error = portloop_options_set_in_flight(o, contender.in_flight);
  if (error == 0) error = portloop_options_set_timeout_ms(o, scan.timeout_ms);
  if (error == 0) error = portloop_options_set_adaptive(o, 0);
  if (error == 0) error = portloop_options_set_retries(o, static_cast<int>(scan.retries));
  if (error == 0)
    error = portloop_options_set_order(o, order == Order::random ? PORTLOOP_ORDER_RANDOM : PORTLOOP_ORDER_SEQUENTIAL);
  if (error == 0) error = portloop_options_set_seed(o, seed);
  if (error == 0) error = portloop_options_set_loops(o, contender.loops);
  if (error == 0)
    error = portloop_options_set_connector(
        o, contender.portable ? PORTLOOP_CONNECTOR_PORTABLE : PORTLOOP_CONNECTOR_FASTEST);
  if (error == 0 && scan.size() < scan.order.size())
    error = portloop_options_skip_positions(o, scan.size(), scan.order.size() - 1);
  return error;
}

/// Polls what ends a scan early: a signal may arrive while nothing else happens on the loop.
struct Watch {
  Watch(uv_loop_t* loop, portloop_scan* watched, const LoopScan& scan) : handle(watched), state(scan) {
    uv_timer_init(loop, &timer);
    timer.data = this;
    uv_timer_start(&timer, on_timer, interval_ms, interval_ms);
    uv_unref(reinterpret_cast<uv_handle_t*>(&timer));
  }
  static void on_timer(uv_timer_t* timer) {
    auto* watch = static_cast<Watch*>(timer->data);
    const LoopScan& scan = watch->state;
    const bool ended = (scan.stop != nullptr && *scan.stop) || (scan.recording != nullptr && scan.recording->expired());
    if (ended && !scan.done) portloop_scan_stop(watch->handle);
  }

  static constexpr uint64_t interval_ms = 100;
  uv_timer_t timer{};
  portloop_scan* handle;
  const LoopScan& state;
};

int run_scan(const ModelScan& scan, LoopScan& state, const Contender& contender, uint64_t seed, Order order) {
  const std::unique_ptr<portloop_options, void (*)(portloop_options*)> options(portloop_options_new(),
                                                                               portloop_options_free);
  if (!options) return UV_ENOMEM;
  int error = set_options(options.get(), scan, contender, seed, order);
  if (error != 0) return error;
  if (state.recording != nullptr) {
    options->wrap_connector = [&state](std::unique_ptr<Connector> inner, uint32_t loop) {
      return make_recording_connector(std::move(inner), loop, state.numbers, *state.recording);
    };
  }
  uv_loop_t loop;
  error = uv_loop_init(&loop);
  if (error != 0) return error;
  portloop_scan* handle = nullptr;
  error = portloop_scan_init(&loop, &handle);
  if (error == 0) {
    portloop_scan_set_data(handle, &state);
    error = portloop_scan_start(handle, options.get(), on_result, on_done);
    if (error != 0) portloop_scan_close(handle, nullptr);
    std::optional<Watch> watch;
    if ((state.stop != nullptr || state.recording != nullptr) && error == 0) watch.emplace(&loop, handle, state);
    uv_run(&loop, UV_RUN_DEFAULT);
    if (watch) uv_close(reinterpret_cast<uv_handle_t*>(&watch->timer), nullptr);
    uv_run(&loop, UV_RUN_DEFAULT);
  }
  const int close_error = uv_loop_close(&loop);
  return error != 0 ? error : close_error;
}

}  // namespace

int run_until_answer(const ModelScan& scan, VerdictSheet& sheet, const Contender& contender, uint64_t seed, Order order,
                     const volatile std::sig_atomic_t& stop) {
  LoopScan state(scan, sheet, &stop);
  return run_scan(scan, state, contender, seed, order);
}

int run_loops(const ModelScan& scan, VerdictSheet& sheet, const Contender& contender, uint64_t seed, Order order,
              ModelRun& run) {
  const uint64_t descriptors_before = descriptors_of_this_process();
  LoopScan state(scan, sheet, nullptr);
  const int error = run_scan(scan, state, contender, seed, order);
  run.connects = state.stats.connects;
  run.local_failures = state.stats.local_failures;
  run.peak_in_flight = state.stats.peak_in_flight;
  // With loop threads, the thread of the caller's loop is one more.
  run.peak_threads = contender.loops == 1 ? 1 : state.stats.loops + uint64_t{1};
  // When the scan was done, a single loop still had its recycled sockets. The portable connector and loop threads had
  // closed theirs: one for each connect that was in flight.
  const bool sockets_counted = contender.loops == 1 && !contender.portable;
  run.peak_descriptors = state.descriptors - descriptors_before + (sockets_counted ? 0 : state.stats.peak_in_flight);
  return error;
}

}  // namespace portloop::compare
