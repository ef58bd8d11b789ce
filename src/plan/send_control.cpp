#include "plan/send_control.hpp"

#include <algorithm>
#include <limits>

namespace portloop {
namespace {

// After the soft deadline a probe no longer counts as in the network. For control only: its verdict takes longer.
constexpr uint64_t soft_deadline_margin_us = 10'000;
constexpr uint64_t soft_deadline_without_sample_us = 100'000;
constexpr uint64_t max_soft_deadline_us = 1'000'000;

}  // namespace

SendControl::SendControl(const SendOptions& options, SharedPace& pace)
    : adaptive_(options.adaptive),
      window_(options.max_in_flight),
      pacer_(options.max_rate_per_s, pace),
      round_end_serial_(static_cast<uint64_t>(window_.size())) {}

uint64_t SendControl::soft_deadline_us() const {
  if (!rtt_.has_sample()) return soft_deadline_without_sample_us;
  // While a queue builds up, each answer takes longer than the one before.
  const uint64_t rising_us = recent_max_rtt_us_ + recent_max_rtt_us_ / 4;
  return std::min(std::max(rtt_.deadline_us(), rising_us) + soft_deadline_margin_us, max_soft_deadline_us);
}

uint64_t SendControl::next_judgement_us() const {
  return entries_.empty() ? std::numeric_limits<uint64_t>::max() : entries_.front().sent_us + soft_deadline_us();
}

uint64_t SendControl::sent(ProbeKind kind, uint64_t now_us, bool judged) {
  entries_.push_back({now_us, kind, judged, false, false});
  ++young_;
  if (!has_room()) window_.was_full();
  pacer_.sent(now_us);
  return first_serial_ + entries_.size() - 1;
}

/// Returns nullptr if the entry was judged or ended before.
SendControl::Entry* SendControl::end(uint64_t serial) {
  if (serial < first_serial_) return nullptr;
  Entry& entry = entries_[serial - first_serial_];
  if (entry.ended) return nullptr;
  entry.ended = true;
  --young_;
  return &entry;
}

void SendControl::answered(uint64_t serial) {
  if (Entry* entry = end(serial)) entry->answered = true;
}

void SendControl::rtt_sample(uint64_t serial, uint64_t rtt_us, uint64_t min_rtt_us) {
  rtt_.sample(rtt_us);
  recent_max_rtt_us_ = std::max(rtt_us, recent_max_rtt_us_ - recent_max_rtt_us_ / 64);
  window_.rtt_sample(rtt_us, min_rtt_us, serial >= ignore_before_serial_);
}

void SendControl::advance(uint64_t now_us) {
  const uint64_t deadline_us = soft_deadline_us();
  while (!entries_.empty() && (entries_.front().ended || entries_.front().sent_us + deadline_us <= now_us)) {
    const Entry entry = entries_.front();
    entries_.pop_front();
    if (!entry.ended) --young_;
    judge(entry, first_serial_++);
  }
}

void SendControl::judge(const Entry& entry, uint64_t serial) {
  // Whether a host or a path is back, or accepts everything, is no question of speed.
  if (entry.judged && entry.kind <= ProbeKind::check) {
    if (entry.kind != ProbeKind::fresh || serial >= other_ports_from_serial_)
      round_.add(entry.kind, entry.answered, entry.sent_us);
    window_.judged();
  }
  if (first_serial_ >= round_end_serial_) end_round();
}

void SendControl::forget_rounds() {
  round_ = {};
  ignore_before_serial_ = first_serial_ + entries_.size() + 1;
}

void SendControl::end_round() {
  const uint64_t next_serial = first_serial_ + entries_.size();
  if (round_end_serial_ > ignore_before_serial_ && window_.limit_queue()) {
    ignore_before_serial_ = next_serial + 1;
  } else if (round_end_serial_ > ignore_before_serial_) {
    if (round_.fresh.asked >= min_round) {
      if (window_.fresh_round_ended(round_.fresh, soft_deadline_us())) {
        ignore_before_serial_ = next_serial + 1;
      } else {
        pacer_.grow();
      }
    }
    if (pacer_.is_judgeable(round_)) {
      if (pacer_.retry_round_ended(round_)) {
        window_.end_slow_start();
        ignore_before_serial_ = next_serial + 1;
      } else {
        window_.grow();
      }
    }
  }
  round_ = {};
  window_.begin_round();
  round_end_serial_ = first_serial_ + static_cast<uint64_t>(pacer_.round_length(window_.size()));
}

}  // namespace portloop
