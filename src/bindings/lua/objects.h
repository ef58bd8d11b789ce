/* The kinds of objects of portloop_core, and what their functions share. */
#ifndef PORTLOOP_LUA_OBJECTS_H
#define PORTLOOP_LUA_OBJECTS_H

#include <lauxlib.h>
#include <lua.h>

#include "portloop/portloop.h"

#define LOOP "portloop.loop"
#define GROUP "portloop.group"
#define OPTIONS "portloop.options"
#define SCAN "portloop.scan"

/* Pushes an object that holds a pointer. It is NULL, which __gc ignores, until the caller has made what it is for. */
void** new_object(lua_State* L, const char* kind);
/* Returns an argument's pointer, and raises an error if it is of another kind. */
void** check_object(lua_State* L, int index, const char* kind);
portloop_options* check_options(lua_State* L, int index);

int out_of_memory(lua_State* L);
/* Returns NULL if the string has a NUL inside. */
const char* c_string(lua_State* L, int index);
/* portloop.lua passes whole numbers from 0 to 2^32 - 1. */
uint32_t u32(lua_State* L, int index);

/* The results of a function that returns nothing, or the reason of an error. */
int push_reason(lua_State* L, int error);
int push_error(lua_State* L, int error, const portloop_options* options);

extern const luaL_Reg options_methods[];
extern const luaL_Reg group_methods[];
int options_new(lua_State* L);
int group_new(lua_State* L);

#endif
