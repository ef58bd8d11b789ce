#include "cli/compare/compare_lab.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "cli/compare/compare_targets.hpp"
#include "cli/exit_status.hpp"
#include "cli/system/own_program.hpp"
#include "compare/lab_truth.hpp"
#include "compare/run_process.hpp"
#include "core/spec_error.hpp"
#include "lab/own_network.hpp"

namespace portloop {

void refuse_own_addresses(const TargetSet& targets) {
  const uint128 first = parse_address("127.0.0.0")->value, last = parse_address("127.255.255.255")->value;
  const auto refuse = [](const Address& address) {
    throw UsageError(
        quote_word(to_text(address)) +
        " is this machine itself, inside the lab, too: with --lab, addresses that the lab simulates are accepted");
  };
  for (const AddressRange& range : targets.ranges()) {
    if (range.first.family == Family::ipv4 && range.first.value <= last && range.last.value >= first) {
      refuse({Family::ipv4, 0, std::max(range.first.value, first)});
    }
  }
  for (const std::string_view own : {std::string_view("::1"), lab::own_ipv4_address, lab::own_ipv6_address}) {
    if (const auto address = parse_address(own); targets.contains(*address)) refuse(*address);
  }
}

void check_lab_targets(const CompareRequest& request) {
  CompareRequest numeric = request;
  std::erase_if(numeric.targets.included, [](const std::string& word) {
    const auto target = parse_target(word);
    return word.find(',') != std::string::npos || (target && target->ranges.empty());
  });
  if (!numeric.targets.included.empty()) refuse_own_addresses(targets_of(numeric).targets);
}

std::optional<compare::Verdicts> read_lab_truth(const CompareRequest& request, const TargetSet& targets,
                                                const volatile std::sig_atomic_t& stop) {
  std::vector<std::string> words = {compare::find_lab_program(own_program()), request.lab_profile, "--truth"};
  for (const AddressRange& range : targets.ranges()) words.push_back(TargetSet({range}, {}).to_text());
  words.insert(words.end(), {"-p", request.ports.to_text()});
  const compare::ProcessOutcome outcome = compare::run_process(words, "", stop);
  if (outcome.stopped) return std::nullopt;
  auto truth = compare::read_truth(outcome.output, targets, request.ports);
  if (!outcome.error.empty() || !truth) {
    throw CannotRun("portloop-lab did not print the truth of " + quote_word(request.lab_profile) + ": " +
                    (outcome.error.empty() ? "its output can't be parsed" : outcome.error));
  }
  return truth;
}

[[noreturn]] void enter_lab(const CompareRequest& request, int argc, const char* const* argv) {
  // Names are looked up and the targets tried in this network. Its counters would describe neither.
  std::vector<std::string> words = {compare::find_lab_program(own_program()),
                                    request.lab_profile,
                                    "--counters",
                                    "/dev/null",
                                    "--",
                                    own_program(),
                                    "compare"};
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    words.emplace_back(word == "--lab"              ? "--inside-lab"
                       : word.starts_with("--lab=") ? "--inside-" + std::string(word.substr(2))
                                                    : std::string(word));
  }
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  execvp(pointers[0], pointers.data());
  throw CannotRun("'portloop-lab' is neither beside portloop nor in PATH: " + std::string(std::strerror(errno)));
}

}  // namespace portloop
