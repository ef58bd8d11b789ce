// What the plan learns when an ask ends.
#include <algorithm>

#include "plan/probe_plan.hpp"
#include "plan/probe_plan_block.hpp"

namespace portloop {
namespace {

// A host is suspended when this many answers were expected and none came: alive, that would happen once in
// e^12 = 160,000 times.
constexpr double max_doubt = 12;
// A known answerer that stays silent counts for two expected answers: at 20 % loss six in a row are one in
// 15,000, and the price of a false alarm is a second.
constexpr double doubt_of_a_check = 2;
constexpr uint64_t min_silence_us = 1'000'000;

constexpr uint64_t pause_us = 50'000;
constexpr uint32_t descriptors_to_spare = 16;

}  // namespace

ProbePlan::Block& ProbePlan::ended(const Ask& ask) {
  Block& block = *blocks_[ask.block];
  --in_flight_;
  --block.in_flight;
  if (ask.kind != ProbeKind::check) block.asked_now[ask.probe] = false;
  in_flight_cap_ = std::min<double>(in_flight_cap_ + 0.01, options_.max_in_flight);
  return block;
}

void ProbePlan::answered(const Ask& ask, PortState state, uint64_t rtt_us, uint64_t now_us) {
  if (state == PortState::filtered) {
    path_answered(ask);
    return;
  }
  Block& block = ended(ask);
  const uint32_t host_number = ask.host;
  Host& host = block.hosts[host_number];
  window_.answered(ask.serial);
  if (rtt_us != 0) {
    host.min_rtt_us = static_cast<uint32_t>(std::min<uint64_t>(host.min_rtt_us, rtt_us));
    window_.rtt_sample(rtt_us, host.min_rtt_us);
    host.rtt.sample(rtt_us);
  }
  note_answer(block, host_number, now_us);
  if (ask.kind == ProbeKind::check) {
    block.loss.check(ask.pass, true);
    return;
  }
  block.ledger.finish(ask.probe);
  --block.unfinished;
  block.loss.answer(ask.pass);
  ++host.answers;
  if (ask.kind == ProbeKind::fresh) ++host.first_asks;
  if (ask.pass > 1) ++host.rescued;
  const Answerer kind = state == PortState::open ? Answerer::open : Answerer::closed;
  if (kind >= host.answerer_is) {
    host.answerer = ask.probe;
    host.answerer_is = kind;
  }
  if (kind == Answerer::closed) block.closed_answerers.add(ask.probe);
  if (kind != Answerer::open) return;
  block.open_answerers.add(ask.probe);
  ++host.open;
  if (options_.stop_after != 0 && host.open >= options_.stop_after) host.stopped = true;
}

/// An ICMP error is final for its port, and evidence of nothing else. Routers limit how many they send, and the kernel's
/// own word that there is no such neighbour ends whatever waits at that moment: taken for answers, a few of them would
/// promise more, so that pass followed pass for ever, at a rate that they had taught.
void ProbePlan::path_answered(const Ask& ask) {
  Block& block = ended(ask);
  window_.path_answered(ask.serial);
  if (ask.kind == ProbeKind::check) {
    block.loss.check(ask.pass, false);
    return;
  }
  block.ledger.finish(ask.probe);
  --block.unfinished;
  if (ask.kind == ProbeKind::fresh) ++block.hosts[ask.host].first_asks;
}

void ProbePlan::silent(const Ask& ask, uint64_t now_us) {
  Block& block = ended(ask);
  const uint32_t host_number = ask.host;
  Host& host = block.hosts[host_number];
  if (ask.kind == ProbeKind::check) {
    block.loss.check(ask.pass, false);
    note_silence(block, host_number, doubt_of_a_check, now_us);
    return;
  }
  if (ask.kind != ProbeKind::fresh) return;  // it was silent before: nothing was expected
  ++host.first_asks;
  note_silence(block, host_number, static_cast<double>(host.answers) / host.first_asks, now_us);
}

void ProbePlan::note_answer(Block& block, uint32_t host_number, uint64_t now_us) {
  Host& host = block.hosts[host_number];
  host.last_answer_us = now_us;
  host.doubt = 0;
  if (!host.suspended) return;
  host.suspended = false;
  host.passes_void = static_cast<uint16_t>(block.pass);
  std::erase_if(block.suspensions, [host_number](const Suspension& s) { return s.host == host_number; });
}

void ProbePlan::note_silence(Block& block, uint32_t host_number, double expected_answers, uint64_t now_us) {
  Host& host = block.hosts[host_number];
  host.doubt += static_cast<float>(expected_answers);
  if (host.doubt < max_doubt || host.suspended || host.lost || host.stopped || host.answers == 0 || !options_.adaptive)
    return;
  if (now_us - host.last_answer_us < std::max(min_silence_us, 4 * host.rtt.deadline_us())) return;
  host.suspended = true;
  block.suspensions.push_back({host_number, now_us, now_us + 1'000'000, 1'000'000});
}

void ProbePlan::put_back(const Ask& ask, int error_number, bool descriptors, uint64_t now_us) {
  --in_flight_;                  // but not the block's: until it is asked again, the block's pass has not ended
  window_.answered(ask.serial);  // it burdens no network
  if (ask.kind == ProbeKind::check) --blocks_[ask.block]->in_flight;
  PutBack entry{ask, error_number};
  uint64_t wait_us = pause_us;
  if (in_flight_ == 0) {
    // Nothing else of ours will end and make room: only time can help.
    wait_us <<= std::min<uint8_t>(entry.ask.local_failures, 6);
    ++entry.ask.local_failures;
  }
  if (ask.kind != ProbeKind::check) put_back_.push_back(entry);
  const double fewer = descriptors ? in_flight_ - std::min(in_flight_, descriptors_to_spare) : in_flight_ * 0.75;
  in_flight_cap_ = std::max(1.0, std::min(in_flight_cap_, fewer));
  pause_until_us_ = now_us + wait_us;
}

void ProbePlan::repeat(const Ask& ask) {
  --in_flight_;
  window_.answered(ask.serial);
  put_back_.push_back({ask, 0});
}

void ProbePlan::given_up(const Ask& ask) {
  Block& block = ended(ask);
  window_.answered(ask.serial);
  if (ask.kind == ProbeKind::check) return;
  block.ledger.finish(ask.probe);
  --block.unfinished;
}

}  // namespace portloop
