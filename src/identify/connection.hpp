// One TCP connection on a loop: adopted from the scan or made anew, with a timer.
//
// Happy path: open(); on_connected(); send() and on_bytes(), any number of times; the destructor closes it.
//
// What goes wrong:
//   - it can't be made, breaks, or is ended by the peer: on_end(), once; nothing is called afterwards
//   - nothing happens in time: on_timeout(). What has arrived by then is reported first, even if a callback has kept
//   the
//     loop busy: the loop runs timers before it polls, so a timer that fires is given one more turn of the loop
//   - the memory is used up: std::bad_alloc from the constructor
#pragma once

#include <cstdint>
#include <string_view>

#include <uv.h>

#include "core/probe_result.hpp"
#include "sockets/kept_connection.hpp"
#include "sockets/socket_settings.hpp"

namespace portloop {

class Connection {
 public:
  /// Called from the loop, never from within a function of Connection. Each may destroy the connection.
  class Events {
   public:
    virtual void on_connected() = 0;
    /// `bytes` are valid during the call.
    virtual void on_bytes(std::string_view bytes) = 0;
    /// `error`: a negative libuv code; UV_EOF if the peer has ended the connection.
    virtual void on_end(int error) = 0;
    virtual void on_timeout() = 0;

   protected:
    ~Events() = default;
  };

  /// Takes over a connected socket; on_connected() is not called. If it can't be used, `error` is a negative libuv
  /// code, and no event follows.
  Connection(uv_loop_t* loop, Events& events, KeptConnection socket, int& error);
  /// Connects. `error` as above.
  Connection(uv_loop_t* loop, Events& events, const Endpoint& endpoint, const SocketSettings& settings, int& error);
  /// Closes it. The handles are gone a turn of the loop later.
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// False if it can't be sent: then on_end() follows or has been called.
  bool send(std::string_view bytes);
  /// From now on; replaces the one before.
  void set_timeout(uint64_t timeout_ms);

 private:
  struct Handles;
  static void on_connect(uv_connect_t* request, int status);
  static void on_read(uv_stream_t* stream, ssize_t length, const uv_buf_t* buffer);
  static void on_timer(uv_timer_t* timer);

  Handles* handles_;  // deletes itself when libuv has closed them
};

}  // namespace portloop
