// What differs between two result sets. Pure.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

#include "cli/diff/result_set.hpp"

namespace portloop {

enum class DifferenceKind : uint8_t {
  opened,     ///< Open in B, and known not to be open in A.
  closed,     ///< Open in A, and known not to be open in B.
  changed,    ///< Another state that is not open, another reason, or another banner.
  uncertain,  ///< Unknown on one side.
  only_in_a,  ///< B has not scanned it, or does not reveal whether it has.
  only_in_b,
};

/// "opened", ..., "only_in_b".
std::string_view to_text(DifferenceKind kind);

struct Difference {
  DifferenceKind kind;
  Endpoint endpoint;
  Standing standing_a;
  Standing standing_b;
  const ReadResult* a;  ///< nullptr if A does not list the endpoint.
  const ReadResult* b;
};

struct DifferenceOptions {
  bool reasons = true;
  bool banners = true;
};

struct DifferenceCounts {
  uint64_t same = 0;
  /// Closed or filtered on one side, and not listed on the other, which lists open ports only.
  uint64_t not_comparable = 0;
};

/// Calls `report` for each difference, by address and port.
DifferenceCounts find_differences(const ResultSet& a, const ResultSet& b, const DifferenceOptions& options,
                                  const std::function<void(const Difference&)>& report);

}  // namespace portloop
