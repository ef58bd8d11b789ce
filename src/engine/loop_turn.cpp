#include "engine/loop_turn.hpp"

#include <algorithm>
#include <cassert>

namespace portloop {

LoopTurn::Work::~Work() { assert(!queued_); }

LoopTurn::LoopTurn(uv_loop_t* loop) {
  idle_.owner = prepare_.owner = check_.owner = this;
  uv_idle_init(loop, idle_.get());
  uv_prepare_init(loop, prepare_.get());
  uv_check_init(loop, check_.get());
  for (uv_handle_t* handle : {idle_.any(), prepare_.any(), check_.any()}) uv_unref(handle);
  uv_prepare_start(prepare_.get(), on_prepare);
}

/// The loop's own list of handles serves as the registry: nothing else is known by the loop alone, without a global
/// list and its lock.
LoopTurn* LoopTurn::find(uv_loop_t* loop) {
  LoopTurn* found = nullptr;
  uv_walk(
      loop,
      [](uv_handle_t* handle, void* place) {
        if (handle->type != UV_PREPARE || uv_is_closing(handle)) return;
        auto* prepare = reinterpret_cast<uv_prepare_t*>(handle);
        if (prepare->prepare_cb != on_prepare) return;
        LoopTurn& turn = Owned<uv_prepare_t>::owner_of(prepare);
        if (!turn.is_forked()) *static_cast<LoopTurn**>(place) = &turn;
      },
      &found);
  return found;
}

LoopTurn& LoopTurn::join(uv_loop_t* loop, Member& member) {
  if (LoopTurn* found = find(loop)) {
    found->members_.push_back(&member);
    return *found;
  }
  // All memory before the first handle: a handle can't be taken back at once.
  std::vector<Member*> members{&member};
  auto* made = new LoopTurn(loop);
  made->members_ = std::move(members);
  return *made;
}

void LoopTurn::leave(Member& member, std::function<void()> on_left) {
  std::erase(members_, &member);
  if (!members_.empty()) {
    on_left();
    return;
  }
  assert(turns_.empty() && outcomes_.empty());
  on_left_ = std::move(on_left);
  uv_close(idle_.any(), [](uv_handle_t* handle) { on_handle_closed(Owned<uv_idle_t>::owner_of(handle)); });
  uv_close(prepare_.any(), [](uv_handle_t* handle) { on_handle_closed(Owned<uv_prepare_t>::owner_of(handle)); });
  uv_close(check_.any(), [](uv_handle_t* handle) { on_handle_closed(Owned<uv_check_t>::owner_of(handle)); });
}

void LoopTurn::on_handle_closed(LoopTurn& self) {
  if (--self.open_handles_ > 0) return;
  const std::function<void()> on_left = std::move(self.on_left_);
  delete &self;
  on_left();
}

void LoopTurn::add(Queue& queue, Work& work) {
  if (work.queued_) return;
  work.queued_ = true;
  work.next_ = &queue.head;
  work.previous_ = queue.head.previous_;
  work.previous_->next_ = work.next_->previous_ = &work;
  uv_idle_start(idle_.get(), on_idle);
}

void LoopTurn::queue_turn(Work& work) { add(turns_, work); }

void LoopTurn::queue_outcomes(Work& work) {
  add(outcomes_, work);
  uv_check_start(check_.get(), on_check);
}

void LoopTurn::cancel(Work& work) {
  if (!work.queued_) return;
  work.queued_ = false;
  work.previous_->next_ = work.next_;
  work.next_->previous_ = work.previous_;
}

void LoopTurn::serve(Queue& queue) {
  began_us_ = uv_hrtime() / 1000;
  steps_ = 0;
  // Work that queues itself again waits for the next turn, even if there is time.
  Queue now;
  move_to_front(now, queue);
  while (!now.empty()) {
    Work& work = *now.head.next_;
    cancel(work);
    work.run_(work.owner_);
    if (!now.empty() && is_over(uv_hrtime() / 1000)) break;
  }
  move_to_front(queue, now);
}

void LoopTurn::move_to_front(Queue& to, Queue& from) {
  if (from.empty()) return;
  Work* const first = from.head.next_;
  Work* const last = from.head.previous_;
  from.head.next_ = from.head.previous_ = &from.head;
  last->next_ = to.head.next_;
  first->previous_ = &to.head;
  last->next_->previous_ = last;
  to.head.next_ = first;
}

void LoopTurn::sleep_if_idle() {
  if (outcomes_.empty()) uv_check_stop(check_.get());
  if (outcomes_.empty() && turns_.empty()) uv_idle_stop(idle_.get());
}

void LoopTurn::on_idle(uv_idle_t* idle) {
  LoopTurn& self = Owned<uv_idle_t>::owner_of(idle);
  self.look_for_fork();
  self.serve(self.turns_);
  self.sleep_if_idle();
}

void LoopTurn::on_prepare(uv_prepare_t* prepare) { Owned<uv_prepare_t>::owner_of(prepare).look_for_fork(); }

void LoopTurn::on_check(uv_check_t* check) {
  LoopTurn& self = Owned<uv_check_t>::owner_of(check);
  self.look_for_fork();
  self.serve(self.outcomes_);
  self.sleep_if_idle();
}

void LoopTurn::look_for_fork() {
  if (fork_seen_ || !is_forked()) return;
  fork_seen_ = true;
  for (Member* member : members_) member->on_fork();
}

void LoopTurn::ref() {
  if (references_++ == 0) uv_ref(idle_.any());
}

void LoopTurn::unref() {
  assert(references_ > 0);
  if (--references_ == 0) uv_unref(idle_.any());
}

}  // namespace portloop
