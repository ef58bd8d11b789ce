// The order of a scan's probes: a pure function from an index to (host, port).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "core/permutation.hpp"
#include "core/port_set.hpp"

namespace portloop {

enum class Order : uint8_t {
  random,      ///< A seeded permutation.
  sequential,  ///< Host by host, port by port, ascending.
};

/// "random" or "sequential", and back.
std::string_view to_text(Order order);
std::optional<Order> parse_order(std::string_view text);

/// The ports of a set on which a host that offers anything at all is most likely to offer it. Immutable.
class EarlyPorts {
 public:
  EarlyPorts() = default;
  /// None if `ports` are so few that all of them are asked in no time.
  explicit EarlyPorts(const PortSet& ports);

  uint32_t count() const { return count_; }
  /// The index of the i-th early port in the port set, and of the i-th of the others.
  uint32_t early_at(uint32_t i) const { return indices_[i]; }
  uint32_t other_at(uint32_t i) const { return i >= first_above_all_ ? i + count_ : other_between(i); }
  /// The inverse of early_at(); nullopt if it is one of the others.
  std::optional<uint32_t> early_index_of(uint32_t port) const;
  /// The inverse of other_at().
  uint32_t other_index_of(uint32_t port) const;

 private:
  static constexpr uint32_t max_count = 16;

  uint32_t other_between(uint32_t i) const;

  std::array<uint32_t, max_count> indices_{};  // ascending
  uint32_t count_ = 0;
  uint32_t first_above_all_ = 0;  // of the others, the first that is higher than every early port
};

/// Three levels: the hosts are permuted and divided into blocks, some blocks in a row make a group, and the (host,
/// port) pairs of each block are permuted. The early ports of all blocks of a group come before their other ports,
/// block by block. One flat permutation would make every host of a /8 active at once; with blocks, the state of a host
/// can be freed when its block is done. The early ports show soon which hosts of a group answer. A firewall, or a
/// router whose table is small, often lets no more than a few probes through before it shuts us out: then these were
/// the ones that matter. Immutable, so safe to read from any thread.
class ProbeOrder {
 public:
  /// The index of a host in the target set and of a port in the port set.
  struct Position {
    uint64_t host;
    uint32_t port;
  };

  /// A block's ledger, at half a byte for each probe, then takes 512 KiB.
  static constexpr uint64_t default_block_probes = uint64_t{1} << 20;

  /// The product of hosts and ports <= 2^63. Without hosts or without ports the order is empty. A block has about
  /// `block_probes`, but 16 to 4,096 hosts.
  ProbeOrder(uint64_t hosts, const PortSet& ports, Order order, uint64_t seed,
             uint64_t block_probes = default_block_probes);

  uint64_t size() const { return hosts_ * ports_; }
  Position at(uint64_t i) const;
  /// The inverse of at().
  uint64_t index_of(const Position& position) const;

  uint32_t ports() const { return ports_; }
  uint64_t hosts() const { return hosts_; }
  Order order() const { return order_; }
  uint64_t seed() const { return seed_; }
  /// None if the order is sequential.
  const EarlyPorts& early_ports() const { return early_ports_; }
  /// The number of probes of every block but the last.
  uint64_t block_size() const { return uint64_t{hosts_per_block_} * ports_; }
  uint64_t block_count() const { return (hosts_ + hosts_per_block_ - 1) / hosts_per_block_; }
  uint64_t block_of(uint64_t i) const { return place_of(i).block; }
  uint32_t hosts_in_block(uint64_t block) const;
  /// A power of two; 1 if no port is early. The last group may have fewer.
  uint32_t blocks_per_group() const { return blocks_per_group_; }
  /// Where a block's probes are in the order: in two runs, of its early ports and of its others.
  struct Runs {
    uint64_t early_first, early_end;
    uint64_t other_first, other_end;
  };
  Runs runs_of(uint64_t block) const;
  /// Whether a port, an index in the port set, is asked before most others.
  bool is_early(uint32_t port) const { return early_ports_.early_index_of(port).has_value(); }

  /// One block of the order. Cheaper than ProbeOrder::at(), because the block's keys are computed once.
  class Block {
   public:
    Block(const ProbeOrder& order, uint64_t block);
    /// The j-th probe of the block: an index among the block's hosts, and a port index.
    struct Local {
      uint32_t host_in_block;
      uint32_t port;
    };
    Local at(uint64_t j) const;
    /// The inverse of at().
    uint64_t index_of(const Local& local) const;
    /// How many of the probes are of early ports: the first ones. 0 if the order is sequential.
    uint64_t early() const { return early_; }
    /// The index in the target set of one of the block's hosts.
    uint64_t host(uint32_t host_in_block) const;

   private:
    const ProbeOrder* order_;
    uint64_t first_host_;
    uint64_t early_;
    Permutation early_probes_;
    Permutation other_probes_;
  };

 private:
  /// The j-th probe of a block.
  struct Place {
    uint64_t block;
    uint64_t j;
  };
  Place place_of(uint64_t i) const;
  uint64_t group_size() const { return block_size() * blocks_per_group_; }

  uint64_t hosts_;
  uint32_t ports_;
  uint32_t hosts_per_block_;
  Order order_;
  uint64_t seed_;
  EarlyPorts early_ports_;
  uint32_t blocks_per_group_;
  Permutation host_permutation_;
};

/// The K-th of N disjoint parts of an order: the indices that are congruent to K-1 modulo N. A position counts the
/// indices of the shard.
struct Shard {
  uint32_t number = 1;  ///< K, 1-N.
  uint32_t count = 1;   ///< N.

  constexpr uint64_t size_of(uint64_t order_size) const {
    return order_size < number ? 0 : (order_size - number) / count + 1;
  }
  constexpr uint64_t index_at(uint64_t position) const { return number - 1 + position * count; }
  /// The position of an index of the order; nullopt if another shard has it.
  constexpr std::optional<uint64_t> position_of(uint64_t index) const {
    return index % count == number - 1 ? std::optional(index / count) : std::nullopt;
  }
  friend constexpr bool operator==(const Shard&, const Shard&) = default;
  /// The first position whose index is at least `index`.
  constexpr uint64_t first_position_at_or_after(uint64_t index) const {
    return index < number ? 0 : (index - number) / count + 1;
  }
};

}  // namespace portloop
