#include "plan/late_hosts.hpp"

#include <algorithm>
#include <cassert>

namespace portloop {

LateHosts::LateHosts(const ProbeOrder& order, uint64_t key)
    : order_(&order),
      others_order_(std::max<uint32_t>(1, order.ports() - order.early_ports().count()), mix64(order.seed() + 2) + key) {
}

void LateHosts::add(uint32_t host, uint32_t owed) {
  assert(owed > 0);
  (order_->early_ports().count() > 0 ? early_ : others_).push_back({host, owed});
  owed_ += owed;
}

ProbeOrder::Block::Local LateHosts::current() const {
  const EarlyPorts& early = order_->early_ports();
  if (!early_.empty()) return {early_.front().host, early.early_at(early_.front().next)};
  const Late& late = others_.front();
  const bool is_random = order_->order() == Order::random;
  return {late.host, early.other_at(is_random ? static_cast<uint32_t>(others_order_.at(late.next)) : late.next)};
}

void LateHosts::advance(bool asked) {
  const bool was_early = !early_.empty();
  Late late = at_hand().front();
  at_hand().pop_front();
  if (asked) {
    --late.owed;
    --owed_;
  }
  if (late.owed == 0) return;
  ++late.next;
  if (was_early) {
    const bool has_more = late.next < order_->early_ports().count();
    has_more ? early_.push_back(late) : others_.push_back({late.host, late.owed});
    return;
  }
  assert(late.next < order_->ports() - order_->early_ports().count());  // or more was owed than it has
  if (order_->order() == Order::random) {
    others_.push_back(late);
  } else {
    others_.push_front(late);
  }
}

void LateHosts::forget_host() {
  owed_ -= at_hand().front().owed;
  at_hand().pop_front();
}

}  // namespace portloop
