#include "running.h"

#include <stdlib.h>
#include <uv.h>

/* What JavaScript throws becomes an uncaught exception, as in any other Node callback. */
static void call(struct running* self, napi_ref function_ref, size_t count, const napi_value* arguments) {
  napi_value function, global, thrown;
  napi_get_reference_value(self->env, function_ref, &function);
  napi_get_global(self->env, &global);
  if (napi_make_callback(self->env, self->context, global, function, count, arguments, NULL) != napi_pending_exception)
    return;
  if (napi_get_and_clear_last_exception(self->env, &thrown) == napi_ok) napi_fatal_exception(self->env, thrown);
}

/* onResult(address, port, state, reason, service, attempts, rttUs, error, banner, tag, fd): JavaScript makes an object
 * of them faster than Node-API does. State and reason are numbers, for which scan.js has the names. */
static void call_on_result(struct running* self, napi_value function, napi_value global,
                           const portloop_result* result) {
  napi_env env = self->env;
  napi_handle_scope scope;
  napi_value arguments[11];
  char address[64];
  const int fd = portloop_result_take_fd(result);
  const bool has_connection = fd >= 0 && connections_keep(&self->connections, fd);
  if (napi_open_handle_scope(env, &scope) != napi_ok) return;
  portloop_format_address((const struct sockaddr*)&result->address, address, sizeof address);
  if (napi_create_string_latin1(env, address, NAPI_AUTO_LENGTH, &arguments[0]) == napi_ok &&
      napi_create_uint32(env, result->port, &arguments[1]) == napi_ok &&
      napi_create_uint32(env, (uint32_t)result->state, &arguments[2]) == napi_ok &&
      napi_create_uint32(env, (uint32_t)result->reason, &arguments[3]) == napi_ok &&
      napi_create_string_latin1(env, portloop_service_name(result->port), NAPI_AUTO_LENGTH, &arguments[4]) == napi_ok &&
      napi_create_uint32(env, result->attempts, &arguments[5]) == napi_ok &&
      napi_create_double(env, (double)result->rtt_us, &arguments[6]) == napi_ok &&
      napi_get_undefined(env, &arguments[7]) == napi_ok && napi_get_undefined(env, &arguments[8]) == napi_ok &&
      napi_create_double(env, (double)result->tag, &arguments[9]) == napi_ok &&
      napi_create_int32(env, has_connection ? fd : -1, &arguments[10]) == napi_ok) {
    if (result->error != 0) napi_create_string_utf8(env, uv_err_name(result->error), NAPI_AUTO_LENGTH, &arguments[7]);
    if (result->banner != NULL)
      napi_create_buffer_copy(env, result->banner_length, result->banner, NULL, &arguments[8]);
    napi_call_function(env, global, function, 11, arguments, NULL);
  }
  napi_close_handle_scope(env, scope);
}

static void on_batch(portloop_scan* scan, const portloop_result* const* results, size_t count) {
  struct running* self = portloop_scan_data(scan);
  napi_env env = self->env;
  napi_handle_scope scope;
  napi_callback_scope callback_scope;
  napi_value function, global, resource;
  if (self->ending || napi_open_handle_scope(env, &scope) != napi_ok) return;
  if (napi_get_reference_value(env, self->on_result, &function) == napi_ok &&
      napi_get_global(env, &global) == napi_ok && napi_create_object(env, &resource) == napi_ok &&
      napi_open_callback_scope(env, resource, self->context, &callback_scope) == napi_ok) {
    for (size_t i = 0; i < count; ++i) call_on_result(self, function, global, results[i]);
    napi_close_callback_scope(env, callback_scope);
  }
  napi_close_handle_scope(env, scope);
}

/* onHost(address, event): the event is a number, for which scan.js has the names. */
static void on_host(portloop_scan* scan, const struct sockaddr* address, enum portloop_host_event event) {
  struct running* self = portloop_scan_data(scan);
  napi_handle_scope scope;
  napi_value arguments[2];
  char text[64];
  if (self->ending || napi_open_handle_scope(self->env, &scope) != napi_ok) return;
  portloop_format_address(address, text, sizeof text);
  if (napi_create_string_latin1(self->env, text, NAPI_AUTO_LENGTH, &arguments[0]) == napi_ok &&
      napi_create_uint32(self->env, (uint32_t)event, &arguments[1]) == napi_ok)
    call(self, self->on_host, 2, arguments);
  napi_close_handle_scope(self->env, scope);
}

static void on_progress(portloop_scan* scan) {
  struct running* self = portloop_scan_data(scan);
  napi_handle_scope scope;
  if (self->ending || napi_open_handle_scope(self->env, &scope) != napi_ok) return;
  call(self, self->on_progress, 0, NULL);
  napi_close_handle_scope(self->env, scope);
}

static void free_when_unused(struct running* self) {
  if (self->open || !self->collected) return;
  connections_reset_all(&self->connections);
  portloop_options_free(self->options);
  free(self);
}

static void forget(napi_env env, napi_ref reference) {
  if (reference != NULL) napi_delete_reference(env, reference);
}

static void on_closed(portloop_scan* scan) {
  struct running* self = portloop_scan_data(scan);
  self->open = false;
  forget(self->env, self->on_result);
  forget(self->env, self->on_done);
  forget(self->env, self->on_host);
  forget(self->env, self->on_progress);
  if (self->context != NULL && !self->ending) napi_async_destroy(self->env, self->context);
  if (self->cleanup != NULL) napi_remove_async_cleanup_hook(self->cleanup);
  free_when_unused(self);
}

void close_scan(struct running* self) {
  portloop_scan* scan = self->scan;
  self->scan = NULL;
  if (scan != NULL) portloop_scan_close(scan, on_closed);
}

/* onDone(): complete, or onDone(code, message). */
static void on_done(portloop_scan* scan, int status) {
  struct running* self = portloop_scan_data(scan);
  napi_handle_scope scope;
  napi_value arguments[2];
  if (!self->ending && napi_open_handle_scope(self->env, &scope) == napi_ok) {
    size_t count = status == 0 ? 0 : 2;
    if (status != 0) {
      napi_create_string_utf8(self->env, uv_err_name(status), NAPI_AUTO_LENGTH, &arguments[0]);
      napi_create_string_utf8(self->env, uv_strerror(status), NAPI_AUTO_LENGTH, &arguments[1]);
    }
    call(self, self->on_done, count, arguments);
    napi_close_handle_scope(self->env, scope);
  }
  close_scan(self);
}

/* A worker thread or the process ends while the scan runs. Node waits until the hook is removed. */
static void on_cleanup(napi_async_cleanup_hook_handle hook, void* data) {
  struct running* self = data;
  (void)hook;
  self->ending = true;
  close_scan(self);
}

void on_collected(napi_env env, void* data, void* hint) {
  struct running* self = data;
  (void)env;
  (void)hint;
  self->collected = true;
  free_when_unused(self);
}

static bool refer_if_function(napi_env env, napi_value value, napi_ref* reference) {
  napi_valuetype type = napi_undefined;
  napi_typeof(env, value, &type);
  return type != napi_function || napi_create_reference(env, value, 1, reference) == napi_ok;
}

int begin(struct running* self, napi_value* arguments) {
  napi_env env = self->env;
  uv_loop_t* loop = NULL;
  napi_value name;
  uint32_t progress_ms = 0;
  int error;
  napi_get_value_uint32(env, arguments[5], &progress_ms);
  if (napi_get_uv_event_loop(env, &loop) != napi_ok) return UV_ENOTSUP;
  error = portloop_scan_init(loop, &self->scan);
  if (error != 0) return error;
  self->open = true;
  portloop_scan_set_data(self->scan, self);
  if (napi_create_reference(env, arguments[1], 1, &self->on_result) == napi_ok &&
      napi_create_reference(env, arguments[2], 1, &self->on_done) == napi_ok &&
      refer_if_function(env, arguments[3], &self->on_host) &&
      refer_if_function(env, arguments[4], &self->on_progress) &&
      napi_create_string_utf8(env, "portloop", NAPI_AUTO_LENGTH, &name) == napi_ok &&
      napi_async_init(env, NULL, name, &self->context) == napi_ok &&
      napi_add_async_cleanup_hook(env, on_cleanup, self, &self->cleanup) == napi_ok) {
    portloop_scan_set_batch_cb(self->scan, on_batch);
    if (self->on_host != NULL) portloop_scan_set_host_cb(self->scan, on_host);
    if (self->on_progress != NULL) portloop_scan_set_progress_cb(self->scan, on_progress, progress_ms);
    return portloop_scan_start(self->scan, self->options, NULL, on_done);
  }
  return UV_ECANCELED; /* the environment is going away */
}
