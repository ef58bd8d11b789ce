/* The module portloop_core: portloop on a libuv loop that portloop.lua drives from luv's loop; see nested_loop.h. For
 * Lua 5.1 to 5.4 and LuaJIT.
 *
 *   loop()             fileno(), turn() -> milliseconds
 *   options()          set(name, value...) -> nil or an error message
 *   scan(loop)         start(options) -> nil or an error message, stop(), pause(), resume(), close(), take() -> a
 * result or nil, outcome() -> nothing while it runs, else true, or true, message, code; is_closed(), stats()
 *
 * The scans have a loop of their own because luv 1.44 takes every handle of its loop for one of luv's in uv.walk().
 */
#include <lauxlib.h>
#include <lua.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "bindings/nested_loop.h"
#include "portloop/portloop.h"

#define LOOP "portloop.loop"
#define OPTIONS "portloop.options"
#define SCAN "portloop.scan"

/* ---- loop ---- */

/* Freed when Lua's handle and all scans are gone; when Lua ends, it collects them in any order. */
struct loop {
  uv_loop_t uv;
  int users;
};

static void release_loop(struct loop* loop) {
  if (--loop->users > 0) return;
  uv_run(&loop->uv, UV_RUN_DEFAULT);
  uv_loop_close(&loop->uv);
  free(loop);
}

/* Pushes an object that is a pointer, NULL for now. */
static void** new_object(lua_State* L, const char* kind) {
  void** object = lua_newuserdata(L, sizeof(void*));
  *object = NULL;
  luaL_getmetatable(L, kind);
  lua_setmetatable(L, -2);
  return object;
}

static void** check_object(lua_State* L, int index, const char* kind) { return luaL_checkudata(L, index, kind); }

static int out_of_memory(lua_State* L) { return luaL_error(L, "portloop: not enough memory"); }

static int loop_new(lua_State* L) {
  void** object = new_object(L, LOOP);
  struct loop* loop = calloc(1, sizeof *loop);
  int error;
  if (loop == NULL) return out_of_memory(L);
  error = uv_loop_init(&loop->uv);
  if (error != 0) {
    free(loop);
    return luaL_error(L, "portloop: cannot create a loop: %s", uv_strerror(error));
  }
  loop->users = 1;
  *object = loop;
  return 1;
}

static struct loop* check_loop(lua_State* L, int index) { return *check_object(L, index, LOOP); }

static int loop_gc(lua_State* L) {
  void** object = check_object(L, 1, LOOP);
  if (*object != NULL) release_loop(*object);
  *object = NULL;
  return 0;
}

static int loop_fileno(lua_State* L) {
  lua_pushinteger(L, uv_backend_fd(&check_loop(L, 1)->uv));
  return 1;
}

static int loop_turn(lua_State* L) {
  lua_pushinteger(L, nested_loop_turn(&check_loop(L, 1)->uv));
  return 1;
}

/* ---- options ---- */

static int options_new(lua_State* L) {
  void** object = new_object(L, OPTIONS);
  *object = portloop_options_new();
  return *object == NULL ? out_of_memory(L) : 1;
}

static portloop_options* check_options(lua_State* L, int index) { return *check_object(L, index, OPTIONS); }

static int options_gc(lua_State* L) {
  void** object = check_object(L, 1, OPTIONS);
  portloop_options_free(*object);
  *object = NULL;
  return 0;
}

/* portloop.lua passes whole numbers from 0 to 2^32 - 1. */
static uint32_t u32(lua_State* L, int index) { return (uint32_t)luaL_checknumber(L, index); }

static int apply_text(lua_State* L, portloop_options* options, int (*apply)(portloop_options*, const char*)) {
  size_t length;
  const char* text = luaL_checklstring(L, 3, &length);
  return strlen(text) == length ? apply(options, text) : UV_EINVAL;
}

static int apply_option(lua_State* L, portloop_options* options, const char* name) {
  static const struct {
    const char* name;
    int (*text)(portloop_options*, const char*);
    int (*u32)(portloop_options*, uint32_t);
  } setters[] = {
      {"targets", portloop_options_add_target, NULL},        {"exclude", portloop_options_exclude_target, NULL},
      {"ports", portloop_options_set_ports, NULL},           {"exclude_ports", portloop_options_exclude_ports, NULL},
      {"in_flight", NULL, portloop_options_set_in_flight},   {"timeout_ms", NULL, portloop_options_set_timeout_ms},
      {"stop_after", NULL, portloop_options_set_stop_after}, {"loops", NULL, portloop_options_set_loops}};
  for (size_t i = 0; i < sizeof setters / sizeof *setters; ++i) {
    if (strcmp(setters[i].name, name) != 0) continue;
    return setters[i].text != NULL ? apply_text(L, options, setters[i].text) : setters[i].u32(options, u32(L, 3));
  }
  if (strcmp(name, "rate") == 0) return portloop_options_set_rate(options, luaL_checknumber(L, 3));
  if (strcmp(name, "retries") == 0) return portloop_options_set_retries(options, (int)luaL_checknumber(L, 3));
  if (strcmp(name, "seed") == 0) return portloop_options_set_seed(options, (uint64_t)luaL_checknumber(L, 3));
  if (strcmp(name, "adaptive") == 0) return portloop_options_set_adaptive(options, lua_toboolean(L, 3));
  if (strcmp(name, "order") == 0) return portloop_options_set_order(options, (enum portloop_order)u32(L, 3));
  if (strcmp(name, "connector") == 0)
    return portloop_options_set_connector(options, (enum portloop_connector)u32(L, 3));
  if (strcmp(name, "shard") == 0) return portloop_options_set_shard(options, u32(L, 3), u32(L, 4));
  if (strcmp(name, "banners") == 0)
    return portloop_options_set_banners(options, (enum portloop_banners)u32(L, 3), u32(L, 4), u32(L, 5));
  return luaL_error(L, "portloop: no option '%s'", name);
}

/* Returns nothing, or the reason of an error. */
static int push_error(lua_State* L, int error, const portloop_options* options) {
  const char* reason = portloop_options_error(options);
  if (error == 0) return 0;
  lua_pushstring(L, error == UV_EINVAL && *reason != '\0' ? reason : uv_strerror(error));
  return 1;
}

static int options_set(lua_State* L) {
  portloop_options* options = check_options(L, 1);
  return push_error(L, apply_option(L, options, luaL_checkstring(L, 2)), options);
}

/* ---- scan ---- */

/* A result that waits for take(). */
struct waiting {
  struct waiting* next;
  portloop_result result; /* its banner points behind this structure */
};

/* Outlives Lua's handle until the scan is closed. */
struct running {
  portloop_scan* scan; /* NULL once it is closed */
  struct loop* loop;
  struct waiting* first;
  struct waiting** end;
  int is_owned;
  int is_done;
  int status;
};

static void free_when_unused(struct running* running) {
  if (running->is_owned || running->scan != NULL) return;
  while (running->first != NULL) {
    struct waiting* next = running->first->next;
    free(running->first);
    running->first = next;
  }
  free(running);
}

/* A result that can't be kept would be lost: the scan is stopped instead, and reported as out of memory. */
static void on_result(portloop_scan* scan, const portloop_result* result) {
  struct running* running = portloop_scan_data(scan);
  struct waiting* waiting = malloc(sizeof *waiting + result->banner_length);
  if (waiting == NULL) {
    running->status = UV_ENOMEM;
    portloop_scan_stop(scan);
    return;
  }
  waiting->next = NULL;
  waiting->result = *result;
  if (result->banner != NULL) {
    memcpy(waiting + 1, result->banner, result->banner_length);
    waiting->result.banner = (const char*)(waiting + 1);
  }
  *running->end = waiting;
  running->end = &waiting->next;
}

static void on_closed(portloop_scan* scan) {
  struct running* running = portloop_scan_data(scan);
  running->scan = NULL;
  free_when_unused(running);
}

static void on_done(portloop_scan* scan, int status) {
  struct running* running = portloop_scan_data(scan);
  running->is_done = 1;
  if (running->status == 0) running->status = status;
  portloop_scan_close(scan, on_closed);
}

static int scan_new(lua_State* L) {
  struct loop* loop = check_loop(L, 1);
  void** object = new_object(L, SCAN);
  struct running* running = calloc(1, sizeof *running);
  if (running == NULL) return out_of_memory(L);
  if (portloop_scan_init(&loop->uv, &running->scan) != 0) {
    free(running);
    return out_of_memory(L);
  }
  portloop_scan_set_data(running->scan, running);
  running->end = &running->first;
  running->is_owned = 1;
  running->loop = loop;
  ++loop->users;
  *object = running;
  return 1;
}

static struct running* check_scan(lua_State* L) { return *check_object(L, 1, SCAN); }

static int scan_gc(lua_State* L) {
  void** object = check_object(L, 1, SCAN);
  struct running* running = *object;
  struct loop* loop;
  if (running == NULL) return 0;
  *object = NULL;
  loop = running->loop;
  running->is_owned = 0;
  if (running->scan != NULL) portloop_scan_close(running->scan, on_closed);
  free_when_unused(running);
  release_loop(loop);
  return 0;
}

static int scan_start(lua_State* L) {
  struct running* running = check_scan(L);
  portloop_options* options = check_options(L, 2);
  return push_error(L, portloop_scan_start(running->scan, options, on_result, on_done), options);
}

static int on_scan(lua_State* L, void (*function)(portloop_scan*)) {
  struct running* running = check_scan(L);
  if (running->scan != NULL) function(running->scan);
  return 0;
}

static void close_scan(portloop_scan* scan) { portloop_scan_close(scan, on_closed); }

static int scan_stop(lua_State* L) { return on_scan(L, portloop_scan_stop); }
static int scan_pause(lua_State* L) { return on_scan(L, portloop_scan_pause); }
static int scan_resume(lua_State* L) { return on_scan(L, portloop_scan_resume); }
static int scan_close(lua_State* L) { return on_scan(L, close_scan); }

static void set_text(lua_State* L, const char* name, const char* text) {
  lua_pushstring(L, text);
  lua_setfield(L, -2, name);
}

static void set_number(lua_State* L, const char* name, lua_Number number) {
  lua_pushnumber(L, number);
  lua_setfield(L, -2, name);
}

static int scan_take(lua_State* L) {
  struct running* running = check_scan(L);
  struct waiting* waiting = running->first;
  const portloop_result* result;
  char address[64];
  if (waiting == NULL) return 0;
  result = &waiting->result;
  portloop_format_address((const struct sockaddr*)&result->address, address, sizeof address);
  lua_createtable(L, 0, 9);
  set_text(L, "address", address);
  lua_pushinteger(L, result->port);
  lua_setfield(L, -2, "port");
  set_text(L, "state", portloop_state_name(result->state));
  set_text(L, "reason", portloop_reason_name(result->reason));
  set_text(L, "service", portloop_service_name(result->port));
  lua_pushinteger(L, (lua_Integer)result->attempts);
  lua_setfield(L, -2, "attempts");
  set_number(L, "rtt_us", (lua_Number)result->rtt_us);
  if (result->error != 0) set_text(L, "error", uv_err_name(result->error));
  if (result->banner != NULL) {
    lua_pushlstring(L, result->banner, result->banner_length);
    lua_setfield(L, -2, "banner");
  }
  running->first = waiting->next;
  if (running->first == NULL) running->end = &running->first;
  free(waiting);
  return 1;
}

static int scan_outcome(lua_State* L) {
  const struct running* running = check_scan(L);
  if (!running->is_done) return 0;
  lua_pushboolean(L, 1);
  if (running->status == 0) return 1;
  lua_pushstring(L, uv_strerror(running->status));
  lua_pushstring(L, uv_err_name(running->status));
  return 3;
}

static int scan_is_closed(lua_State* L) {
  lua_pushboolean(L, check_scan(L)->scan == NULL);
  return 1;
}

static int scan_stats(lua_State* L) {
  const struct running* running = check_scan(L);
  portloop_stats now;
  if (running->scan == NULL) return 0;
  portloop_scan_stats(running->scan, &now, sizeof now);
  lua_createtable(L, 0, 7);
  set_number(L, "probes", (lua_Number)now.probes);
  set_number(L, "connects", (lua_Number)now.connects);
  set_number(L, "open", (lua_Number)now.open);
  set_number(L, "closed", (lua_Number)now.closed);
  set_number(L, "filtered", (lua_Number)now.filtered);
  set_number(L, "unknown", (lua_Number)now.unknown);
  set_number(L, "in_flight", (lua_Number)now.in_flight);
  return 1;
}

/* ---- The module ---- */

static void add_functions(lua_State* L, const luaL_Reg* functions) {
  for (; functions->name != NULL; ++functions) {
    lua_pushcfunction(L, functions->func);
    lua_setfield(L, -2, functions->name);
  }
}

static void add_kind(lua_State* L, const char* kind, const luaL_Reg* methods) {
  luaL_newmetatable(L, kind);
  add_functions(L, methods);
  lua_pushvalue(L, -1);
  lua_setfield(L, -2, "__index");
  lua_pop(L, 1);
}

__attribute__((visibility("default"))) int luaopen_portloop_core(lua_State* L);

int luaopen_portloop_core(lua_State* L) {
  static const luaL_Reg loop_methods[] = {
      {"fileno", loop_fileno}, {"turn", loop_turn}, {"__gc", loop_gc}, {NULL, NULL}};
  static const luaL_Reg options_methods[] = {{"set", options_set}, {"__gc", options_gc}, {NULL, NULL}};
  static const luaL_Reg scan_methods[] = {{"start", scan_start},
                                          {"stop", scan_stop},
                                          {"pause", scan_pause},
                                          {"resume", scan_resume},
                                          {"close", scan_close},
                                          {"take", scan_take},
                                          {"is_closed", scan_is_closed},
                                          {"outcome", scan_outcome},
                                          {"stats", scan_stats},
                                          {"__gc", scan_gc},
                                          {NULL, NULL}};
  static const luaL_Reg functions[] = {{"loop", loop_new}, {"options", options_new}, {"scan", scan_new}, {NULL, NULL}};
  add_kind(L, LOOP, loop_methods);
  add_kind(L, OPTIONS, options_methods);
  add_kind(L, SCAN, scan_methods);
  lua_newtable(L);
  add_functions(L, functions);
  set_text(L, "version", portloop_version());
  return 1;
}
