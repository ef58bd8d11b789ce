// Which connection of the command an answer belongs to, as a router on the way must find out.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "lab/connections.hpp"

namespace portloop::lab {

struct AnsweredConnection {
  ConnectionKey key;
  std::optional<uint8_t> tcp_flags;  ///< nullopt for an ICMP error, which quotes the connection's SYN.
};

/// `head` is a packet from build_segment() or build_unreachable(), without its payload.
AnsweredConnection answered_connection(std::span<const uint8_t> head);

/// The source of an IP packet.
Address source_of(std::span<const uint8_t> head);

}  // namespace portloop::lab
