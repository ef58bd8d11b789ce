// The handshakes in progress and the connections of the simulated hosts, indexed by four-tuple.
#pragma once

#include <cstdint>
#include <deque>
#include <unordered_map>
#include <vector>

#include "core/address.hpp"
#include "lab/chance.hpp"
#include "lab/profile.hpp"

namespace portloop::lab {

struct ConnectionKey {
  Address host;
  Address peer;
  uint16_t host_port = 0;
  uint16_t peer_port = 0;
  friend bool operator==(const ConnectionKey&, const ConnectionKey&) = default;
};

struct ConnectionKeyHash {
  size_t operator()(const ConnectionKey& key) const {
    return static_cast<size_t>(mix(mix(uint64_t{key.host_port} << 16 | key.peer_port, key.host), key.peer));
  }
};

/// A simulated host's end of a connection. Positions in the stream that it sends count from the first byte.
struct Connection {
  ConnectionKey key;
  bool established = false;
  Speech speech = Speech::nothing;
  const Region* region = nullptr;
  uint32_t rtt_us = 0;

  uint32_t initial_send = 0;     ///< Our SYN's sequence number.
  uint32_t initial_receive = 0;  ///< The peer's.
  uint32_t receive_next = 0;
  uint16_t peer_max_segment_bytes = 536;
  uint16_t peer_window_bytes = 0;
  uint8_t request_matched = 0;  ///< The length of the prefix of CR LF CR LF that the peer's bytes end with.
  bool peer_finished = false;

  uint64_t available = 0;  ///< The length of the stream so far.
  uint64_t sent = 0;
  uint64_t acknowledged = 0;  ///< available + 1 once our FIN is acknowledged.
  bool closing = false;       ///< A FIN follows the available bytes.
  bool finished = false;      ///< The FIN has been sent.

  uint32_t packets_in = 0;
  uint32_t packets_out = 0;
  uint8_t resends = 0;  ///< Consecutive ones, without a new acknowledgement.
  uint64_t resend_ns = UINT64_MAX;
  uint64_t next_byte_ns = UINT64_MAX;
  uint64_t heard_ns = 0;
  uint64_t last_due_ns = 0;        ///< Of the last answer: answers must not overtake each other.
  uint64_t armed_ns = UINT64_MAX;  ///< The due time of its earliest valid timer.
};

/// Identifies a connection for a timer, and becomes invalid when the connection is removed.
struct ConnectionRef {
  uint32_t index = 0;
  uint32_t generation = 0;
};

/// Connections never move in memory while they exist.
class Connections {
 public:
  Connection* find(const ConnectionKey& key);
  Connection* find(ConnectionRef ref);
  /// There must be no connection with this key.
  Connection& add(const ConnectionKey& key);
  void remove(const Connection& connection);
  ConnectionRef ref(const Connection& connection) const;
  size_t size() const { return index_.size(); }

 private:
  struct Place {
    Connection connection;
    uint32_t generation = 0;
    bool used = false;
  };
  std::deque<Place> places_;
  std::vector<uint32_t> free_;
  std::unordered_map<ConnectionKey, uint32_t, ConnectionKeyHash> index_;
};

}  // namespace portloop::lab
