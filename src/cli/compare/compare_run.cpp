#include "cli/compare/compare_run.hpp"

#include <algorithm>
#include <cstdio>
#include <iostream>
#include <memory>
#include <utility>

#include "cli/compare/compare_targets.hpp"
#include "cli/exit_status.hpp"
#include "cli/system/descriptor_limit.hpp"
#include "cli/system/own_program.hpp"
#include "cli/targets/word_list.hpp"
#include "compare/guest_result.hpp"
#include "compare/lab_truth.hpp"
#include "compare/measured_run.hpp"
#include "core/spec_error.hpp"

namespace portloop {

using namespace compare;

namespace {

// A guest is handed all its probes as text, 16 bytes and more each.
constexpr uint64_t max_guest_probes = uint64_t{1} << 20;

/// The command lines, standard inputs and results of the runs of one comparison.
class Runs {
 public:
  Runs(const CompareRequest& request, const Setup& setup, const TargetSet& targets, const CompareGuests& guests,
       uint32_t guest_in_flight)
      : request_(request),
        setup_(setup),
        targets_(targets),
        guests_(guests),
        guest_in_flight_(guest_in_flight),
        model_input_(setup.ports + '\n' + targets.to_text() + '\n') {
    if (guests.contenders().empty()) return;
    if (setup.probes > max_guest_probes)
      throw UsageError("--guests: more than 2^20 probes: fewer addresses or ports are accepted");
    guest_input_ = guest_request(scan_of(request, targets), guest_in_flight);
  }

  std::vector<std::string> words(const Contender& contender, uint32_t round) const;
  std::vector<std::string> recorded_words(const Contender& contender, uint32_t round) const;
  std::string recorded_input(const Entry& entry) const;
  Parsed<RecordedRun> read_recorded(const Entry& entry, std::string_view output) const;
  const std::string& input(const Contender& contender) const {
    return contender.guest != nullptr ? guest_input_ : model_input_;
  }
  Parsed<RunRecord> read(const Contender& contender, std::string_view output) const;

 private:
  ModelScan recorded_scan(const Entry& entry) const;

  const CompareRequest& request_;
  const Setup& setup_;
  const TargetSet& targets_;
  const CompareGuests& guests_;
  uint32_t guest_in_flight_;
  std::string model_input_, guest_input_;
};

std::vector<std::string> Runs::words(const Contender& contender, uint32_t round) const {
  std::vector<std::string> words;
  // A lab of its own for each run, so that its counters are those of the run, and its state is fresh. All models of a
  // round have the same seed of losses.
  if (!setup_.lab_profile.empty()) {
    words = {find_lab_program(own_program()), setup_.lab_profile, "--seed", std::to_string(setup_.seed + round), "--"};
  }
  if (contender.guest != nullptr) {
    const std::vector<std::string> program = guests_.words(contender);
    words.insert(words.end(), program.begin(), program.end());
    return words;
  }
  Contender plain = contender;
  plain.shows_in_flight = false;
  words.insert(words.end(),
               {setup_.lab_profile.empty() ? "/proc/self/exe" : own_program(), "compare", "--one-run", plain.name(),
                "-t", std::to_string(setup_.timeout_ms), "--retries", std::to_string(setup_.retries), "--seed",
                std::to_string(setup_.seed), "--order", std::string(to_text(setup_.order))});
  if (contender.is_loop()) words.insert(words.end(), {"-c", std::to_string(contender.in_flight)});
  return words;
}

std::vector<std::string> Runs::recorded_words(const Contender& contender, uint32_t round) const {
  std::vector<std::string> recorded = words(contender, round);
  if (contender.guest == nullptr) recorded.emplace_back("--record");
  return recorded;
}

/// What a guest is recorded with. It can't end early, so it gets as many probes as the slowest of its measured runs
/// made in the time.
ModelScan Runs::recorded_scan(const Entry& entry) const {
  ModelScan scan = scan_of(request_, targets_);
  uint64_t max_us = 1;
  for (const RunRecord& run : entry.runs) max_us = std::max(max_us, run.wall_us);
  const uint64_t in_time = setup_.probes * max_recorded_ms * 1000 / max_us;
  scan.max_probes = std::clamp<uint64_t>(in_time, 1, max_recorded_probes);
  return scan;
}

std::string Runs::recorded_input(const Entry& entry) const {
  return entry.contender.guest != nullptr ? guest_request(recorded_scan(entry), guest_in_flight_) : model_input_;
}

Parsed<RecordedRun> Runs::read_recorded(const Entry& entry, std::string_view output) const {
  if (entry.contender.guest != nullptr) {
    const ModelScan scan = recorded_scan(entry);
    auto recorded = read_guest_recording(output, scan);
    if (recorded) (*recorded).left_out = std::min(setup_.probes, max_recorded_probes) - scan.size();
    return recorded;
  }
  auto recorded = decode_recorded(output);
  if (!recorded) return SpecError{"could not read its result"};
  return std::move(*recorded);
}

Parsed<RunRecord> Runs::read(const Contender& contender, std::string_view output) const {
  if (contender.guest != nullptr) return read_guest_result(output, scan_of(request_, targets_));
  auto record = decode(output, setup_.probes);
  if (!record) return SpecError{"could not read its result"};
  return std::move(*record);
}

}  // namespace

ModelScan scan_of(const CompareRequest& request, const TargetSet& targets) {
  const auto& [order, seed, seed_given] = request.order;
  return {targets, request.ports, ProbeOrder(targets.size(), request.ports, order, seed), request.timeout_ms,
          request.retries};
}

RunCommand run_command_of(const CompareRequest& request, const Setup& setup, const TargetSet& targets,
                          const CompareGuests& guests, uint32_t guest_in_flight) {
  const auto runs = std::make_shared<const Runs>(request, setup, targets, guests, guest_in_flight);
  RunCommand command;
  command.words = [runs](const Contender& contender, uint32_t round) { return runs->words(contender, round); };
  command.input = [runs](const Contender& contender) -> const std::string& { return runs->input(contender); };
  command.read = [runs](const Contender& contender, std::string_view output) { return runs->read(contender, output); };
  command.recorded_words = [runs](const Contender& contender, uint32_t round) {
    return runs->recorded_words(contender, round);
  };
  command.recorded_input = [runs](const Entry& entry) { return runs->recorded_input(entry); };
  command.read_recorded = [runs](const Entry& entry, std::string_view output) {
    return runs->read_recorded(entry, output);
  };
  return command;
}

int make_one_run(CompareRequest& request, const SystemServices& services) {
  std::string ports;
  std::getline(std::cin, ports);
  const auto parsed = parse_ports(ports, [&services](std::string_view name) { return services.port_of(name); });
  if (!parsed) throw UsageError("--one-run: " + parsed.error());
  request.ports = *parsed;
  for (std::string line; std::getline(std::cin, line);) split_words(line, request.targets.included);
  Contender contender = request.models.front();
  if (!request.sweep.in_flight.empty()) contender.in_flight = request.sweep.in_flight.front();
  const TargetList list = targets_of(request);
  if (list.targets.size() > max_probes / request.ports.size()) throw UsageError("--one-run: too many probes");
  raise_descriptor_limit(std::max(1U, contender.loops) + 1);
  const ModelScan scan = scan_of(request, list.targets);
  const auto& [order, seed, seed_given] = request.order;
  std::string error;
  const std::string text = request.record ? encode(record_run(scan, contender, seed, order, error))
                                          : encode(measure_run(scan, contender, seed, order, error));
  if (!error.empty()) throw CannotRun("the scan can't be made: " + error);
  return std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0 ? exit_complete
                                                                                                     : exit_failed;
}

}  // namespace portloop
