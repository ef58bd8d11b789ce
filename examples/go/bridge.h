/* What cgo calls: one scan on one loop, from its start to its end. */
#ifndef BRIDGE_H
#define BRIDGE_H

#include <portloop/portloop.h>

typedef struct bridge bridge;

/* Makes a loop and starts a scan on it. `scan` is passed to the Go functions below. Returns 0 or a negative libuv code;
 * then there is nothing to run. */
int bridge_start(portloop_options* options, uintptr_t scan, bridge** started);
/* Runs the loop until the scan is closed, and frees everything. Returns the status of done. */
int bridge_run(bridge* self);
/* Stops the scan. On any thread, until goDone() is called. */
void bridge_stop(bridge* self);

#endif
