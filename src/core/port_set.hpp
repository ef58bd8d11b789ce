// A set of TCP ports as sorted ranges, parsed from text such as 22,80,8000-8100,http,common.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/spec_error.hpp"

namespace portloop {

/// Both ends are inclusive.
struct PortRange {
  uint16_t first;
  uint16_t last;
  friend constexpr bool operator==(const PortRange&, const PortRange&) = default;
};

/// Returns the port of a service name such as "http", or 0 if the name is unknown.
using PortNameLookup = std::function<uint16_t(std::string_view)>;

/// Returns the ports of all services whose name matches a pattern such as "http*".
using PortPatternLookup = std::function<std::vector<uint16_t>(std::string_view)>;

/// Sorted, disjoint, never adjacent ranges of 1-65535. Not thread-safe.
class PortSet {
 public:
  PortSet() = default;

  void add(PortRange range);
  void remove(const PortSet& other);

  bool empty() const { return ranges_.empty(); }
  uint32_t size() const { return size_; }
  bool contains(uint16_t port) const { return index_of(port).has_value(); }
  /// The i-th port in ascending order; i < size().
  uint16_t at(uint32_t i) const;
  /// The inverse of at(): how many ports of the set are lower. nullopt for a port that is not in the set.
  std::optional<uint32_t> index_of(uint16_t port) const;
  const std::vector<PortRange>& ranges() const { return ranges_; }
  /// The canonical text, such as "22,80,8000-8100".
  std::string to_text() const;

  friend bool operator==(const PortSet& a, const PortSet& b) { return a.ranges_ == b.ranges_; }

 private:
  void recount();

  std::vector<PortRange> ranges_;
  std::vector<uint32_t> first_index_;  // of each range, for at()
  uint32_t size_ = 0;
};

/// Parses a list such as `22,80,8000-8100`: ports, ranges (also `60000-` and `-1023`), `-` or `all` (1-65535),
/// `common`, and the names and patterns that the lookups find; either may be nullptr. Port 0 is refused: to the kernel
/// it means "any".
Parsed<PortSet> parse_ports(std::string_view spec, const PortNameLookup& name_lookup,
                            const PortPatternLookup& pattern_lookup = nullptr);

}  // namespace portloop
