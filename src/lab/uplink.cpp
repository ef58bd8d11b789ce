#include "lab/uplink.hpp"

#include <algorithm>
#include <utility>

namespace portloop::lab {

namespace {

constexpr uint64_t ns_per_us = 1000;
constexpr uint64_t ns_per_second = 1'000'000'000;

}  // namespace

Uplink::Uplink(const UplinkLimit& limit)
    : packet_ns_(ns_per_second / limit.packets_per_second), queue_ns_(limit.queue_us * ns_per_us) {}

bool Uplink::send(std::span<const uint8_t> packet, uint32_t seen_before, uint64_t now_ns) {
  const uint64_t departs_ns = std::max(now_ns, free_ns_);
  if (departs_ns - now_ns > queue_ns_) return false;
  free_ns_ = departs_ns + packet_ns_;
  queue_.push_back({{packet.begin(), packet.end()}, departs_ns, seen_before});
  return true;
}

Uplink::Departure Uplink::take() {
  Departure departure = std::move(queue_.front());
  queue_.pop_front();
  return departure;
}

}  // namespace portloop::lab
