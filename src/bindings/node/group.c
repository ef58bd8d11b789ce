#include "group.h"

#include <uv.h>

#include "portloop/portloop.h"

static void on_collected(napi_env env, void* group, void* hint) {
  (void)env;
  (void)hint;
  portloop_group_free(group);
}

napi_value create_group(napi_env env, napi_callback_info info) {
  napi_value handle;
  portloop_group* group = portloop_group_new();
  (void)info;
  if (group != NULL && napi_create_external(env, group, on_collected, NULL, &handle) == napi_ok) return handle;
  portloop_group_free(group);
  napi_throw_error(env, "ENOMEM", uv_strerror(UV_ENOMEM));
  return NULL;
}

/* group.js has checked the types. */
static portloop_group* arguments_of(napi_env env, napi_callback_info info, double* number) {
  napi_value arguments[2];
  size_t count = 2;
  void* group = NULL;
  napi_get_cb_info(env, info, &count, arguments, NULL, NULL);
  napi_get_value_external(env, arguments[0], &group);
  napi_get_value_double(env, arguments[1], number);
  return group;
}

static napi_value refuse(napi_env env, int error, const char* rule) {
  if (error != 0) napi_throw_error(env, uv_err_name(error), rule);
  return NULL;
}

napi_value set_group_in_flight(napi_env env, napi_callback_info info) {
  double number = 0;
  portloop_group* group = arguments_of(env, info, &number);
  return refuse(env, portloop_group_set_in_flight(group, (uint32_t)number), "inFlight is 1-1000000 connects");
}

napi_value set_group_rate(napi_env env, napi_callback_info info) {
  double number = 0;
  portloop_group* group = arguments_of(env, info, &number);
  return refuse(env, portloop_group_set_rate(group, number), "rate is 0-1000000000 connects per second");
}
