// What the system reports of its own links, without root: which addresses have no router in between, how many
// neighbours its tables hold, and which neighbours it has just found. Linux only (rtnetlink(7)).
//
// A packet to an address on an own link waits until its neighbour entry is resolved by ARP or neighbour discovery. An
// entry of an absent host is held for about 3 s. When the table is full, the kernel drops further packets without an
// error.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/neighbour_event.hpp"
#include "core/target_set.hpp"

namespace portloop {

struct LinkAddresses {
  /// Reached directly, through a device that resolves neighbours. Sorted and disjoint; link-local ranges have their
  /// zone.
  std::vector<AddressRange> on_link;
  struct Gateway {
    AddressRange range;
    Address address;
  };
  /// Reached through a gateway on such a device. Sorted and disjoint; empty if there are too many routes to look at.
  std::vector<Gateway> gateways;
  /// This machine's own. Sorted and disjoint.
  std::vector<AddressRange> own;
  /// IPv4 addresses that stand for all hosts of a link: no TCP connection can be made to them.
  std::vector<Address> broadcast;
};

/// Reads the routes of every table that lead to `targets`, longest prefix first. Rules that choose between tables are
/// not looked at. If `interface` is not 0, for sockets that are bound to it: only its routes count, and an IPv4 address
/// without one is taken to be on its link, as the kernel does (ip_route_output_key_hash_rcu()). nullopt if the system
/// does not report them.
std::optional<LinkAddresses> read_link_addresses(const std::vector<AddressRange>& targets, uint32_t interface = 0);

/// One family's neighbour table. All network namespaces share its entries.
struct NeighbourTable {
  uint32_t max_entries = 0;  ///< gc_thresh3: beyond it, packets to new neighbours are dropped.
  uint32_t entries = 0;      ///< In use now, without the exempt ones of this namespace.
  uint32_t collectable = 0;  ///< Of them, those of this namespace that make room when it is needed.
  uint32_t in_use = 0;       ///< The others of this namespace.
  uint64_t overflows = 0;    ///< How often a new entry found no room, since the machine started.
  uint32_t resolve_ms = 0;   ///< How long an absent neighbour is looked for.
  uint32_t confirm_ms = 0;   ///< How long the entry of one that has gone away is used.

  /// Entries that a scan may hold at a time, of which it holds `held` now: an eighth is left to the rest of the
  /// machine. At least 1.
  uint32_t room(uint32_t held) const;
  /// As room(), if what other namespaces hold does not count: their exempt entries don't, but can't be told apart.
  uint32_t room_without_others(uint32_t held) const;
};

/// nullopt if the system does not report it.
std::optional<NeighbourTable> read_neighbour_table(Family family);

/// Reports which neighbours the system finds and which it does not. Not thread-safe.
class NeighbourEvents {
 public:
  NeighbourEvents() = default;
  ~NeighbourEvents();
  NeighbourEvents(const NeighbourEvents&) = delete;
  NeighbourEvents& operator=(const NeighbourEvents&) = delete;

  /// Returns 0 or an errno.
  int open();
  void close();
  /// Readable when there are events; -1 if not open.
  int descriptor() const { return fd_; }
  /// Appends what has happened since the last call. Returns false if events were lost: then current_neighbours() has
  /// what they led to.
  bool read(std::vector<NeighbourEvent>& events) const;

 private:
  int fd_ = -1;
};

/// All neighbours of this namespace that have an entry now, or have been looked for in vain.
std::vector<NeighbourEvent> current_neighbours();

}  // namespace portloop
