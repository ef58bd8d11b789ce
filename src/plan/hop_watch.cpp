#include "plan/hop_watch.hpp"

#include <cassert>

#include "plan/flow_limit.hpp"

namespace portloop {

bool SharedHop::take(uint64_t now_us, uint32_t keep) {
  uint64_t free_from_us = free_from_us_.load(std::memory_order_relaxed);
  do {
    if (free_from_us > now_us + (burst - 1 - keep) * interval_us) return false;
  } while (!free_from_us_.compare_exchange_weak(free_from_us, std::max(free_from_us, now_us) + interval_us,
                                                std::memory_order_relaxed));
  return true;
}

uint64_t SharedHop::next_take_us() const {
  const uint64_t free_from_us = free_from_us_.load(std::memory_order_relaxed);
  return free_from_us - std::min(free_from_us, (burst - 1) * interval_us);
}

std::optional<Endpoint> SharedHop::endpoint() const {
  if (found_.load(std::memory_order_acquire) != Found::yes) return std::nullopt;
  return endpoint_;
}

void SharedHop::set_endpoint(const Endpoint& endpoint) {
  Found found = Found::no;
  if (!found_.compare_exchange_strong(found, Found::being_set, std::memory_order_relaxed)) return;
  endpoint_ = endpoint;
  found_.store(Found::yes, std::memory_order_release);
}

bool SharedHop::begin_search(uint64_t now_us) {
  uint64_t search_us = search_us_.load(std::memory_order_relaxed);
  if (search_us != 0 && now_us < search_us + interval_us) return false;
  return search_us_.compare_exchange_strong(search_us, now_us, std::memory_order_relaxed);
}

void SharedHop::reported(uint64_t sent_us) {
  missed_.store(0, std::memory_order_relaxed);
  uint64_t latest_us = reported_sent_us_.load(std::memory_order_relaxed);
  while (latest_us < sent_us &&
         !reported_sent_us_.compare_exchange_weak(latest_us, sent_us, std::memory_order_relaxed)) {
  }
}

bool HopWatch::due(uint64_t next_serial, uint64_t now_us) const {
  if (in_flight_ || is_unusable_) return false;
  if (full_) return confirmations_left_ > 0 || full_->due(now_us);
  if (proof_wanted_) return now_us >= next_ask_us_;
  return next_serial >= next_ask_serial_;
}

bool HopWatch::begin_ask(uint64_t next_serial, uint64_t now_us) {
  if (full_) return true;
  if (proof_wanted_) return shared_.take(now_us, 0);
  if (next_serial < proven_serial_ + search_after) {
    postpone(proven_serial_);
    return false;
  }
  const bool may_ask = (endpoint() || shared_.begin_search(now_us)) && shared_.take(now_us, 1);
  if (!may_ask) postpone(next_serial);
  return may_ask;
}

void HopWatch::sent(uint64_t serial, uint64_t now_us) {
  in_flight_ = true;
  sent_us_ = now_us;
  next_ask_serial_ = serial + std::clamp((serial - first_serial_) / 3, min_step, max_step);
  if (full_ && confirmations_left_ == 0) full_->check_sent(now_us);
}

uint64_t HopWatch::next_ask_us() const {
  if (in_flight_ || is_unusable_) return UINT64_MAX;
  if (full_) return confirmations_left_ > 0 ? 0 : full_->next_check_us();
  return proof_wanted_ ? std::max(next_ask_us_, shared_.next_take_us()) : UINT64_MAX;
}

void HopWatch::ended(HopOutcome outcome, const Endpoint& endpoint, uint64_t now_us, uint32_t recovery_checks) {
  assert(in_flight_);
  in_flight_ = false;
  if (outcome == HopOutcome::expired) {
    shared_.set_endpoint(endpoint);
    report_arrived(now_us);
  } else if (!shared_.endpoint()) {
    is_unusable_ = ++searches_ >= max_searches;
  } else if (outcome == HopOutcome::answered) {
    end_reports();  // the way has changed
  } else if (confirmations_left_ > 0) {
    if (--confirmations_left_ == 0) end_reports();
  } else if (!full_ && !is_unusable_) {
    report_missed(now_us, recovery_checks);
  }
}

void HopWatch::report_arrived(uint64_t now_us) {
  rtt_.sample(now_us - sent_us_);
  if (full_ && confirmations_left_ == 0) {
    confirmations_left_ = max_confirmations;
    return;
  }
  confirmations_left_ = 0;
  proof_wanted_ = false;
  shared_.reported(sent_us_);
}

void HopWatch::report_missed(uint64_t now_us, uint32_t recovery_checks) {
  const uint32_t missed = shared_.missed();
  if (missed >= max_missed) {
    full_.emplace(now_us, recovery_checks);
    full_from_us_ = now_us;
    return;
  }
  proof_wanted_ = true;
  next_ask_us_ = missed == 1 ? now_us : now_us + report_pause_us;
}

bool HopWatch::may_have_been_full(uint64_t now_us) const {
  return now_us >= full_from_us_ + FlowLimit::min_flow_hold_us;
}

void HopWatch::back(uint64_t next_serial) {
  full_.reset();
  confirmations_left_ = 0;
  proof_wanted_ = false;
  first_serial_ = proven_serial_ = next_serial;
  next_ask_serial_ = next_serial + min_step;
}

bool HopWatch::is_proven(uint64_t last_ask_us, uint64_t next_serial) const {
  if (is_unusable_ || !endpoint() || next_serial < proven_serial_ + FlowLimit::min_table_flows) return true;
  return shared_.reported_sent_us() >= last_ask_us;
}

}  // namespace portloop
