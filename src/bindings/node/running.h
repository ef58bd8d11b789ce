/* A scan on Node's loop, with what its callbacks need to call JavaScript.
 *
 * The results of a turn of the loop are reported together: each is a plain call of a function that queues it, and what
 * waits for them (microtasks) runs once, after the last one.
 */
#ifndef PORTLOOP_NODE_RUNNING_H
#define PORTLOOP_NODE_RUNNING_H

#include "connections.h"
#include "options.h"

/* Freed when the scan is closed and JavaScript has dropped its handle. */
struct running {
  napi_env env;
  portloop_options* options; /* NULL once the scan was started */
  portloop_scan* scan;       /* NULL before start, and once close was called */
  napi_ref on_result;
  napi_ref on_done;
  napi_ref on_host;     /* NULL: not wanted */
  napi_ref on_progress; /* NULL: not wanted */
  struct connections connections;
  napi_async_context context;
  napi_async_cleanup_hook_handle cleanup;
  bool ending; /* the environment is being torn down: JavaScript must not be called any more */
  bool open;   /* there is a scan whose on_closed() has not been called yet */
  bool collected;
};

/* Creates the scan and what its callbacks need. `arguments` are those of start(), see addon.c. If this fails,
 * close_scan() releases what was made. Returns a libuv code. */
int begin(struct running* self, napi_value* arguments);
/* No callback of JavaScript but onDone() follows. */
void close_scan(struct running* self);
/* For napi_create_external(): JavaScript has dropped its handle. */
void on_collected(napi_env env, void* data, void* hint);

#endif
