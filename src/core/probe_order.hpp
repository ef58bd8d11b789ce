// The order of a scan's probes: a pure function from an index to (host, port).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "core/permutation.hpp"

namespace portloop {

enum class Order : uint8_t {
  random,      ///< A seeded permutation.
  sequential,  ///< Host by host, port by port, ascending.
};

/// "random" or "sequential", and back.
std::string_view to_text(Order order);
std::optional<Order> parse_order(std::string_view text);

/// Two levels: the hosts are permuted and divided into blocks, and the (host, port) pairs of each block are permuted.
/// One flat permutation would make every host of a /8 active at once; with blocks, the state of a host can be freed
/// when its block is done. Immutable, so safe to read from any thread.
class ProbeOrder {
 public:
  /// The index of a host in the target set and of a port in the port set.
  struct Position {
    uint64_t host;
    uint32_t port;
  };

  /// `hosts` and `ports` >= 1; hosts * ports <= 2^63.
  ProbeOrder(uint64_t hosts, uint32_t ports, Order order, uint64_t seed);

  uint64_t size() const { return hosts_ * ports_; }
  Position at(uint64_t i) const;
  /// The inverse of at().
  uint64_t index_of(const Position& position) const;

  uint32_t ports() const { return ports_; }
  uint64_t hosts() const { return hosts_; }
  /// The number of indices in every block but the last.
  uint64_t block_size() const { return uint64_t{hosts_per_block_} * ports_; }
  uint64_t block_count() const { return (hosts_ + hosts_per_block_ - 1) / hosts_per_block_; }
  uint64_t block_of(uint64_t i) const { return i / block_size(); }
  uint32_t hosts_in_block(uint64_t block) const;

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
    /// The index in the target set of one of the block's hosts.
    uint64_t host(uint32_t host_in_block) const;

   private:
    const ProbeOrder* order_;
    uint64_t first_host_;
    Permutation probes_;
  };

 private:
  uint64_t hosts_;
  uint32_t ports_;
  uint32_t hosts_per_block_;
  Order order_;
  uint64_t seed_;
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
