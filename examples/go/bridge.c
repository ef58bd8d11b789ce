#include "bridge.h"

#include <stdlib.h>

#include "_cgo_export.h"

struct bridge {
  uv_loop_t loop;
  uv_async_t stop;
  portloop_scan* scan;
  uintptr_t go_scan;
  int status;
};

static void on_batch(portloop_scan* scan, const portloop_result* const* results, size_t count) {
  const bridge* self = portloop_scan_data(scan);
  goResults(self->go_scan, (portloop_result**)results, count);
}

static void on_done(portloop_scan* scan, int status) {
  bridge* self = portloop_scan_data(scan);
  self->status = status;
  goDone(self->go_scan);
  uv_close((uv_handle_t*)&self->stop, NULL);
  portloop_scan_close(scan, NULL);
}

static void on_stop(uv_async_t* stop) { portloop_scan_stop(((bridge*)stop->data)->scan); }

int bridge_start(portloop_options* options, uintptr_t scan, bridge** started) {
  bridge* self = calloc(1, sizeof *self);
  int error = self == NULL ? UV_ENOMEM : uv_loop_init(&self->loop);
  if (error != 0) {
    free(self);
    return error;
  }
  self->go_scan = scan;
  self->stop.data = self;
  error = uv_async_init(&self->loop, &self->stop, on_stop);
  if (error == 0) {
    error = portloop_scan_init(&self->loop, &self->scan);
    if (error == 0) {
      portloop_scan_set_data(self->scan, self);
      portloop_scan_set_batch_cb(self->scan, on_batch);
      error = portloop_scan_start(self->scan, options, NULL, on_done);
      if (error != 0) portloop_scan_close(self->scan, NULL);
    }
    if (error != 0) uv_close((uv_handle_t*)&self->stop, NULL);
  }
  if (error == 0) {
    *started = self;
  } else {
    bridge_run(self);
  }
  return error;
}

int bridge_run(bridge* self) {
  int status;
  uv_run(&self->loop, UV_RUN_DEFAULT);
  uv_loop_close(&self->loop);
  status = self->status;
  free(self);
  return status;
}

void bridge_stop(bridge* self) { uv_async_send(&self->stop); }
