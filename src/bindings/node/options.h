/* The options of a scan, from a JavaScript object. */
#ifndef PORTLOOP_NODE_OPTIONS_H
#define PORTLOOP_NODE_OPTIONS_H

#define NAPI_VERSION 8
#include <node_api.h>

#include "portloop/portloop.h"

/* Applies the properties of `object`, whose types scan.js has checked. Returns 0 or a negative libuv code; the reason
 * is then in portloop_options_error(), or an exception is pending. */
int apply_options(napi_env env, napi_value object, portloop_options* options);

/* Returns a copy of a string, to be freed; NULL if it has a NUL inside, is no string, or there is no memory for it. */
char* text_of(napi_env env, napi_value value);

#endif
