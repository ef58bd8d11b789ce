#include "capi/result_batch.hpp"

#include <new>
#include <utility>

namespace portloop {

void ResultBatch::store(const ProbeResult& result, const portloop_result& shown) {
  if (entries_.size() == entries_.capacity()) entries_.reserve(entries_.empty() ? 64 : 2 * entries_.size());
  pointers_.reserve(entries_.capacity());
  entries_.push_back({StoredResult(result), shown});
  Entry& entry = entries_.back();
  entry.shown.banner = shown.banner == nullptr ? nullptr : entry.stored.result().banner.data();
  entry.shown.connection = reinterpret_cast<portloop_connection*>(entry.stored.result().connection);
}

void ResultBatch::add(const ProbeResult& result, const portloop_result& shown) noexcept {
  try {
    store(result, shown);
  } catch (const std::bad_alloc&) {
    report();
    const portloop_result* alone = &shown;
    callback_(scan_, &alone, 1);
    return;
  }
  turn_->queue_turn(work_);
}

void ResultBatch::report() noexcept {
  LoopTurn::cancel(work_);
  if (turn_ == nullptr || turn_->is_forked()) {
    drop();
    return;
  }
  if (entries_.empty()) return;
  // The callback may close the scan, or run into add() by way of another function of ours.
  std::vector<Entry> entries = std::exchange(entries_, {});
  std::vector<const portloop_result*> pointers = std::exchange(pointers_, {});
  for (const Entry& entry : entries) pointers.push_back(&entry.shown);
  callback_(scan_, pointers.data(), pointers.size());
  if (turn_->is_forked()) {
    for (const Entry& entry : entries) entry.stored.abandon();
  }
  // Their memory serves the next turn.
  entries.clear();
  pointers.clear();
  if (entries_.empty()) {
    entries_ = std::move(entries);
    pointers_ = std::move(pointers);
  }
}

void ResultBatch::drop() noexcept {
  LoopTurn::cancel(work_);
  if (turn_ != nullptr && turn_->is_forked()) {
    for (const Entry& entry : entries_) entry.stored.abandon();
  }
  entries_.clear();
}

}  // namespace portloop
