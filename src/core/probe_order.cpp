#include "core/probe_order.hpp"

#include <algorithm>
#include <bit>

namespace portloop {
namespace {

// At least 16, so that a scan of 65,535 ports is still spread over several hosts, and at most 4,096, which bounds the
// memory of the hosts' states.
uint32_t block_hosts(uint64_t hosts, uint32_t ports, uint64_t block_probes) {
  const uint64_t fitting = std::clamp<uint64_t>(block_probes / ports, 16, 4096);
  return static_cast<uint32_t>(std::min(hosts, fitting));
}

// Web, remote login and desktop, file sharing, mail, name service: one of them is open on nearly every host that a
// firewall lets anybody speak to. So chosen for the kinds of machine that there are (servers of either family,
// desktops, printers, cameras, routers), not from anybody's scan statistics.
constexpr std::array<uint16_t, 16> likely_open = {21,  22,  23,  25,  53,   80,   110,  135,
                                                  139, 143, 443, 445, 3306, 3389, 8080, 8443};

constexpr uint32_t min_ports_to_divide = 64;

// A group's hosts are all live at once. With these, all ports of a /24 are one group, and the 589 of `common` of a /17.
constexpr uint32_t max_blocks_per_group = 16;
constexpr uint32_t max_hosts_per_group = uint32_t{1} << 15;

uint32_t group_blocks(uint32_t hosts_per_block) {
  return std::min(max_blocks_per_group, std::bit_floor(max_hosts_per_group / hosts_per_block));
}

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

ProbeOrder::ProbeOrder(uint64_t hosts, const PortSet& ports, Order order, uint64_t seed, uint64_t block_probes)
    : hosts_(hosts),
      ports_(ports.size()),
      hosts_per_block_(block_hosts(hosts, std::max(1U, ports_), block_probes)),
      order_(order),
      seed_(seed),
      early_ports_(order == Order::random ? EarlyPorts(ports) : EarlyPorts()),
      blocks_per_group_(early_ports_.count() == 0 || hosts <= hosts_per_block_ ? 1 : group_blocks(hosts_per_block_)),
      host_permutation_(hosts, seed) {}

uint32_t ProbeOrder::hosts_in_block(uint64_t block) const {
  return static_cast<uint32_t>(std::min<uint64_t>(hosts_per_block_, hosts_ - block * hosts_per_block_));
}

ProbeOrder::Runs ProbeOrder::runs_of(uint64_t block) const {
  const uint64_t group = block / blocks_per_group_;
  const uint64_t group_block = group * blocks_per_group_;
  const uint64_t group_end_block = std::min(block_count(), group_block + blocks_per_group_);
  const uint64_t hosts_in_group = std::min(hosts_, group_end_block * hosts_per_block_) - group_block * hosts_per_block_;
  const uint64_t hosts_before = (block - group_block) * hosts_per_block_;
  const uint64_t early_first = group * group_size() + hosts_before * early_ports_.count();
  const uint64_t others = ports_ - early_ports_.count();
  const uint64_t other_first = group * group_size() + hosts_in_group * early_ports_.count() + hosts_before * others;
  const uint64_t hosts = hosts_in_block(block);
  return {early_first, early_first + hosts * early_ports_.count(), other_first, other_first + hosts * others};
}

ProbeOrder::Place ProbeOrder::place_of(uint64_t i) const {
  if (blocks_per_group_ == 1) return {i / block_size(), i % block_size()};
  const uint64_t group = i / group_size();
  const uint64_t in_group = i % group_size();
  const uint64_t first_block = group * blocks_per_group_;
  const Runs first = runs_of(first_block);
  const uint64_t early_in_group = first.other_first - first.early_first;
  if (in_group < early_in_group) {
    const uint64_t run = first.early_end - first.early_first;
    return {first_block + in_group / run, in_group % run};
  }
  const uint64_t run = first.other_end - first.other_first;
  const uint64_t block = first_block + (in_group - early_in_group) / run;
  const uint64_t early = uint64_t{hosts_in_block(block)} * early_ports_.count();
  return {block, early + (in_group - early_in_group) % run};
}

ProbeOrder::Position ProbeOrder::at(uint64_t i) const {
  const Place place = place_of(i);
  const Block block(*this, place.block);
  const Block::Local local = block.at(place.j);
  return {block.host(local.host_in_block), local.port};
}

uint64_t ProbeOrder::index_of(const Position& position) const {
  const uint64_t host = order_ == Order::random ? host_permutation_.index_of(position.host) : position.host;
  const Block block(*this, host / hosts_per_block_);
  const uint64_t j = block.index_of({static_cast<uint32_t>(host % hosts_per_block_), position.port});
  const Runs runs = runs_of(host / hosts_per_block_);
  return j < block.early() ? runs.early_first + j : runs.other_first + j - block.early();
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
