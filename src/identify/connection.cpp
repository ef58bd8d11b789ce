#include "identify/connection.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>

#include "sockets/socket_address.hpp"

namespace portloop {

struct Connection::Handles {
  uv_tcp_t tcp{};
  uv_timer_t timer{};
  uv_connect_t connect{};
  Events* events = nullptr;  // nullptr: the connection is gone
  bool late = false;         // the timer has fired; the loop polls once more before that counts
  int open = 2;
  std::array<char, 16 * 1024> buffer{};

  Handles(uv_loop_t* loop, Events& owner) : events(&owner) {
    uv_tcp_init(loop, &tcp);
    uv_timer_init(loop, &timer);
    tcp.data = timer.data = connect.data = this;
  }

  int start_reading() {
    const auto allocate = [](uv_handle_t* handle, size_t, uv_buf_t* space) {
      auto& own = static_cast<Handles*>(handle->data)->buffer;
      *space = uv_buf_init(own.data(), static_cast<unsigned>(own.size()));
    };
    return uv_read_start(reinterpret_cast<uv_stream_t*>(&tcp), allocate, on_read);
  }

  void close() {
    events = nullptr;
    const auto closed = [](uv_handle_t* handle) {
      auto* self = static_cast<Handles*>(handle->data);
      if (--self->open == 0) delete self;
    };
    uv_close(reinterpret_cast<uv_handle_t*>(&tcp), closed);
    uv_close(reinterpret_cast<uv_handle_t*>(&timer), closed);
  }

  void end(int error) {
    if (events == nullptr) return;
    uv_timer_stop(&timer);
    Events* owner = events;
    events = nullptr;
    owner->on_end(error);
  }
};

Connection::Connection(uv_loop_t* loop, Events& events, KeptConnection socket, int& error)
    : handles_(new Handles(loop, events)) {
  const int fd = socket.take();
  error = uv_tcp_open(&handles_->tcp, fd);
  if (error != 0) {
    ::close(fd);
    return;
  }
  error = handles_->start_reading();
}

Connection::Connection(uv_loop_t* loop, Events& events, const Endpoint& endpoint, const SocketSettings& settings,
                       int& error)
    : handles_(new Handles(loop, events)) {
  const SocketAddress address = to_socket_address(endpoint);
  const int fd = socket(address.any.sa_family, SOCK_STREAM, 0);
  if (fd < 0 || fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) {
    error = uv_translate_sys_error(errno);
    return;
  }
  if (const auto refused = apply_settings(fd, endpoint.address.family, settings)) {
    ::close(fd);
    error = uv_translate_sys_error(refused->error_number);
    return;
  }
  error = uv_tcp_open(&handles_->tcp, fd);  // sets it non-blocking
  if (error != 0) {
    ::close(fd);
    return;
  }
  error = uv_tcp_connect(&handles_->connect, &handles_->tcp, &address.any, on_connect);
}

Connection::~Connection() { handles_->close(); }

/// What is sent is short and fits the buffer of a connection that has sent little. Not with uv_write(), which raises
/// SIGPIPE on some systems.
bool Connection::send(std::string_view bytes) {
  uv_os_fd_t fd = -1;
  if (uv_fileno(reinterpret_cast<const uv_handle_t*>(&handles_->tcp), &fd) != 0) return false;
#ifdef MSG_NOSIGNAL
  constexpr int flags = MSG_NOSIGNAL | MSG_DONTWAIT;
#else
  constexpr int flags = MSG_DONTWAIT;
#endif
  return ::send(fd, bytes.data(), bytes.size(), flags) == static_cast<ssize_t>(bytes.size());
}

void Connection::set_timeout(uint64_t timeout_ms) {
  handles_->late = false;
  uv_timer_start(&handles_->timer, on_timer, timeout_ms, 0);
}

void Connection::on_connect(uv_connect_t* request, int status) {
  auto* handles = static_cast<Handles*>(request->data);
  if (handles->events == nullptr) return;
  if (status != 0) return handles->end(status);
  const int error = handles->start_reading();
  if (error != 0) return handles->end(error);
  handles->events->on_connected();
}

void Connection::on_read(uv_stream_t* stream, ssize_t length, const uv_buf_t* buffer) {
  auto* handles = static_cast<Handles*>(stream->data);
  if (handles->events == nullptr || length == 0) return;
  if (length < 0) return handles->end(static_cast<int>(length));
  handles->events->on_bytes({buffer->base, static_cast<size_t>(length)});
}

void Connection::on_timer(uv_timer_t* timer) {
  auto* handles = static_cast<Handles*>(timer->data);
  if (handles->events == nullptr) return;
  if (!handles->late) {
    handles->late = true;
    uv_timer_start(timer, on_timer, 1, 0);
    return;
  }
  handles->events->on_timeout();
}

}  // namespace portloop
