// portloop compare: from the options to the exit status. Each run is a process of its own: this program with the
// internal option --one-run. It reads its targets from standard input and writes its record to standard output.
//
// A guest's run is the guest's program.
//
// Happy path: parse the options, collect the targets, open the exports, check that a target answers at all, run every
// model in turn, print the tables and the conclusions, write the exports.
//
// What goes wrong:
//   - wrong usage, more connects than descriptors, an export that can't be opened, a target that is silent on every
//     port or not part of the lab, a lab that the system forbids: one line before anything is measured, and no file is
//     left
//   - a run fails: its model is not ranked, the others continue, exit 3
//   - standard output or an export breaks (disk full, reader gone): one line for each, exit 3
//   - SIGINT, SIGTERM or SIGHUP: the run is ended, what has been measured is printed and written as incomplete, exit
//   130;
//     a second one ends the process
//   - the memory is used up: what has been measured is printed and written as incomplete, exit 3; if not even that can
//   be
//     done, or nothing has been measured, no file is left, exit 1
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <iostream>
#include <memory>
#include <new>
#include <set>

#include "cli/commands.hpp"
#include "cli/compare/compare_guests.hpp"
#include "cli/compare/compare_lab.hpp"
#include "cli/compare/compare_options.hpp"
#include "cli/compare/compare_picture.hpp"
#include "cli/exit_status.hpp"
#include "cli/record/output_file.hpp"
#include "cli/system/descriptor_limit.hpp"
#include "cli/system/distinct_files.hpp"
#include "cli/targets/target_list.hpp"
#include "cli/terminal/ending_signals.hpp"
#include "compare/explanation.hpp"
#include "compare/exports.hpp"
#include "compare/guest_result.hpp"
#include "compare/lab_truth.hpp"
#include "compare/lanes.hpp"
#include "compare/loop_model.hpp"
#include "compare/measured_run.hpp"
#include "compare/run_comparison.hpp"
#include "compare/run_process.hpp"
#include "compare/table.hpp"
#include "compare/trace.hpp"
#include "compare/words.hpp"
#include "core/spec_error.hpp"
#include "core/target_set.hpp"
#include "output/grouped.hpp"

namespace portloop {
namespace {

using namespace compare;

// Each run keeps five bytes per probe, and takes 17 s even at a million probes per second.
constexpr uint64_t max_probes = uint64_t{1} << 24;

// A guest is handed all its probes as text, 16 bytes and more each.
constexpr uint64_t max_guest_probes = uint64_t{1} << 20;

// What programs with an event loop are written with. With the thousands that the loops here have by default, those in
// interpreters are too slow to see an answer before its timeout.
constexpr uint32_t guest_in_flight = 500;

// A person who waits this long for one run should have been asked.
constexpr double long_run_s = 60;

volatile std::sig_atomic_t stop_requested = 0;

// ---- One run, in a process of its own ----

int run_one(CompareRequest& request, const SystemServices& services) {
  std::string ports;
  std::getline(std::cin, ports);
  const auto parsed = parse_ports(ports, [&services](std::string_view name) { return services.port_of(name); });
  if (!parsed) throw UsageError("--one-run: " + parsed.error());
  request.ports = *parsed;
  Contender contender = request.models.front();
  if (!request.sweep.in_flight.empty()) contender.in_flight = request.sweep.in_flight.front();
  const TargetList list = targets_of(request);
  const uint64_t hosts = list.targets.size();
  if (hosts > max_probes / request.ports.size()) throw UsageError("--one-run: too many probes");
  raise_descriptor_limit(std::max(1U, contender.loops) + 1);
  const auto& [order, seed, seed_given] = request.order;
  const ModelScan scan{list.targets, request.ports, ProbeOrder(hosts, request.ports.size(), order, seed),
                       request.timeout_ms, request.retries};
  std::string error;
  const std::string text = request.record ? encode(record_run(scan, contender, seed, order, error))
                                          : encode(measure_run(scan, contender, seed, order, error));
  if (!error.empty()) throw CannotRun("the scan can't be made: " + error);
  return std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0 ? exit_complete
                                                                                                     : exit_failed;
}

// ---- The comparison ----

uint64_t packets_dropped_by_lab(const std::vector<Entry>& entries) {
  uint64_t sum = 0;
  for (const Entry& entry : entries) {
    for (const RunRecord& run : entry.runs) sum += run.lab_dropped;
  }
  return sum;
}

/// The share of the time of all runs during which the first thread was ready but had no processor.
std::string run_delay_text(const std::vector<Entry>& entries) {
  double delay_us = 0, wall_us = 0;
  for (const Entry& entry : entries) {
    if (entry.contender.guest != nullptr) continue;  // guests don't measure it
    for (const RunRecord& run : entry.runs) {
      delay_us += static_cast<double>(run.run_delay_us);
      wall_us += static_cast<double>(run.wall_us);
    }
  }
  char text[64];
  std::snprintf(text, sizeof text, "%.1f %% of the time of the runs", wall_us > 0 ? delay_us / wall_us * 100 : 0);
  return text;
}

class CompareCommand {
 public:
  explicit CompareCommand(const CompareRequest& request)
      : request_(request), list_(targets_of(request)), guests_(request.guests) {}
  int run();

 private:
  void set_up();
  void add_entries();
  ModelScan scan(uint32_t retries) const;
  void check_limits() const;
  void check_that_a_target_answers();
  void read_lab_truth();
  void open_exports();
  void discard_exports();
  void prepare();
  void report_broken(const OutputFile& file, int& status) const;
  RunCommand run_command() const;
  void warn_of_long_runs(const Forecast& forecast);
  void show_progress(size_t model, uint32_t round, const Forecast& forecast);
  int conclude();
  std::string exported(const std::string& format) const;
  int finish();
  int report_out_of_memory(int status) const;

  const CompareRequest& request_;
  const TargetList list_;
  const CompareGuests guests_;
  std::string own_input_, guest_input_;  // standard input of a model's run, and of a guest's
  Comparison comparison_;
  std::vector<std::unique_ptr<OutputFile>> files_;
  double answer_s_ = 0;      // how long the first answer took
  std::set<size_t> warned_;  // models whose long runs have been reported
  bool shows_progress_ = isatty(STDERR_FILENO) == 1;
};

void CompareCommand::set_up() {
  if (list_.targets.size() > max_probes / request_.ports.size()) {
    throw UsageError("more than 2^24 probes: fewer addresses or ports are accepted, because every model repeats them");
  }
  if (list_.failed_names > 0)
    throw UsageError("a target does not resolve: a comparison needs targets that every model can scan");
  Setup& setup = comparison_.setup;
  for (const std::string& target : request_.targets.included)
    setup.targets += (setup.targets.empty() ? "" : " ") + target;
  setup.ports = request_.ports.to_text();
  setup.probes = list_.targets.size() * request_.ports.size();
  setup.only_loopback = only_loopback(list_.targets);
  setup.timeout_ms = request_.timeout_ms;
  setup.retries = request_.retries;
  setup.order = request_.order.order;
  setup.seed = request_.order.seed;
  setup.runs = request_.runs;
  setup.warmup = request_.warmup;
  setup.lab_profile = request_.lab_profile;
  setup.command_line = request_.command_line;
  // The command as it was typed; this process was started by the lab.
  if (const size_t hidden = setup.command_line.find("--inside-lab");
      request_.inside_lab && hidden != std::string::npos) {
    setup.command_line.replace(hidden, 12, "--lab");
  }
  setup.environment = read_environment();
  add_entries();
}

void CompareCommand::add_entries() {
  Sweep sweep = request_.sweep;
  if (sweep.in_flight.empty()) sweep.in_flight = {default_in_flight(raise_descriptor_limit(2))};
  std::vector<Contender> contenders = expand(request_.models, sweep);
  const uint32_t in_flight =
      request_.sweep.in_flight.empty() ? std::min(guest_in_flight, sweep.in_flight.front()) : sweep.in_flight.front();
  for (Contender guest : guests_.contenders()) {
    if (guest.guest->way == GuestWay::loop) guest.in_flight = in_flight;
    contenders.push_back(guest);
  }
  for (const Contender& contender : contenders) {
    Entry entry;
    entry.contender = contender;
    comparison_.entries.push_back(entry);
  }
  own_input_ = comparison_.setup.ports + '\n' + list_.targets.to_text() + '\n';
  if (guests_.contenders().empty()) return;
  if (comparison_.setup.probes > max_guest_probes) {
    throw UsageError("--guests: more than 2^20 probes: fewer addresses or ports are accepted");
  }
  guest_input_ = guest_request(scan(request_.retries), in_flight);
}

ModelScan CompareCommand::scan(uint32_t retries) const {
  const auto& [order, seed, seed_given] = request_.order;
  return {list_.targets, request_.ports, ProbeOrder(list_.targets.size(), request_.ports.size(), order, seed),
          request_.timeout_ms, retries};
}

void CompareCommand::check_limits() const {
  for (const Entry& entry : comparison_.entries) {
    const Contender& contender = entry.contender;
    const uint32_t spare = raise_descriptor_limit(std::max(1U, contender.loops) + 1);
    const uint32_t wanted = std::max(contender.in_flight, contender.threads);
    if (wanted > spare) {
      throw UsageError((contender.is_loop() ? "--in-flight " + std::to_string(wanted) : contender.name()) +
                       " is more than the " + std::to_string(spare) +
                       " descriptors that are free: fewer are accepted, or a higher 'ulimit -n'");
    }
  }
}

/// Scans with one loop until the first answer. With a silent target, only its timeout would be measured.
void CompareCommand::check_that_a_target_answers() {
  if (stop_requested) return;
  Contender loop;
  loop.loops = 1;
  loop.in_flight = default_in_flight(raise_descriptor_limit(2));
  const ModelScan once = scan(0);
  VerdictSheet sheet(once.size());
  if (const int error =
          run_until_answer(once, sheet, loop, request_.order.seed, request_.order.order, stop_requested)) {
    throw CannotRun(std::string("the target can't be scanned: ") + uv_strerror(error));
  }
  if (stop_requested) return;
  uint64_t silent = 0;
  for (uint64_t i = 0; i < sheet.size(); ++i) {
    silent += sheet.state(i) == ProbeState::silent;
    if (sheet.state(i) == ProbeState::open || sheet.state(i) == ProbeState::closed ||
        sheet.state(i) == ProbeState::filtered) {
      answer_s_ = sheet.rtt_us(i) * 1e-6;
      return;
    }
  }
  throw CannotRun(quote_word(comparison_.setup.targets) +
                  (silent > 0
                       ? " does not answer on any of the ports within " + std::to_string(request_.timeout_ms) + " ms"
                       : std::string(" can't be reached from this machine")) +
                  ": there is nothing to compare");
}

void CompareCommand::read_lab_truth() {
  if (!request_.inside_lab) return;
  std::vector<std::string> words = {find_lab_program(), request_.lab_profile, "--truth"};
  for (const AddressRange& range : list_.targets.ranges()) words.push_back(TargetSet({range}, {}).to_text());
  words.insert(words.end(), {"-p", comparison_.setup.ports});
  const ProcessOutcome outcome = run_process(words, "", stop_requested);
  if (outcome.stopped) return;
  const auto truth = read_truth(outcome.output, list_.targets, request_.ports);
  if (!outcome.error.empty() || !truth) {
    throw CannotRun("portloop-lab did not print the truth of " + quote_word(request_.lab_profile) + ": " +
                    (outcome.error.empty() ? "its output can't be parsed" : outcome.error));
  }
  comparison_.truth = *truth;
}

void CompareCommand::open_exports() {
  std::vector<NamedFile> named;
  for (const OutputChoice& choice : request_.exports) {
    const std::string word =
        (choice.format == "trace" ? "--trace " : "--export-" + choice.format + ' ') + quote_word(choice.file);
    named.push_back({word, choice.file});
    if (request_.overwrite) named.push_back({"the partial file of " + word, choice.file + ".partial", true});
  }
  check_distinct(named);
  for (const OutputChoice& choice : request_.exports)
    files_.push_back(std::make_unique<OutputFile>(choice.file, request_.overwrite));
}

void CompareCommand::discard_exports() {
  for (const auto& file : files_) file->discard();
}

RunCommand CompareCommand::run_command() const {
  const Setup& setup = comparison_.setup;
  RunCommand command;
  command.input = [this](const Contender& contender) -> const std::string& {
    return contender.guest != nullptr ? guest_input_ : own_input_;
  };
  command.read = [this, &setup](const Contender& contender, std::string_view output) -> Parsed<RunRecord> {
    if (contender.guest != nullptr) return read_guest_result(output, scan(request_.retries));
    auto record = decode(output, setup.probes);
    if (!record) return SpecError{"could not read its result"};
    return std::move(*record);
  };
  command.words = [this, &setup](const Contender& contender, uint32_t round) {
    Contender plain = contender;
    plain.shows_in_flight = false;
    std::vector<std::string> words;
    // A lab of its own for each run, so that its counters are those of the run, and its state is fresh. All models of a
    // round have the same seed of losses.
    if (!setup.lab_profile.empty())
      words = {find_lab_program(), setup.lab_profile, "--seed", std::to_string(setup.seed + round), "--"};
    if (contender.guest != nullptr) {
      const std::vector<std::string> program = guests_.words(contender);
      words.insert(words.end(), program.begin(), program.end());
      return words;
    }
    words.insert(words.end(),
                 {setup.lab_profile.empty() ? "/proc/self/exe" : own_program(), "compare", "--one-run", plain.name(),
                  "-t", std::to_string(setup.timeout_ms), "--retries", std::to_string(setup.retries), "--seed",
                  std::to_string(setup.seed), "--order", std::string(to_text(setup.order))});
    if (contender.is_loop()) words.insert(words.end(), {"-c", std::to_string(contender.in_flight)});
    return words;
  };
  command.recorded_words = [words = command.words](const Contender& contender, uint32_t round) {
    if (contender.guest != nullptr) return std::vector<std::string>();  // it records nothing
    std::vector<std::string> recorded = words(contender, round);
    recorded.emplace_back("--record");
    return recorded;
  };
  return command;
}

/// Once for each model whose runs take long, as soon as that is known.
void CompareCommand::warn_of_long_runs(const Forecast& forecast) {
  for (size_t i = 0; i < comparison_.entries.size(); ++i) {
    const Entry& entry = comparison_.entries[i];
    const double seconds = forecast.run_s(i, entry.contender);
    if (seconds < long_run_s || !entry.failure.empty() || !warned_.insert(i).second) continue;
    std::fprintf(stderr,
                 "%sportloop: each run of %s will take about %s; --models without it, fewer ports or a shorter "
                 "--timeout would avoid that\n",
                 shows_progress_ ? "\r\x1b[K" : "", entry.contender.name().c_str(), duration_text(seconds).c_str());
  }
}

void CompareCommand::show_progress(size_t model, uint32_t round, const Forecast& forecast) {
  if (request_.quiet) return;
  warn_of_long_runs(forecast);
  if (!shows_progress_) return;
  const Setup& setup = comparison_.setup;
  std::fprintf(stderr, "\rround %u of %u%s: %s, about %s left\x1b[K", round + 1, setup.warmup + setup.runs,
               round < setup.warmup ? " (warm-up)" : "", comparison_.entries[model].contender.name().c_str(),
               duration_text(forecast.remaining_s(comparison_.entries)).c_str());
  std::fflush(stderr);
}

void CompareCommand::report_broken(const OutputFile& file, int& status) const {
  if (!file.broken()) return;
  std::fprintf(stderr, "portloop: %s\n", file.error().c_str());
  if (status == exit_complete) status = exit_incomplete;
}

std::string CompareCommand::exported(const std::string& format) const {
  if (format == "trace") return trace_json(comparison_, list_.targets, request_.ports);
  const auto& formats = export_formats();
  return std::find_if(formats.begin(), formats.end(), [&](const ExportFormat& f) { return f.name == format; })
      ->write(comparison_);
}

int CompareCommand::finish() {
  if (shows_progress_ && !request_.quiet) std::fputs("\r\x1b[K", stderr);
  evaluate(comparison_);
  int status = comparison_.complete ? exit_complete : exit_interrupted;
  OutputFile screen;
  screen.buffer() = heading_text(comparison_) + '\n';
  // Above the tables, so that these are what is left on the screen.
  if (request_.lanes) screen.buffer() += lanes_text(comparison_, lanes_style_of(screen)) + '\n';
  screen.buffer() += table_text(comparison_) + '\n' + words_text(comparison_);
  if (request_.explain) screen.buffer() += '\n' + explanation_text(comparison_);
  screen.finish();
  report_broken(screen, status);
  for (size_t i = 0; i < files_.size(); ++i) {
    files_[i]->buffer() = exported(request_.exports[i].format);
    files_[i]->finish();
    report_broken(*files_[i], status);
  }
  for (const Entry& entry : comparison_.entries) {
    if (entry.failure.empty()) continue;
    std::fprintf(stderr, "portloop: %s could not run: %s\n", entry.contender.name().c_str(), entry.failure.c_str());
    if (status == exit_complete) status = exit_incomplete;
  }
  return status;
}

/// Everything that can be refused. The check that can take a timeout comes last.
void CompareCommand::prepare() {
  set_up();
  check_limits();
  if (request_.inside_lab) refuse_own_addresses(list_.targets);
  std::signal(SIGPIPE, SIG_IGN);
  watch_ending_signals(&stop_requested);
  if (!guests_.left_out().empty() && !request_.quiet)
    std::fprintf(stderr, "portloop: left out, because their interpreters are missing: %s\n",
                 guests_.left_out().c_str());
  if (request_.explain) comparison_.unit_costs = measure_unit_costs();
  for (auto& version : guests_.versions(stop_requested)) comparison_.setup.environment.push_back(std::move(version));
  try {
    open_exports();
    read_lab_truth();
    check_that_a_target_answers();
  } catch (...) {
    discard_exports();
    throw;
  }
}

int CompareCommand::run() {
  prepare();
  if (stop_requested) {
    discard_exports();
    std::fputs("portloop: interrupted before anything was measured\n", stderr);
    return exit_interrupted;
  }
  bool out_of_memory = false;
  try {
    run_comparison(
        comparison_, answer_s_, run_command(),
        [this](size_t model, uint32_t round, const Forecast& forecast) { show_progress(model, round, forecast); },
        stop_requested);
    if (comparison_.complete)
      record_pictures(comparison_, request_, run_command(), shows_progress_ && !request_.quiet, stop_requested);
  } catch (const std::bad_alloc&) {
    comparison_.complete = false;
    out_of_memory = true;
  }
  const bool measured = std::any_of(comparison_.entries.begin(), comparison_.entries.end(),
                                    [](const Entry& entry) { return !entry.runs.empty(); });
  try {
    if (out_of_memory && !measured) throw std::bad_alloc();
    return out_of_memory ? report_out_of_memory(conclude()) : conclude();
  } catch (const std::bad_alloc&) {
    discard_exports();
    throw;
  }
}

int CompareCommand::report_out_of_memory(int status) const {
  std::fputs("portloop: out of memory: what had been measured until then is complete\n", stderr);
  return stop_requested ? status : exit_incomplete;
}

/// What follows from the runs.
int CompareCommand::conclude() {
  comparison_.setup.environment.emplace_back("run delay", run_delay_text(comparison_.entries));
  if (const uint64_t dropped = packets_dropped_by_lab(comparison_.entries); dropped > 0) {
    comparison_.caveat =
        grouped(dropped) +
        " packets were lost between the models and the lab: probes came faster than it could answer, and ports may "
        "have been missed because of that.";
  }
  return finish();
}

}  // namespace

int run_compare(int argc, const char* const* argv) {
  const SystemServices services = SystemServices::load();
  auto request = parse_compare_options(argc, argv, services);
  if (!request) return exit_complete;
  if (request->one_run) return run_one(*request, services);
  if (!request->lab_profile.empty() && !request->inside_lab) {
    check_lab_targets(*request);
    enter_lab(*request, argc, argv);
  }
  return CompareCommand(*request).run();
}

}  // namespace portloop
