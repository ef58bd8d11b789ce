#include "core/target_set.hpp"

#include <algorithm>
#include <limits>

namespace portloop {
namespace {

bool ordered_by_first(const AddressRange& a, const AddressRange& b) { return a.first < b.first; }

bool touches(const AddressRange& earlier, const AddressRange& later) {
  if (earlier.last.family != later.first.family || earlier.last.zone != later.first.zone) return false;
  return later.first.value <= earlier.last.value || later.first.value - 1 == earlier.last.value;
}

std::vector<AddressRange> merged(std::vector<AddressRange> ranges) {
  std::sort(ranges.begin(), ranges.end(), ordered_by_first);
  std::vector<AddressRange> result;
  for (const AddressRange& range : ranges) {
    if (!result.empty() && touches(result.back(), range)) {
      if (range.last > result.back().last) result.back().last = range.last;
    } else {
      result.push_back(range);
    }
  }
  return result;
}

/// Appends `range` without the holes in `zone`, in order; `range` itself may be in another zone. `holes` are sorted and
/// disjoint, of all families and zones. A binary search finds the first one, so that many ranges with many holes take
/// n log n steps.
void subtract(const AddressRange& range, const std::vector<AddressRange>& holes, uint32_t zone,
              std::vector<AddressRange>& left) {
  Address start = range.first;
  const Address sought{range.first.family, zone, range.first.value};
  auto hole = std::lower_bound(holes.begin(), holes.end(), sought,
                               [](const AddressRange& h, const Address& address) { return h.last < address; });
  for (; hole != holes.end(); ++hole) {
    if (hole->first.family != range.first.family || hole->first.zone != zone) break;
    if (hole->first.value > range.last.value) break;
    if (hole->first.value > start.value) {
      Address end = start;
      end.value = hole->first.value - 1;
      left.push_back({start, end});
    }
    if (hole->last.value >= range.last.value) return;
    start.value = hole->last.value + 1;
  }
  left.push_back({start, range.last});
}

/// The same for the range's own zone; holes without a zone are in every zone.
void subtract_in_zones(const AddressRange& range, const std::vector<AddressRange>& holes,
                       std::vector<AddressRange>& left) {
  const uint32_t zone = range.first.zone;
  if (zone == 0) {
    subtract(range, holes, 0, left);
    return;
  }
  std::vector<AddressRange> pieces;
  subtract(range, holes, 0, pieces);
  for (const AddressRange& piece : pieces) subtract(piece, holes, zone, left);
}

uint64_t saturating_sum(uint64_t a, uint128 b) {
  const uint128 sum = b + a;
  const bool too_many = b > std::numeric_limits<uint64_t>::max() || sum > std::numeric_limits<uint64_t>::max();
  return too_many ? std::numeric_limits<uint64_t>::max() : static_cast<uint64_t>(sum);
}

}  // namespace

TargetSet::TargetSet(std::vector<AddressRange> included, std::vector<AddressRange> excluded) {
  const std::vector<AddressRange> holes = merged(std::move(excluded));
  for (const AddressRange& range : merged(std::move(included))) subtract_in_zones(range, holes, ranges_);
  for (const AddressRange& range : ranges_) {
    first_index_.push_back(size_);
    const uint128 beyond_first = range.last.value - range.first.value;
    size_ = saturating_sum(saturating_sum(size_, beyond_first), 1);
  }
}

Address TargetSet::at(uint64_t i) const {
  size_t range = 0;
  if (ranges_.size() > 1) {
    const auto after = std::upper_bound(first_index_.begin(), first_index_.end(), i);
    range = static_cast<size_t>(after - first_index_.begin() - 1);
  }
  Address address = ranges_[range].first;
  address.value += i - first_index_[range];
  return address;
}

std::optional<uint64_t> TargetSet::index_of(const Address& address) const {
  const auto after = std::upper_bound(ranges_.begin(), ranges_.end(), AddressRange{address, address}, ordered_by_first);
  if (after == ranges_.begin()) return std::nullopt;
  const AddressRange& range = *(after - 1);
  if (range.first.family != address.family || range.first.zone != address.zone || address > range.last)
    return std::nullopt;
  const auto number = static_cast<size_t>(after - ranges_.begin() - 1);
  return first_index_[number] + static_cast<uint64_t>(address.value - range.first.value);
}

std::vector<AddressRange> TargetSet::outside(const AddressRange& range) const {
  std::vector<AddressRange> left;
  subtract_in_zones(range, ranges_, left);
  return left;
}

bool TargetSet::contains(const Address& address) const { return index_of(address).has_value(); }

bool TargetSet::contains(const AddressRange& range) const {
  const auto after = std::upper_bound(ranges_.begin(), ranges_.end(), range, ordered_by_first);
  if (after == ranges_.begin()) return false;
  const AddressRange& around = *(after - 1);
  return around.first.family == range.first.family && around.first.zone == range.first.zone &&
         range.last <= around.last;
}

bool TargetSet::has_family(Family family) const {
  return std::any_of(ranges_.begin(), ranges_.end(),
                     [family](const AddressRange& range) { return range.first.family == family; });
}

std::string TargetSet::to_text() const {
  std::string text;
  for (const AddressRange& range : ranges_) {
    if (!text.empty()) text += ' ';
    text += portloop::to_text(range.first);
    if (range.last != range.first) text += '-' + portloop::to_text(range.last);
  }
  return text;
}

}  // namespace portloop
