#include "plan/block.hpp"

#include <algorithm>
#include <cassert>
#include <unordered_map>
#include <utility>

namespace portloop {

static_assert(max_passes == LossEstimate::passes_counted);

Block::Block(const ScanSpace& space, uint64_t number, uint32_t place, std::optional<uint32_t> retries)
    : hosts(0),
      space_(&space),
      number_(number),
      place_(place),
      retries_(retries),
      order_(space.order, number * space.order_blocks_per_block()),
      runs_(space.runs_of(number)),
      others_from_(runs_.other_first - runs_.early()),
      first_early_index_(space.order.runs_of(number * space.order_blocks_per_block()).early_first),
      first_other_index_(space.order.runs_of(number * space.order_blocks_per_block()).other_first),
      ledger_(static_cast<uint32_t>(runs_.are_apart() ? runs_.early() : runs_.size())),
      asked_now_(ledger_.size()),
      sweep_(std::max(1U, ledger_.size()), number) {
  list_hosts();
}

void Block::note_next_hops(const NextHops& hops) {
  const OwnLinks& links = space_->links;
  if (!links.need_watching() && links.own.empty()) return;
  for (Host& host : hosts) {
    const Address address = space_->address(host.target);
    host.is_own = links.is_own(address);
    if (host.is_own) continue;
    const NextHops::Hop* hop = hops.of(address);
    const bool is_on_link = links.contains(address);
    const bool has_entry =
        hop != nullptr && (hop->state == NextHops::State::confirmed || hop->state == NextHops::State::unconfirmed);
    if (is_on_link && !has_entry) {
      host.state = HostState::unresolved;
      has_unresolved_hosts_ = true;
    } else if (hop != nullptr && hop->state != NextHops::State::confirmed) {
      host.next_hop_unproven = true;
      has_unproven_hosts_ = true;
    }
  }
}

std::optional<uint32_t> Block::probe_of(const ProbeOrder::Block::Local& local) const {
  assert(sparse_.empty());
  const uint64_t j = order_.index_of(local);
  const uint64_t index = j < order_.early() ? first_early_index_ + j : first_other_index_ + j - order_.early();
  const std::optional<uint64_t> position = space_->shard.position_of(index);
  return position ? std::optional(probe_at(*position)) : std::nullopt;
}

void Block::list_hosts() {
  if (space_->listed) {
    sparse_ = *space_->listed;
    hosts = HostWatch(static_cast<uint32_t>(space_->targets.size()));
    for (uint32_t host = 0; host < hosts.size(); ++host) hosts[host].target = space_->base_target + host;
    return;
  }
  const uint32_t all = space_->order.hosts_in_block(number_ * space_->order_blocks_per_block());
  if (space_->order_blocks_per_block() == 1 && size() >= all) {
    hosts = HostWatch(all);
    for (uint32_t host = 0; host < all; ++host) hosts[host].target = space_->base_target + order_.host(host);
    return;
  }
  // Only those that the shard asks, or a thousandth of a network would need as much memory as the whole.
  std::unordered_map<uint64_t, uint32_t> by_target;
  sparse_.reserve(size());
  for (uint32_t probe = 0; probe < size(); ++probe) {
    const ProbeOrder::Position at = space_->order.at(space_->shard.index_at(shard_position(probe)));
    const auto host = by_target.emplace(at.host, static_cast<uint32_t>(by_target.size())).first->second;
    sparse_.push_back({host, at.port});
  }
  hosts = HostWatch(static_cast<uint32_t>(by_target.size()));
  for (const auto& [target, host] : by_target) hosts[host].target = space_->base_target + target;
}

// ---- Passes ----

void Block::resolve(uint32_t host_number) {
  if (hosts[host_number].state != HostState::unresolved) return;
  const bool asks_now = pass_ == 1 && sparse_.empty() && !hosts[host_number].was_asked_in_vain;
  hosts.resolved(host_number, asks_now ? 0 : pass_);
  if (!asks_now || drawn_unresolved_.empty() || drawn_unresolved_[host_number] == 0) return;
  if (!late_hosts_) late_hosts_.emplace(space_->order, number_);
  late_hosts_->add(host_number, drawn_unresolved_[host_number]);
}

std::optional<uint32_t> Block::take_late_port() {
  const ProbeOrder::Block::Local local = late_hosts_->current();
  if (!hosts[local.host_in_block].is_fresh_or_alive()) {
    late_hosts_->forget_host();
    return std::nullopt;
  }
  const std::optional<uint32_t> probe = probe_of(local);
  const bool is_to_be_asked = is_owed(probe);
  late_hosts_->advance(is_to_be_asked);
  return is_to_be_asked ? probe : std::nullopt;
}

PassFacts Block::pass_facts() const {
  PassFacts facts;
  facts.pass = pass_;
  facts.fixed_retries = retries_.has_value();
  facts.asked_any = asked_any_;
  facts.skipped_some = skipped_some_;
  facts.found = found_;
  facts.empty_passes = facts.found > 0 ? 0 : empty_passes_ + 1;
  facts.answers = loss.answers();
  facts.silent = unfinished_;
  facts.first_pass_loss = loss.first_pass_loss();
  facts.missing = loss.missing_after(counted_pass(pass_));
  return facts;
}

bool Block::begin_pass(NextPass next, uint32_t asks_per_check) {
  assert(phase_ == Phase::settling && next != NextPass::report && pass_ < max_passes);
  const uint32_t pass = pass_ + 1;
  const auto wants = [&](const Host& host) { return wants_retry(host, pass, next); };
  if (std::none_of(hosts.begin(), hosts.end(), wants)) return false;
  empty_passes_ = found_ > 0 ? 0 : empty_passes_ + 1;
  found_ = 0;
  pass_ = pass;
  sweep_kind_ = next;
  asked_any_ = skipped_some_ = false;
  checks.begin_pass(hosts, checks_are_scarce() ? 1 : asks_per_check / 2);
  sweep_ = Permutation(ledger_.size(), mix64(number_) + pass_);
  sweep_at_ = 0;
  proven_until_ = 0;
  phase_ = Phase::sweeping;
  return true;
}

bool Block::begin_pass_for_unresolved(uint32_t asks_per_check) {
  const auto is_unresolved = [](const Host& host) { return host.state == HostState::unresolved; };
  if (std::none_of(hosts.begin(), hosts.end(), is_unresolved)) return false;
  if (pass_ < max_passes) return begin_pass(NextPass::sweep_by_host, asks_per_check);
  hosts.lose_unresolved(Loss::no_room);
  return false;
}

void Block::begin_reporting() {
  assert(phase_ == Phase::settling && in_flight_ == 0);
  sweep_at_ = 0;
  phase_ = Phase::reporting;
}

/// A retry pass goes on where it was answered last: if it began anew in another order each time, a router that lets a
/// thousand probes through every half minute would never let all of them through.
bool Block::all_are_back(uint64_t now_us) {
  const Progress before = std::exchange(last_return_, {pass_, proven_until_, unfinished_});
  loss.withdraw_lost_checks(counted_pass(pass_));
  // If nothing of this pass was answered, the last answer belongs to an earlier one, which was cut short.
  const uint32_t void_passes = pass_ == 1 ? 1 : proven_until_ == 0 ? pass_ - 1 : 0;
  hosts.path_is_back(void_passes, now_us);
  if (void_passes > void_passes_) {
    void_passes_ = void_passes;
    loss.begin_again();
  }
  if (pass_ == 1) {
    if (phase_ == Phase::reporting) phase_ = Phase::settling;
  } else {
    sweep_at_ = proven_until_;
    phase_ = Phase::sweeping;
  }
  return before != last_return_;
}

bool Block::wants_retry(const Host& host, uint32_t pass, NextPass kind) const {
  if (host.state == HostState::unresolved) return true;
  if (!host.is_fresh_or_alive()) return false;
  const int passes = static_cast<int>(pass) - 1 - host.void_passes;  // that counted, before this one
  if (retries_) return passes <= static_cast<int>(*retries_);
  if (kind == NextPass::sweep_all) return true;
  if (passes < 2) return true;
  if (hosts.size() == 1) return false;  // the block's loss is its own
  // Judged by its own loss, if that is worse than the block's, and as if each pass had lost as much as the first.
  double missing = host.answers;
  const double lost = loss.first_pass_loss_of(host.answers, host.rescued);
  for (int counted = 0; counted < passes; ++counted) missing *= lost;
  return missing >= missing_allowed;
}

/// If much is lost and few ports are left, every other ask is a check, or the pass would measure too little. One by
/// one, because a burst of them would use up what a limited host still answers.
bool Block::checks_are_scarce() const { return unfinished_ < few_ports && loss.first_pass_loss() > heavy_loss; }

}  // namespace portloop
