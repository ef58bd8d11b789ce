#include "nested_loop.h"

int nested_loop_turn(uv_loop_t* loop) {
  uv_run(loop, UV_RUN_NOWAIT);
  /* Nothing keeps it alive: for what is unreferenced, libuv would ask for turns for ever. */
  if (!uv_loop_alive(loop)) return -1;
  uv_update_time(loop); /* the callbacks may have taken a while */
  /* 0 also if a callback has started a watcher: libuv registers it with the kernel when it polls next, and until then
   * it is not seen through the descriptor. */
  return uv_backend_timeout(loop);
}
