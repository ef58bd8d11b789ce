#include "nested_loop.h"

#include <string.h>

/* libuv registers a watcher with the kernel when it polls next, not when the watcher is started. One that was started
 * by the last callbacks of a turn is not seen through the backend's descriptor before the turn after it. There is no
 * function to ask for that. The queue is a field of uv.h's uv_loop_t, in all of version 1 a ring of two pointers that
 * is empty if it points at itself. */
static int has_unregistered_watchers(const uv_loop_t* loop) {
  const void* first;
  memcpy(&first, &loop->watcher_queue, sizeof first);
  return first != &loop->watcher_queue;
}

int nested_loop_turn(uv_loop_t* loop) {
  uv_run(loop, UV_RUN_NOWAIT);
  if (!uv_loop_alive(loop)) return -1;
  if (has_unregistered_watchers(loop)) return 0;
  uv_update_time(loop); /* the callbacks may have taken a while */
  return uv_backend_timeout(loop);
}
