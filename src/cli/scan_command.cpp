// portloop scan: from the request to the exit status, over the public API like any other embedder.
//
// Happy path: read the options, collect the targets, open the outputs, run one scan on one loop, write each
// result as it comes, end with the summary.
//
// What goes wrong:
//   - a wrong word: UsageError before anything is sent; a name that does not resolve among others that do: said,
//     and the exit status is 3
//   - --discover: a first scan of a few ports finds the addresses that answer; the second one has only those
//   - SIGINT or SIGTERM: the scan is stopped, what was found is written, exit 130; a second one ends at once
//   - an output breaks (reader gone, disk full): said once, the scan is stopped, exit 3
//   - a result is unknown: counted by reason, said at the end, exit 3
//   - the process is killed: with --checkpoint, the file says what is finished and up to where each output is of it;
//     --resume cuts the outputs back to there, and leaves those probes out
//   - the checkpoint can't be written: said once, the older one stays whole, the scan goes on, exit 3 if it lasts
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "cli/checkpoint.hpp"
#include "cli/descriptor_limit.hpp"
#include "cli/discovery.hpp"
#include "cli/ending_signals.hpp"
#include "cli/output_file.hpp"
#include "cli/progress.hpp"
#include "cli/scan_options.hpp"
#include "cli/system_address.hpp"
#include "cli/target_list.hpp"
#include "cli/usage.hpp"
#include "core/record_line.hpp"
#include "core/spec_error.hpp"
#include "output/writer.hpp"
#include "portloop/portloop.h"

namespace portloop {
namespace {

// Progress is redrawn, and what is buffered written, this often.
constexpr uint64_t tick_ms = 200;
// A checkpoint is written this often, or so seldom that it takes a twentieth of the time.
constexpr uint64_t checkpoint_interval_ns = 1'000'000'000;
constexpr uint64_t checkpoint_share = 20;

int64_t unix_time_us() {
  using namespace std::chrono;
  return duration_cast<microseconds>(system_clock::now().time_since_epoch()).count();
}

/// https://no-color.org: set and not empty means no colour.
bool no_color_is_set() {
  const char* no_color = std::getenv("NO_COLOR");
  return no_color != nullptr && *no_color != '\0';
}

void check(int error, const char* what) {
  if (error != 0) throw CannotRun(std::string(what) + ": " + uv_strerror(error));
}

struct Output {
  std::string format;
  std::unique_ptr<Writer> writer;
  std::unique_ptr<OutputFile> file;
};

class ScanCommand {
 public:
  /// `earlier`: the checkpoint to go on from.
  ScanCommand(const ScanRequest& request, const SystemServices& services, std::optional<Checkpoint> earlier)
      : request_(request), services_(services), progress_(wants_progress(request)), resumed_(earlier.has_value()) {
    if (earlier) record_ = std::move(*earlier);
    earlier_counts_ = record_.counts;
    earlier_us_ = record_.elapsed_us;
  }

  int run();

 private:
  static bool wants_progress(const ScanRequest& request) {
    if (request.quiet || request.progress == ProgressChoice::never) return false;
    return request.progress == ProgressChoice::always || isatty(STDERR_FILENO) == 1;
  }

  void begin_record();
  void open_outputs(const TargetList& list);
  void reopen_outputs(ScanHeader& header);
  void choose_limits();
  void start(const TargetSet& targets, const PortSet& ports);
  void watch_signals();
  static void on_result(portloop_scan* scan, const portloop_result* result);
  static void on_done(portloop_scan* scan, int status);
  void write_result(const portloop_result& result);
  static void on_discovery_result(portloop_scan* scan, const portloop_result* result);
  static void on_discovery_done(portloop_scan* scan, int status);
  void scan_what_answered();
  void note_unknown(const ProbeResult& probe);
  void count_open(const Address& address);
  void print_status();
  void tick();
  void take_stats();
  double elapsed_s(uint64_t now_ns) const { return static_cast<double>(now_ns - started_ns_) * 1e-9 + static_cast<double>(earlier_us_) * 1e-6; }
  bool write_checkpoint(bool complete);
  void check_outputs();
  void interrupt();
  void close_handles();
  int finish(const TargetList& list);
  std::string summary(const portloop_stats& stats, double elapsed_s) const;

  ScanRequest request_;
  const SystemServices& services_;
  ProgressLine progress_;
  const TargetList* list_ = nullptr;
  uv_loop_t loop_{};
  portloop_scan* scan_ = nullptr;
  portloop_stats stats_{};
  std::vector<Output> outputs_;
  uv_timer_t ticks_{};
  uv_async_t ending_{};                // SIGINT, SIGTERM
  uv_signal_t status_signals_[2]{};    // SIGUSR1, and SIGINFO where there is one
  size_t status_signal_count_ = 0;
  uint32_t loops_ = 1;
  uint32_t in_flight_ = 1;
  std::unique_ptr<AnsweredAddresses> answered_;  // with --discover
  bool discovering_ = false;
  uint64_t silent_addresses_ = 0;                // that did not answer discovery
  std::map<Address, uint32_t> open_counts_;      // with --stop-after, of hosts with an open port
  uint64_t stopped_hosts_ = 0;
  std::string failure_;                          // why the second scan could not be started
  uint64_t started_ns_ = 0;
  uint64_t finished_ns_ = 0;
  bool interrupted_ = false;
  bool output_broken_ = false;
  bool stopped_ = false;
  bool all_probed_ = false;
  const bool resumed_;
  Checkpoint record_;  // what has been done, in all runs
  std::array<uint64_t, 4> earlier_counts_{};
  uint64_t earlier_us_ = 0;
  uint64_t next_checkpoint_ns_ = 0;
  bool checkpoint_failed_ = false;
};

void ScanCommand::begin_record() {
  if (resumed_) return;
  record_.list = collect_targets(request_, &loop_);
  // Shards cover a scan only in the same order: every machine comes to the same seed by itself.
  if (request_.shard.count > 1 && !request_.seed_given) {
    request_.seed = scan_hash(record_.list.targets, request_.ports, request_.order, 0) & UINT32_MAX;
  }
  record_.words = request_.words;
  record_.ports = request_.ports;
  record_.order = request_.order;
  record_.seed = request_.seed;
  record_.shard = request_.shard;
  record_.started_us = unix_time_us();
  const std::string& file = request_.checkpoint_file;
  if (file.empty()) return;
  for (const OutputChoice& choice : request_.outputs) {
    if (choice.file == file) throw UsageError("--checkpoint " + quote_word(file) + ": the file is an output already");
  }
  if (access(file.c_str(), F_OK) == 0 && !request_.overwrite) {
    throw CannotRun("checkpoint " + quote_word(file) + " exists already: --resume goes on from it, --overwrite replaces it");
  }
}

void ScanCommand::open_outputs(const TargetList& list) {
  ScanHeader header;
  header.version = portloop_version();
  header.command_line = request_.command_line;
  header.started_us = record_.started_us;
  header.ports = request_.ports;
  header.targets = list.targets.size();
  header.seed = request_.seed;
  header.results_per_host = request_.shard.count == 1 && request_.stop_after == 0 ? request_.ports.size() : 0;
  header.has_ipv6 = list.targets.has_family(Family::ipv6);
  header.show_all = request_.show_all;
  if (resumed_) {
    reopen_outputs(header);
    return;
  }
  for (const OutputChoice& choice : request_.outputs) {
    Output output;
    output.format = choice.format;
    output.writer = find_output_format(choice.format)->make();
    output.file = choice.file.empty() ? std::make_unique<OutputFile>() : std::make_unique<OutputFile>(choice.file, request_.overwrite);
    header.colour = output.file->is_terminal() && request_.colour && !no_color_is_set();
    output.writer->begin(header, output.file->buffer());
    output.file->end_record();
    outputs_.push_back(std::move(output));
  }
}

void ScanCommand::reopen_outputs(ScanHeader& header) {
  for (const SavedOutput& saved : record_.outputs) {
    const OutputFormat* format = find_output_format(saved.format);
    if (format == nullptr) throw UsageError("checkpoint " + quote_word(request_.resume_file) + ": this portloop has no format " + quote_word(saved.format));
    Output output;
    output.format = saved.format;
    output.writer = format->make();
    output.file = std::make_unique<OutputFile>(saved);
    header.colour = output.file->is_terminal() && request_.colour && !no_color_is_set();
    std::string written_before;
    output.writer->begin(header, output.file->continues() ? written_before : output.file->buffer());
    if (!output.writer->restore(saved.writer_state)) {
      throw UsageError("checkpoint " + quote_word(request_.resume_file) + " is damaged: the state of format " + quote_word(saved.format) + " makes no sense");
    }
    outputs_.push_back(std::move(output));
  }
  // Only when everything fits is anything changed.
  for (Output& output : outputs_) output.file->cut_back();
}

void ScanCommand::choose_limits() {
  loops_ = request_.loops;
  if (loops_ == 0) loops_ = std::max(1U, uv_available_parallelism());
  const uint32_t spare = raise_descriptor_limit(loops_ + 1);
  in_flight_ = request_.in_flight.value_or(default_in_flight(spare));
  if (in_flight_ > spare) {
    if (!request_.quiet) {
      std::fprintf(stderr, "portloop: --in-flight %u is more than the %u descriptors that are free: %u are used (ulimit -n sets the limit)\n",
                   in_flight_, spare, spare);
    }
    in_flight_ = spare;
  }
}

void ScanCommand::start(const TargetSet& targets, const PortSet& ports) {
  const std::unique_ptr<portloop_options, void (*)(portloop_options*)> options(portloop_options_new(), portloop_options_free);
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
  if (error == 0) error = portloop_options_set_order(o, request_.order == Order::random ? PORTLOOP_ORDER_RANDOM : PORTLOOP_ORDER_SEQUENTIAL);
  if (error == 0) error = portloop_options_set_seed(o, request_.seed);
  if (error == 0) error = portloop_options_set_shard(o, request_.shard.number, request_.shard.count);
  for (const PositionRange& range : record_.finished.ranges()) {
    if (error == 0) error = portloop_options_skip_positions(o, range.first, range.last);
  }
  if (error == 0) error = portloop_options_set_loops(o, loops_);
  if (error == 0 && !discovering_) error = portloop_options_set_stop_after(o, request_.stop_after);
  if (error == 0) error = portloop_options_set_connector(o, request_.portable_connector ? PORTLOOP_CONNECTOR_PORTABLE : PORTLOOP_CONNECTOR_FASTEST);
  if (error == 0 && request_.banners && !discovering_) {
    const auto kind = request_.banners_http ? PORTLOOP_BANNERS_HTTP : PORTLOOP_BANNERS_READ;
    error = portloop_options_set_banners(o, kind, request_.banner_timeout_ms, 512);
  }
  if (error != 0) throw CannotRun(portloop_options_error(o));
  check(portloop_scan_init(&loop_, &scan_), "the scan can't be made");
  portloop_scan_set_data(scan_, this);
  if (started_ns_ == 0) started_ns_ = uv_hrtime();
  error = discovering_ ? portloop_scan_start(scan_, o, on_discovery_result, on_discovery_done)
                       : portloop_scan_start(scan_, o, on_result, on_done);
  if (error == 0) return;
  portloop_scan_close(scan_, nullptr);
  const std::string why = portloop_options_error(o);
  throw CannotRun("the scan can't be started: " + (why.empty() ? uv_strerror(error) : why));
}

void ScanCommand::watch_signals() {
  std::signal(SIGPIPE, SIG_IGN);  // a reader that is gone is an error of write(), not our end
  check(uv_async_init(&loop_, &ending_, [](uv_async_t* async) { static_cast<ScanCommand*>(async->data)->interrupt(); }),
        "signals can't be watched");
  ending_.data = this;
  uv_unref(reinterpret_cast<uv_handle_t*>(&ending_));
  watch_ending_signals(&ending_);
  const int numbers[] = {
      SIGUSR1,
#ifdef SIGINFO
      SIGINFO,
#endif
  };
  for (const int number : numbers) {
    uv_signal_t& signal = status_signals_[status_signal_count_];
    check(uv_signal_init(&loop_, &signal), "signals can't be watched");
    ++status_signal_count_;
    signal.data = this;
    uv_signal_start(&signal, [](uv_signal_t* told, int) { static_cast<ScanCommand*>(told->data)->print_status(); }, number);
    uv_unref(reinterpret_cast<uv_handle_t*>(&signal));
  }
  check(uv_timer_init(&loop_, &ticks_), "a timer can't be made");
  ticks_.data = this;
  uv_timer_start(&ticks_, [](uv_timer_t* timer) { static_cast<ScanCommand*>(timer->data)->tick(); }, tick_ms, tick_ms);
  uv_unref(reinterpret_cast<uv_handle_t*>(&ticks_));
}

void ScanCommand::interrupt() {
  interrupted_ = true;
  stopped_ = true;
  if (scan_ != nullptr) portloop_scan_stop(scan_);
}

/// One whole line, below the results and in place of the progress line, which comes back by itself.
void ScanCommand::print_status() {
  if (scan_ != nullptr) take_stats();
  for (Output& output : outputs_) {
    if (output.file->is_terminal()) output.file->flush();
  }
  progress_.clear();
  std::fprintf(stderr, "portloop: %s%s\n", discovering_ ? "discovery: " : "",
               ProgressLine::status_text(stats_, elapsed_s(uv_hrtime())).c_str());
}

// ---- --discover: the first of two scans ----

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
  portloop_scan_close(scan, [](portloop_scan* closed) { static_cast<ScanCommand*>(portloop_scan_data(closed))->scan_what_answered(); });
}

void ScanCommand::scan_what_answered() {
  if (!stopped_) {
    discovering_ = false;
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

// ---- What comes ----

void ScanCommand::on_result(portloop_scan* scan, const portloop_result* result) {
  static_cast<ScanCommand*>(portloop_scan_data(scan))->write_result(*result);
}

void ScanCommand::write_result(const portloop_result& told) {
  OutputResult result;
  ProbeResult& probe = result.probe;
  probe.endpoint = {*address_of(reinterpret_cast<const sockaddr&>(told.address)), told.port};
  probe.state = static_cast<PortState>(told.state);
  probe.reason = static_cast<Reason>(told.reason);
  probe.error_number = -told.error;
  probe.rtt_us = told.rtt_us;
  probe.attempts = told.attempts;
  if (told.banner != nullptr) probe.banner = {told.banner, told.banner_length};
  const bool listed = probe.state == PortState::open || request_.show_all;
  if (listed) {
    result.service = services_.name_of(told.port);
    result.time_us = unix_time_us();
  }
  if (!list_->names.empty()) {
    if (const auto name = list_->names.find(probe.endpoint.address); name != list_->names.end()) result.host_name = name->second;
  }
  if (probe.state == PortState::unknown) note_unknown(probe);
  if (probe.state == PortState::open && request_.stop_after != 0) count_open(probe.endpoint.address);
  ++record_.counts[static_cast<size_t>(probe.state)];
  for (Output& output : outputs_) {
    std::string& buffer = output.file->buffer();
    output.writer->result(result, buffer);
    if (buffer.empty()) continue;
    if (output.file->is_terminal()) progress_.clear();
    output.file->end_record();
  }
  if (!request_.checkpoint_file.empty()) record_.finished.add(told.position);
  if (!output_broken_) check_outputs();
}

void ScanCommand::note_unknown(const ProbeResult& probe) {
  auto [entry, first] = record_.unknown.try_emplace(reason_text(probe.reason, probe.error_number));
  if (first) entry->second.first = probe.endpoint;
  ++entry->second.count;
  // What can't be reached from here is said when it is found, once: nobody should wait for the end to learn it.
  if (first && probe.reason == Reason::no_route) {
    progress_.clear();
    std::fprintf(stderr, "portloop: no route from this machine to %s\n", to_text(probe.endpoint.address).c_str());
  }
}

void ScanCommand::count_open(const Address& address) {
  if (++open_counts_[address] != request_.stop_after) return;
  // A whole network of such hosts is one device that answers for all: the first few say it.
  constexpr uint64_t most_said = 10;
  if (++stopped_hosts_ > most_said || request_.quiet) return;
  progress_.clear();
  std::fprintf(stderr, "portloop: %s has %u open port%s: its other ports are not asked (--stop-after)%s\n", to_text(address).c_str(),
               request_.stop_after, request_.stop_after == 1 ? "" : "s", stopped_hosts_ == most_said ? "; more such hosts are only counted" : "");
}

void ScanCommand::tick() {
  for (Output& output : outputs_) output.file->flush();
  check_outputs();
  if (scan_ != nullptr) take_stats();
  progress_.draw(stats_, elapsed_s(uv_hrtime()), discovering_ ? "discovery: " : "");
  if (!request_.checkpoint_file.empty() && uv_hrtime() >= next_checkpoint_ns_) {
    write_checkpoint(false);
    check_outputs();
  }
}

/// With what earlier runs found.
void ScanCommand::take_stats() {
  portloop_scan_stats(scan_, &stats_, sizeof stats_);
  stats_.open += earlier_counts_[0];
  stats_.closed += earlier_counts_[1];
  stats_.filtered += earlier_counts_[2];
  stats_.unknown += earlier_counts_[3];
}

/// Answers false where it could not be written; once it has been said, not again.
bool ScanCommand::write_checkpoint(bool complete) {
  if (request_.checkpoint_file.empty()) return true;
  const uint64_t begun_ns = uv_hrtime();
  if (!complete) {
    record_.outputs.clear();
    for (Output& output : outputs_) {
      SavedOutput saved = output.file->saved();
      saved.format = output.format;
      output.writer->save(saved.writer_state);
      record_.outputs.push_back(std::move(saved));
    }
  }
  // What a broken output lacks must not count as finished.
  if (std::any_of(outputs_.begin(), outputs_.end(), [](const Output& output) { return output.file->broken(); })) return true;
  record_.complete = complete;
  record_.elapsed_us = earlier_us_ + (started_ns_ == 0 ? 0 : (begun_ns - started_ns_) / 1000);
  const std::string why = replace_file(request_.checkpoint_file, checkpoint_text(record_));
  if (!why.empty() && !checkpoint_failed_) {
    progress_.clear();
    std::fprintf(stderr, "portloop: %s\n", why.c_str());
  }
  checkpoint_failed_ = !why.empty();
  const uint64_t ended_ns = uv_hrtime();
  next_checkpoint_ns_ = ended_ns + std::max(checkpoint_interval_ns, checkpoint_share * (ended_ns - begun_ns));
  return why.empty();
}

void ScanCommand::check_outputs() {
  for (const Output& output : outputs_) {
    if (!output.file->broken() || output_broken_) continue;
    output_broken_ = true;
    stopped_ = true;
    progress_.clear();
    std::fprintf(stderr, "portloop: %s; the scan is stopped\n", output.file->error().c_str());
    if (scan_ != nullptr) portloop_scan_stop(scan_);
  }
}

void ScanCommand::on_done(portloop_scan* scan, int status) {
  auto* self = static_cast<ScanCommand*>(portloop_scan_data(scan));
  self->finished_ns_ = uv_hrtime();
  self->all_probed_ = status == 0;
  self->take_stats();
  self->close_handles();
}

void ScanCommand::close_handles() {
  if (scan_ != nullptr) portloop_scan_close(scan_, nullptr);
  scan_ = nullptr;
  uv_close(reinterpret_cast<uv_handle_t*>(&ticks_), nullptr);
  unwatch_ending_signals();
  uv_close(reinterpret_cast<uv_handle_t*>(&ending_), nullptr);
  for (size_t i = 0; i < status_signal_count_; ++i) uv_close(reinterpret_cast<uv_handle_t*>(&status_signals_[i]), nullptr);
}

std::string ScanCommand::summary(const portloop_stats& stats, double elapsed_s) const {
  const uint64_t done = stats.open + stats.closed + stats.filtered + stats.unknown;
  const uint64_t targets = list_->targets.size();
  std::string text = grouped(targets) + (targets == 1 ? " target" : " targets");
  if (discovering_) {
    text += ": discovery ended early, after " + grouped(answered_->count()) + " had answered";
    return text;
  }
  if (answered_) text += " (" + grouped(silent_addresses_) + " of them did not answer discovery)";
  text += ", " + grouped(request_.ports.size()) +
                     (request_.ports.size() == 1 ? " port: " : " ports: ") + grouped(stats.open) + " open, " + grouped(stats.closed) +
                     " closed, " + grouped(stats.filtered) + " filtered, " + grouped(stats.unknown) + " unknown";
  if (stats.not_asked > 0) {
    text += ", " + grouped(stats.not_asked) + " not asked (" + grouped(stopped_hosts_) + (stopped_hosts_ == 1 ? " host has " : " hosts have ") +
            grouped(request_.stop_after) + " open)";
  }
  if (done + stats.not_asked < stats.probes) text += ", " + grouped(stats.probes - done - stats.not_asked) + " not answered for";
  char seconds[32];
  std::snprintf(seconds, sizeof seconds, "%.2f", elapsed_s);
  text += std::string(" in ") + seconds + " s (" + grouped(static_cast<uint64_t>(static_cast<double>(done) / std::max(elapsed_s, 1e-6))) +
          " probes/s), seed " + std::to_string(request_.seed);
  if (request_.shard.count > 1) text += ", shard " + std::to_string(request_.shard.number) + '/' + std::to_string(request_.shard.count);
  return text;
}

int ScanCommand::finish(const TargetList& list) {
  progress_.clear();
  if (!failure_.empty()) throw CannotRun(failure_);
  write_checkpoint(false);  // before the writers' last words, which a resumed scan writes itself
  const bool complete = !stopped_ && all_probed_ && stats_.unknown == 0 && list.failed_names == 0;
  ScanFooter footer;
  footer.finished_us = unix_time_us();
  footer.hosts_total = list.targets.size();
  footer.complete = complete;
  footer.summary = summary(stats_, elapsed_s(finished_ns_));
  for (Output& output : outputs_) {
    output.writer->end(footer, output.file->buffer());
    output.file->finish();
    if (output.file->broken() && !output_broken_) {
      output_broken_ = true;
      std::fprintf(stderr, "portloop: %s\n", output.file->error().c_str());
    }
  }
  if (all_probed_ && !output_broken_) write_checkpoint(true);
  if (!request_.quiet) {
    for (const auto& [reason, counted] : record_.unknown) {
      std::fprintf(stderr, "portloop: %s unknown: %s, the first %s\n", grouped(counted.count).c_str(), reason.c_str(),
                   to_text(counted.first.address, counted.first.port).c_str());
    }
    std::fprintf(stderr, "%s%s\n", interrupted_ ? "interrupted: " : "", footer.summary.c_str());
  }
  if (interrupted_) return exit_interrupted;
  return complete && !output_broken_ && !checkpoint_failed_ ? exit_complete : exit_incomplete;
}

int ScanCommand::run() {
  check(uv_loop_init(&loop_), "the event loop can't be made");
  begin_record();
  const TargetList& list = record_.list;
  list_ = &list;
  open_outputs(list);
  if (!write_checkpoint(false)) return exit_failed;
  choose_limits();
  if (request_.discover) {
    answered_ = std::make_unique<AnsweredAddresses>(list.targets);
    discovering_ = true;
    start(list.targets, *parse_ports(discovery_ports, nullptr));
  } else {
    start(list.targets, request_.ports);
  }
  watch_signals();
  uv_run(&loop_, UV_RUN_DEFAULT);
  check(uv_loop_close(&loop_), "the event loop is not empty");
  return finish(list);
}

}  // namespace

int run_scan(int argc, const char* const* argv) {
  const SystemServices services = SystemServices::load();
  const auto request = parse_scan_options(argc, argv, services);
  if (!request) return exit_complete;
  if (request->resume_file.empty()) return ScanCommand(*request, services, std::nullopt).run();
  Checkpoint earlier = read_checkpoint(request->resume_file);
  const ScanRequest resumed = resumed_request(*request, earlier, services);
  if (earlier.complete) {
    std::fprintf(stderr, "portloop: checkpoint %s: the scan is complete, nothing is left to do\n", quote_word(request->resume_file).c_str());
    return exit_complete;
  }
  return ScanCommand(resumed, services, std::move(earlier)).run();
}

}  // namespace portloop
