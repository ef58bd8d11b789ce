// The part of the responder that handles a connection after its SYN-ACK has been queued.
//
// The happy path: the peer's ACK establishes the connection; the port sends its text, in segments that fit the peer's
// window; the peer acknowledges them, sends a FIN, gets an ACK and a FIN, and acknowledges that; the connection is
// removed.
//
// What can happen instead:
// - no ACK for the SYN-ACK: it is retransmitted after 1, 2, 4 and 8 s, as servers do; then the handshake expires
// - no ACK for a segment: everything from there on is retransmitted with increasing delays, and finally given up
// - a segment of the peer is out of order: it is ignored, and what was expected is acknowledged again
// - a RST: the connection is removed
// - nothing arrives for a minute: the connection is removed silently
#include <algorithm>

#include "lab/responder.hpp"
#include "lab/speech.hpp"

namespace portloop::lab {

namespace {

constexpr uint64_t ns_per_us = 1000;
constexpr uint64_t ns_per_second = 1'000'000'000;
constexpr uint64_t handshake_resend_ns = ns_per_second;  // RFC 6298's first timeout
constexpr uint8_t handshake_resends = 4;
constexpr uint64_t min_resend_ns = 200'000'000;  // Linux's TCP_RTO_MIN
constexpr uint8_t data_resends = 7;
constexpr uint64_t idle_ns = 60 * ns_per_second;
constexpr uint64_t max_window_bytes = 16 * 1400;  // in flight on one connection
constexpr std::string_view end_of_request = "\r\n\r\n";

uint64_t resend_after_ns(const Connection& connection) {
  const uint64_t first_ns =
      connection.established
          ? std::max(min_resend_ns, (2 * uint64_t{connection.rtt_us} + connection.region->jitter_us) * ns_per_us)
          : handshake_resend_ns;
  return first_ns << connection.resends;
}

bool anything_unacknowledged(const Connection& connection) {
  return connection.sent + (connection.finished ? 1 : 0) > connection.acknowledged;
}

/// Returns true if `bytes` complete a request.
bool request_ends(Connection& connection, std::span<const uint8_t> bytes) {
  for (const uint8_t byte : bytes) {
    if (byte == static_cast<uint8_t>(end_of_request[connection.request_matched])) {
      if (++connection.request_matched == end_of_request.size()) return true;
    } else {
      connection.request_matched = byte == '\r' ? 1 : 0;
    }
  }
  return false;
}

}  // namespace

void Responder::on_segment(const Arrival& arrival) {
  const Segment& segment = arrival.segment;
  if (arrival.host.region == nullptr || is_away(*arrival.host.region, segment.destination, arrival.now_ns)) return;
  Connection* connection =
      connections_.find({segment.destination, segment.source, segment.destination_port, segment.source_port});
  if (connection == nullptr) {
    on_stray_segment(arrival);
    return;
  }
  const uint64_t draw = mix({segment.destination_port, segment.source_port, connection->packets_in++});
  if (lost(Direction::out, *connection->region, segment.destination, arrival.now_ns, draw)) return;
  connection->heard_ns = arrival.now_ns;
  if ((segment.flags & tcp_flag::rst) != 0) {
    remove(*connection);
    return;
  }
  if ((segment.flags & tcp_flag::ack) == 0) return;
  if (!connection->established && !on_handshake_reply(*connection, arrival)) return;
  connection->peer_window_bytes = segment.window_bytes;
  on_acknowledgement(*connection, arrival);
  on_data(*connection, arrival);
  if (connection->peer_finished && connection->finished && connection->acknowledged > connection->available) {
    remove(*connection);
    return;
  }
  send_available(*connection, arrival.now_ns);
  arm(*connection);
}

/// Returns false if the connection has not been established; it may have been removed then.
bool Responder::on_handshake_reply(Connection& connection, const Arrival& arrival) {
  if (arrival.segment.acknowledgement != connection.initial_send + 1) {
    on_stray_segment(arrival);
    return false;
  }
  connection.established = true;
  connection.resends = 0;
  connection.resend_ns = never;
  --counters_.half_open;
  if (script_of(connection.speech).resets) {
    send_segment(connection, arrival.now_ns, tcp_flag::rst | tcp_flag::ack, 0, {});
    remove(connection);
    return false;
  }
  begin_speech(connection, arrival.now_ns);
  return true;
}

void Responder::begin_speech(Connection& connection, uint64_t now_ns) {
  const Script& script = script_of(connection.speech);
  if (script.ns_per_byte > 0) {
    connection.available = 1;
    connection.next_byte_ns = now_ns + script.ns_per_byte;
  } else if (!script.waits_for_request) {
    connection.available = script.text.size();
    connection.closing = script.closes;
  }
}

void Responder::on_acknowledgement(Connection& connection, const Arrival& arrival) {
  const uint32_t low_bits = arrival.segment.acknowledgement - (connection.initial_send + 1);
  const uint64_t news = low_bits - static_cast<uint32_t>(connection.acknowledged);
  const uint64_t outstanding = connection.sent + (connection.finished ? 1 : 0) - connection.acknowledged;
  if (news == 0 || news > outstanding) return;
  connection.acknowledged += news;
  connection.resends = 0;
  connection.resend_ns = anything_unacknowledged(connection) ? arrival.now_ns + resend_after_ns(connection) : never;
}

void Responder::on_data(Connection& connection, const Arrival& arrival) {
  const Segment& segment = arrival.segment;
  const bool fin = (segment.flags & tcp_flag::fin) != 0;
  if (segment.payload.empty() && !fin) return;
  if (segment.sequence == connection.receive_next && !connection.peer_finished) {
    connection.receive_next += static_cast<uint32_t>(segment.payload.size()) + (fin ? 1 : 0);
    const Script& script = script_of(connection.speech);
    if (script.waits_for_request && connection.available == 0 && request_ends(connection, segment.payload)) {
      connection.available = script.text.size();
      connection.closing = script.closes;
    }
    if (fin) {
      connection.peer_finished = true;
      if (!connection.finished) connection.available = std::max(connection.sent, connection.acknowledged);
      connection.closing = true;
      connection.next_byte_ns = never;
    }
  }
  send_segment(connection, arrival.now_ns, tcp_flag::ack, connection.sent + (connection.finished ? 1 : 0), {});
}

void Responder::send_available(Connection& connection, uint64_t now_ns) {
  const Script& script = script_of(connection.speech);
  const uint64_t window = std::min<uint64_t>(max_window_bytes, connection.peer_window_bytes);
  const bool was_outstanding = anything_unacknowledged(connection);
  while (connection.sent < connection.available && connection.sent < connection.acknowledged + window) {
    const uint64_t text_position = connection.sent % script.text.size();
    const uint64_t bytes =
        std::min({uint64_t{connection.peer_max_segment_bytes}, connection.available - connection.sent,
                  connection.acknowledged + window - connection.sent, script.text.size() - text_position});
    send_segment(connection, now_ns, tcp_flag::ack | tcp_flag::psh, connection.sent,
                 script.text.substr(text_position, bytes));
    connection.sent += bytes;
  }
  if (connection.closing && !connection.finished && connection.sent == connection.available) {
    send_segment(connection, now_ns, tcp_flag::ack | tcp_flag::fin, connection.sent, {});
    connection.finished = true;
  }
  if (!was_outstanding && anything_unacknowledged(connection)) {
    connection.resend_ns = now_ns + resend_after_ns(connection);
  }
}

void Responder::send_syn_ack(Connection& connection, uint64_t now_ns) {
  connection.resend_ns = now_ns + resend_after_ns(connection);
  // The position before the first byte of the stream.
  send_segment(connection, now_ns, tcp_flag::syn | tcp_flag::ack, UINT64_MAX, {});
}

void Responder::send_segment(Connection& connection, uint64_t now_ns, uint8_t flags, uint64_t position,
                             std::string_view payload) {
  const ConnectionKey& key = connection.key;
  const bool syn = (flags & tcp_flag::syn) != 0;
  const uint64_t draw = mix({key.host_port, syn ? 0U : key.peer_port, connection.packets_out++});
  uint64_t due_ns = due_after(now_ns, *connection.region, connection.rtt_us, key.host, draw);
  due_ns = std::max(due_ns, connection.last_due_ns);
  if (lost(Direction::back, *connection.region, key.host, due_ns, draw)) return;
  connection.last_due_ns = due_ns;
  Reply reply;
  reply.source = key.host;
  reply.destination = key.peer;
  reply.source_port = key.host_port;
  reply.destination_port = key.peer_port;
  reply.sequence = connection.initial_send + 1 + static_cast<uint32_t>(position);
  reply.acknowledgement = connection.receive_next;
  reply.flags = flags;
  reply.announce_max_segment = syn;
  reply.payload = payload;
  build_segment(reply, queue(due_ns, connection.rtt_us));
}

void Responder::on_timer(Connection& connection, uint64_t now_ns) {
  if (now_ns >= connection.heard_ns + idle_ns) {
    remove(connection);
    return;
  }
  if (now_ns >= connection.next_byte_ns) {
    ++connection.available;
    connection.next_byte_ns += script_of(connection.speech).ns_per_byte;
    send_available(connection, now_ns);
  }
  if (now_ns >= connection.resend_ns) {
    if (connection.resends == (connection.established ? data_resends : handshake_resends)) {
      remove(connection);
      return;
    }
    ++connection.resends;
    if (connection.established) {
      connection.sent = std::min(connection.sent, connection.acknowledged);
      connection.finished = false;
      send_available(connection, now_ns);
      connection.resend_ns = now_ns + resend_after_ns(connection);
    } else {
      send_syn_ack(connection, now_ns);
    }
  }
  arm(connection);
}

/// Makes sure that on_timer() is called at the connection's next deadline.
void Responder::arm(Connection& connection) {
  const uint64_t deadline_ns = std::min({connection.resend_ns, connection.next_byte_ns, connection.heard_ns + idle_ns});
  if (deadline_ns >= connection.armed_ns) return;  // an earlier call is scheduled and will arm again
  connection.armed_ns = deadline_ns;
  timers_.add(deadline_ns, connections_.ref(connection));
}

void Responder::remove(Connection& connection) {
  if (!connection.established) --counters_.half_open;
  connections_.remove(connection);
}

}  // namespace portloop::lab
