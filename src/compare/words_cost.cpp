// What the models waited for, ran out of and used.
#include <algorithm>

#include "compare/table.hpp"
#include "compare/words_parts.hpp"
#include "output/grouped.hpp"

namespace portloop::compare {
namespace {

// Below this, connects are answered before connect() returns: the target is on this machine.
constexpr double answered_at_once_s = 200e-6;

// A difference of less than a tenth is the allocator's.
constexpr double similar_memory = 1.1;

/// "50", or "400 (36 threads)" if there were fewer than that in every run.
std::string pool_size(const Entry& entry) {
  const uint64_t reached = max_of(entry, &ModelRun::peak_threads);
  return std::to_string(entry.contender.threads) +
         (reached < entry.contender.threads ? " (" + counted(reached, "thread") + ")" : "");
}

/// "one thread and pools of 10 and 50"
std::string blocking_names(const Entries& blocking) {
  std::vector<std::string> parts, pools;
  for (const Entry* entry : blocking) {
    if (entry->contender.kind == ModelKind::sequential)
      parts.push_back("one thread");
    else
      pools.push_back(pool_size(*entry));
  }
  if (!pools.empty()) parts.push_back((pools.size() == 1 ? "a pool of " : "pools of ") + listed(pools));
  return listed(parts);
}

}  // namespace

void add_waiting(const Comparison& comparison, Sentences& out) {
  Entries blocking = with_runs(comparison);
  std::erase_if(blocking, [](const Entry* entry) {
    return entry->contender.kind != ModelKind::sequential && entry->contender.kind != ModelKind::thread_pool;
  });
  if (blocking.empty()) return;
  std::sort(blocking.begin(), blocking.end(),
            [](const Entry* a, const Entry* b) { return a->contender.threads < b->contender.threads; });
  const Entry& least = *blocking.front();  // its latency is the network's, with the least queueing of its own
  const double middle_s = least.median(&RunRecord::p50_us) * 1e-6;
  const uint64_t silent = silent_in(least.runs.front().states);
  const double in_timeouts_s =
      static_cast<double>(silent) * comparison.setup.timeout_ms * 1e-3 * (comparison.setup.retries + 1);
  const bool timeouts_decide =
      in_timeouts_s > 0.5 * least.wall_s.mean * std::max(1.0, least.median(&ModelRun::peak_threads));
  if (middle_s < answered_at_once_s && !timeouts_decide) {
    // If it waited all the same, then not for the answers of that half.
    if (middle_s <= 0 || least.contender.kind != ModelKind::sequential || least.waiting_share() >= 0.5) return;
    out.push_back("Half of " + least.contender.name() + "'s connects were answered within " + duration_text(middle_s) +
                  ": there is almost nothing to wait for, and the processor time of a probe decides.");
    return;
  }
  double share = 1;
  for (const Entry* entry : blocking) share = std::min(share, entry->waiting_share());
  if (share < 0.5) return;
  const bool single = blocking.size() == 1;
  const std::string waiting = blocking_names(blocking) + (single ? " spends " : " spend at least ") + percent(share) +
                              (single ? " of its" : " of their") + " time waiting.";
  if (timeouts_decide) {
    out.push_back(grouped(silent) + " of the " + counted(comparison.setup.probes, "probe") +
                  " got no answer, and each of them occupies a thread for the whole timeout of " +
                  grouped(comparison.setup.timeout_ms) + " ms: " + waiting);
  } else {
    out.push_back("Half of the answers take " + duration_text(middle_s) + " or longer: " + waiting);
  }
}

void add_exhausted_resources(const Comparison& comparison, Sentences& out) {
  for (const Entry* entry : with_runs(comparison)) {
    const uint64_t refused = max_of(*entry, &ModelRun::threads_refused),
                   reached = max_of(*entry, &ModelRun::peak_threads);
    const uint64_t put_back = max_of(*entry, &ModelRun::local_failures);
    // With loop threads, the thread of the caller's loop is one more.
    if (const Contender& c = entry->contender; c.is_loop() && c.loops > 1 && reached > 1 && reached - 1 < c.loops) {
      out.push_back(c.name() + " ran only " + counted(reached - 1, "loop") + ": each needs a connect of --in-flight " +
                    std::to_string(c.in_flight) + '.');
    }
    if (entry->contender.kind == ModelKind::thread_per_connection) {
      out.push_back("thread-per-connection reached " + counted(reached, "thread") + " at once" +
                    (refused == 0
                         ? "; the system refused none."
                         : "; the system refused to create another " +
                               (refused == 1 ? std::string("once") : "up to " + grouped(refused) + " times in a run") +
                               "."));
    } else if (refused > 0) {
      out.push_back(entry->contender.name() + " got no more than " + counted(reached, "thread") +
                    ": the system refused the rest.");
    }
    if (put_back > 0) {
      out.push_back(entry->contender.name() + " ran out of descriptors, source ports or memory up to " +
                    counted(put_back, "time") + " in a run, and retried.");
    }
  }
}

void add_memory(const Comparison& comparison, Sentences& out) {
  const auto kib = [](const Entry* entry) { return entry->median(&RunRecord::memory_kib); };
  Entries entries = with_runs(comparison);
  if (entries.size() < 2) return;
  std::sort(entries.begin(), entries.end(), [&kib](const Entry* a, const Entry* b) { return kib(a) < kib(b); });
  const Entry &least = *entries.front(), &largest = *entries.back();
  if (kib(&largest) < kib(&least) * similar_memory) {
    out.push_back("Every model used about " + memory_text(kib(&largest)) + " of resident memory.");
    return;
  }
  out.push_back("Resident memory ranged from " + memory_text(kib(&least)) + " (" + least.contender.name() + ") to " +
                memory_text(kib(&largest)) + " (" + largest.contender.name() + ").");
}

}  // namespace portloop::compare
