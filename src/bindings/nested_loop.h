/* A libuv loop inside another event loop, without a thread, for hosts whose own loop is not libuv's or is not to be
 * shared.
 *
 * The host watches uv_backend_fd(loop). When it is readable, or when the time that the last turn returned has passed,
 * it calls nested_loop_turn(). It also calls it soon after anything that starts work on the loop. */
#ifndef PORTLOOP_NESTED_LOOP_H
#define PORTLOOP_NESTED_LOOP_H

#include <uv.h>

/* Runs what is ready and returns within how many milliseconds the next turn is due: 0 at once; -1 when the descriptor
 * is readable. Never blocks. */
int nested_loop_turn(uv_loop_t* loop);

#endif
