// The scan behind the C ABI: one scanner on the caller's loop, or a pool of them.
//
// Happy path: init, start, results, done, close.
//
// What goes wrong:
//   - start rejects the options (UV_EINVAL): it may be called again
//   - start fails for another reason: the scan can only be closed
//   - no socket can be opened: start fails, or each port would take all its local retries to become unknown
//   - close is called again, as by a done callback that closes: the first call's callback is the one that is called
//   - close without a running scan: there is nothing to wait for, but the callback still comes from the loop
//   - a callback of the caller throws: the noexcept functions below end the program
#include "capi/scan.hpp"

#include <net/if.h>

#include <new>
#include <utility>

#include "capi/enum_number.hpp"
#include "capi/pass_progress.hpp"
#include "core/service_names.hpp"
#include "engine/descriptor_check.hpp"
#include "engine/neighbour_watch.hpp"
#include "sockets/refused_settings.hpp"
#include "sockets/socket_address.hpp"

using namespace portloop;

namespace {

// The results' enums are cast to those of the C ABI, and back for their names. (Options are mapped one by one.)
template <class C, class Ours>
constexpr bool same(C c, Ours ours) {
  return static_cast<unsigned>(c) == static_cast<unsigned>(ours);
}
static_assert(same(PORTLOOP_OPEN, PortState::open));
static_assert(same(PORTLOOP_CLOSED, PortState::closed));
static_assert(same(PORTLOOP_FILTERED, PortState::filtered));
static_assert(same(PORTLOOP_UNKNOWN, PortState::unknown));
static_assert(same(PORTLOOP_SYN_ACK, Reason::syn_ack));
static_assert(same(PORTLOOP_CONN_REFUSED, Reason::conn_refused));
static_assert(same(PORTLOOP_NO_RESPONSE, Reason::no_response));
static_assert(same(PORTLOOP_PORT_UNREACH, Reason::port_unreach));
static_assert(same(PORTLOOP_HOST_UNREACH, Reason::host_unreach));
static_assert(same(PORTLOOP_NET_UNREACH, Reason::net_unreach));
static_assert(same(PORTLOOP_PROTO_UNREACH, Reason::proto_unreach));
static_assert(same(PORTLOOP_ADMIN_PROHIBITED, Reason::admin_prohibited));
static_assert(same(PORTLOOP_LOCAL_ERROR, Reason::local_error));
static_assert(same(PORTLOOP_NO_ROUTE, Reason::no_route));
static_assert(same(PORTLOOP_HOST_LOST, Reason::host_lost));
static_assert(same(PORTLOOP_BANNED, Reason::banned));

/// Why the scan can't be started, or "".
std::string refusal(const portloop_options& options, const TargetSet& targets, const PortSet& ports) {
  if (targets.empty() && !options.open_input) return "there is no address to scan";
  if (ports.empty()) return "there is no port to scan";
  if (targets.size() > (uint64_t{1} << 63) / ports.size())
    return "more than 2^63 probes: reduce the addresses or the ports";
  if (options.open_input && (options.shard != Shard{} || !options.finished.empty()))
    return "an open input has neither shards nor positions to skip";
  return "";
}

/// Of the ports that are neither scanned nor excluded, or, if they are few, of all that are not excluded: the chance
/// that all decoys hit open ports of an ordinary host is small then, too. Privileged ports are left alone.
std::optional<DecoyOptions> decoy_options(const portloop_options& options, const PortSet& ports) {
  if (options.all_open == PORTLOOP_ALL_OPEN_IGNORE) return std::nullopt;
  constexpr PortRange candidates{1024, 65535};
  auto decoys = std::make_shared<PortSet>();
  decoys->add(candidates);
  decoys->remove(options.excluded_ports);
  PortSet unscanned = *decoys;
  unscanned.remove(ports);
  if (unscanned.size() >= Decoys::min_ports) *decoys = std::move(unscanned);
  if (decoys->size() < Decoys::min_ports) return std::nullopt;
  return DecoyOptions{std::move(decoys), options.seed, options.all_open == PORTLOOP_ALL_OPEN_SKIP};
}

}  // namespace

int portloop_scan::set_batch_callback(portloop_batch_cb callback) {
  if (start_called_ || close_called_) return UV_EALREADY;
  batch_.set_callback(callback);
  return 0;
}

int portloop_scan::set_progress_callback(portloop_progress_cb callback, uint32_t interval_ms) {
  if (start_called_ || close_called_) return UV_EALREADY;
  if (callback != nullptr && interval_ms == 0) return UV_EINVAL;
  progress_.set(callback, interval_ms);
  return 0;
}

int portloop_scan::set_host_callback(portloop_host_cb callback) {
  if (start_called_ || close_called_) return UV_EALREADY;
  on_host_ = callback;
  return 0;
}

int portloop_scan::start(portloop_options* options, portloop_result_cb result_cb, portloop_done_cb done_cb) {
  options->error.clear();
  if (start_called_ || close_called_) return UV_EALREADY;
  TargetSet targets(options->included, options->excluded);
  PortSet ports = options->ports;
  if (!options->ports_set) ports = *parse_ports("common", nullptr);
  ports.remove(options->excluded_ports);
  options->error = refusal(*options, targets, ports);
  ScannerOptions& engine_options = options->scanner;
  engine_options.host_verdicts = on_host_ != nullptr;
  engine_options.sockets.interface_number = if_nametoindex(engine_options.sockets.interface.c_str());
  if (options->error.empty() && !options->is_scripted)
    options->error = refused_settings(engine_options.sockets, targets, options->open_input);
  if (!options->error.empty()) return UV_EINVAL;
  if (options->scanner.budget && options->scanner.budget->is_forked()) return UV_ENOTSUP;
  engine_options.plan.decoys = decoy_options(*options, ports);
  start_called_ = true;
  on_result_ = result_cb;
  on_done_ = done_cb;
  if (targets.empty()) {
    space_.emplace(TargetSet(), PortSet(), std::vector<ScanSpace::Listed>());
  } else {
    space_.emplace(std::move(targets), ports, options->order, options->seed, options->shard, options->finished);
  }
  if (options->open_input) {
    every_address_ = every_address();
    input_.emplace(*options, ports, *space_);
  }
  if (!options->is_scripted)
    space_->links = find_own_links(possible_targets(), options->scanner.sockets.interface_number);
  cursor_.emplace(*space_);
  turn_ = &LoopTurn::join(loop, *this);
  batch_.attach(*turn_);
  const int error = start_engine(*options);
  started_ = error == 0;
  if (started_) progress_.start(loop, *turn_);
  return error;
}

int portloop_scan::start_engine(const portloop_options& options) {
  limits_ = {options.scanner.plan.max_in_flight, options.scanner.plan.rate_per_s};
  if (options.loops > 1 || options.threaded) {
    auto pool =
        std::make_unique<LoopPool>(loop, *turn_, *space_, input_ ? &input_->input() : nullptr, possible_targets(),
                                   options.scanner, options.connector, options.loops, *this, options.wrap_connector);
    const int error = pool->start();  // if it throws, it has no handles on the loop yet: there is no pool to close
    if (pool->holds_loop()) pool_ = std::move(pool);
    if (error == 0 && !referenced_) pool_->set_referenced(false);
    return error;
  }
  auto connector = make_connector(options.connector, possible_targets(), *turn_, options.scanner.sockets);
  if (options.wrap_connector) connector = options.wrap_connector(std::move(connector), 0);
  auto scanner = std::make_unique<Scanner>(loop, *turn_, *space_, *cursor_, options.scanner, std::move(connector),
                                           *this, input_ ? &input_->input() : nullptr);
  scanner->set_referenced(referenced_);
  int error = scanner->start();
  if (error != 0) return error;
  scanner_ = std::move(scanner);
  error = check_descriptors(descriptors_of_first_connect(options.connector));
  if (error == 0) error = scanner_->join_budget();
  if (error != 0) {
    on_result_ = nullptr;  // a start that fails calls nothing
    batch_.set_callback(nullptr);
    on_host_ = nullptr;
    on_done_ = nullptr;
    scanner_->stop();
  }
  return error;
}

void portloop_scan::on_result(const ProbeResult& result) noexcept {
  if (on_result_ == nullptr && !batch_.is_wanted()) return;
  portloop_result c_result{};
  c_result.size = sizeof c_result;
  const SocketAddress address = to_socket_address(result.endpoint);
  __builtin_memcpy(&c_result.address, &address, address.size());
  c_result.port = result.endpoint.port;
  c_result.state = static_cast<portloop_state>(result.state);
  c_result.reason = static_cast<portloop_reason>(result.reason);
  c_result.error = result.error_number == 0 ? 0 : uv_translate_sys_error(result.error_number);
  c_result.attempts = result.attempts;
  c_result.rtt_us = result.rtt_us;
  c_result.position = result.position;
  c_result.connection = reinterpret_cast<portloop_connection*>(result.connection);
  c_result.tag = result.tag;
  if (!result.banner.empty()) {
    c_result.banner = result.banner.data();
    c_result.banner_length = result.banner.size();
  }
  if (batch_.is_wanted()) {
    batch_.add(result, c_result);
  } else {
    on_result_(this, &c_result);
  }
}

void portloop_scan::on_host(const ProbePlan::HostVerdict& verdict) noexcept {
  if (on_host_ == nullptr || close_called_) return;
  batch_.report();  // what became known before
  if (close_called_) return;
  const SocketAddress address = to_socket_address({verdict.address, 0});
  on_host_(this, &address.any,
           verdict.accepts_all                  ? PORTLOOP_HOST_ALL_OPEN
           : verdict.banned                     ? PORTLOOP_HOST_BANNED
           : verdict.state == HostState::absent ? PORTLOOP_HOST_ABSENT
           : verdict.state == HostState::lost   ? PORTLOOP_HOST_SILENT
                                                : PORTLOOP_HOST_BACK);
}

OpenInput* portloop_scan::open_input() {
  const bool open = input_ && started_ && !ending_ && !close_called_ && !turn_->is_forked() && !input_->is_finished();
  return open ? &*input_ : nullptr;
}

void portloop_scan::input_changed() {
  if (!input_->take_wake()) return;
  if (scanner_) scanner_->input_changed();
  if (pool_) pool_->input_changed();
}

void portloop_scan::stop() {
  ending_ = started_;
  if (scanner_) scanner_->stop();
  if (pool_) pool_->stop();
}

void portloop_scan::set_paused(bool on) {
  if (scanner_) scanner_->set_paused(on);
  if (pool_) pool_->set_paused(on);
}

int portloop_scan::set_in_flight(uint32_t connects) {
  if (connects < 1 || connects > max_in_flight || (pool_ && connects < pool_->lane_count())) return UV_EINVAL;
  set_limits({connects, limits_.rate_per_s});
  return 0;
}

int portloop_scan::set_rate(double connects_per_second) {
  if (!(connects_per_second >= 0) || connects_per_second > max_rate_per_s) return UV_EINVAL;
  set_limits({limits_.max_in_flight, connects_per_second});
  return 0;
}

void portloop_scan::set_limits(const ScanLimits& limits) {
  if (!started_) return;
  limits_ = limits;
  if (scanner_) scanner_->set_limits(limits);
  if (pool_) pool_->set_limits(limits);
}

void portloop_scan::close(portloop_close_cb close_cb) {
  if (close_called_) return;
  close_called_ = true;
  on_close_ = close_cb;
  progress_.stop();
  batch_.drop();
  if (scanner_) {
    scanner_->close([this] { closed(); });
  } else if (pool_) {
    pool_->close([this] { closed(); });
  } else {
    uv_idle_init(loop, closer_.get());
    closer_.owner = this;
    uv_close(closer_.any(), [](uv_handle_t* handle) { decltype(closer_)::owner_of(handle).closed(); });
  }
}

void portloop_scan::closed() noexcept {
  if (progress_.close([this] { closed(); })) return;
  if (LoopTurn* turn = std::exchange(turn_, nullptr)) {
    turn->leave(*this, [this] { closed(); });
    return;
  }
  if (pool_ && pool_->is_forked())
    (void)pool_.release();  // NOLINT(bugprone-unused-return-value): its threads are not here
  if (on_close_ != nullptr) on_close_(this);
  delete this;
}

void portloop_scan::set_referenced(bool on) {
  referenced_ = on;
  if (scanner_) scanner_->set_referenced(on);
  if (pool_) pool_->set_referenced(on);
}

void portloop_scan::fill(portloop_stats& stats) const {
  stats = {};
  if (!started_) return;
  stats.probes = input_ ? input_->input().probes() : space_->size();
  stats.waiting = input_ ? input_->input().waiting() : 0;
  stats.skipped = space_->finished_count();
  PassProgress passes;
  const auto add = [&stats, &passes](const ScanCounters& counters) {
    stats.connects += counters.connects;
    stats.open += counters.open;
    stats.closed += counters.closed;
    stats.filtered += counters.filtered;
    stats.unknown += counters.unknown;
    stats.not_probed += counters.not_probed;
    stats.flow_limit_per_s += counters.flow_limit_per_s;
    stats.flow_limit_flows += counters.flow_limit_flows;
    stats.flow_limit_hold_ms = std::max<uint32_t>(stats.flow_limit_hold_ms, counters.flow_limit_hold_ms);
    stats.local_failures += counters.local_failures;
    stats.in_flight += counters.in_flight;
    stats.peak_in_flight += counters.peak_in_flight;
    ++stats.loops;
    passes.add(counters);
  };
  if (scanner_) add(scanner_->counters());
  for (size_t lane = 0; pool_ && lane < pool_->lane_count(); ++lane) add(pool_->counters(lane));
  passes.fill(stats);
}

extern "C" {

int portloop_scan_init(uv_loop_t* loop, portloop_scan** scan) {
  *scan = new (std::nothrow) portloop_scan(loop);
  return *scan == nullptr ? UV_ENOMEM : 0;
}

int portloop_scan_start(portloop_scan* scan, portloop_options* options, portloop_result_cb on_result,
                        portloop_done_cb on_done) {
  try {
    return scan->start(options, on_result, on_done);
  } catch (const std::bad_alloc&) {
    return UV_ENOMEM;
  }
}

int portloop_scan_set_batch_cb(portloop_scan* scan, portloop_batch_cb on_batch) {
  return scan->set_batch_callback(on_batch);
}
int portloop_scan_set_host_cb(portloop_scan* scan, portloop_host_cb on_host) {
  return scan->set_host_callback(on_host);
}
int portloop_scan_set_progress_cb(portloop_scan* scan, portloop_progress_cb on_progress, uint32_t interval_ms) {
  return scan->set_progress_callback(on_progress, interval_ms);
}

void portloop_scan_stop(portloop_scan* scan) { scan->stop(); }
void portloop_scan_pause(portloop_scan* scan) { scan->set_paused(true); }
void portloop_scan_resume(portloop_scan* scan) { scan->set_paused(false); }
int portloop_scan_set_in_flight(portloop_scan* scan, uint32_t connects) { return scan->set_in_flight(connects); }
int portloop_scan_set_rate(portloop_scan* scan, double connects_per_second) {
  return scan->set_rate(connects_per_second);
}
void portloop_scan_close(portloop_scan* scan, portloop_close_cb on_closed) { scan->close(on_closed); }
int portloop_scan_is_closing(const portloop_scan* scan) { return scan->is_closing() ? 1 : 0; }
void portloop_scan_ref(portloop_scan* scan) { scan->set_referenced(true); }
void portloop_scan_unref(portloop_scan* scan) { scan->set_referenced(false); }
void portloop_scan_set_data(portloop_scan* scan, void* data) { scan->data = data; }
void* portloop_scan_data(const portloop_scan* scan) { return scan->data; }

void portloop_scan_stats(const portloop_scan* scan, portloop_stats* stats, size_t size) {
  portloop_stats now;
  scan->fill(now);
  __builtin_memset(stats, 0, size);
  __builtin_memcpy(stats, &now, size < sizeof now ? size : sizeof now);
}

int portloop_format_address(const sockaddr* address, char* text, size_t size) {
  const std::optional<Endpoint> endpoint = to_endpoint(*address);
  if (!endpoint) return UV_EINVAL;
  try {
    const std::string formatted = to_text(endpoint->address);
    if (formatted.size() >= size) return UV_ENOSPC;
    __builtin_memcpy(text, formatted.c_str(), formatted.size() + 1);
    return 0;
  } catch (const std::bad_alloc&) {
    return UV_ENOMEM;
  }
}

const char* portloop_state_name(portloop_state state) {
  return to_text(static_cast<PortState>(enum_number(state))).data();
}
const char* portloop_reason_name(portloop_reason reason) {
  return to_text(static_cast<Reason>(enum_number(reason))).data();
}

const char* portloop_service_name(uint16_t port) {
  const std::string_view name = service_name_of(port);
  return name.empty() ? "" : name.data();
}

const char* portloop_version(void) { return PORTLOOP_VERSION_TEXT; }

}  // extern "C"
