// portloop compare: from the options to the exit status. Each run is a process of its own: see compare_run.hpp.
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
//   - SIGINT, SIGTERM or SIGHUP: the run is ended, what has been measured is printed and written as incomplete,
//     exit 130; a second one ends the process
//   - the memory is used up: what has been measured is printed and written as incomplete, exit 3; if not even that can
//     be done, or nothing has been measured, no file is left, exit 1
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <new>

#include "cli/commands.hpp"
#include "cli/compare/compare_exports.hpp"
#include "cli/compare/compare_guests.hpp"
#include "cli/compare/compare_lab.hpp"
#include "cli/compare/compare_options.hpp"
#include "cli/compare/compare_picture.hpp"
#include "cli/compare/compare_progress.hpp"
#include "cli/compare/compare_run.hpp"
#include "cli/compare/compare_targets.hpp"
#include "cli/exit_status.hpp"
#include "cli/record/output_file.hpp"
#include "cli/system/descriptor_limit.hpp"
#include "cli/terminal/ending_signals.hpp"
#include "cli/terminal/terminal_width.hpp"
#include "compare/explanation.hpp"
#include "compare/lanes.hpp"
#include "compare/loop_model.hpp"
#include "compare/run_comparison.hpp"
#include "compare/table.hpp"
#include "compare/words.hpp"
#include "core/spec_error.hpp"
#include "output/grouped.hpp"

namespace portloop {
namespace {

using namespace compare;

// What programs with an event loop are written with. With the thousands that the loops here have by default, those in
// interpreters are too slow to see an answer before its timeout.
constexpr uint32_t guest_in_flight = 500;

volatile std::sig_atomic_t stop_requested = 0;

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

/// At most table_columns; all of them in a file.
size_t text_columns(const OutputFile& screen) {
  constexpr size_t min_columns = 40;
  return screen.is_terminal() ? std::clamp(terminal_columns(STDOUT_FILENO), min_columns, table_columns) : table_columns;
}

class CompareCommand {
 public:
  explicit CompareCommand(const CompareRequest& request)
      : request_(request), list_(targets_of(request)), guests_(request.guests) {}
  int run();

 private:
  void set_up();
  void add_entries();
  void check_limits() const;
  void check_that_a_target_answers();
  void build_guests();
  void prepare();
  int conclude();
  int finish();
  int report_out_of_memory(int status) const;

  const CompareRequest& request_;
  const TargetList list_;
  CompareGuests guests_;
  Comparison comparison_;
  RunCommand command_;
  CompareExports exports_;
  CompareProgress progress_{request_.quiet};
  double answer_s_ = 0;  // how long the first answer took
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
    if (guest.guest->way == GuestWay::loop || guest.guest->way == GuestWay::tasks) guest.in_flight = in_flight;
    contenders.push_back(guest);
  }
  for (const Contender& contender : contenders) {
    Entry entry;
    entry.contender = contender;
    comparison_.entries.push_back(entry);
  }
  command_ = run_command_of(request_, comparison_.setup, list_.targets, guests_, in_flight);
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
  ModelScan once = scan_of(request_, list_.targets);
  once.retries = 0;
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

int CompareCommand::finish() {
  progress_.clear();
  evaluate(comparison_);
  OutputFile screen;
  const size_t columns = text_columns(screen);
  screen.buffer() = heading_text(comparison_, columns) + '\n';
  // Above the tables, so that these are what is left on the screen.
  if (request_.lanes) screen.buffer() += lanes_text(comparison_, lanes_style_of(screen)) + '\n';
  screen.buffer() += table_text(comparison_, columns) + '\n' + words_text(comparison_, columns);
  if (request_.explain) screen.buffer() += '\n' + explanation_text(comparison_, columns);
  screen.finish();
  bool whole = check_written(screen);
  whole = exports_.write(comparison_, list_.targets, request_.ports) && whole;
  for (const Entry& entry : comparison_.entries) {
    if (entry.failure.empty()) continue;
    std::fprintf(stderr, "portloop: %s could not run: %s\n", entry.contender.name().c_str(), entry.failure.c_str());
    whole = false;
  }
  return !comparison_.complete ? exit_interrupted : whole ? exit_complete : exit_incomplete;
}

/// Compiles guests, and leaves out those that can't run here.
void CompareCommand::build_guests() {
  const std::vector<Contender>& guests = guests_.contenders();
  if (std::any_of(guests.begin(), guests.end(),
                  [](const Contender& guest) { return guest.guest->runtime->is_compiled(); })) {
    progress_.before_build();
    guests_.build(stop_requested);
  }
  if (stop_requested) return;
  std::erase_if(comparison_.entries, [this](const Entry& entry) {
    return entry.contender.guest != nullptr && !guests_.can_run(*entry.contender.guest->runtime);
  });
  if (!guests_.left_out().empty() && !request_.quiet) progress_.report("left out: " + guests_.left_out());
  for (auto& version : guests_.versions(stop_requested)) comparison_.setup.environment.push_back(std::move(version));
}

/// Everything that can be refused. What takes longest comes last: the check that can take a timeout, and compiling.
void CompareCommand::prepare() {
  set_up();
  check_limits();
  if (request_.inside_lab) refuse_own_addresses(list_.targets);
  std::signal(SIGPIPE, SIG_IGN);
  watch_ending_signals(&stop_requested);
  if (request_.explain) comparison_.unit_costs = measure_unit_costs();
  try {
    exports_.open(request_.exports, request_.overwrite);
    if (request_.inside_lab)
      comparison_.truth = read_lab_truth(request_, list_.targets, stop_requested).value_or(Verdicts());
    check_that_a_target_answers();
    build_guests();
  } catch (...) {
    exports_.discard();
    throw;
  }
}

int CompareCommand::run() {
  prepare();
  if (stop_requested) {
    exports_.discard();
    std::fputs("portloop: interrupted before anything was measured\n", stderr);
    return exit_interrupted;
  }
  bool out_of_memory = false;
  try {
    run_comparison(
        comparison_, answer_s_, command_,
        [this](size_t model, uint32_t round, const Forecast& forecast) {
          progress_.before_run(comparison_, model, round, forecast);
        },
        stop_requested);
    if (comparison_.complete) record_pictures(comparison_, request_, command_, progress_, stop_requested);
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
    exports_.discard();
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
  if (request->one_run) return make_one_run(*request, services);
  if (!request->lab_profile.empty() && !request->inside_lab) {
    check_lab_targets(*request);
    enter_lab(*request, argc, argv);
  }
  return CompareCommand(*request).run();
}

}  // namespace portloop
