// Systems whose neighbour tables are not read: nothing is known of their links, and no host is treated as on-link.
#include "sockets/neighbours.hpp"

#include <cerrno>

namespace portloop {

std::optional<LinkAddresses> read_link_addresses(const std::vector<AddressRange>&, uint32_t) { return std::nullopt; }

uint32_t NeighbourTable::room(uint32_t) const { return UINT32_MAX; }

uint32_t NeighbourTable::room_without_others(uint32_t) const { return UINT32_MAX; }

std::optional<NeighbourTable> read_neighbour_table(Family) { return std::nullopt; }

NeighbourEvents::~NeighbourEvents() = default;

int NeighbourEvents::open() { return ENOSYS; }

void NeighbourEvents::close() {}

bool NeighbourEvents::read(std::vector<NeighbourEvent>&) const { return true; }

std::vector<NeighbourEvent> current_neighbours() { return {}; }

}  // namespace portloop
