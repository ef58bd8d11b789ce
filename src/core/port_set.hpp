// A set of TCP ports as sorted ranges, read from what people type: 22,80,8000-8100,http,common.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/spec_error.hpp"

namespace portloop {

/// Both ends belong to the range.
struct PortRange {
  uint16_t first;
  uint16_t last;
  friend constexpr bool operator==(const PortRange&, const PortRange&) = default;
};

/// Answers the port of a service name such as "http", or 0 where there is none.
using PortNameLookup = std::function<uint16_t(std::string_view)>;

/// Sorted, disjoint, never adjacent ranges of 1-65535. A value; not safe to change from two threads.
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

/// Reads `22,80,8000-8100`, `-` or `all` (1-65535), `22-` is refused, names through `name_lookup`, and
/// `common`. Port 0 is refused: the kernel takes it for "any".
Parsed<PortSet> parse_ports(std::string_view spec, const PortNameLookup& name_lookup);

}  // namespace portloop
