// One blocking connect at a time: the building block of the models without a loop.
//
// Happy path: connect() on a blocking socket with SO_SNDTIMEO returns 0 (open), ECONNREFUSED (closed), or EINPROGRESS
// after the timeout (silent). That is one system call for each probe; with poll() it would be three. The socket serves
// the next probe, as the scanner's do.
//
// What goes wrong:
//   - ICMP: the error queue has the reason; the socket is closed
//   - an answer arrives as the timeout expires: the socket is polled once more before the port counts as silent
//   - the answer is not conclusive: repeated as core/doubt.hpp decides
//   - there is no source address for the target: `unknown` at once, as none appears during a scan
//   - out of descriptors, ports or memory: a pause, then again; `unknown` if that goes on for too long
#pragma once

#include <cstdint>
#include <optional>

#include "core/classify.hpp"
#include "models/in_flight.hpp"
#include "models/model.hpp"
#include "sockets/probe_socket.hpp"

namespace portloop {

/// Owns at most one socket. Not thread-safe: each thread has its own.
class BlockingConnect {
 public:
  /// `source`: see spare_loopback_address(). `timeout_ms` >= 1. `in_flight` counts the connects of all threads, and
  /// must outlive this.
  BlockingConnect(const std::optional<Address>& source, uint32_t timeout_ms, InFlight& in_flight)
      : source_(source), timeout_ms_(timeout_ms), in_flight_(in_flight) {}
  ~BlockingConnect();
  BlockingConnect(const BlockingConnect&) = delete;
  BlockingConnect& operator=(const BlockingConnect&) = delete;

  /// Blocks until the port's state is known, at most timeout_ms for each connect. Longer only if a local resource is
  /// exhausted.
  void probe(const ModelScan::Probe& probe, VerdictSheet& sheet);

  /// Records each connect as one of `thread`. `recording` may be nullptr; it must outlive this.
  void record(Recording* recording, uint32_t thread) {
    recording_ = recording;
    thread_ = static_cast<uint16_t>(thread);
  }

  uint64_t connects() const { return connects_; }
  uint64_t local_failures() const { return local_failures_; }

 private:
  /// What the last probe left on the socket. It is dissolved when the next probe uses the socket.
  enum class Left : uint8_t { nothing, connection, pending };

  void record_connect(uint64_t probe, Recording::Clock::time_point started, Recording::Clock::time_point ended,
                      const Verdict& verdict);
  ConnectOutcome connect_once(const Endpoint& endpoint);
  ConnectOutcome poll_once();
  int make_ready(const Endpoint& endpoint);
  void close_socket();

  std::optional<Address> source_;
  uint32_t timeout_ms_;
  InFlight& in_flight_;
  Recording* recording_ = nullptr;
  uint16_t thread_ = 0;
  int fd_ = -1;
  SocketKind kind_ = SocketKind::ipv4;
  Left left_ = Left::nothing;
  uint32_t uses_ = 0;
  uint64_t connects_ = 0;
  uint64_t local_failures_ = 0;
};

/// What a recorded connect ended with.
ProbeState state_of_connect(const Verdict& verdict);

/// The source address for a scan's sockets, chosen as the epoll connector chooses it.
std::optional<Address> source_for(const ModelScan& scan);

}  // namespace portloop
