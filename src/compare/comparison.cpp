#include "compare/comparison.hpp"

#include <algorithm>

#include "compare/error_rates.hpp"
#include "compare/guest_programs.hpp"

namespace portloop::compare {
namespace {

Summary seconds(const Entry& entry, uint64_t RunRecord::*us) {
  std::vector<double> values;
  for (const RunRecord& run : entry.runs) values.push_back(static_cast<double>(run.*us) * 1e-6);
  return summarise(values);
}

void judge_entry(Entry& entry, const Verdicts& reference) {
  entry.answers.clear();
  for (const RunRecord& run : entry.runs) {
    entry.answers.push_back(judge(run.states, reference));
    entry.correctness = entry.answers.size() == 1 ? entry.answers[0] : worse(entry.correctness, entry.answers.back());
  }
  uint64_t errors = 0;
  for (const Correctness& answer : entry.answers) errors += answer.errors();
  const double judged = static_cast<double>(reference.size()) * static_cast<double>(entry.runs.size());
  entry.error_rate = judged > 0 ? static_cast<double>(errors) / judged : 0;
}

Verdicts reference_of(const Comparison& comparison) {
  if (!comparison.truth.empty()) return comparison.truth;
  std::vector<const Verdicts*> runs;
  for (const Entry& entry : comparison.entries) {
    for (const RunRecord& run : entry.runs) runs.push_back(&run.states);
  }
  return consensus(runs);
}

void withhold_ranks(Comparison& comparison, const Verdicts& reference) {
  std::vector<RoundsOfVerdicts> models;
  for (const Entry& entry : comparison.entries) {
    models.emplace_back();
    for (const RunRecord& run : entry.runs) models.back().push_back(&run.states);
  }
  const std::vector<bool> worse = significantly_worse(models, reference);
  for (size_t i = 0; i < comparison.entries.size(); ++i) {
    Entry& entry = comparison.entries[i];
    entry.withheld = entry.runs.empty() || !entry.failure.empty() ? Withheld::failed
                     : entry.correctness.wrongly_open > 0         ? Withheld::wrongly_open
                     : worse[i]                                   ? Withheld::more_errors
                                                                  : Withheld::no;
  }
}

Ratios ratios_of(const std::vector<Entry>& entries) {
  std::vector<std::vector<double>> times;
  for (const Entry& entry : entries) {
    times.emplace_back();
    for (const RunRecord& run : entry.runs)
      times.back().push_back(static_cast<double>(std::max<uint64_t>(1, run.wall_us)));
  }
  return Ratios(times);
}

void rank_entries(Comparison& comparison) {
  std::vector<Entry*> right;
  for (Entry& entry : comparison.entries) {
    entry.rank.reset();
    entry.to_fastest = {};
    if (entry.withheld == Withheld::no) right.push_back(&entry);
  }
  if (right.empty()) return;
  std::stable_sort(right.begin(), right.end(),
                   [](const Entry* a, const Entry* b) { return a->wall_s.geometric_mean < b->wall_s.geometric_mean; });
  for (size_t i = 0; i < right.size(); ++i) right[i]->rank = static_cast<uint32_t>(i + 1);
  for (Entry& entry : comparison.entries) entry.to_fastest = comparison.ratio(entry, *right.front());
}

}  // namespace

std::string_view to_text(Withheld withheld) {
  switch (withheld) {
    case Withheld::no: break;
    case Withheld::failed: return "failed";
    case Withheld::wrongly_open: return "wrongly open";
    case Withheld::more_errors: return "more errors";
  }
  return "";
}

double Entry::median(uint64_t RunRecord::*number) const {
  std::vector<double> values;
  for (const RunRecord& run : runs) values.push_back(static_cast<double>(run.*number));
  return summarise(values).median;
}

double Entry::median(uint64_t ModelRun::*number) const {
  std::vector<double> values;
  for (const RunRecord& run : runs) values.push_back(static_cast<double>(run.model.*number));
  return summarise(values).median;
}

std::optional<double> Entry::late_share() const {
  uint64_t sent = 0, late = 0;
  for (const RunRecord& run : runs) {
    sent += run.lab_answers;
    late += run.lab_late;
  }
  if (sent == 0) return std::nullopt;
  return static_cast<double>(late) / static_cast<double>(sent);
}

double Entry::waiting_share() const {
  // A thread for each connect is no fixed number of threads, so its peak would exaggerate.
  const bool varies = contender.kind == ModelKind::thread_per_connection ||
                      (contender.guest != nullptr && contender.guest->way == GuestWay::thread_each);
  const double threads = varies ? 0 : median(&ModelRun::peak_threads);
  if (wall_s.mean <= 0 || threads < 1) return 0;
  return std::clamp(1 - (user_s.mean + system_s.mean) / (wall_s.mean * threads), 0.0, 1.0);
}

const Entry* Comparison::fastest() const {
  for (const Entry& entry : entries) {
    if (entry.rank == 1U) return &entry;
  }
  return nullptr;
}

std::vector<const Entry*> Comparison::ranked() const {
  std::vector<const Entry*> order;
  for (const Entry& entry : entries) order.push_back(&entry);
  std::stable_sort(order.begin(), order.end(), [](const Entry* a, const Entry* b) {
    const auto key = [](const Entry* entry) {
      return std::pair(entry->runs.empty() ? 2 : entry->rank ? 0 : 1, entry->wall_s.geometric_mean);
    };
    return key(a) < key(b);
  });
  return order;
}

Ratio Comparison::ratio(const Entry& of, const Entry& to) const {
  return ratios.of(static_cast<size_t>(&of - entries.data()), static_cast<size_t>(&to - entries.data()));
}

void evaluate(Comparison& comparison) {
  const Verdicts reference = reference_of(comparison);
  comparison.open_ports = open_in(reference);
  for (Entry& entry : comparison.entries) {
    entry.wall_s = seconds(entry, &RunRecord::wall_us);
    entry.user_s = seconds(entry, &RunRecord::user_us);
    entry.system_s = seconds(entry, &RunRecord::system_us);
    judge_entry(entry, reference);
  }
  withhold_ranks(comparison, reference);
  comparison.ratios = ratios_of(comparison.entries);
  rank_entries(comparison);
}

}  // namespace portloop::compare
