#include "sockets/kept_connection.hpp"

#include <sys/socket.h>
#include <unistd.h>

namespace portloop {

bool KeptConnection::is_connected() const noexcept {
  sockaddr_storage peer{};
  socklen_t size = sizeof peer;
  return fd_ >= 0 && getpeername(fd_, reinterpret_cast<sockaddr*>(&peer), &size) == 0;
}

void KeptConnection::reset() noexcept {
  if (fd_ < 0) return;
  const linger no_linger{1, 0};
  setsockopt(fd_, SOL_SOCKET, SO_LINGER, &no_linger, sizeof no_linger);
  ::close(take());
}

void KeptConnection::abandon() noexcept {
  if (fd_ >= 0) ::close(take());
}

}  // namespace portloop
