// Which models were wrong, and whether the lab kept up with them.
#include <algorithm>

#include "compare/words_parts.hpp"
#include "output/grouped.hpp"

namespace portloop::compare {
namespace {

// With more late answers than this, the lab may have limited a model.
constexpr double max_late_share = 0.01;

/// Collects predicates ("missed 2 of the 3 open ports") with the models they apply to, so that each is stated once.
class Predicates {
 public:
  void add(const std::string& predicate, const std::string& name) {
    const auto same = std::find_if(all_.begin(), all_.end(), [&](const auto& pair) { return pair.first == predicate; });
    if (same != all_.end())
      same->second.push_back(name);
    else
      all_.push_back({predicate, {name}});
  }
  /// A sentence for each predicate; `one` or `several` follows it.
  void append_to(Sentences& out, const char* one, const char* several) const {
    for (const auto& [predicate, names] : all_) {
      const bool single = names.size() == 1;
      out.push_back(listed(names) + (single ? " " : " each ") + predicate + (single ? one : several));
    }
  }

 private:
  std::vector<std::pair<std::string, std::vector<std::string>>> all_;
};

/// "missed 2 of the 3 open ports and left 1 port unknown"
std::string described(const Correctness& c, uint64_t open_ports) {
  std::vector<std::string> parts;
  if (c.missed > 0) parts.push_back("missed " + grouped(c.missed) + " of the " + counted(open_ports, "open port"));
  if (c.wrongly_open > 0) {
    parts.push_back("reported " + counted(c.wrongly_open, "port") + " as open that " +
                    (c.wrongly_open == 1 ? "is" : "are") + " not");
  }
  if (c.misjudged > 0)
    parts.push_back("reported " + counted(c.misjudged, "closed port") + " as filtered, or the other way round");
  if (c.unknown > 0) parts.push_back("left " + counted(c.unknown, "port") + " unknown");
  return listed(parts);
}

/// The models with a rank that were wrong in a run.
void add_tolerated(const Comparison& comparison, Sentences& out) {
  std::vector<std::string> parts;
  for (const Entry* entry : with_rank(comparison)) {
    uint64_t most = 0;
    for (const Correctness& answer : entry->answers) most = std::max(most, answer.errors());
    if (most > 0) parts.push_back(grouped(most) + " (" + entry->contender.name() + ")");
  }
  if (parts.empty()) return;
  out.push_back("Up to " + listed(parts) + " of the " + counted(comparison.setup.probes, "probe") +
                " were wrong or unknown in a run; no model with a rank makes significantly more errors than the best.");
}

}  // namespace

void add_errors(const Comparison& comparison, Sentences& out) {
  Predicates wrongly_open, more_errors;
  for (const Entry* entry : with_runs(comparison)) {
    const std::string predicate = described(entry->correctness, comparison.open_ports);
    if (entry->withheld == Withheld::wrongly_open) wrongly_open.add(predicate, entry->contender.name());
    if (entry->withheld == Withheld::more_errors) more_errors.add(predicate, entry->contender.name());
  }
  wrongly_open.append_to(out, " in the worst run, so it has no rank.", " in the worst run, so they have no rank.");
  more_errors.append_to(
      out, " in the worst run. It makes significantly more errors than the best model, so it has no rank.",
      " in the worst run. They make significantly more errors than the best model, so they have no rank.");
  add_tolerated(comparison, out);
}

void add_late_lab(const Comparison& comparison, Sentences& out) {
  std::vector<std::string> late;
  double highest = 0;
  for (const Entry* entry : with_runs(comparison)) {
    const std::optional<double> share = entry->late_share();
    if (!share) continue;
    highest = std::max(highest, *share);
    if (*share > max_late_share) late.push_back(percent(*share) + " (" + entry->contender.name() + ")");
  }
  if (!late.empty()) {
    out.push_back("The lab was late with " + listed(late) + " of its answers: it may have limited " +
                  (late.size() == 1 ? "this model" : "these models") + ", and small differences mean little.");
  } else if (highest > 0) {
    out.push_back("The lab was late with less than 1 % of its answers to every model.");
  }
}

}  // namespace portloop::compare
