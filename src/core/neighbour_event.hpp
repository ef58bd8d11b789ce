// What the system reports of a neighbour: a machine on one of this machine's own links.
#pragma once

#include <cstdint>

#include "core/address.hpp"

namespace portloop {

enum class NeighbourNews : uint8_t {
  confirmed,    ///< It is there.
  unconfirmed,  ///< It has an entry, which may be old.
  absent,       ///< It was looked for in vain.
  forgotten,    ///< Its entry was discarded.
};

struct NeighbourEvent {
  Address address;
  NeighbourNews news;
  uint64_t link_address = 0;  ///< Of its network card; 0: not known.
  uint32_t interface = 0;     ///< Of this machine, by which it is reached.

  /// Whether packets to it leave this machine.
  bool has_entry() const { return news == NeighbourNews::confirmed || news == NeighbourNews::unconfirmed; }
};

}  // namespace portloop
