/* portloop on Node's own loop, through Node-API. The package's JavaScript is the only user of these functions, and has
 * checked the types of what it passes:
 *
 *   create(options, group or undefined) -> scan
 *   start(scan, onResult, onDone, onHost or undefined, onProgress or undefined, progressMs)
 *   stop, pause, resume, finish, ref, unref, close, stats(scan)
 *   setInFlight(scan, number), setRate(scan, number), add(scan, target, ports or undefined, tag)
 *   takeFd(scan, fd) -> boolean, resetFd(scan, fd): of the connection that a result has
 *   createGroup, setGroupInFlight, setGroupRate: see group.h
 *
 * Node contains and exports its own libuv, so this addon must not be linked with another one. libuv keeps its ABI
 * within version 1, so portloop may be compiled with an older header than Node's. The version is checked when the addon
 * is loaded.
 */
#include <stdlib.h>
#include <uv.h>

#include "group.h"
#include "running.h"

#define MIN_LIBUV ((1 << 16) | (44 << 8))

static napi_value fail(napi_env env, const char* code, const char* message) {
  bool pending = false;
  if (napi_is_exception_pending(env, &pending) == napi_ok && !pending) napi_throw_error(env, code, message);
  return NULL;
}

static void set(napi_env env, napi_value object, const char* name, napi_value value) {
  napi_set_named_property(env, object, name, value);
}

static void set_number(napi_env env, napi_value object, const char* name, double number) {
  napi_value value;
  if (napi_create_double(env, number, &value) == napi_ok) set(env, object, name, value);
}

static void set_text(napi_env env, napi_value object, const char* name, const char* text) {
  napi_value value;
  if (napi_create_string_utf8(env, text, NAPI_AUTO_LENGTH, &value) == napi_ok) set(env, object, name, value);
}

/* Returns the scan that is the first of `count` arguments; throws and returns NULL if it is none. */
static struct running* arguments_of(napi_env env, napi_callback_info info, size_t count, napi_value* arguments) {
  napi_valuetype type = napi_undefined;
  void* data = NULL;
  napi_get_cb_info(env, info, &count, arguments, NULL, NULL);
  napi_typeof(env, arguments[0], &type);
  if (type != napi_external || napi_get_value_external(env, arguments[0], &data) != napi_ok)
    fail(env, "ERR_INVALID_ARG_TYPE", "the first argument must be what create() returned");
  return data;
}

static napi_value create(napi_env env, napi_callback_info info) {
  napi_value arguments[2], handle;
  size_t count = 2;
  void* group = NULL;
  struct running* self = calloc(1, sizeof *self);
  int error = UV_ENOMEM;
  napi_get_cb_info(env, info, &count, arguments, NULL, NULL);
  if (self == NULL) return fail(env, "ENOMEM", uv_strerror(UV_ENOMEM));
  self->env = env;
  self->options = portloop_options_new();
  if (self->options != NULL) error = apply_options(env, arguments[0], self->options);
  if (error == 0 && napi_get_value_external(env, arguments[1], &group) == napi_ok)
    portloop_options_set_group(self->options, group);
  if (error == 0 && napi_create_external(env, self, on_collected, NULL, &handle) == napi_ok) return handle;
  if (error != 0) {
    const char* reason = self->options != NULL ? portloop_options_error(self->options) : "";
    fail(env, uv_err_name(error), *reason != '\0' ? reason : uv_strerror(error));
  }
  portloop_options_free(self->options);
  free(self);
  return NULL;
}

static napi_value start(napi_env env, napi_callback_info info) {
  napi_value arguments[6];
  struct running* self = arguments_of(env, info, 6, arguments);
  napi_valuetype types[2] = {napi_undefined, napi_undefined};
  int error;
  if (self == NULL) return NULL;
  for (size_t i = 0; i < 2; ++i) napi_typeof(env, arguments[i + 1], &types[i]);
  if (types[0] != napi_function || types[1] != napi_function)
    return fail(env, "ERR_INVALID_ARG_TYPE", "start(scan, onResult, onDone, ...) takes two functions");
  if (self->options == NULL) return fail(env, uv_err_name(UV_EALREADY), "the scan was already started");
  error = begin(self, arguments);
  if (error != 0) {
    const char* reason = portloop_options_error(self->options);
    close_scan(self);
    fail(env, uv_err_name(error), *reason != '\0' ? reason : uv_strerror(error));
  }
  portloop_options_free(self->options);
  self->options = NULL;
  return NULL;
}

static napi_value on_scan(napi_env env, napi_callback_info info, void (*function)(portloop_scan*)) {
  napi_value argument;
  struct running* self = arguments_of(env, info, 1, &argument);
  if (self != NULL && self->scan != NULL) function(self->scan);
  return NULL;
}

static napi_value stop(napi_env env, napi_callback_info info) { return on_scan(env, info, portloop_scan_stop); }
static napi_value pause_scan(napi_env env, napi_callback_info info) { return on_scan(env, info, portloop_scan_pause); }
static napi_value resume(napi_env env, napi_callback_info info) { return on_scan(env, info, portloop_scan_resume); }
static napi_value ref(napi_env env, napi_callback_info info) { return on_scan(env, info, portloop_scan_ref); }
static napi_value unref(napi_env env, napi_callback_info info) { return on_scan(env, info, portloop_scan_unref); }

static napi_value finish(napi_env env, napi_callback_info info) {
  return on_scan(env, info, portloop_scan_finish_input);
}

static napi_value close_handle(napi_env env, napi_callback_info info) {
  napi_value argument;
  struct running* self = arguments_of(env, info, 1, &argument);
  if (self == NULL) return NULL;
  close_scan(self);
  connections_reset_all(&self->connections); /* of results that nobody will ask for */
  return NULL;
}

static napi_value set_in_flight(napi_env env, napi_callback_info info) {
  napi_value arguments[2];
  struct running* self = arguments_of(env, info, 2, arguments);
  uint32_t connects = 0;
  if (self == NULL || self->scan == NULL) return NULL;
  napi_get_value_uint32(env, arguments[1], &connects);
  if (portloop_scan_set_in_flight(self->scan, connects) == 0) return NULL;
  return fail(env, "EINVAL", "inFlight is 1-1000000 connects, and at least one for each loop thread");
}

static napi_value set_rate(napi_env env, napi_callback_info info) {
  napi_value arguments[2];
  struct running* self = arguments_of(env, info, 2, arguments);
  double rate = 0;
  if (self == NULL || self->scan == NULL) return NULL;
  napi_get_value_double(env, arguments[1], &rate);
  if (portloop_scan_set_rate(self->scan, rate) == 0) return NULL;
  return fail(env, "EINVAL", "rate is 0-1000000000 connects per second");
}

static napi_value add(napi_env env, napi_callback_info info) {
  napi_value arguments[4];
  struct running* self = arguments_of(env, info, 4, arguments);
  napi_valuetype type = napi_undefined;
  char *target, *ports = NULL;
  int64_t tag = 0;
  int error = UV_ESHUTDOWN;
  if (self == NULL) return NULL;
  target = text_of(env, arguments[1]);
  napi_typeof(env, arguments[2], &type);
  if (type == napi_string) ports = text_of(env, arguments[2]);
  napi_get_value_int64(env, arguments[3], &tag);
  if (target == NULL || (type == napi_string && ports == NULL)) {
    fail(env, "EINVAL", uv_strerror(UV_EINVAL));
  } else {
    if (self->scan != NULL) error = portloop_scan_add_target(self->scan, target, ports, (uint64_t)tag);
    if (error == UV_EINVAL) {
      fail(env, "EINVAL", portloop_scan_input_error(self->scan));
    } else if (error != 0) {
      fail(env, uv_err_name(error),
           error == UV_ESHUTDOWN ? "nothing can be added: the input of the scan is not open" : uv_strerror(error));
    }
  }
  free(target);
  free(ports);
  return NULL;
}

/* The scan and the descriptor that are arguments. */
static struct running* connection_of(napi_env env, napi_callback_info info, int32_t* fd) {
  napi_value arguments[2];
  struct running* self = arguments_of(env, info, 2, arguments);
  if (self != NULL) napi_get_value_int32(env, arguments[1], fd);
  return self;
}

static napi_value take_fd(napi_env env, napi_callback_info info) {
  napi_value taken = NULL;
  int32_t fd = -1;
  struct running* self = connection_of(env, info, &fd);
  if (self != NULL) napi_get_boolean(env, connections_take(&self->connections, fd), &taken);
  return taken;
}

static napi_value reset_fd(napi_env env, napi_callback_info info) {
  int32_t fd = -1;
  struct running* self = connection_of(env, info, &fd);
  if (self != NULL) connections_reset(&self->connections, fd);
  return NULL;
}

/* Returns undefined if the scan does not run. */
static napi_value stats(napi_env env, napi_callback_info info) {
  napi_value argument, object;
  struct running* self = arguments_of(env, info, 1, &argument);
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
  set_number(env, object, "waiting", (double)now.waiting);
  return object;
}

/* exports.states and exports.reasons: the names, by number. */
static void set_names(napi_env env, napi_value exports) {
  napi_value states, reasons, name;
  if (napi_create_array(env, &states) != napi_ok || napi_create_array(env, &reasons) != napi_ok) return;
  for (uint32_t i = PORTLOOP_OPEN; i <= PORTLOOP_UNKNOWN; ++i) {
    napi_create_string_utf8(env, portloop_state_name((enum portloop_state)i), NAPI_AUTO_LENGTH, &name);
    napi_set_element(env, states, i, name);
  }
  for (uint32_t i = PORTLOOP_SYN_ACK; i <= PORTLOOP_BANNED; ++i) {
    napi_create_string_utf8(env, portloop_reason_name((enum portloop_reason)i), NAPI_AUTO_LENGTH, &name);
    napi_set_element(env, reasons, i, name);
  }
  set(env, exports, "states", states);
  set(env, exports, "reasons", reasons);
}

NAPI_MODULE_INIT() {
  static const struct {
    const char* name;
    napi_callback function;
  } functions[] = {{"create", create},
                   {"start", start},
                   {"stop", stop},
                   {"pause", pause_scan},
                   {"resume", resume},
                   {"ref", ref},
                   {"unref", unref},
                   {"close", close_handle},
                   {"stats", stats},
                   {"finish", finish},
                   {"setInFlight", set_in_flight},
                   {"setRate", set_rate},
                   {"add", add},
                   {"takeFd", take_fd},
                   {"resetFd", reset_fd},
                   {"createGroup", create_group},
                   {"setGroupInFlight", set_group_in_flight},
                   {"setGroupRate", set_group_rate}};
  if ((uv_version() >> 16) != (MIN_LIBUV >> 16) || uv_version() < MIN_LIBUV)
    return fail(env, "ERR_DLOPEN_FAILED", "portloop needs a Node with libuv 1.44 or a later 1.x");
  for (size_t i = 0; i < sizeof functions / sizeof *functions; ++i) {
    napi_value function;
    if (napi_create_function(env, functions[i].name, NAPI_AUTO_LENGTH, functions[i].function, NULL, &function) !=
        napi_ok)
      return NULL;
    set(env, exports, functions[i].name, function);
  }
  set_names(env, exports);
  set_text(env, exports, "version", portloop_version());
  return exports;
}
