/* A scan on a nested loop (nested_loop.h), for a host that looks after each turn what the turn has brought: results and
 * events of hosts wait in a queue until the host takes them. So nothing of the host is called inside a turn. */
#ifndef PORTLOOP_NESTED_SCAN_H
#define PORTLOOP_NESTED_SCAN_H

#include <sys/types.h>

#include "portloop/portloop.h"

/* For UV_ESHUTDOWN of an addition. */
#define NESTED_INPUT_CLOSED "nothing can be added: the input of the scan is not open"

/* What the scan has reported. */
struct nested_event {
  struct nested_event* next;
  int is_host;                         /* an event of a host, and no result */
  enum portloop_host_event host_event; /* the host is result.address */
  portloop_result result;              /* its banner is valid as long as the event */
  int fd;                              /* the connection to an open port, if connections are kept; otherwise -1 */
};

/* Outlives what the host has of it until the scan is closed. Read only. */
struct nested_scan {
  portloop_scan* scan; /* NULL once it is closed */
  struct nested_event* first;
  struct nested_event** end;
  int is_owned;
  int is_done;
  int status;          /* once it is done */
  int is_progress_due; /* since nested_scan_take_progress() was called last */
  pid_t process;       /* a forked child shares the connections, and must not reset them */
};

/* A scan that is not started. Returns NULL if out of memory. */
struct nested_scan* nested_scan_new(uv_loop_t* loop);
/* `hosts`: events of hosts are wanted. `progress_ms`: the interval of nested_scan_take_progress(), 0: none. Returns 0
 * or a negative libuv code, as portloop_scan_start(). */
int nested_scan_start(struct nested_scan* self, portloop_options* options, int hosts, uint32_t progress_ms);
/* The first event that has not been taken yet, or NULL. Free it with nested_event_free(). */
struct nested_event* nested_scan_take(struct nested_scan* self);
/* Whether the interval has passed since the last call. */
int nested_scan_take_progress(struct nested_scan* self);
/* Closes the scan, which ends in a later turn. Events may still be taken. */
void nested_scan_close(struct nested_scan* self);
/* The host does not refer to it any more: closes it, and frees it when it is closed. */
void nested_scan_release(struct nested_scan* self);

/* The connection of an event belongs to the caller from then on. -1: there is none. */
int nested_event_take_fd(struct nested_event* event);
/* Resets a connection that nobody has taken, without waiting states of it. */
void nested_connection_reset(int fd, pid_t process);
/* Frees an event of this scan, and resets its connection if it was not taken. */
void nested_event_free(const struct nested_scan* self, struct nested_event* event);

#endif
