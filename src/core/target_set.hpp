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

/// Both ends are inclusive and have the same family and zone.
struct AddressRange {
  Address first;
  Address last;
  friend constexpr bool operator==(const AddressRange&, const AddressRange&) = default;
};

/// One word of a target list: ranges of addresses, or a host name to resolve.
struct TargetWord {
  std::vector<AddressRange> ranges;  ///< Sorted and disjoint; more than one only for ranges of octets.
  std::string host_name;             ///< Set if there are no ranges.
};

/// Parses an IPv4 or IPv6 address (with zone), a CIDR block, a range 10.0.0.1-10.0.0.9 or 10.0.0.1-9, ranges of octets
/// such as nmap's 10.0.1-2.1-3, or a host name. Targets that include 0.0.0.0 or :: are refused, because the kernel
/// interprets them as the machine itself.
Parsed<TargetWord> parse_target(std::string_view word, const ZoneLookup& zone_lookup = numeric_zone);

/// Sorted, disjoint ranges. Immutable, so safe to read from any thread.
class TargetSet {
 public:
  TargetSet() = default;
  /// The addresses of `included` that are not in `excluded`, each once. An exclusion without a zone excludes its
  /// addresses in every zone.
  TargetSet(std::vector<AddressRange> included, std::vector<AddressRange> excluded);

  bool empty() const { return ranges_.empty(); }
  /// The number of addresses, saturating at 2^64-1.
  uint64_t size() const { return size_; }
  /// The i-th address in ascending order; i < size().
  Address at(uint64_t i) const;
  /// The inverse of at(); nullopt for an address that is not in the set.
  std::optional<uint64_t> index_of(const Address& address) const;
  bool contains(const Address& address) const;
  bool contains(const AddressRange& range) const;
  bool has_family(Family family) const;
  const std::vector<AddressRange>& ranges() const { return ranges_; }
  /// The addresses of `range` that are not in the set, in ascending order. An address of the set without a zone stands
  /// for that address in every zone.
  std::vector<AddressRange> outside(const AddressRange& range) const;
  /// Canonical text, one word for each range. Checkpoints hash it.
  std::string to_text() const;

 private:
  std::vector<AddressRange> ranges_;
  std::vector<uint64_t> first_index_;  // of each range, for at()
  uint64_t size_ = 0;
};

}  // namespace portloop
