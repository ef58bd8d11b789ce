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

// Web, remote login and desktop, file sharing, mail, name service: one of them is open on nearly every host that a
// firewall lets anybody speak to. So chosen for the kinds of machine that there are (servers of either family,
// desktops, printers, cameras, routers), not from anybody's scan statistics.
constexpr std::array<uint16_t, 16> likely_open = {21,  22,  23,  25,  53,   80,   110,  135,
                                                  139, 143, 443, 445, 3306, 3389, 8080, 8443};

constexpr uint32_t min_ports_to_divide = 64;

}  // namespace

EarlyPorts::EarlyPorts(const PortSet& ports) {
  if (ports.size() < min_ports_to_divide) return;
  for (const uint16_t port : likely_open)
    if (const std::optional<uint32_t> index = ports.index_of(port)) indices_[count_++] = *index;
  if (count_ > 0) first_above_all_ = indices_[count_ - 1] - (count_ - 1);
}

uint32_t EarlyPorts::other_between(uint32_t i) const {
  for (uint32_t early = 0; early < count_ && indices_[early] <= i; ++early) ++i;
  return i;
}

std::optional<uint32_t> EarlyPorts::early_index_of(uint32_t port) const {
  for (uint32_t early = 0; early < count_; ++early)
    if (indices_[early] == port) return early;
  return std::nullopt;
}

uint32_t EarlyPorts::other_index_of(uint32_t port) const {
  const auto end = indices_.begin() + count_;
  return port - static_cast<uint32_t>(std::lower_bound(indices_.begin(), end, port) - indices_.begin());
}

std::string_view to_text(Order order) { return order == Order::random ? "random" : "sequential"; }

std::optional<Order> parse_order(std::string_view text) {
  for (const Order order : {Order::random, Order::sequential})
    if (text == to_text(order)) return order;
  return std::nullopt;
}

ProbeOrder::ProbeOrder(uint64_t hosts, const PortSet& ports, Order order, uint64_t seed)
    : hosts_(hosts),
      ports_(ports.size()),
      hosts_per_block_(block_hosts(hosts, std::max(1U, ports_))),
      order_(order),
      seed_(seed),
      early_ports_(order == Order::random ? EarlyPorts(ports) : EarlyPorts()),
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
      early_(uint64_t{order.hosts_in_block(block)} * order.early_ports_.count()),
      early_probes_(std::max<uint64_t>(1, early_), mix64(order.seed_ + 1) + block),
      other_probes_(uint64_t{order.hosts_in_block(block)} * order.ports_ - early_, mix64(order.seed_) + block) {}

ProbeOrder::Block::Local ProbeOrder::Block::at(uint64_t j) const {
  const EarlyPorts& early = order_->early_ports_;
  if (j < early_) {
    j = early_probes_.at(j);
    return {static_cast<uint32_t>(j / early.count()), early.early_at(static_cast<uint32_t>(j % early.count()))};
  }
  const uint32_t others = order_->ports_ - early.count();
  j = order_->order_ == Order::random ? other_probes_.at(j - early_) : j;
  return {static_cast<uint32_t>(j / others), early.other_at(static_cast<uint32_t>(j % others))};
}

uint64_t ProbeOrder::Block::index_of(const Local& local) const {
  const EarlyPorts& early = order_->early_ports_;
  if (const std::optional<uint32_t> port = early.early_index_of(local.port))
    return early_probes_.index_of(uint64_t{local.host_in_block} * early.count() + *port);
  const uint32_t others = order_->ports_ - early.count();
  const uint64_t j = uint64_t{local.host_in_block} * others + early.other_index_of(local.port);
  return order_->order_ == Order::random ? early_ + other_probes_.index_of(j) : j;
}

uint64_t ProbeOrder::Block::host(uint32_t host_in_block) const {
  const uint64_t host = first_host_ + host_in_block;
  return order_->order_ == Order::random ? order_->host_permutation_.at(host) : host;
}

}  // namespace portloop
