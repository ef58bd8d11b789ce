// Taking a descriptor out of a libuv handle.
#pragma once

#include <fcntl.h>
#include <uv.h>

#include <cerrno>

namespace portloop {

/// A libuv handle can't give its descriptor away. Returns a duplicate, or a negative libuv code.
inline int duplicate_descriptor(const uv_handle_t* handle) {
  uv_os_fd_t fd = -1;
  const int error = uv_fileno(handle, &fd);
  if (error != 0) return error;
  const int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
  return copy < 0 ? uv_translate_sys_error(errno) : copy;
}

}  // namespace portloop
