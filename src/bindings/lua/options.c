/* The objects options and group of portloop_core. */
#include "bindings/lua/objects.h"

#include <string.h>

void** new_object(lua_State* L, const char* kind) {
  void** object = lua_newuserdata(L, sizeof(void*));
  *object = NULL;
  luaL_getmetatable(L, kind);
  lua_setmetatable(L, -2);
  return object;
}

void** check_object(lua_State* L, int index, const char* kind) { return luaL_checkudata(L, index, kind); }

int out_of_memory(lua_State* L) { return luaL_error(L, "portloop: not enough memory"); }

/* ---- options ---- */

int options_new(lua_State* L) {
  void** object = new_object(L, OPTIONS);
  *object = portloop_options_new();
  return *object == NULL ? out_of_memory(L) : 1;
}

portloop_options* check_options(lua_State* L, int index) { return *check_object(L, index, OPTIONS); }

static int options_gc(lua_State* L) {
  void** object = check_object(L, 1, OPTIONS);
  portloop_options_free(*object);
  *object = NULL;
  return 0;
}

uint32_t u32(lua_State* L, int index) { return (uint32_t)luaL_checknumber(L, index); }

const char* c_string(lua_State* L, int index) {
  size_t length;
  const char* text = luaL_checklstring(L, index, &length);
  return strlen(text) == length ? text : NULL;
}

static int apply_text(lua_State* L, portloop_options* options, int (*apply)(portloop_options*, const char*)) {
  const char* text = c_string(L, 3);
  return text == NULL ? UV_EINVAL : apply(options, text);
}

static int apply_option(lua_State* L, portloop_options* options, const char* name) {
  static const struct {
    const char* name;
    int (*text)(portloop_options*, const char*);
    int (*u32)(portloop_options*, uint32_t);
  } setters[] = {{"targets", portloop_options_add_target, NULL},
                 {"exclude", portloop_options_exclude_target, NULL},
                 {"ports", portloop_options_set_ports, NULL},
                 {"exclude_ports", portloop_options_exclude_ports, NULL},
                 {"in_flight", NULL, portloop_options_set_in_flight},
                 {"timeout_ms", NULL, portloop_options_set_timeout_ms},
                 {"stop_after", NULL, portloop_options_set_stop_after},
                 {"loops", NULL, portloop_options_set_loops},
                 {"source", portloop_options_set_source, NULL},
                 {"interface", portloop_options_set_interface, NULL},
                 {"mark", NULL, portloop_options_set_mark}};
  for (size_t i = 0; i < sizeof setters / sizeof *setters; ++i) {
    if (strcmp(setters[i].name, name) != 0) continue;
    return setters[i].text != NULL ? apply_text(L, options, setters[i].text) : setters[i].u32(options, u32(L, 3));
  }
  if (strcmp(name, "rate") == 0) return portloop_options_set_rate(options, luaL_checknumber(L, 3));
  if (strcmp(name, "threaded") == 0) return portloop_options_set_threaded(options, lua_toboolean(L, 3));
  if (strcmp(name, "open_input") == 0) return portloop_options_set_open_input(options, lua_toboolean(L, 3));
  if (strcmp(name, "keep_connections") == 0) return portloop_options_set_keep_connections(options, lua_toboolean(L, 3));
  if (strcmp(name, "dscp") == 0) return portloop_options_set_dscp(options, (int)luaL_checknumber(L, 3));
  if (strcmp(name, "retries") == 0) return portloop_options_set_retries(options, (int)luaL_checknumber(L, 3));
  if (strcmp(name, "seed") == 0) return portloop_options_set_seed(options, (uint64_t)luaL_checknumber(L, 3));
  if (strcmp(name, "adaptive") == 0) return portloop_options_set_adaptive(options, lua_toboolean(L, 3));
  if (strcmp(name, "all_open") == 0) return portloop_options_set_all_open(options, (enum portloop_all_open)u32(L, 3));
  if (strcmp(name, "order") == 0) return portloop_options_set_order(options, (enum portloop_order)u32(L, 3));
  if (strcmp(name, "connector") == 0)
    return portloop_options_set_connector(options, (enum portloop_connector)u32(L, 3));
  if (strcmp(name, "shard") == 0) return portloop_options_set_shard(options, u32(L, 3), u32(L, 4));
  if (strcmp(name, "banners") == 0)
    return portloop_options_set_banners(options, (enum portloop_banners)u32(L, 3), u32(L, 4), u32(L, 5));
  return luaL_error(L, "portloop: no option '%s'", name);
}

int push_error(lua_State* L, int error, const portloop_options* options) {
  const char* reason = portloop_options_error(options);
  if (error == 0) return 0;
  lua_pushstring(L, error == UV_EINVAL && *reason != '\0' ? reason : uv_strerror(error));
  return 1;
}

static int options_set(lua_State* L) {
  portloop_options* options = check_options(L, 1);
  return push_error(L, apply_option(L, options, luaL_checkstring(L, 2)), options);
}

/* ---- group ---- */

int group_new(lua_State* L) {
  void** object = new_object(L, GROUP);
  *object = portloop_group_new();
  return *object == NULL ? out_of_memory(L) : 1;
}

static portloop_group* check_group(lua_State* L, int index) { return *check_object(L, index, GROUP); }

static int group_gc(lua_State* L) {
  void** object = check_object(L, 1, GROUP);
  portloop_group_free(*object);
  *object = NULL;
  return 0;
}

int push_reason(lua_State* L, int error) {
  if (error == 0) return 0;
  lua_pushstring(L, uv_strerror(error));
  return 1;
}

static int group_set_in_flight(lua_State* L) {
  return push_reason(L, portloop_group_set_in_flight(check_group(L, 1), u32(L, 2)));
}

static int group_set_rate(lua_State* L) {
  return push_reason(L, portloop_group_set_rate(check_group(L, 1), luaL_checknumber(L, 2)));
}

static int options_set_group(lua_State* L) {
  portloop_options_set_group(check_options(L, 1), check_group(L, 2));
  return 0;
}

const luaL_Reg options_methods[] = {
    {"set", options_set}, {"set_group", options_set_group}, {"__gc", options_gc}, {NULL, NULL}};
const luaL_Reg group_methods[] = {
    {"set_in_flight", group_set_in_flight}, {"set_rate", group_set_rate}, {"__gc", group_gc}, {NULL, NULL}};
