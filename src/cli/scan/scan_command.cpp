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
#include "cli/scan/scan_command.hpp"

#include <csignal>
#include <cstdio>

#include "cli/terminal/ending_signals.hpp"
#include "core/record_line.hpp"
#include "core/spec_error.hpp"

namespace portloop {
namespace {

// Progress is redrawn, and what is buffered written, this often.
constexpr uint64_t tick_ms = 200;

}  // namespace

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
    throw CannotRun("checkpoint " + quote_word(file) +
                    " exists already: --resume goes on from it, --overwrite replaces it");
  }
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
    uv_signal_start(
        &signal, [](uv_signal_t* told, int) { static_cast<ScanCommand*>(told->data)->print_status(); }, number);
    uv_unref(reinterpret_cast<uv_handle_t*>(&signal));
  }
  check(uv_timer_init(&loop_, &ticks_), "a timer can't be made");
  ticks_.data = this;
  uv_timer_start(
      &ticks_, [](uv_timer_t* timer) { static_cast<ScanCommand*>(timer->data)->tick(); }, tick_ms, tick_ms);
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
  std::fprintf(stderr, "portloop: %s%s\n", discovering_ ? "discovery: " : "", progress_.status_text(stats_).c_str());
}

void ScanCommand::on_result(portloop_scan* scan, const portloop_result* result) {
  static_cast<ScanCommand*>(portloop_scan_data(scan))->write_result(*result);
}

void ScanCommand::tick() {
  for (Output& output : outputs_) output.file->flush();
  check_outputs();
  if (scan_ != nullptr) take_stats();
  progress_.draw(stats_, discovering_ ? "discovery: " : "");
  if (!request_.checkpoint_file.empty() && uv_hrtime() >= next_checkpoint_ns_) {
    write_checkpoint(false);
    check_outputs();
  }
}

/// With what earlier runs found.
void ScanCommand::take_stats() {
  portloop_scan_stats(scan_, &stats_, sizeof stats_);
  progress_.note(stats_, static_cast<double>(uv_hrtime() - scan_started_ns_) * 1e-9);
  stats_.open += earlier_counts_[0];
  stats_.closed += earlier_counts_[1];
  stats_.filtered += earlier_counts_[2];
  stats_.unknown += earlier_counts_[3];
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
  for (size_t i = 0; i < status_signal_count_; ++i)
    uv_close(reinterpret_cast<uv_handle_t*>(&status_signals_[i]), nullptr);
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

/// Where an error ended it on the way: closes what had been opened by then.
ScanCommand::~ScanCommand() {
  if (!loop_made_) return;
  unwatch_ending_signals();
  if (scan_ != nullptr) portloop_scan_close(scan_, nullptr);
  uv_run(&loop_, UV_RUN_DEFAULT);  // the scan's handles are its own to close
  uv_walk(
      &loop_,
      [](uv_handle_t* handle, void*) {
        if (!uv_is_closing(handle)) uv_close(handle, nullptr);
      },
      nullptr);
  uv_run(&loop_, UV_RUN_DEFAULT);
  uv_loop_close(&loop_);
}

int ScanCommand::run() {
  check(uv_loop_init(&loop_), "the event loop can't be made");
  loop_made_ = true;
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
  loop_made_ = false;
  return finish(list);
}

int run_scan(int argc, const char* const* argv) {
  const SystemServices services = SystemServices::load();
  const auto request = parse_scan_options(argc, argv, services);
  if (!request) return exit_complete;
  if (request->resume_file.empty()) return ScanCommand(*request, services, std::nullopt).run();
  Checkpoint earlier = read_checkpoint(request->resume_file);
  const ScanRequest resumed = resumed_request(*request, earlier, services);
  if (earlier.complete) {
    std::fprintf(stderr, "portloop: checkpoint %s: the scan is complete, nothing is left to do\n",
                 quote_word(request->resume_file).c_str());
    return exit_complete;
  }
  return ScanCommand(resumed, services, std::move(earlier)).run();
}

}  // namespace portloop
