// Targets with ports of their own, as other tools write them and people paste them: 10.0.0.1:22, [fd00::1]:80-90,
// example.org:80,443, https://example.org/.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/port_set.hpp"
#include "core/target_set.hpp"

namespace portloop {

struct TargetSpec {
  TargetWord target;
  std::optional<PortSet> ports;  ///< Not empty. Nothing: those of the scan.
};

/// Parses one word. A URL has its own port or that of its scheme; its user and path are ignored. The message of a word
/// that is refused proposes a spelling if it is clear what was meant.
Parsed<TargetSpec> parse_target_spec(std::string_view word, const ZoneLookup& zone_lookup = numeric_zone);

/// Whether a comma and further ports may follow: true for "host:80", false for "host" and for "::1".
bool ends_with_ports(std::string_view word);
/// Whether `word` can only be ports: "443" or "8000-8100". Service names could be host names.
bool is_only_ports(std::string_view word);

/// Whether a comma after `word` belongs to it: in the path of a URL.
bool has_url_path(std::string_view word);

}  // namespace portloop
