#include "compare/comparison.hpp"

#include <algorithm>

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
}

}  // namespace

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

double Entry::waiting_share() const {
  // thread-per-connection has no fixed number of threads, so its peak would exaggerate.
  const double threads = contender.kind == ModelKind::thread_per_connection ? 0 : median(&ModelRun::peak_threads);
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
      return std::pair(entry->runs.empty() ? 2 : entry->rank ? 0 : 1, entry->wall_s.mean);
    };
    return key(a) < key(b);
  });
  return order;
}

void evaluate(Comparison& comparison) {
  Verdicts reference = comparison.truth;
  if (reference.empty()) {
    std::vector<const Verdicts*> runs;
    for (const Entry& entry : comparison.entries) {
      for (const RunRecord& run : entry.runs) runs.push_back(&run.states);
    }
    reference = consensus(runs);
  }
  comparison.open_ports = open_in(reference);
  std::vector<Entry*> right;
  for (Entry& entry : comparison.entries) {
    entry.wall_s = seconds(entry, &RunRecord::wall_us);
    entry.user_s = seconds(entry, &RunRecord::user_us);
    entry.system_s = seconds(entry, &RunRecord::system_us);
    judge_entry(entry, reference);
    entry.rank.reset();
    if (!entry.runs.empty() && entry.failure.empty() && entry.correctness.right()) right.push_back(&entry);
  }
  std::stable_sort(right.begin(), right.end(),
                   [](const Entry* a, const Entry* b) { return a->wall_s.mean < b->wall_s.mean; });
  for (size_t i = 0; i < right.size(); ++i) right[i]->rank = static_cast<uint32_t>(i + 1);
  const Entry* fastest = comparison.fastest();
  for (Entry& entry : comparison.entries)
    entry.to_fastest = fastest == nullptr ? Ratio{} : ratio(entry.wall_s, fastest->wall_s);
  if (fastest != nullptr)
    comparison.entries[static_cast<size_t>(fastest - comparison.entries.data())].to_fastest = {1, 0,
                                                                                               fastest->runs.size()};
}

}  // namespace portloop::compare
