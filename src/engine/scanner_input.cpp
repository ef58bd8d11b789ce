// How a scan goes on with what is added to it while it runs.
//
// Happy path: when the plan has drawn all that it has, it draws from the next part of the input. When it has finished
// all of it, the scanner waits: input_changed() makes it look again. When the input is at its end, the scan is done.
//
// What goes wrong:
//   - a little is added again and again: each part would be a block of the plan, which takes time in each turn. So what
//     is added waits, for a millisecond for each block that is live, and the next part is made of all of it
#include "engine/banner_reader.hpp"
#include "engine/scanner.hpp"

namespace portloop {
namespace {

constexpr uint64_t wait_per_block_us = 1000;

}  // namespace

void Scanner::input_changed() {
  if (state_ == State::running) schedule_turn();
}

void Scanner::draw_next_part(uint64_t now_us) {
  if (input_ == nullptr || !plan_.has_drawn_all() || now_us < part_spaced_until_us_) return;
  const std::shared_ptr<ScanPart> part = input_->next(reader_);
  if (!part) return;
  plan_.draw_from(part);
  part_spaced_until_us_ = now_us + plan_.live_blocks() * wait_per_block_us;
}

/// When there will be something to draw, as far as is known now; UINT64_MAX if there is nothing.
uint64_t Scanner::next_part_us() const {
  const bool waits = input_ != nullptr && plan_.has_drawn_all() && input_->has_next(reader_);
  return waits ? part_spaced_until_us_ : UINT64_MAX;
}

/// The plan has nothing left to do.
void Scanner::plan_finished() {
  if (banners_ && !banners_->idle()) return;  // the next one that ends schedules a turn
  if (input_ == nullptr || input_->is_at_end(reader_)) {
    report_done(0);
    return;
  }
  part_spaced_until_us_ = 0;
  wake_at(next_part_us(), uv_hrtime() / 1000);
}

}  // namespace portloop
