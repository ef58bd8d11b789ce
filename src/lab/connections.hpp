// The handshakes in progress and the connections of the simulated hosts, found by their four-tuple.
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

/// One simulated host's end. Positions in the stream that it sends count from its first byte.
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
  uint8_t request_matched = 0;  ///< How much of CR LF CR LF the peer's last bytes are.
  bool peer_finished = false;

  uint64_t available = 0;  ///< How much of the stream may be sent.
  uint64_t sent = 0;
  uint64_t acknowledged = 0;  ///< available + 1 once our FIN is.
  bool closing = false;       ///< FIN follows the available bytes.
  bool finished = false;      ///< FIN was sent.

  uint32_t packets_in = 0;
  uint32_t packets_out = 0;
  uint8_t resends = 0;  ///< In a row, without news from the peer.
  uint64_t resend_ns = UINT64_MAX;
  uint64_t next_byte_ns = UINT64_MAX;
  uint64_t heard_ns = 0;
  uint64_t last_due_ns = 0;        ///< Of the answers: they don't overtake each other.
  uint64_t armed_ns = UINT64_MAX;  ///< When its earliest valid entry among the timers is due.
};

/// Names a connection for a timer; says nothing once that connection is gone.
struct ConnectionRef {
  uint32_t index = 0;
  uint32_t generation = 0;
};

/// Connections never move in memory while they exist.
class Connections {
 public:
  Connection* find(const ConnectionKey& key);
  Connection* find(ConnectionRef ref);
  /// There must be none with this key.
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
