// portloop watch: scans again and again, and reports what has changed once it is certain.
//
// Happy path: collect the targets, continue from the state file, then round after round: scan everything, probe
// again what looks different, report what is confirmed, start the program, save the state and the metrics, wait.
//
// What goes wrong:
//   - wrong usage, a damaged state file: UsageError before anything is sent
//   - SIGINT, SIGTERM or SIGHUP: the round is given up, and nothing of it is reported; exit 130. A second
//     one ends the process
//   - the process is killed: the state file is that of the last complete round; what was reported after it is
//     reported again
//   - a round can't be scanned: CannotRun in the first round, else reported, and tried again after the interval
//   - results are unknown: they change nothing; reported when that begins
//   - the program fails, a file can't be written: reported, the watch goes on; exit 3 at the end
//   - standard output breaks: reported, the watch ends, exit 3
//   - the memory is used up: reported, the watch ends, exit 3
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <new>
#include <optional>
#include <set>

#include "cli/commands.hpp"
#include "cli/exit_status.hpp"
#include "cli/record/output_file.hpp"
#include "cli/record/replace_file.hpp"
#include "cli/scan/library_result.hpp"
#include "cli/scan/memory_guard.hpp"
#include "cli/scan/probe_options.hpp"
#include "cli/scan/running_scan.hpp"
#include "cli/scan/scan_notes.hpp"
#include "cli/scan/scan_session.hpp"
#include "cli/system/unix_time.hpp"
#include "cli/targets/broadcast_addresses.hpp"
#include "cli/targets/target_list.hpp"
#include "cli/terminal/note.hpp"
#include "cli/terminal/progress.hpp"
#include "cli/terminal/terminal_width.hpp"
#include "cli/watch/all_open_hosts.hpp"
#include "cli/watch/change_filter.hpp"
#include "cli/watch/event_program.hpp"
#include "cli/watch/watch_report.hpp"
#include "cli/watch/watch_request.hpp"
#include "cli/watch/watch_state.hpp"
#include "core/spec_error.hpp"
#include "output/grouped.hpp"

namespace portloop {
namespace {

/// A byte for each: what is remembered must fit into memory.
constexpr uint64_t max_endpoints = uint64_t{1} << 28;

TargetList targets_of(const WatchRequest& request, uv_loop_t* loop) {
  TargetList list = collect_targets(request.scan.targets, request.scan.ports.size(), loop, "a watch");
  for (const Address& address : remove_broadcast_addresses(list.targets))
    if (!request.scan.quiet) print_note(broadcast_note(address));
  if (list.targets.size() > max_endpoints / request.scan.ports.size())
    throw UsageError("more than " + grouped(max_endpoints) + " ports of all targets: fewer are accepted by a watch");
  return list;
}

class WatchCommand : ScanSession::Events {
 public:
  /// All outlive this object.
  WatchCommand(const WatchRequest& request, const SystemServices& services, ScanSession& session, TargetList list)
      : request_(request),
        services_(services),
        session_(session),
        list_(std::move(list)),
        settings_(request.scan.settings),
        filter_(list_.targets.size() * request.scan.ports.size()),
        progress_(progress_style(request.scan.progress)),
        program_(session.loop(), request.program),
        json_(request.json.value_or(!out_.is_terminal())) {}

  int run();

 private:
  enum class Phase : uint8_t { scan, confirm, program, wait };

  template <class Body>
  void guarded(Body body) noexcept {
    memory_.run(body, [this] { stop(); });
  }
  void on_interrupt() override;
  void on_status_request() override;
  void on_tick() override;

  void start_round();
  void start_scan(Phase phase, const FinishedSet& left_out);
  void report_ban(const Address& address);
  void on_result(const portloop_result& result);
  void on_scan_done(int status);
  void on_scan_closed();
  void confirm_suspects();
  void end_round();
  std::string report(const std::vector<ConfirmedChange>& changes,
                     const std::vector<AllOpenHosts::Change>& host_changes);
  void save();
  void save_file(const char* option, const std::string& path, const std::string& text);
  void note_round(size_t changes);
  void wait_for_next_round();
  void stop() noexcept;
  void finish() noexcept;
  void update_stats();

  bool stopped() const { return interrupted_ || memory_.exhausted() || out_.broken(); }
  const TargetSet& targets() const { return list_.targets; }
  const PortSet& ports() const { return request_.scan.ports; }
  std::string_view host_name_of(const Address& address) const {
    const auto name = list_.names.find(address);
    return name == list_.names.end() ? std::string_view{} : name->second.front();
  }
  void note(const std::string& text) { progress_.report(text); }

  const WatchRequest& request_;
  const SystemServices& services_;
  ScanSession& session_;
  const TargetList list_;
  ScanSettings settings_;
  ScanLimits limits_;
  ChangeFilter filter_;
  AllOpenHosts all_open_;
  WatchCounts counts_;
  RoundFacts last_;
  ProgressLine progress_;
  MemoryGuard memory_{progress_, "the watch ends"};
  OutputFile out_;
  EventProgram program_;
  const bool json_;
  Phase phase_ = Phase::wait;
  std::optional<RunningScan> scan_;
  portloop_stats stats_{};
  uv_timer_t pause_{};
  uint64_t rounds_ = 0;       // of this run, ended
  uint64_t started_ns_ = 0;   // the round
  uint64_t unknown_ = 0;      // results of the round
  std::set<Address> banned_;  // hosts that have banned us in the round
  bool file_failed_ = false;
  bool interrupted_ = false;
};

int WatchCommand::run() {
  if (!request_.state_file.empty())
    read_watch_state(request_.state_file, targets(), ports(), filter_, all_open_, counts_);
  session_.watch(*this);
  if (progress_.is_redrawn()) session_.watch_keys();
  limits_ = choose_limits(settings_, request_.scan.quiet);
  uv_timer_init(session_.loop(), &pause_);
  pause_.data = this;
  try {
    start_round();
  } catch (...) {
    finish();
    session_.run();  // closes the timer
    throw;
  }
  session_.run();
  progress_.clear();
  out_.finish();
  if (out_.broken()) note(out_.error());
  if (interrupted_) return exit_interrupted;
  return out_.broken() || memory_.exhausted() || file_failed_ || list_.failed_names > 0 ? exit_incomplete
                                                                                        : exit_complete;
}

// ---- A round ----

void WatchCommand::start_round() {
  started_ns_ = uv_hrtime();
  unknown_ = 0;
  banned_.clear();
  ++settings_.order.seed;  // another order: what is lost in a burst is not the same ports each time
  start_scan(Phase::scan, {});
}

void WatchCommand::start_scan(Phase phase, const FinishedSet& left_out) {
  ScanSettings settings = settings_;
  if (phase == Phase::confirm) {
    settings.order.order = Order::sequential;  // so that a position is the number of its endpoint
    settings.retries = retries_to_confirm;
  }
  phase_ = phase;
  const Options options = full_scan_options(targets(), ports(), settings, limits_, left_out);
  scan_.emplace(
      session_.loop(), options, [this](const portloop_result& result) { guarded([&] { on_result(result); }); },
      [this](int status) { guarded([this, status] { on_scan_done(status); }); },
      [this](const sockaddr& address, portloop_host_event event) {
        if (event == PORTLOOP_HOST_ALL_OPEN) guarded([&] { all_open_.found(host_address_of(address)); });
        if (event == PORTLOOP_HOST_BANNED) guarded([&] { report_ban(host_address_of(address)); });
      });
}

/// Its ports are unknown in this round, which is no change of theirs. Each loop that finds it out reports it.
void WatchCommand::report_ban(const Address& address) {
  constexpr size_t max_reported = 3;  // the others are among the unknown ports
  if (banned_.insert(address).second && banned_.size() <= max_reported && !request_.scan.quiet) note(ban_note(address));
}

void WatchCommand::on_result(const portloop_result& result) {
  const ProbeResult probe = probe_result_of(result);
  const auto host = targets().index_of(probe.endpoint.address);
  const auto port = ports().index_of(probe.endpoint.port);
  if (!host || !port) return;
  const uint64_t index = *host * ports().size() + *port;
  if (probe.state == PortState::closed) all_open_.closed(probe.endpoint.address);
  if (probe.state == PortState::open && all_open_.covers(probe.endpoint.address)) return;
  if (phase_ == Phase::confirm) return filter_.confirm(index, watched_state(probe.state));
  unknown_ += probe.state == PortState::unknown;
  filter_.observe(index, watched_state(probe.state));
}

/// Not the end yet: what follows needs the descriptors of the sockets that are being closed.
void WatchCommand::on_scan_done(int status) {
  if (status == UV_ENOMEM) memory_.report();
  update_stats();
  scan_->close([this] { guarded([this] { on_scan_closed(); }); });
  scan_.reset();
}

void WatchCommand::on_scan_closed() {
  if (stopped()) return finish();
  try {
    phase_ == Phase::scan ? confirm_suspects() : end_round();
  } catch (const CannotRun& error) {
    note(error.what());
    filter_.abandon_round();
    all_open_.abandon_round();
    wait_for_next_round();
  }
}

void WatchCommand::confirm_suspects() {
  const std::vector<uint64_t> suspects = filter_.suspects();
  if (suspects.empty()) return end_round();
  FinishedSet left_out;
  uint64_t next = 0;
  for (const uint64_t index : suspects) {
    if (index > next) left_out.add(PositionRange{next, index - 1});
    next = index + 1;
  }
  if (next < filter_.size()) left_out.add(PositionRange{next, filter_.size() - 1});
  start_scan(Phase::confirm, left_out);
}

void WatchCommand::end_round() {
  const std::vector<ConfirmedChange> changes = filter_.end_round();
  const std::vector<AllOpenHosts::Change> host_changes = all_open_.end_round(counts_.rounds == 0);
  ++counts_.rounds;
  ++rounds_;
  last_.ended_us = unix_time_us();
  last_.seconds = static_cast<double>(uv_hrtime() - started_ns_) * 1e-9;
  std::string lines = report(changes, host_changes);
  if (out_.broken()) return finish();  // nothing is saved: the next run reports it
  note_round(changes.size() + host_changes.size());
  last_.unknown = unknown_;
  if (lines.empty() || request_.program.empty()) {
    save();
    return wait_for_next_round();
  }
  phase_ = Phase::program;
  program_.start(std::move(lines), [this](const std::string& error) {
    guarded([&] {
      if (!error.empty()) note(error);
      save();
      wait_for_next_round();
    });
  });
}

/// Returns the changes as JSON lines.
std::string WatchCommand::report(const std::vector<ConfirmedChange>& changes,
                                 const std::vector<AllOpenHosts::Change>& host_changes) {
  std::string lines;
  const bool colour = uses_colour(request_.scan.colour, out_.is_terminal());
  const size_t columns = out_.is_terminal() ? terminal_columns(STDOUT_FILENO) : 0;
  for (const ConfirmedChange& change : changes) {
    const std::string_view word = change_word(change);
    ++(word == "opened" ? counts_.opened : word == "closed" ? counts_.closed : counts_.changed);
    const Endpoint endpoint{targets().at(change.index / ports().size()),
                            ports().at(static_cast<uint32_t>(change.index % ports().size()))};
    const ReportedChange reported{
        change,         endpoint,      services_.name_of(endpoint.port), host_name_of(endpoint.address),
        last_.ended_us, counts_.rounds};
    append_change_json(lines, reported);
    if (!json_) append_change_row(out_.buffer(), reported, colour, columns);
  }
  for (const AllOpenHosts::Change& change : host_changes) {
    ++counts_.changed;
    const ReportedHost reported{change, host_name_of(change.address), last_.ended_us, counts_.rounds};
    append_change_json(lines, reported);
    if (!json_) append_change_row(out_.buffer(), reported, colour, columns);
  }
  if (json_) out_.buffer() += lines;
  if (!out_.buffer().empty()) progress_.clear();
  out_.flush();
  return lines;
}

void WatchCommand::save() {
  if (!request_.state_file.empty())
    save_file("--state ", request_.state_file, watch_state_text(filter_, all_open_, targets(), ports(), counts_));
  if (request_.prometheus_file.empty()) return;
  save_file("--prometheus ", request_.prometheus_file,
            metrics_text(
                filter_, targets(), ports(), counts_, last_, [this](uint16_t port) { return services_.name_of(port); },
                [this](const Address& address) { return host_name_of(address); }));
}

void WatchCommand::save_file(const char* option, const std::string& path, const std::string& text) {
  const std::string error = replace_file(path, option + quote_word(path), text);
  if (!error.empty()) note(error);
  file_failed_ = file_failed_ || !error.empty();
}

void WatchCommand::note_round(size_t changes) {
  if (unknown_ > 0 && last_.unknown == 0 && !request_.scan.quiet)
    note(grouped(unknown_) + " ports are unknown, and count as unchanged");
  if (request_.scan.quiet || (rounds_ > 1 && !request_.scan.verbose)) return;
  uint64_t open = 0;
  for (uint64_t index = 0; index < filter_.size(); ++index) open += filter_.reported(index) == WatchedState::open;
  char seconds[32];
  std::snprintf(seconds, sizeof seconds, "%.1f", last_.seconds);
  progress_.clear();
  std::fprintf(stderr, "round %s: %s of %s ports open, %s; %s s\n", grouped(counts_.rounds).c_str(),
               grouped(open).c_str(), grouped(filter_.size()).c_str(),
               changes == 1 ? "1 change" : (grouped(changes) + " changes").c_str(), seconds);
}

void WatchCommand::wait_for_next_round() {
  progress_.clear();
  if (stopped() || (request_.rounds > 0 && rounds_ >= request_.rounds)) return finish();
  phase_ = Phase::wait;
  const uint64_t passed_ms = (uv_hrtime() - started_ns_) / 1'000'000;
  uv_update_time(session_.loop());
  uv_timer_start(
      &pause_,
      [](uv_timer_t* timer) {
        auto* self = static_cast<WatchCommand*>(timer->data);
        self->guarded([self] {
          try {
            self->start_round();
          } catch (const CannotRun& error) {
            self->note(error.what());
            self->wait_for_next_round();
          }
        });
      },
      request_.interval_ms - std::min(request_.interval_ms, passed_ms), 0);
}

// ---- What happens meanwhile ----

void WatchCommand::on_interrupt() {
  interrupted_ = true;
  stop();
}

/// A program that runs is waited for: what it was given has been reported.
void WatchCommand::stop() noexcept {
  if (scan_)
    scan_->stop();
  else if (phase_ == Phase::wait || memory_.exhausted())
    finish();
}

void WatchCommand::finish() noexcept {
  scan_.reset();
  if (!uv_is_closing(reinterpret_cast<uv_handle_t*>(&pause_)))
    uv_close(reinterpret_cast<uv_handle_t*>(&pause_), nullptr);
  session_.unwatch();
}

void WatchCommand::on_status_request() {
  guarded([this] {
    update_stats();
    const std::string round = "round " + grouped(counts_.rounds + 1) + ": ";
    if (phase_ == Phase::scan || phase_ == Phase::confirm) return note(round + progress_.status_text(stats_));
    note(phase_ == Phase::program ? round + "the program of --exec is running"
                                  : round + "begins in " + grouped((uv_timer_get_due_in(&pause_) + 999) / 1000) + " s");
  });
}

void WatchCommand::on_tick() {
  guarded([this] {
    if (!scan_) return;
    update_stats();
    progress_.draw(stats_, phase_ == Phase::confirm ? "confirming: " : "");
  });
}

void WatchCommand::update_stats() {
  if (!scan_) return;
  stats_ = scan_->stats();
  progress_.observe(stats_, scan_->elapsed_s());
  progress_.predict(stats_);
}

}  // namespace

int run_watch(int argc, const char* const* argv) {
  const SystemServices services = SystemServices::load();
  const auto request = parse_watch_options(argc, argv, services);
  if (!request) return exit_complete;
  ScanSession session;
  TargetList list = targets_of(*request, session.loop());
  return WatchCommand(*request, services, session, std::move(list)).run();
}

}  // namespace portloop
