/* portloop on Node's own loop, through Node-API.
 *
 * start(options, onResult, onDone) returns a scan; stop(scan); stats(scan). index.js makes an async iterator of them.
 *
 * Node contains and exports its own libuv, so this addon must not be linked with another one. libuv keeps its ABI
 * within version 1, so portloop may be compiled with an older header than Node's. The version is checked when the addon
 * is loaded.
 */
#define NAPI_VERSION 8
#include <node_api.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "portloop/portloop.h"

#define MIN_LIBUV ((1 << 16) | (44 << 8))

/* Freed when the scan is closed and JavaScript has dropped its handle. */
struct running {
  napi_env env;
  portloop_scan* scan; /* NULL once close was called */
  napi_ref on_result;
  napi_ref on_done;
  napi_async_context context;
  napi_async_cleanup_hook_handle cleanup;
  int ending; /* the environment is being torn down: JavaScript must not be called any more */
  int closed;
  int collected;
};

static napi_value fail(napi_env env, const char* message) {
  napi_throw_error(env, NULL, message);
  return NULL;
}

static void set(napi_env env, napi_value object, const char* name, napi_value value) {
  napi_set_named_property(env, object, name, value);
}

static void set_text(napi_env env, napi_value object, const char* name, const char* text) {
  napi_value value;
  if (napi_create_string_utf8(env, text, NAPI_AUTO_LENGTH, &value) == napi_ok) set(env, object, name, value);
}

static void set_number(napi_env env, napi_value object, const char* name, double number) {
  napi_value value;
  if (napi_create_double(env, number, &value) == napi_ok) set(env, object, name, value);
}

/* Calls JavaScript from the loop. What it throws becomes an uncaught exception, as in any other Node callback. */
static void call(struct running* self, napi_ref function_ref, napi_value argument) {
  napi_value function, global, thrown;
  napi_get_reference_value(self->env, function_ref, &function);
  napi_get_global(self->env, &global);
  if (napi_make_callback(self->env, self->context, global, function, 1, &argument, NULL) != napi_pending_exception)
    return;
  if (napi_get_and_clear_last_exception(self->env, &thrown) == napi_ok) napi_fatal_exception(self->env, thrown);
}

static void on_result(portloop_scan* scan, const portloop_result* result) {
  struct running* self = portloop_scan_data(scan);
  napi_handle_scope scope;
  napi_value object, banner;
  char address[64];
  if (self->ending || napi_open_handle_scope(self->env, &scope) != napi_ok) return;
  if (napi_create_object(self->env, &object) == napi_ok &&
      portloop_format_address((const struct sockaddr*)&result->address, address, sizeof address) == 0) {
    set_text(self->env, object, "address", address);
    set_number(self->env, object, "port", result->port);
    set_text(self->env, object, "state", portloop_state_name(result->state));
    set_text(self->env, object, "reason", portloop_reason_name(result->reason));
    if (result->error != 0) set_text(self->env, object, "error", uv_err_name(result->error));
    set_text(self->env, object, "service", portloop_service_name(result->port));
    set_number(self->env, object, "attempts", result->attempts);
    set_number(self->env, object, "rttUs", (double)result->rtt_us);
    if (result->banner != NULL &&
        napi_create_buffer_copy(self->env, result->banner_length, result->banner, NULL, &banner) == napi_ok) {
      set(self->env, object, "banner", banner);
    }
    call(self, self->on_result, object);
  }
  napi_close_handle_scope(self->env, scope);
}

static void free_when_unused(struct running* self) {
  if (self->closed && self->collected) free(self);
}

static void on_closed(portloop_scan* scan) {
  struct running* self = portloop_scan_data(scan);
  self->closed = 1;
  if (self->on_result != NULL) napi_delete_reference(self->env, self->on_result);
  if (self->on_done != NULL) napi_delete_reference(self->env, self->on_done);
  if (self->context != NULL && !self->ending) napi_async_destroy(self->env, self->context);
  if (self->cleanup != NULL) napi_remove_async_cleanup_hook(self->cleanup);
  free_when_unused(self);
}

static void close_scan(struct running* self) {
  portloop_scan* scan = self->scan;
  self->scan = NULL;
  if (scan != NULL) portloop_scan_close(scan, on_closed);
}

static void on_done(portloop_scan* scan, int status) {
  struct running* self = portloop_scan_data(scan);
  napi_handle_scope scope;
  napi_value argument;
  if (!self->ending && napi_open_handle_scope(self->env, &scope) == napi_ok) {
    if (status == 0) {
      napi_get_null(self->env, &argument);
    } else {
      napi_create_string_utf8(self->env, uv_err_name(status), NAPI_AUTO_LENGTH, &argument);
    }
    call(self, self->on_done, argument);
    napi_close_handle_scope(self->env, scope);
  }
  close_scan(self);
}

/* A worker thread or the process ends while the scan runs. Node waits until the hook is removed. */
static void on_cleanup(napi_async_cleanup_hook_handle hook, void* data) {
  struct running* self = data;
  (void)hook;
  self->ending = 1;
  close_scan(self);
}

static void on_collected(napi_env env, void* data, void* hint) {
  struct running* self = data;
  (void)env;
  (void)hint;
  self->collected = 1;
  free_when_unused(self);
}

/* ---- options: { targets: [..], ports, inFlight, rate, timeoutMs, retries, loops, banners } ---- */

static int get(napi_env env, napi_value object, const char* name, napi_valuetype wanted, napi_value* value) {
  napi_valuetype type;
  return napi_get_named_property(env, object, name, value) == napi_ok && napi_typeof(env, *value, &type) == napi_ok &&
         type == wanted;
}

static int apply_text(napi_env env, napi_value value, portloop_options* options,
                      int (*apply)(portloop_options*, const char*)) {
  size_t length = 0;
  char* text;
  int error = UV_EINVAL;
  if (napi_get_value_string_utf8(env, value, NULL, 0, &length) != napi_ok) return UV_EINVAL;
  text = malloc(length + 1);
  if (text == NULL) return UV_ENOMEM;
  if (napi_get_value_string_utf8(env, value, text, length + 1, &length) == napi_ok && strlen(text) == length) {
    error = apply(options, text);
  }
  free(text);
  return error;
}

static int apply_targets(napi_env env, napi_value list, portloop_options* options) {
  uint32_t count = 0;
  if (napi_get_array_length(env, list, &count) != napi_ok) return UV_EINVAL;
  for (uint32_t i = 0; i < count; ++i) {
    napi_value word;
    int error;
    if (napi_get_element(env, list, i, &word) != napi_ok) return UV_EINVAL;
    error = apply_text(env, word, options, portloop_options_add_target);
    if (error != 0) return error;
  }
  return 0;
}

/* index.js accepts any integer. One that does not fit becomes a number that every setter rejects. */
static uint32_t whole(double number) { return number >= 0 && number <= UINT32_MAX ? (uint32_t)number : UINT32_MAX; }
static int retries_of(double number) { return number >= -1 && number <= 100 ? (int)number : 100; }

static int apply(napi_env env, napi_value object, portloop_options* options) {
  napi_value value;
  double number;
  int error = 0;
  if (get(env, object, "targets", napi_object, &value)) error = apply_targets(env, value, options);
  if (error == 0 && get(env, object, "ports", napi_string, &value))
    error = apply_text(env, value, options, portloop_options_set_ports);
#define NUMBER(name, statement)                                    \
  if (error == 0 && get(env, object, name, napi_number, &value)) { \
    napi_get_value_double(env, value, &number);                    \
    error = statement;                                             \
  }
  NUMBER("inFlight", portloop_options_set_in_flight(options, whole(number)))
  NUMBER("rate", portloop_options_set_rate(options, number))
  NUMBER("timeoutMs", portloop_options_set_timeout_ms(options, whole(number)))
  NUMBER("retries", portloop_options_set_retries(options, retries_of(number)))
  NUMBER("loops", portloop_options_set_loops(options, whole(number)))
#undef NUMBER
  if (error == 0 && get(env, object, "banners", napi_boolean, &value)) {
    bool wanted = false;
    napi_get_value_bool(env, value, &wanted);
    if (wanted) error = portloop_options_set_banners(options, PORTLOOP_BANNERS_READ, 2000, 512);
  }
  return error;
}

/* ---- Called by JavaScript ---- */

/* Sets *made if a scan was created; then on_closed() will be called. */
static int begin(struct running* self, napi_env env, napi_value* arguments, portloop_options* options, int* made) {
  uv_loop_t* loop = NULL;
  napi_value name;
  int error;
  if (napi_get_uv_event_loop(env, &loop) != napi_ok) return UV_ENOTSUP;
  error = portloop_scan_init(loop, &self->scan);
  if (error != 0) return error;
  *made = 1;
  portloop_scan_set_data(self->scan, self);
  if (napi_create_reference(env, arguments[1], 1, &self->on_result) == napi_ok &&
      napi_create_reference(env, arguments[2], 1, &self->on_done) == napi_ok &&
      napi_create_string_utf8(env, "portloop", NAPI_AUTO_LENGTH, &name) == napi_ok &&
      napi_async_init(env, NULL, name, &self->context) == napi_ok &&
      napi_add_async_cleanup_hook(env, on_cleanup, self, &self->cleanup) == napi_ok) {
    error = portloop_scan_start(self->scan, options, on_result, on_done);
  } else {
    error = UV_ECANCELED; /* the environment is going away */
  }
  if (error != 0) close_scan(self);
  return error;
}

static napi_value start(napi_env env, napi_callback_info info) {
  napi_value arguments[3], handle;
  size_t count = 3;
  portloop_options* options;
  struct running* self;
  int error;
  napi_valuetype types[3] = {napi_undefined, napi_undefined, napi_undefined};
  napi_get_cb_info(env, info, &count, arguments, NULL, NULL);
  for (size_t i = 0; i < 3; ++i) napi_typeof(env, arguments[i], &types[i]);
  if (types[0] != napi_object || types[1] != napi_function || types[2] != napi_function) {
    return fail(env, "start(options, onResult, onDone) takes an object and two functions");
  }
  options = portloop_options_new();
  self = calloc(1, sizeof *self);
  if (options == NULL || self == NULL) {
    portloop_options_free(options);
    free(self);
    return fail(env, "out of memory");
  }
  self->env = env;
  error = apply(env, arguments[0], options);
  if (error != 0) {
    free(self);
    self = NULL;
  } else {
    int made = 0;
    error = begin(self, env, arguments, options, &made);
    if (error != 0) self->collected = 1; /* JavaScript never gets it, so it is freed when it is closed */
    if (error != 0 && !made) free(self);
  }
  if (error != 0) {
    const char* why = portloop_options_error(options);
    bool pending = false;
    if (napi_is_exception_pending(env, &pending) == napi_ok && !pending)
      fail(env, *why != '\0' ? why : uv_strerror(error));
    portloop_options_free(options);
    return NULL;
  }
  portloop_options_free(options);
  if (napi_create_external(env, self, on_collected, NULL, &handle) != napi_ok) {
    self->collected = 1;
    close_scan(self);
    return fail(env, "cannot create the handle of the scan");
  }
  return handle;
}

static struct running* scan_of(napi_env env, napi_callback_info info) {
  napi_value argument;
  napi_valuetype type = napi_undefined;
  size_t count = 1;
  void* data = NULL;
  napi_get_cb_info(env, info, &count, &argument, NULL, NULL);
  napi_typeof(env, argument, &type);
  if (type != napi_external || napi_get_value_external(env, argument, &data) != napi_ok) {
    fail(env, "the argument must be a scan returned by start()");
    return NULL;
  }
  return data;
}

static napi_value stop(napi_env env, napi_callback_info info) {
  struct running* self = scan_of(env, info);
  if (self != NULL && self->scan != NULL) portloop_scan_stop(self->scan);
  return NULL;
}

static napi_value stats(napi_env env, napi_callback_info info) {
  struct running* self = scan_of(env, info);
  napi_value object;
  portloop_stats now;
  if (self == NULL || self->scan == NULL || napi_create_object(env, &object) != napi_ok) return NULL;
  portloop_scan_stats(self->scan, &now, sizeof now);
  set_number(env, object, "probes", (double)now.probes);
  set_number(env, object, "connects", (double)now.connects);
  set_number(env, object, "open", (double)now.open);
  set_number(env, object, "closed", (double)now.closed);
  set_number(env, object, "filtered", (double)now.filtered);
  set_number(env, object, "unknown", (double)now.unknown);
  set_number(env, object, "inFlight", now.in_flight);
  return object;
}

NAPI_MODULE_INIT() {
  const struct {
    const char* name;
    napi_callback function;
  } functions[] = {{"start", start}, {"stop", stop}, {"stats", stats}};
  if ((uv_version() >> 16) != (MIN_LIBUV >> 16) || uv_version() < MIN_LIBUV) {
    return fail(env, "portloop needs a Node with libuv 1.44 or a later 1.x");
  }
  for (size_t i = 0; i < sizeof functions / sizeof *functions; ++i) {
    napi_value function;
    if (napi_create_function(env, functions[i].name, NAPI_AUTO_LENGTH, functions[i].function, NULL, &function) !=
        napi_ok)
      return NULL;
    set(env, exports, functions[i].name, function);
  }
  set_text(env, exports, "version", portloop_version());
  return exports;
}
