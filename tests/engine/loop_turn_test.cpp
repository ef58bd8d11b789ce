// The work that all scans of a loop may do in one of its turns.
#include "engine/loop_turn.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "doctest/doctest.h"

using portloop::LoopTurn;

namespace {

/// A loop that must be empty at the end.
class Loop {
 public:
  Loop() { REQUIRE(uv_loop_init(&loop_) == 0); }
  ~Loop() {
    uv_run(&loop_, UV_RUN_DEFAULT);
    CHECK(uv_loop_close(&loop_) == 0);
  }
  uv_loop_t* get() { return &loop_; }
  void turn() { uv_run(&loop_, UV_RUN_NOWAIT); }

 private:
  uv_loop_t loop_{};
};

/// A scan with a work.
class Scan final : private LoopTurn::Member {
 public:
  explicit Scan(Loop& loop) : turn(LoopTurn::join(loop.get(), *this)) { turn.ref(); }
  void leave() {
    turn.unref();
    turn.leave(*this, [this] { left = true; });
  }
  void on_fork() noexcept override {}

  LoopTurn& turn;
  bool left = false;
  std::function<void()> action;
  LoopTurn::Work work{[](void* self) { static_cast<Scan*>(self)->action(); }, this};
};

std::vector<std::unique_ptr<Scan>> scans_on(Loop& loop, size_t count) {
  std::vector<std::unique_ptr<Scan>> scans;
  for (size_t i = 0; i < count; ++i) scans.push_back(std::make_unique<Scan>(loop));
  return scans;
}

void leave_all(Loop& loop, std::vector<std::unique_ptr<Scan>>& scans) {
  for (auto& scan : scans) {
    LoopTurn::cancel(scan->work);
    scan->leave();
  }
  uv_run(loop.get(), UV_RUN_DEFAULT);
  for (auto& scan : scans) CHECK(scan->left);
}

}  // namespace

TEST_CASE("scans on one loop share the object, those on another loop do not; the last one takes it along") {
  Loop loop, other_loop;
  Scan first(loop), second(loop), other(other_loop);
  CHECK(&first.turn == &second.turn);
  CHECK(&first.turn != &other.turn);
  first.leave();
  CHECK(first.left);
  second.leave();
  CHECK_FALSE(second.left);  // from the loop
  Scan third(loop);          // while the handles are being closed
  uv_run(loop.get(), UV_RUN_DEFAULT);
  CHECK(second.left);
  third.leave();
  other.leave();
  for (Loop* each : {&loop, &other_loop}) uv_run(each->get(), UV_RUN_DEFAULT);
  CHECK(third.left);
  CHECK(other.left);
}

TEST_CASE("works are served in turn: nobody again before everybody once, however many fit into a phase") {
  constexpr size_t count = 7;
  Loop loop;
  auto scans = scans_on(loop, count);
  std::vector<size_t> served;
  for (size_t i = 0; i < count; ++i) {
    scans[i]->action = [&, i] {
      served.push_back(i);
      for (uint32_t step = 0; step < LoopTurn::max_phase_steps / 3; ++step) scans[i]->turn.count_step();
      scans[i]->turn.queue_turn(scans[i]->work);
    };
    scans[i]->turn.queue_turn(scans[i]->work);
  }
  for (int turn = 0; turn < 50; ++turn) {
    const size_t before = served.size();
    loop.turn();
    CHECK(served.size() > before);
    CHECK(served.size() <= before + 4);  // the fourth begins before the limit
  }
  for (size_t i = 0; i < served.size(); ++i) CHECK(served[i] == i % count);
  leave_all(loop, scans);
}

TEST_CASE("a phase is over after its steps; the next one begins anew") {
  Loop loop;
  auto scans = scans_on(loop, 2);
  std::vector<uint32_t> steps;
  for (auto& scan : scans) {
    scan->action = [&, self = scan.get()] {
      steps.push_back(0);
      while (!self->turn.is_over(0)) {  // the beginning of time: only the steps count
        self->turn.count_step();
        ++steps.back();
      }
      self->turn.queue_turn(self->work);
    };
    scan->turn.queue_turn(scan->work);
  }
  loop.turn();
  loop.turn();
  CHECK(steps == std::vector<uint32_t>{LoopTurn::max_phase_steps, LoopTurn::max_phase_steps});
  leave_all(loop, scans);
}

TEST_CASE("in a child that is forked while work runs, the phase is over; in the parent it goes on") {
  Loop loop;
  auto scans = scans_on(loop, 1);
  int status = -1;
  scans[0]->action = [&] {
    LoopTurn& turn = scans[0]->turn;
    const pid_t child = fork();
    if (child == 0) _exit(turn.is_forked() && turn.is_over(0) ? 0 : 1);
    waitpid(child, &status, 0);
    CHECK_FALSE(turn.is_forked());
    CHECK_FALSE(turn.is_over(0));
  };
  scans[0]->turn.queue_turn(scans[0]->work);
  loop.turn();
  CHECK(status == 0);
  leave_all(loop, scans);
}

TEST_CASE("outcomes are handled after the poll of the same turn, whatever connects took before it") {
  Loop loop;
  auto scans = scans_on(loop, 2);
  std::string order;
  scans[0]->action = [&] {
    order += 'c';
    for (uint32_t step = 0; step < LoopTurn::max_phase_steps; ++step) scans[0]->turn.count_step();
    scans[1]->turn.queue_outcomes(scans[1]->work);
  };
  scans[1]->action = [&] {
    order += 'o';
    CHECK_FALSE(scans[1]->turn.is_over(0));
  };
  scans[0]->turn.queue_turn(scans[0]->work);
  loop.turn();
  CHECK(order == "co");
  leave_all(loop, scans);
}

TEST_CASE("a work that was cancelled is not run, even by one that is served before it") {
  Loop loop;
  auto scans = scans_on(loop, 3);
  int runs = 0;
  scans[0]->action = [&] {
    ++runs;
    LoopTurn::cancel(scans[1]->work);
    LoopTurn::cancel(scans[2]->work);  // the last one
  };
  scans[1]->action = scans[2]->action = [&] { FAIL("run"); };
  for (auto& scan : scans) scan->turn.queue_turn(scan->work);
  loop.turn();
  loop.turn();
  CHECK(runs == 1);
  leave_all(loop, scans);
}

TEST_CASE("work that queues itself again waits for the next turn, even if it cancels the last one in the queue") {
  Loop loop;
  auto scans = scans_on(loop, 2);
  int runs = 0;
  scans[0]->action = [&] {
    ++runs;
    LoopTurn::cancel(scans[1]->work);
    scans[0]->turn.queue_turn(scans[0]->work);
  };
  scans[1]->action = [&] { FAIL("run"); };
  for (auto& scan : scans) scan->turn.queue_turn(scan->work);
  loop.turn();
  CHECK(runs == 1);
  loop.turn();
  CHECK(runs == 2);
  leave_all(loop, scans);
}

TEST_CASE("queued work keeps the loop alive as long as there is a reference") {
  Loop loop;
  auto scans = scans_on(loop, 1);
  Scan& scan = *scans[0];
  int runs = 0;
  scan.action = [&] {
    if (++runs == 3) scan.turn.unref();  // of the two, one is left
    if (runs == 6) scan.turn.unref();
    scan.turn.queue_turn(scan.work);
  };
  scan.turn.queue_turn(scan.work);
  scan.turn.ref();
  uv_run(loop.get(), UV_RUN_DEFAULT);
  CHECK(runs == 6);
  uv_run(loop.get(), UV_RUN_DEFAULT);
  CHECK(runs == 6);
  scan.turn.ref();
  leave_all(loop, scans);
}

TEST_CASE("without work the loop blocks: an object without work costs no turn") {
  Loop loop;
  auto scans = scans_on(loop, 1);
  int turns = 0;
  uv_check_t check;
  uv_check_init(loop.get(), &check);
  check.data = &turns;
  uv_check_start(&check, [](uv_check_t* handle) { ++*static_cast<int*>(handle->data); });
  uv_timer_t timer;
  uv_timer_init(loop.get(), &timer);
  uv_timer_start(
      &timer, [](uv_timer_t*) {}, 20, 0);
  uv_unref(reinterpret_cast<uv_handle_t*>(&check));
  uv_run(loop.get(), UV_RUN_DEFAULT);
  CHECK(turns <= 3);  // a timer may wake the loop a little too early
  uv_close(reinterpret_cast<uv_handle_t*>(&check), nullptr);
  uv_close(reinterpret_cast<uv_handle_t*>(&timer), nullptr);
  leave_all(loop, scans);
}

TEST_CASE("loops in several threads have nothing in common") {
  std::vector<std::thread> threads;
  std::vector<int> runs(4);
  for (int& count : runs) {
    threads.emplace_back([&count] {
      uv_loop_t loop;
      uv_loop_init(&loop);
      struct : LoopTurn::Member {
        void on_fork() noexcept override {}
      } member;
      for (int i = 0; i < 100; ++i) {
        LoopTurn& turn = LoopTurn::join(&loop, member);
        LoopTurn::Work work([](void* place) { ++*static_cast<int*>(place); }, &count);
        turn.ref();
        turn.queue_turn(work);
        uv_run(&loop, UV_RUN_NOWAIT);
        turn.leave(member, [] {});
        uv_run(&loop, UV_RUN_DEFAULT);
      }
      uv_loop_close(&loop);
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(runs == std::vector<int>(4, 100));
}
