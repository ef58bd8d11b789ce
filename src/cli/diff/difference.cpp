#include "cli/diff/difference.hpp"

#include <algorithm>
#include <optional>

namespace portloop {

std::string_view to_text(DifferenceKind kind) {
  switch (kind) {
    case DifferenceKind::opened: return "opened";
    case DifferenceKind::closed: return "closed";
    case DifferenceKind::changed: return "changed";
    case DifferenceKind::uncertain: return "uncertain";
    case DifferenceKind::only_in_a: return "only_in_a";
    case DifferenceKind::only_in_b: break;
  }
  return "only_in_b";
}

namespace {

enum class Comparison : uint8_t { same, not_comparable, different };

bool is_absent(Standing standing) { return standing == Standing::not_scanned || standing == Standing::not_listed; }

bool same_details(const Difference& pair, const DifferenceOptions& options) {
  if (pair.a == nullptr || pair.b == nullptr) return true;
  const ProbeResult &a = pair.a->probe, &b = pair.b->probe;
  if (options.reasons && (a.reason != b.reason || a.error_number != b.error_number)) return false;
  return !options.banners || pair.a->banner == pair.b->banner;
}

/// One side does not list the port, and is not known to have scanned it.
Comparison compare_with_absent(Difference& pair) {
  const bool absent_in_b = is_absent(pair.standing_b);
  const Standing listed = absent_in_b ? pair.standing_a : pair.standing_b;
  const Standing absent = absent_in_b ? pair.standing_b : pair.standing_a;
  if (listed == Standing::unknown) return Comparison::not_comparable;
  if (absent == Standing::not_listed && listed != Standing::open) return Comparison::not_comparable;
  pair.kind = absent_in_b ? DifferenceKind::only_in_a : DifferenceKind::only_in_b;
  return Comparison::different;
}

/// Both sides have scanned the port. Sets `pair.kind` if they differ.
Comparison compare_scanned(Difference& pair, const DifferenceOptions& options) {
  const Standing a = pair.standing_a, b = pair.standing_b;
  if (a == Standing::unknown && b == Standing::unknown) return Comparison::same;
  const auto differ = [&pair](DifferenceKind kind) {
    pair.kind = kind;
    return Comparison::different;
  };
  if (a == Standing::unknown || b == Standing::unknown) return differ(DifferenceKind::uncertain);
  if (a != Standing::open && b == Standing::open) return differ(DifferenceKind::opened);
  if (a == Standing::open && b != Standing::open) return differ(DifferenceKind::closed);
  // "Not open" agrees with closed and filtered alike.
  if (a == Standing::not_open || b == Standing::not_open) return Comparison::same;
  if (a == b && same_details(pair, options)) return Comparison::same;
  return differ(DifferenceKind::changed);
}

Comparison compare(Difference& pair, const DifferenceOptions& options) {
  if (is_absent(pair.standing_a) || is_absent(pair.standing_b)) return compare_with_absent(pair);
  return compare_scanned(pair, options);
}

}  // namespace

DifferenceCounts find_differences(const ResultSet& a, const ResultSet& b, const DifferenceOptions& options,
                                  const std::function<void(const Difference&)>& report) {
  DifferenceCounts counts;
  auto in_a = a.results().begin();
  auto in_b = b.results().begin();
  while (in_a != a.results().end() || in_b != b.results().end()) {
    const bool has_a = in_a != a.results().end() && (in_b == b.results().end() || in_a->first <= in_b->first);
    const bool has_b = in_b != b.results().end() && (in_a == a.results().end() || in_b->first <= in_a->first);
    const auto& [address, port] = has_a ? in_a->first : in_b->first;
    Difference pair{DifferenceKind::changed, {address, port}, {}, {}, nullptr, nullptr};
    pair.standing_a = a.standing(pair.endpoint);
    pair.standing_b = b.standing(pair.endpoint);
    if (has_a) pair.a = &(in_a++)->second;
    if (has_b) pair.b = &(in_b++)->second;
    switch (compare(pair, options)) {
      case Comparison::same: ++counts.same; break;
      case Comparison::not_comparable: ++counts.not_comparable; break;
      case Comparison::different: report(pair); break;
    }
  }
  return counts;
}

}  // namespace portloop
