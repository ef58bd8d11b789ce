#include "bindings/nested_scan.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

void nested_connection_reset(int fd, pid_t process) {
  const struct linger reset = {1, 0};
  if (fd < 0) return;
  if (getpid() == process) setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  close(fd);
}

int nested_event_take_fd(struct nested_event* event) {
  const int fd = event->fd;
  event->fd = -1;
  return fd;
}

void nested_event_free(const struct nested_scan* self, struct nested_event* event) {
  nested_connection_reset(event->fd, self->process);
  free(event);
}

/* ---- The queue ---- */

/* What can't be kept would be lost: the scan is stopped instead, and reported as out of memory. */
static struct nested_event* append(struct nested_scan* self, size_t extra) {
  struct nested_event* event = calloc(1, sizeof *event + extra);
  if (event == NULL) {
    self->status = UV_ENOMEM;
    portloop_scan_stop(self->scan);
    return NULL;
  }
  event->fd = -1;
  *self->end = event;
  self->end = &event->next;
  return event;
}

static void on_result(portloop_scan* scan, const portloop_result* result) {
  struct nested_scan* self = portloop_scan_data(scan);
  struct nested_event* event = append(self, result->banner_length);
  int fd;
  if (event == NULL) return;
  event->result = *result;
  if (result->banner != NULL) event->result.banner = memcpy(event + 1, result->banner, result->banner_length);
  fd = portloop_result_take_fd(result);
  if (fd >= 0) event->fd = fd;
}

static void on_host(portloop_scan* scan, const struct sockaddr* address, enum portloop_host_event host_event) {
  struct nested_event* event = append(portloop_scan_data(scan), 0);
  if (event == NULL) return;
  event->is_host = 1;
  event->host_event = host_event;
  memcpy(&event->result.address, address,
         address->sa_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6));
}

static void on_progress(portloop_scan* scan) { ((struct nested_scan*)portloop_scan_data(scan))->is_progress_due = 1; }

struct nested_event* nested_scan_take(struct nested_scan* self) {
  struct nested_event* event = self->first;
  if (event == NULL) return NULL;
  self->first = event->next;
  if (self->first == NULL) self->end = &self->first;
  return event;
}

int nested_scan_take_progress(struct nested_scan* self) {
  const int is_due = self->is_progress_due;
  self->is_progress_due = 0;
  return is_due;
}

/* ---- Its life ---- */

static void free_when_unused(struct nested_scan* self) {
  struct nested_event* event;
  if (self->is_owned || self->scan != NULL) return;
  while ((event = nested_scan_take(self)) != NULL) nested_event_free(self, event);
  free(self);
}

static void on_closed(portloop_scan* scan) {
  struct nested_scan* self = portloop_scan_data(scan);
  self->scan = NULL;
  free_when_unused(self);
}

static void on_done(portloop_scan* scan, int status) {
  struct nested_scan* self = portloop_scan_data(scan);
  self->is_done = 1;
  if (self->status == 0) self->status = status;
  portloop_scan_close(scan, on_closed);
}

struct nested_scan* nested_scan_new(uv_loop_t* loop) {
  struct nested_scan* self = calloc(1, sizeof *self);
  if (self == NULL) return NULL;
  if (portloop_scan_init(loop, &self->scan) != 0) {
    free(self);
    return NULL;
  }
  portloop_scan_set_data(self->scan, self);
  self->end = &self->first;
  self->is_owned = 1;
  self->process = getpid();
  return self;
}

int nested_scan_start(struct nested_scan* self, portloop_options* options, int hosts, uint32_t progress_ms) {
  if (self->scan == NULL) return UV_EALREADY;
  if (hosts) portloop_scan_set_host_cb(self->scan, on_host);
  if (progress_ms > 0) portloop_scan_set_progress_cb(self->scan, on_progress, progress_ms);
  return portloop_scan_start(self->scan, options, on_result, on_done);
}

void nested_scan_close(struct nested_scan* self) {
  if (self->scan != NULL) portloop_scan_close(self->scan, on_closed);
}

void nested_scan_release(struct nested_scan* self) {
  self->is_owned = 0;
  nested_scan_close(self);
  free_when_unused(self);
}
