// The connection table of a router that translates addresses, as Linux's conntrack keeps it.
#pragma once

#include <cstdint>
#include <deque>
#include <unordered_map>

#include "lab/connections.hpp"
#include "lab/due_queue.hpp"
#include "lab/profile.hpp"

namespace portloop::lab {

class FlowTable {
 public:
  explicit FlowTable(const RouterLimit& limit) : limit_(limit) {}

  /// A TCP packet of the command. Returns false if the router drops it: it has no flow, and is no SYN, or there is no
  /// room for its flow.
  bool pass_out(const ConnectionKey& key, uint8_t tcp_flags, uint64_t now_ns);

  /// A TCP packet to the command. Returns false if the router drops it, because it no longer knows the flow.
  bool pass_back(const ConnectionKey& key, uint8_t tcp_flags, uint64_t now_ns);

  /// Whether the router lets such a packet in: it has a flow for it, or room. One that goes no further adds none.
  bool has_room_for(const ConnectionKey& key, uint64_t now_ns);

  /// True if an ICMP error about this flow reaches the command.
  bool knows(const ConnectionKey& key, uint64_t now_ns);

  size_t size() const { return flows_.size(); }
  uint64_t evicted() const { return evicted_; }

 private:
  enum class State : uint8_t { unreplied, replied, established, closing };
  struct Flow {
    State state = State::unreplied;
    uint64_t number = 0;  // tells it from an earlier flow with the same key
    uint64_t expires_ns = 0;
    uint64_t armed_ns = UINT64_MAX;  // of its earliest valid entry in expiries_
  };
  struct Ref {
    ConnectionKey key;
    uint64_t number = 0;
  };

  static bool is_unreplied(const Flow* flow) { return flow != nullptr && flow->state == State::unreplied; }
  Flow* find(const ConnectionKey& key, uint64_t now_ns);
  Flow* find(const Ref& ref);
  bool add(const ConnectionKey& key, uint64_t now_ns);
  bool evict_one();
  void expire(uint64_t now_ns);
  void hold(const ConnectionKey& key, Flow& flow, uint64_t until_ns);

  RouterLimit limit_;
  std::unordered_map<ConnectionKey, Flow, ConnectionKeyHash> flows_;
  DueQueue<Ref> expiries_;
  std::deque<Ref> unreplied_;  // oldest first, with some that have been answered or removed; only if the table evicts
  uint64_t added_ = 0;
  uint64_t evicted_ = 0;
};

}  // namespace portloop::lab
