// A libuv loop that is driven through its backend's descriptor, as a host's event loop does it.
#include <doctest/doctest.h>
#include <poll.h>
#include <unistd.h>
#include <uv.h>

#include <array>

extern "C" {
#include "bindings/nested_loop.h"
}

namespace {

struct Pipe {
  std::array<int, 2> ends{};
  Pipe() { REQUIRE(pipe(ends.data()) == 0); }
  ~Pipe() {
    close(ends[0]);
    close(ends[1]);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  void write_byte() const { REQUIRE(write(ends[1], "x", 1) == 1); }
};

bool is_readable(const uv_loop_t& loop) {
  pollfd descriptor{uv_backend_fd(&loop), POLLIN, 0};
  return poll(&descriptor, 1, 0) == 1;
}

/// Turns that are due at once. Returns what the last one returned.
int take_turns(uv_loop_t* loop) {
  int timeout_ms = 0;
  for (int i = 0; timeout_ms == 0 && i < 100; ++i) timeout_ms = nested_loop_turn(loop);
  return timeout_ms;
}

void close_loop(uv_loop_t* loop) {
  CHECK(uv_run(loop, UV_RUN_DEFAULT) == 0);
  CHECK(uv_loop_close(loop) == 0);
}

}  // namespace

TEST_CASE("a watcher that a callback of the last turn has started is seen through the descriptor") {
  struct Watchers {
    uv_poll_t first, second;
    int calls = 0;
  } watchers;
  const Pipe first;
  const Pipe second;
  uv_loop_t loop;
  REQUIRE(uv_loop_init(&loop) == 0);
  REQUIRE(uv_poll_init(&loop, &watchers.first, first.ends[0]) == 0);
  REQUIRE(uv_poll_init(&loop, &watchers.second, second.ends[0]) == 0);
  watchers.first.data = watchers.second.data = &watchers;
  uv_poll_start(&watchers.first, UV_READABLE, [](uv_poll_t* handle, int, int) {
    auto& both = *static_cast<Watchers*>(handle->data);
    uv_poll_stop(handle);
    uv_poll_start(&both.second, UV_READABLE, [](uv_poll_t* other, int, int) {
      ++static_cast<Watchers*>(other->data)->calls;
      uv_poll_stop(other);
    });
  });

  CHECK(take_turns(&loop) == -1);
  CHECK_FALSE(is_readable(loop));
  first.write_byte();
  CHECK(is_readable(loop));
  CHECK(take_turns(&loop) == -1);
  CHECK_FALSE(is_readable(loop));
  second.write_byte();
  CHECK(is_readable(loop));
  take_turns(&loop);
  CHECK(watchers.calls == 1);

  uv_close(reinterpret_cast<uv_handle_t*>(&watchers.first), nullptr);
  uv_close(reinterpret_cast<uv_handle_t*>(&watchers.second), nullptr);
  close_loop(&loop);
}

TEST_CASE("the next turn is due with the next timer, at once if work waits, and never on an empty loop") {
  uv_loop_t loop;
  uv_timer_t timer;
  uv_idle_t idle;
  REQUIRE(uv_loop_init(&loop) == 0);
  CHECK(nested_loop_turn(&loop) == -1);
  uv_timer_init(&loop, &timer);
  uv_timer_start(
      &timer, [](uv_timer_t*) {}, 600'000, 0);
  const int timeout_ms = nested_loop_turn(&loop);
  CHECK(timeout_ms > 0);
  CHECK(timeout_ms <= 600'000);
  uv_idle_init(&loop, &idle);
  uv_idle_start(&idle, [](uv_idle_t*) {});
  CHECK(nested_loop_turn(&loop) == 0);
  uv_unref(reinterpret_cast<uv_handle_t*>(&idle));
  uv_timer_stop(&timer);
  CHECK(nested_loop_turn(&loop) == -1);  // nothing keeps the loop alive

  uv_close(reinterpret_cast<uv_handle_t*>(&timer), nullptr);
  uv_close(reinterpret_cast<uv_handle_t*>(&idle), nullptr);
  close_loop(&loop);
}
