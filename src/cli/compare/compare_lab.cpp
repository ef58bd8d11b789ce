#include "cli/compare/compare_lab.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "cli/exit_status.hpp"
#include "cli/system/event_loop.hpp"
#include "compare/lab_truth.hpp"
#include "core/spec_error.hpp"
#include "lab/own_network.hpp"

namespace portloop {

TargetList targets_of(const CompareRequest& request) {
  EventLoop loop;
  return collect_targets(request.targets, request.ports.size(), loop.get());
}

bool only_loopback(const TargetSet& targets) {
  return std::all_of(targets.ranges().begin(), targets.ranges().end(),
                     [](const AddressRange& range) { return is_loopback(range.first) && is_loopback(range.last); });
}

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

std::string own_program() {
  std::array<char, 4096> path;
  const ssize_t length = readlink("/proc/self/exe", path.data(), path.size());
  return length > 0 ? std::string(path.data(), static_cast<size_t>(length)) : "/proc/self/exe";
}

[[noreturn]] void enter_lab(const CompareRequest& request, int argc, const char* const* argv) {
  // Names are looked up and the targets tried in this network. Its counters would describe neither.
  std::vector<std::string> words = {
      compare::find_lab_program(), request.lab_profile, "--counters", "/dev/null", "--", own_program(), "compare"};
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
