#include "core/probe_order.hpp"

#include <algorithm>

namespace portloop {
namespace {

// A block has about 2^20 probes, whose ledger at half a byte each takes 512 KiB. It has at least 16 hosts, so that a
// scan of 65,535 ports is still spread over several hosts, and at most 4,096, which bounds the memory of the hosts'
// states.
uint32_t block_hosts(uint64_t hosts, uint32_t ports) {
  const uint64_t fitting = std::clamp<uint64_t>((uint64_t{1} << 20) / ports, 16, 4096);
  return static_cast<uint32_t>(std::min(hosts, fitting));
}

}  // namespace

std::string_view to_text(Order order) { return order == Order::random ? "random" : "sequential"; }

std::optional<Order> parse_order(std::string_view text) {
  for (const Order order : {Order::random, Order::sequential})
    if (text == to_text(order)) return order;
  return std::nullopt;
}

ProbeOrder::ProbeOrder(uint64_t hosts, uint32_t ports, Order order, uint64_t seed)
    : hosts_(hosts),
      ports_(ports),
      hosts_per_block_(block_hosts(hosts, ports)),
      order_(order),
      seed_(seed),
      host_permutation_(hosts, seed) {}

uint32_t ProbeOrder::hosts_in_block(uint64_t block) const {
  return static_cast<uint32_t>(std::min<uint64_t>(hosts_per_block_, hosts_ - block * hosts_per_block_));
}

ProbeOrder::Position ProbeOrder::at(uint64_t i) const {
  const Block block(*this, block_of(i));
  const Block::Local local = block.at(i % block_size());
  return {block.host(local.host_in_block), local.port};
}

uint64_t ProbeOrder::index_of(const Position& position) const {
  const uint64_t host = order_ == Order::random ? host_permutation_.index_of(position.host) : position.host;
  const Block block(*this, host / hosts_per_block_);
  const auto host_in_block = static_cast<uint32_t>(host % hosts_per_block_);
  return host / hosts_per_block_ * block_size() + block.index_of({host_in_block, position.port});
}

ProbeOrder::Block::Block(const ProbeOrder& order, uint64_t block)
    : order_(&order),
      first_host_(block * order.hosts_per_block_),
      probes_(uint64_t{order.hosts_in_block(block)} * order.ports_, mix64(order.seed_) + block) {}

ProbeOrder::Block::Local ProbeOrder::Block::at(uint64_t j) const {
  if (order_->order_ == Order::random) j = probes_.at(j);
  return {static_cast<uint32_t>(j / order_->ports_), static_cast<uint32_t>(j % order_->ports_)};
}

uint64_t ProbeOrder::Block::index_of(const Local& local) const {
  const uint64_t j = uint64_t{local.host_in_block} * order_->ports_ + local.port;
  return order_->order_ == Order::random ? probes_.index_of(j) : j;
}

uint64_t ProbeOrder::Block::host(uint32_t host_in_block) const {
  const uint64_t host = first_host_ + host_in_block;
  return order_->order_ == Order::random ? order_->host_permutation_.at(host) : host;
}

}  // namespace portloop
