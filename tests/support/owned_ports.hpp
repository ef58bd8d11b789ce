// Ports of this machine with a known state: a listening port is open, one that is only bound is closed, and a listener
// with a full queue is silent. No other process can take them while they are held.
#pragma once

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>
#include <set>
#include <vector>

namespace portloop::testing {

class OwnedPorts {
 public:
  explicit OwnedPorts(int family) : family_(family) {}
  ~OwnedPorts() {
    for (const int fd : descriptors_) close(fd);
  }
  OwnedPorts(const OwnedPorts&) = delete;

  /// Each returns the port, or 0 if there is none (no IPv6).
  uint16_t add_open() { return add(128); }
  uint16_t add_closed() { return add(-1); }
  uint16_t add_silent() {
    const uint16_t port = add(0);
    // Two connections fill a queue of length 0; every further SYN is dropped.
    for (int i = 0; i < 2 && port != 0; ++i) {
      const int fd = socket(family_, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
      sockaddr_storage to = loopback(port);
      (void)!connect(fd, reinterpret_cast<sockaddr*>(&to), size());
      descriptors_.push_back(fd);
    }
    return port;
  }

  const std::set<uint16_t>& all() const { return ports_; }

 private:
  socklen_t size() const { return family_ == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6); }

  sockaddr_storage loopback(uint16_t port) const {
    sockaddr_storage address{};
    if (family_ == AF_INET) {
      auto& v4 = reinterpret_cast<sockaddr_in&>(address);
      v4.sin_family = AF_INET;
      v4.sin_port = htons(port);
      v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    } else {
      auto& v6 = reinterpret_cast<sockaddr_in6&>(address);
      v6.sin6_family = AF_INET6;
      v6.sin6_port = htons(port);
      v6.sin6_addr = in6addr_loopback;
    }
    return address;
  }

  uint16_t add(int backlog) {
    const int fd = socket(family_, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return 0;
    descriptors_.push_back(fd);
    sockaddr_storage address = loopback(0);
    if (bind(fd, reinterpret_cast<sockaddr*>(&address), size()) != 0) return 0;
    if (backlog >= 0 && listen(fd, backlog) != 0) return 0;
    socklen_t length = sizeof address;
    getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length);
    const uint16_t port = ntohs(family_ == AF_INET ? reinterpret_cast<sockaddr_in&>(address).sin_port
                                                   : reinterpret_cast<sockaddr_in6&>(address).sin6_port);
    ports_.insert(port);
    return port;
  }

  int family_;
  std::vector<int> descriptors_;
  std::set<uint16_t> ports_;
};

}  // namespace portloop::testing
