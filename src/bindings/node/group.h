/* Groups of scans, for JavaScript. */
#ifndef PORTLOOP_NODE_GROUP_H
#define PORTLOOP_NODE_GROUP_H

#define NAPI_VERSION 8
#include <node_api.h>

/* createGroup() -> group, setGroupInFlight(group, number), setGroupRate(group, number); both throw what is refused. */
napi_value create_group(napi_env env, napi_callback_info info);
napi_value set_group_in_flight(napi_env env, napi_callback_info info);
napi_value set_group_rate(napi_env env, napi_callback_info info);

#endif
