// How a plan takes fresh probes from the cursor that the loops share, and what becomes of each.
#include <algorithm>

#include "plan/plan.hpp"

namespace portloop {

ProbePlan::Search ProbePlan::next_fresh(uint64_t now_us, Next& next) {
  // That nothing is left to draw is known without waiting for the rate, or a scan would end an interval late.
  const bool none_left =
      chunk_next_ == chunk_end_ && cursor_->next_position.load(std::memory_order_relaxed) >= space_->size();
  if (none_left && !drawn_all_ && now_us < control_.next_send_us()) return draw_chunk();
  if (held_ && drawn_all_) return Search::nothing;
  while (may_send(now_us)) {
    if (steps_left_ == 0) return Search::changed;
    --steps_left_;
    if (chunk_next_ == chunk_end_) {
      if (drawn_all_) return Search::nothing;
      if (const Search search = draw_chunk(); search != Search::found) return search;
    }
    if (const uint64_t fresh = space_->first_unfinished(chunk_next_); fresh != chunk_next_) {
      chunk_next_ = std::min(fresh, chunk_end_);
      continue;
    }
    Block* block = block_for_drawing(chunk_next_);
    if (block == nullptr) return Search::nothing;
    const uint32_t probe = block->probe_at(chunk_next_);
    switch (fresh_probe_use(*block, probe, now_us)) {
      case FreshUse::wait: return Search::nothing;
      case FreshUse::drop: ++not_asked_; break;  // the block counts it as finished, as if it had not been drawn
      case FreshUse::await: block->draw_unresolved(probe, block->local(probe).host_in_block); break;
      case FreshUse::later: block->draw(probe); break;
      case FreshUse::ask:
        ++chunk_next_;
        block->draw(probe);
        ask(*block, probe, ProbeKind::fresh, now_us, next);
        return Search::found;
    }
    ++chunk_next_;
  }
  return Search::nothing;
}

/// The share of answers changes between the early ports, the others, and those of hosts that were deferred. Overload is
/// no cause of that.
void ProbePlan::note_first_ask(const Ask& ask) {
  const FirstAsks now = ask.pass > 1 ? FirstAsks::later : ask.early ? FirstAsks::early : FirstAsks::others;
  if (now != first_asks_) control_.begin_other_ports();
  first_asks_ = now;
}

/// What becomes of the next fresh probe.
ProbePlan::FreshUse ProbePlan::fresh_probe_use(Block& block, uint32_t probe, uint64_t now_us) {
  if (path_.lost()) return FreshUse::later;
  if (block.hosts.size() == 1 && bans_.is_suspect({block.place(), 0})) return FreshUse::wait;
  const bool host_matters = block.hosts.any_stopped() || block.hosts.any_suspended() || block.has_unresolved_hosts() ||
                            block.has_unproven_hosts() || block.may_defer();
  if (!host_matters) return FreshUse::ask;
  const uint32_t number = block.local(probe).host_in_block;
  const Host& host = block.hosts[number];
  switch (host.state) {
    case HostState::stopped: return FreshUse::drop;
    case HostState::suspended:
    case HostState::absent: return FreshUse::later;  // a later pass asks or reports it
    case HostState::unresolved:
      if (waits_.find(host.target) != nullptr) return FreshUse::await;
      return begin_wait(block, number, now_us) ? FreshUse::ask : FreshUse::wait;
    case HostState::fresh:
      if (!block.may_defer() || !host.was_silent_early() || block.is_early(probe)) break;
      block.defer(number);
      return FreshUse::later;
    case HostState::alive: break;
    case HostState::lost: return host.has_banned_us() ? FreshUse::later : FreshUse::ask;
  }
  return FreshUse::ask;
}

/// Takes room in the neighbour table for a host that is to be asked. Returns false if there is none now.
bool ProbePlan::begin_wait(const Block& block, uint32_t host_number, uint64_t now_us) {
  const Host& host = block.hosts[host_number];
  const Family family = block.space().address(host.target).family;
  const bool begun = waits_.begin(host.target, family, block.place(), host_number, now_us);
  if (first_wait_us_ == 0) first_wait_us_ = now_us;
  wants_room_ = !begun;
  return begun;
}

ProbePlan::Search ProbePlan::draw_chunk() {
  chunk_next_ = cursor_->next_position.fetch_add(cursor_->chunk, std::memory_order_relaxed);
  chunk_end_ = std::min(chunk_next_ + cursor_->chunk, space_->size());
  if (chunk_next_ < space_->size()) {
    taken_ += chunk_end_ - chunk_next_;
    return Search::found;
  }
  chunk_next_ = chunk_end_ = 0;
  drawn_all_ = true;
  end_drawing(UINT64_MAX);
  return Search::changed;
}

/// Returns nullptr if the position's block would be one too many.
Block* ProbePlan::block_for_drawing(uint64_t position) {
  if (drawing_ == nullptr || !drawing_->runs().contain(position)) {
    end_drawing(position);
    const uint64_t number = space_->block_of(position);
    drawing_ = blocks_.find(*space_, number);
    if (drawing_ == nullptr) {
      if (!blocks_.has_room_for(*space_, number)) return nullptr;
      drawing_ = &blocks_.open(space_, number, options_.retries);
      drawing_->note_next_hops(next_hops_);
      if (path_.lost()) drawing_->hosts.path_is_lost();
    }
  }
  const bool has_place = drawing_->probe_at(position) < drawing_->ledger_size() || blocks_.extend_ledger(*drawing_);
  return has_place ? drawing_ : nullptr;
}

/// Of the blocks that have no probe at `position` or after it.
void ProbePlan::end_drawing(uint64_t position) {
  for (uint32_t place = 0; place < blocks_.places(); ++place) {
    Block* block = blocks_.at(place);
    if (block != nullptr && block->phase() == Block::Phase::drawing && block->runs().other_end <= position)
      block->end_drawing();
  }
  drawing_ = nullptr;
}

/// What is silent of a group is asked again when all of its blocks are drawn, so that a host that answers has its turn
/// before those that may not be there.
bool ProbePlan::waits_for_group(const Block& block) const {
  if (drawn_all_ || &block.space() != space_.get()) return false;
  const uint64_t next_position =
      chunk_next_ < chunk_end_ ? chunk_next_ : cursor_->next_position.load(std::memory_order_relaxed);
  return block.waits_for_group(next_position);
}

}  // namespace portloop
