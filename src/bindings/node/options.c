#include "options.h"

#include <stdlib.h>
#include <string.h>
#include <uv.h>

/* Returns whether the object has this property, with a value other than undefined. */
static bool get(napi_env env, napi_value object, const char* name, napi_value* value) {
  napi_valuetype type;
  return napi_get_named_property(env, object, name, value) == napi_ok && napi_typeof(env, *value, &type) == napi_ok &&
         type != napi_undefined;
}

char* text_of(napi_env env, napi_value value) {
  size_t length = 0;
  char* text = NULL;
  if (napi_get_value_string_utf8(env, value, NULL, 0, &length) == napi_ok) text = malloc(length + 1);
  if (text == NULL) return NULL;
  if (napi_get_value_string_utf8(env, value, text, length + 1, &length) == napi_ok && strlen(text) == length)
    return text;
  free(text);
  return NULL;
}

static int apply_text(napi_env env, napi_value value, portloop_options* options,
                      int (*apply)(portloop_options*, const char*)) {
  char* text = text_of(env, value);
  const int error = text == NULL ? UV_EINVAL : apply(options, text);
  free(text);
  return error;
}

static int apply_texts(napi_env env, napi_value object, portloop_options* options) {
  static const struct {
    const char* name;
    int (*apply)(portloop_options*, const char*);
  } lists[] = {{"targets", portloop_options_add_target}, {"exclude", portloop_options_exclude_target},
               {"ports", portloop_options_set_ports},    {"excludePorts", portloop_options_exclude_ports},
               {"source", portloop_options_set_source},  {"interface", portloop_options_set_interface}};
  for (size_t i = 0; i < sizeof lists / sizeof *lists; ++i) {
    napi_value list, word;
    uint32_t count = 0;
    if (!get(env, object, lists[i].name, &list)) continue;
    if (napi_get_array_length(env, list, &count) != napi_ok) return UV_EINVAL;
    for (uint32_t k = 0; k < count; ++k) {
      int error = UV_EINVAL;
      if (napi_get_element(env, list, k, &word) == napi_ok) error = apply_text(env, word, options, lists[i].apply);
      if (error != 0) return error;
    }
  }
  return 0;
}

static uint32_t whole(napi_env env, napi_value value) {
  uint32_t number = 0;
  napi_get_value_uint32(env, value, &number);
  return number;
}

static int signed_whole(napi_env env, napi_value value) {
  int32_t number = 0;
  napi_get_value_int32(env, value, &number);
  return number;
}

static int apply_numbers(napi_env env, napi_value object, portloop_options* options) {
  static const struct {
    const char* name;
    int (*apply)(portloop_options*, uint32_t);
  } numbers[] = {{"inFlight", portloop_options_set_in_flight},
                 {"timeoutMs", portloop_options_set_timeout_ms},
                 {"stopAfter", portloop_options_set_stop_after},
                 {"loops", portloop_options_set_loops},
                 {"mark", portloop_options_set_mark}};
  napi_value value;
  int error = 0;
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; ++i) {
    if (error == 0 && get(env, object, numbers[i].name, &value)) error = numbers[i].apply(options, whole(env, value));
  }
  if (error == 0 && get(env, object, "rate", &value)) {
    double rate = 0;
    napi_get_value_double(env, value, &rate);
    error = portloop_options_set_rate(options, rate);
  }
  if (error == 0 && get(env, object, "retries", &value))
    error = portloop_options_set_retries(options, signed_whole(env, value));
  if (error == 0 && get(env, object, "dscp", &value))
    error = portloop_options_set_dscp(options, signed_whole(env, value));
  if (error == 0 && get(env, object, "seed", &value)) {
    uint64_t seed = 0;
    bool lossless = false;
    napi_get_value_bigint_uint64(env, value, &seed, &lossless);
    error = portloop_options_set_seed(options, seed);
  }
  return error;
}

static int apply_flags(napi_env env, napi_value object, portloop_options* options) {
  static const struct {
    const char* name;
    int (*apply)(portloop_options*, int);
  } flags[] = {{"adaptive", portloop_options_set_adaptive},
               {"threaded", portloop_options_set_threaded},
               {"openInput", portloop_options_set_open_input},
               {"keepConnections", portloop_options_set_keep_connections}};
  int error = 0;
  for (size_t i = 0; i < sizeof flags / sizeof *flags; ++i) {
    napi_value value;
    bool on = false;
    if (error == 0 && get(env, object, flags[i].name, &value) && napi_get_value_bool(env, value, &on) == napi_ok)
      error = flags[i].apply(options, on);
  }
  return error;
}

/* scan.js passes these, and the kind of banners, as the numbers of portloop.h. */
static int apply_choices(napi_env env, napi_value object, portloop_options* options) {
  napi_value value, first, second;
  int error = 0;
  if (get(env, object, "allOpen", &value))
    error = portloop_options_set_all_open(options, (enum portloop_all_open)whole(env, value));
  if (error == 0 && get(env, object, "order", &value))
    error = portloop_options_set_order(options, (enum portloop_order)whole(env, value));
  if (error == 0 && get(env, object, "connector", &value))
    error = portloop_options_set_connector(options, (enum portloop_connector)whole(env, value));
  if (error == 0 && get(env, object, "shard", &value) && get(env, value, "number", &first) &&
      get(env, value, "count", &second))
    error = portloop_options_set_shard(options, whole(env, first), whole(env, second));
  if (error == 0 && get(env, object, "banners", &value) && get(env, value, "timeoutMs", &first) &&
      get(env, value, "maxBytes", &second)) {
    napi_value kind;
    if (get(env, value, "kind", &kind))
      error = portloop_options_set_banners(options, (enum portloop_banners)whole(env, kind), whole(env, first),
                                           whole(env, second));
  }
  return error;
}

int apply_options(napi_env env, napi_value object, portloop_options* options) {
  int error = apply_texts(env, object, options);
  if (error == 0) error = apply_numbers(env, object, options);
  if (error == 0) error = apply_flags(env, object, options);
  return error == 0 ? apply_choices(env, object, options) : error;
}
