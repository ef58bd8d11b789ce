// A libuv handle and the object that it belongs to.
//
// The owner is not in handle->data: that field belongs to the program whose loop it is. Programs that walk their loop
// (uvloop, luv) take a pointer in it for one of their own objects, and skip handles whose data is NULL.
#pragma once

#include <uv.h>

namespace portloop {

template <class Handle, class Owner>
struct OwnedHandle {
  Handle handle{};
  Owner* owner = nullptr;

  /// `handle` is the member of an OwnedHandle with these types. It is the first one, so both have the same address.
  static Owner& owner_of(Handle* handle) { return *reinterpret_cast<OwnedHandle*>(handle)->owner; }
  static Owner& owner_of(uv_handle_t* handle) { return owner_of(reinterpret_cast<Handle*>(handle)); }

  Handle* get() { return &handle; }
  uv_handle_t* any() { return reinterpret_cast<uv_handle_t*>(&handle); }
};

}  // namespace portloop
