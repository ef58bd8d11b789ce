// The addresses to scan, as sorted ranges: 10.0.0.0/8 costs the bytes of one range.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/address.hpp"
#include "core/spec_error.hpp"

namespace portloop {

/// Both ends belong to the range; both have the same family and zone.
struct AddressRange {
  Address first;
  Address last;
  friend constexpr bool operator==(const AddressRange&, const AddressRange&) = default;
};

/// What one word of a target list stands for: a range of numeric addresses, or a name to look up.
struct TargetWord {
  std::optional<AddressRange> range;
  std::string host_name;  ///< Set where `range` is not.
};

/// Reads an IPv4 or IPv6 address (with zone), a CIDR block, a range 10.0.0.1-10.0.0.9 or 10.0.0.1-9, or a
/// host name. 0.0.0.0 and :: are refused wherever they would be scanned: the kernel takes them for itself.
Parsed<TargetWord> parse_target(std::string_view word, const ZoneLookup& zone_lookup = numeric_zone);

/// Sorted, disjoint ranges. An immutable value: safe to read from any thread.
class TargetSet {
 public:
  TargetSet() = default;
  /// All of `included` that is not in `excluded`; overlaps count once. An exclusion without a zone also
  /// excludes that address in every zone.
  TargetSet(std::vector<AddressRange> included, std::vector<AddressRange> excluded);

  bool empty() const { return ranges_.empty(); }
  /// How many addresses; 2^64-1 stands for that many or more.
  uint64_t size() const { return size_; }
  /// The i-th address in ascending order; i < size().
  Address at(uint64_t i) const;
  /// The inverse of at(); nothing for an address that is not in the set.
  std::optional<uint64_t> index_of(const Address& address) const;
  bool contains(const Address& address) const;
  bool has_family(Family family) const;
  const std::vector<AddressRange>& ranges() const { return ranges_; }
  /// Canonical text, one range a word: what a checkpoint hashes.
  std::string to_text() const;

 private:
  std::vector<AddressRange> ranges_;
  std::vector<uint64_t> first_index_;  // of each range, for at()
  uint64_t size_ = 0;
};

}  // namespace portloop
