// An established connection that nobody uses yet.
#pragma once

#include <utility>

namespace portloop {

/// Owns the descriptor of a connection, if it has one. What is not taken is closed with a RST, which leaves no
/// TIME_WAIT.
class KeptConnection {
 public:
  KeptConnection() = default;
  /// A negative `fd`: no connection.
  explicit KeptConnection(int fd) : fd_(fd) {}
  ~KeptConnection() { reset(); }
  KeptConnection(KeptConnection&& other) noexcept : fd_(other.take()) {}
  KeptConnection& operator=(KeptConnection&& other) noexcept {
    if (this != &other) {
      reset();
      fd_ = other.take();
    }
    return *this;
  }

  explicit operator bool() const { return fd_ >= 0; }
  /// False once the peer has reset it.
  bool is_connected() const noexcept;
  /// Returns the descriptor, which belongs to the caller from then on, or -1 if there is none.
  int take() { return std::exchange(fd_, -1); }
  void reset() noexcept;
  /// In a child process, where the connection is the parent's as well: only closes the descriptor.
  void abandon() noexcept;

 private:
  int fd_ = -1;
};

}  // namespace portloop
