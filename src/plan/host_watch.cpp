#include "plan/host_watch.hpp"

#include <algorithm>
#include <cassert>

namespace portloop {
namespace {

// A host is suspended when this many answers were expected and none came: if it is alive, that happens once in
// e^12 = 160,000 times.
constexpr double max_doubt = 12;
constexpr uint64_t min_silence_us = 1'000'000;

// Events of neighbours can be lost, and so can the errors that the kernel sends to itself.
constexpr uint8_t max_unresolved_waits = 3;

}  // namespace

void HostWatch::resolved(uint32_t host_number, uint32_t pass) {
  Host& host = hosts_[host_number];
  if (host.state != HostState::unresolved) return;
  host.state = HostState::fresh;
  host.void_passes = static_cast<uint16_t>(pass);
}

void HostWatch::has_no_neighbour(uint32_t host_number) {
  if (hosts_[host_number].state != HostState::unresolved) return;
  hosts_[host_number].state = HostState::absent;
  verdicts_.push_back(host_number);
}

bool HostWatch::wait_failed(uint32_t host_number, uint32_t pass) {
  Host& host = hosts_[host_number];
  if (host.state != HostState::unresolved || ++host.unresolved_waits < max_unresolved_waits) return false;
  resolved(host_number, pass);
  return true;
}

void HostWatch::look_again(uint32_t host_number) {
  Host& host = hosts_[host_number];
  if (host.state != HostState::fresh) return;
  host.state = HostState::unresolved;
  host.unresolved_waits = 0;
  host.was_asked_in_vain = true;
}

void HostWatch::ask_anew(uint32_t host_number, uint32_t pass) {
  assert(hosts_[host_number].state == HostState::fresh);
  hosts_[host_number].void_passes = static_cast<uint16_t>(pass);
}

void HostWatch::defer(uint32_t host_number) {
  Host& host = hosts_[host_number];
  assert(host.state == HostState::fresh);
  host.is_deferred = true;
  host.void_passes = std::max<uint16_t>(host.void_passes, 1);
}

void HostWatch::lose(uint32_t host_number, Loss loss) {
  Host& host = hosts_[host_number];
  if (host.state != HostState::unresolved && host.state != HostState::fresh) return;
  host.state = HostState::lost;
  host.loss = loss;
  verdicts_.push_back(host_number);
}

void HostWatch::lose_unresolved(Loss loss) {
  for (uint32_t host = 0; host < size(); ++host) {
    if (hosts_[host].state == HostState::unresolved) lose(host, loss);
  }
}

bool HostWatch::answered(uint32_t host_number, uint32_t pass, uint64_t now_us) {
  Host& host = hosts_[host_number];
  host.last_answer_us = now_us;
  host.doubt = 0;
  switch (host.state) {
    case HostState::fresh: host.state = HostState::alive; break;
    case HostState::absent:  // the report was of an earlier search: the host is there
      host.state = HostState::alive;
      verdicts_.push_back(host_number);
      host.void_passes = static_cast<uint16_t>(pass);
      break;
    case HostState::suspended:
      host.state = HostState::alive;
      host.void_passes = static_cast<uint16_t>(pass);
      remove_suspension(host_number);
      return true;
    case HostState::unresolved:  // resolved() comes first
    case HostState::alive:
    case HostState::lost:  // too late: some of its ports may have been reported already
    case HostState::stopped: break;
  }
  return false;
}

void HostWatch::silent(uint32_t host_number, double expected_answers, uint64_t now_us, uint32_t recovery_checks) {
  Host& host = hosts_[host_number];
  host.doubt += static_cast<float>(expected_answers);
  if (host.state != HostState::alive || host.doubt < max_doubt) return;
  if (now_us - host.last_answer_us < std::max(min_silence_us, 4 * host.rtt.deadline_us())) return;
  host.state = HostState::suspended;
  suspensions_.push_back({host_number, RecoverySchedule(now_us, recovery_checks)});
}

void HostWatch::want_check(uint32_t host_number) {
  if (hosts_[host_number].state == HostState::alive) checks_wanted_.push_back(host_number);
}

std::optional<uint32_t> HostWatch::take_wanted_check() {
  while (!checks_wanted_.empty()) {
    const uint32_t host = checks_wanted_.back();
    checks_wanted_.pop_back();
    if (hosts_[host].state == HostState::alive && hosts_[host].failed_checks > 0) return host;
  }
  return std::nullopt;
}

void HostWatch::path_is_back(uint32_t void_passes, uint64_t now_us) {
  suspensions_.clear();
  for (Host& host : hosts_) {
    if (host.state == HostState::suspended) host.state = HostState::alive;
    if (!host.is_fresh_or_alive()) continue;
    host.doubt = 0;
    host.last_answer_us = now_us;
    host.void_passes = std::max(host.void_passes, static_cast<uint16_t>(void_passes));
  }
}

void HostWatch::path_is_lost() {
  suspensions_.clear();
  for (uint32_t number = 0; number < size(); ++number) {
    HostState& state = hosts_[number].state;
    if (state == HostState::absent || state == HostState::stopped || state == HostState::lost) continue;
    state = HostState::lost;
    verdicts_.push_back(number);
  }
}

void HostWatch::stop(uint32_t host_number) {
  Host& host = hosts_[host_number];
  assert(host.state != HostState::fresh && host.state != HostState::suspended);  // it has just answered
  host.state = HostState::stopped;
  any_stopped_ = true;
}

void HostWatch::ban(uint32_t host_number) {
  Host& host = hosts_[host_number];
  if (host.state == HostState::suspended) remove_suspension(host_number);
  if (host.state != HostState::stopped) host.state = HostState::lost;
  host.loss = Loss::ban;
  any_stopped_ = true;
  // It may have been lost a moment ago, and that not told yet.
  if (std::find(verdicts_.begin(), verdicts_.end(), host_number) == verdicts_.end()) verdicts_.push_back(host_number);
}

std::optional<uint32_t> HostWatch::take_verdict() {
  if (verdicts_.empty()) return std::nullopt;
  const uint32_t host = verdicts_.back();
  verdicts_.pop_back();
  return host;
}

std::optional<uint32_t> HostWatch::due_for_recovery_check(uint64_t now_us) {
  const auto due = std::find_if(suspensions_.begin(), suspensions_.end(),
                                [now_us](const Suspension& s) { return s.schedule.due(now_us); });
  if (due == suspensions_.end()) return std::nullopt;
  const uint32_t host = due->host;
  assert(hosts_[host].state == HostState::suspended);
  if (!due->schedule.is_over(now_us)) return host;
  hosts_[host].state = HostState::lost;
  verdicts_.push_back(host);
  remove_suspension(host);
  return std::nullopt;
}

void HostWatch::recovery_check_sent(uint32_t host, uint64_t now_us) {
  const auto suspension =
      std::find_if(suspensions_.begin(), suspensions_.end(), [host](const Suspension& s) { return s.host == host; });
  assert(suspension != suspensions_.end());
  suspension->schedule.check_sent(now_us);
}

uint64_t HostWatch::next_recovery_check_us() const {
  uint64_t next_us = UINT64_MAX;
  for (const Suspension& suspension : suspensions_) next_us = std::min(next_us, suspension.schedule.next_check_us());
  return next_us;
}

void HostWatch::remove_suspension(uint32_t host) {
  [[maybe_unused]] const size_t removed =
      std::erase_if(suspensions_, [host](const Suspension& s) { return s.host == host; });
  assert(removed == 1);
}

}  // namespace portloop
