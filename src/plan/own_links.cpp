#include "plan/own_links.hpp"

#include <algorithm>

namespace portloop {
namespace {

bool any_contains(const std::vector<AddressRange>& ranges, const Address& address) {
  const auto after =
      std::upper_bound(ranges.begin(), ranges.end(), address,
                       [](const Address& value, const AddressRange& range) { return value < range.first; });
  return after != ranges.begin() && address <= (after - 1)->last;
}

}  // namespace

bool OwnLinks::contains(const Address& address) const { return any_contains(on_link, address); }

bool OwnLinks::is_own(const Address& address) const { return any_contains(own, address); }

const Address* OwnLinks::gateway_of(const Address& address) const {
  const auto after =
      std::upper_bound(gateways.begin(), gateways.end(), address,
                       [](const Address& value, const GatewayRange& gateway) { return value < gateway.range.first; });
  if (after == gateways.begin() || (after - 1)->range.last < address) return nullptr;
  return &(after - 1)->gateway;
}

}  // namespace portloop
