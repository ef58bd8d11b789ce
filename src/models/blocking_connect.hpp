// One connect at a time that blocks its thread: what the models without a loop are made of.
//
// Happy path: connect() on a blocking socket with SO_SNDTIMEO returns 0 (open), ECONNREFUSED (closed), or
// EINPROGRESS when the time is over (silent): one system call a probe, against poll()'s three. The socket
// serves the next probe, as the reactor's do.
//
// What goes wrong:
//   - ICMP: it is in the error queue, and the verdict is the path's; the socket is closed
//   - the time is over while an answer arrives: the socket is asked once more before that counts as silence
//   - two of our own sockets met, or one met itself: asked again from another source port
//   - no descriptor, no port, no memory: a pause, and again; `unknown` when it never passes
#pragma once

#include <cstdint>
#include <optional>

#include "core/classify.hpp"
#include "models/model.hpp"
#include "sockets/probe_socket.hpp"

namespace portloop {

/// One thread's. Owns at most one socket.
class BlockingConnect {
 public:
  /// `source`: see spare_loopback_address(). `timeout_ms` >= 1.
  BlockingConnect(const std::optional<Address>& source, uint32_t timeout_ms)
      : source_(source), timeout_ms_(timeout_ms) {}
  ~BlockingConnect();
  BlockingConnect(const BlockingConnect&) = delete;
  BlockingConnect& operator=(const BlockingConnect&) = delete;

  /// Blocks until the port is known, or timeout_ms are over; longer only where this machine lacks something.
  void ask(const ModelScan::Probe& probe, VerdictSheet& sheet);

  uint64_t connects() const { return connects_; }
  uint64_t local_failures() const { return local_failures_; }

 private:
  /// What the last probe left on the socket; dissolved when the next one needs it.
  enum class Left : uint8_t { nothing, connection, pending };

  ConnectOutcome connect_once(const Endpoint& endpoint);
  ConnectOutcome ask_once_more();
  int make_ready(const Endpoint& endpoint);
  void close_socket();

  std::optional<Address> source_;
  uint32_t timeout_ms_;
  int fd_ = -1;
  SocketKind kind_ = SocketKind::ipv4;
  Left left_ = Left::nothing;
  uint32_t uses_ = 0;
  uint64_t connects_ = 0;
  uint64_t local_failures_ = 0;
};

/// The source address for a scan's sockets: the same choice as the reactor's.
std::optional<Address> source_for(const ModelScan& scan);

}  // namespace portloop
