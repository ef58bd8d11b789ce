/* The module portloop_core: portloop on a libuv loop that portloop.lua drives from luv's loop; see nested_loop.h and
 * nested_scan.h. For Lua 5.1 to 5.4 and LuaJIT. portloop.lua has checked all arguments.
 *
 *   loop()             fileno(), turn() -> milliseconds
 *   group()            set_in_flight(number), set_rate(number) -> nil or an error message
 *   options()          set(name, value...) -> nil or an error message, set_group(group)
 *   scan(loop)         start(options, hosts, progress_ms) -> nil or an error message, stop(), pause(), resume(),
 *                      set_in_flight(number), set_rate(number), add(target, ports, tag) -> nil or an error message,
 *                      finish(), close(), take(), take_fd(), forget(), take_progress(), is_closed(), stats(),
 *                      outcome() -> nothing while it runs, else true, or true, message, code
 *
 * The scans have a loop of their own because luv 1.44 takes every handle of its loop for one of luv's in uv.walk().
 */
#include <stdlib.h>
#include <uv.h>

#include "bindings/lua/objects.h"
#include "bindings/nested_loop.h"
#include "bindings/nested_scan.h"

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

/* ---- scan ---- */

/* What Lua has of a scan. */
struct handle {
  struct nested_scan* scan;
  struct loop* loop;
  struct nested_event* taken; /* the last result, while its connection may be taken over */
};

static int scan_new(lua_State* L) {
  struct loop* loop = check_loop(L, 1);
  void** object = new_object(L, SCAN);
  struct handle* handle = calloc(1, sizeof *handle);
  if (handle == NULL) return out_of_memory(L);
  handle->scan = nested_scan_new(&loop->uv);
  if (handle->scan == NULL) {
    free(handle);
    return out_of_memory(L);
  }
  handle->loop = loop;
  ++loop->users;
  *object = handle;
  return 1;
}

static struct handle* check_scan(lua_State* L) { return *check_object(L, 1, SCAN); }

static void forget_taken(struct handle* handle) {
  if (handle->taken != NULL) nested_event_free(handle->scan, handle->taken);
  handle->taken = NULL;
}

static int scan_gc(lua_State* L) {
  void** object = check_object(L, 1, SCAN);
  struct handle* handle = *object;
  if (handle == NULL) return 0;
  *object = NULL;
  forget_taken(handle);
  nested_scan_release(handle->scan);
  release_loop(handle->loop);
  free(handle);
  return 0;
}

static int scan_start(lua_State* L) {
  struct nested_scan* scan = check_scan(L)->scan;
  portloop_options* options = check_options(L, 2);
  return push_error(L, nested_scan_start(scan, options, lua_toboolean(L, 3), u32(L, 4)), options);
}

static int on_scan(lua_State* L, void (*function)(portloop_scan*)) {
  struct nested_scan* scan = check_scan(L)->scan;
  if (scan->scan != NULL) function(scan->scan);
  return 0;
}

static int scan_stop(lua_State* L) { return on_scan(L, portloop_scan_stop); }
static int scan_pause(lua_State* L) { return on_scan(L, portloop_scan_pause); }
static int scan_resume(lua_State* L) { return on_scan(L, portloop_scan_resume); }
static int scan_finish(lua_State* L) { return on_scan(L, portloop_scan_finish_input); }

static int scan_close(lua_State* L) {
  nested_scan_close(check_scan(L)->scan);
  return 0;
}

static int scan_set_in_flight(lua_State* L) {
  portloop_scan* scan = check_scan(L)->scan->scan;
  return push_reason(L, scan == NULL ? 0 : portloop_scan_set_in_flight(scan, u32(L, 2)));
}

static int scan_set_rate(lua_State* L) {
  portloop_scan* scan = check_scan(L)->scan->scan;
  return push_reason(L, scan == NULL ? 0 : portloop_scan_set_rate(scan, luaL_checknumber(L, 2)));
}

/* add(target, ports or nil, tag) -> nothing, or an error message */
static int scan_add(lua_State* L) {
  portloop_scan* scan = check_scan(L)->scan->scan;
  const char* target = c_string(L, 2);
  const char* ports = lua_isnil(L, 3) ? NULL : c_string(L, 3);
  int error;
  if (target == NULL || (ports == NULL && !lua_isnil(L, 3))) return push_reason(L, UV_EINVAL);
  error = scan == NULL ? UV_ESHUTDOWN : portloop_scan_add_target(scan, target, ports, (uint64_t)luaL_checknumber(L, 4));
  if (error != UV_EINVAL && error != UV_ESHUTDOWN) return push_reason(L, error);
  lua_pushstring(L, error == UV_EINVAL ? portloop_scan_input_error(scan) : NESTED_INPUT_CLOSED);
  return 1;
}

static void set_text(lua_State* L, const char* name, const char* text) {
  lua_pushstring(L, text);
  lua_setfield(L, -2, name);
}

static void set_number(lua_State* L, const char* name, lua_Number number) {
  lua_pushnumber(L, number);
  lua_setfield(L, -2, name);
}

static void set_address(lua_State* L, const portloop_result* result) {
  char address[64];
  portloop_format_address((const struct sockaddr*)&result->address, address, sizeof address);
  set_text(L, "address", address);
}

static void push_result(lua_State* L, const portloop_result* result) {
  lua_createtable(L, 0, 11);
  set_address(L, result);
  lua_pushinteger(L, result->port);
  lua_setfield(L, -2, "port");
  set_text(L, "state", portloop_state_name(result->state));
  set_text(L, "reason", portloop_reason_name(result->reason));
  set_text(L, "service", portloop_service_name(result->port));
  lua_pushinteger(L, (lua_Integer)result->attempts);
  lua_setfield(L, -2, "attempts");
  set_number(L, "rtt_us", (lua_Number)result->rtt_us);
  set_number(L, "tag", (lua_Number)result->tag);
  if (result->error != 0) set_text(L, "error", uv_err_name(result->error));
  if (result->banner != NULL) {
    lua_pushlstring(L, result->banner, result->banner_length);
    lua_setfield(L, -2, "banner");
  }
}

static void push_host(lua_State* L, const struct nested_event* event) {
  static const char* const names[] = {"absent", "silent", "back", "all-open", "banned"};
  lua_createtable(L, 0, 2);
  set_address(L, &event->result);
  set_text(L, "event", (size_t)event->host_event < sizeof names / sizeof *names ? names[event->host_event] : "unknown");
}

/* take() -> result, whether its connection can be taken; nil, nil, an event of a host; or nothing. The connection of
 * the result before is reset if it was not taken. */
static int scan_take(lua_State* L) {
  struct handle* handle = check_scan(L);
  const struct nested_event* event = handle->scan->first;
  forget_taken(handle);
  if (event == NULL) return 0;
  if (event->is_host) {
    lua_pushnil(L);
    lua_pushnil(L);
    push_host(L, event);
  } else {
    push_result(L, &event->result);
    lua_pushboolean(L, event->fd >= 0);
  }
  handle->taken = nested_scan_take(handle->scan); /* only now: an error of Lua's loses no event */
  return event->is_host ? 3 : 2;
}

/* take_fd() -> the descriptor of the last result's connection, or nil */
static int scan_take_fd(lua_State* L) {
  struct handle* handle = check_scan(L);
  int fd = handle->taken == NULL ? -1 : nested_event_take_fd(handle->taken);
  if (fd < 0) return 0;
  lua_pushinteger(L, fd);
  return 1;
}

static int scan_forget(lua_State* L) {
  forget_taken(check_scan(L));
  return 0;
}

static int scan_take_progress(lua_State* L) {
  lua_pushboolean(L, nested_scan_take_progress(check_scan(L)->scan));
  return 1;
}

static int scan_outcome(lua_State* L) {
  const struct nested_scan* scan = check_scan(L)->scan;
  if (!scan->is_done) return 0;
  lua_pushboolean(L, 1);
  if (scan->status == 0) return 1;
  lua_pushstring(L, uv_strerror(scan->status));
  lua_pushstring(L, uv_err_name(scan->status));
  return 3;
}

static int scan_is_closed(lua_State* L) {
  lua_pushboolean(L, check_scan(L)->scan->scan == NULL);
  return 1;
}

static int scan_stats(lua_State* L) {
  const struct nested_scan* scan = check_scan(L)->scan;
  portloop_stats now;
  if (scan->scan == NULL) return 0;
  portloop_scan_stats(scan->scan, &now, sizeof now);
  lua_createtable(L, 0, 8);
  set_number(L, "probes", (lua_Number)now.probes);
  set_number(L, "connects", (lua_Number)now.connects);
  set_number(L, "open", (lua_Number)now.open);
  set_number(L, "closed", (lua_Number)now.closed);
  set_number(L, "filtered", (lua_Number)now.filtered);
  set_number(L, "unknown", (lua_Number)now.unknown);
  set_number(L, "in_flight", (lua_Number)now.in_flight);
  set_number(L, "waiting", (lua_Number)now.waiting);
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
  static const luaL_Reg scan_methods[] = {{"start", scan_start},
                                          {"stop", scan_stop},
                                          {"pause", scan_pause},
                                          {"resume", scan_resume},
                                          {"close", scan_close},
                                          {"set_in_flight", scan_set_in_flight},
                                          {"set_rate", scan_set_rate},
                                          {"add", scan_add},
                                          {"finish", scan_finish},
                                          {"take", scan_take},
                                          {"take_fd", scan_take_fd},
                                          {"forget", scan_forget},
                                          {"take_progress", scan_take_progress},
                                          {"is_closed", scan_is_closed},
                                          {"outcome", scan_outcome},
                                          {"stats", scan_stats},
                                          {"__gc", scan_gc},
                                          {NULL, NULL}};
  static const luaL_Reg functions[] = {
      {"loop", loop_new}, {"group", group_new}, {"options", options_new}, {"scan", scan_new}, {NULL, NULL}};
  add_kind(L, LOOP, loop_methods);
  add_kind(L, GROUP, group_methods);
  add_kind(L, OPTIONS, options_methods);
  add_kind(L, SCAN, scan_methods);
  lua_newtable(L);
  add_functions(L, functions);
  set_text(L, "version", portloop_version());
  return 1;
}
