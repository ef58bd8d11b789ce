#include "compare/words.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "compare/table.hpp"
#include "output/grouped.hpp"

namespace portloop::compare {
namespace {

// Below this, connects are answered before connect() returns: the target is on this machine.
constexpr double answered_at_once_s = 200e-6;

// If times vary by more than this, a difference of a few per cent means little.
constexpr double noisy_share = 0.15;

// More models than this are summarised instead of listed with their numbers.
constexpr size_t max_listed = 4;

// A difference of less than a tenth is the allocator's.
constexpr double similar_memory = 1.1;

std::string percent(double share) {
  char text[16];
  // Rounded down above 99 %: 99.96 % is not 100 %.
  const double value = share * 100;
  std::snprintf(text, sizeof text, value > 99 && value < 100 ? "%.1f %%" : "%.0f %%",
                value > 99 ? std::floor(value * 10) / 10 : value);
  return text;
}

std::string times(const Ratio& ratio) { return ratio_text(ratio) + " times"; }

std::string counted(uint64_t count, const char* what) { return grouped(count) + ' ' + what + (count == 1 ? "" : "s"); }

/// "a", "a and b", "a, b and c"
std::string listed(const std::vector<std::string>& parts) {
  std::string text;
  for (size_t i = 0; i < parts.size(); ++i) text += (i == 0 ? "" : i + 1 == parts.size() ? " and " : ", ") + parts[i];
  return text;
}

using Entries = std::vector<const Entry*>;

Entries with_runs(const Comparison& comparison) {
  Entries entries = comparison.ranked();
  std::erase_if(entries, [](const Entry* entry) { return entry->runs.empty(); });
  return entries;
}

Entries with_rank(const Comparison& comparison) {
  Entries entries = comparison.ranked();
  std::erase_if(entries, [](const Entry* entry) { return !entry->rank; });
  return entries;
}

uint64_t max_of(const Entry& entry, uint64_t ModelRun::*field) {
  uint64_t highest = 0;
  for (const RunRecord& run : entry.runs) highest = std::max(highest, run.model.*field);
  return highest;
}

/// How the other ranked models compare with the fastest.
struct Field {
  Entries alike;  ///< Not distinguishable from it.
  Entries slower;
  Entries once;  ///< Ran only once, so not comparable.
};

Field field_of(const Entries& ranked) {
  Field field;
  for (size_t i = 1; i < ranked.size(); ++i) {
    const Ratio& ratio = ranked[i]->to_fastest;
    (!ratio.has_uncertainty() ? field.once : ratio.differs() ? field.slower : field.alike).push_back(ranked[i]);
  }
  return field;
}

/// A few with their ratios; of many, only the names.
std::string names_of(const Entries& entries) {
  std::vector<std::string> parts;
  for (const Entry* entry : entries) {
    parts.push_back(entry->contender.name() +
                    (entries.size() > max_listed ? "" : " (" + times(entry->to_fastest) + ")"));
  }
  return (entries.size() > max_listed ? grouped(entries.size()) + " others: " : "") + listed(parts);
}

/// A few one by one; of many, the first and the last.
std::string how_much_slower(const Entries& slower) {
  if (slower.size() > max_listed) {
    const Entry &least = *slower.front(), &worst = *slower.back();
    return "The " + grouped(slower.size()) + " slower models took " + times(least.to_fastest) + " (" +
           least.contender.name() + ") to " + times(worst.to_fastest) + " (" + worst.contender.name() + ") as long.";
  }
  std::vector<std::string> parts;
  for (const Entry* entry : slower) {
    parts.push_back(entry->contender.name() + (parts.empty() ? " took " : " ") + times(entry->to_fastest) +
                    (parts.empty() ? " as long" : ""));
  }
  return listed(parts) + '.';
}

void add_winner(const Comparison& comparison, std::vector<std::string>& out) {
  const Entries ranked = with_rank(comparison);
  const size_t ran = with_runs(comparison).size();
  if (ranked.empty()) {
    if (ran > 0) out.push_back("No model was right in all its runs, so none has a rank.");
    return;
  }
  const Entry& first = *ranked.front();
  const std::string name = first.contender.name(), probes = counted(comparison.setup.probes, "probe"),
                    took = duration_text(first.wall_s.mean);
  const std::string speed = count_text(first.probes_per_s(comparison.setup.probes)) + " per second";
  if (ranked.size() == 1) {
    out.push_back(name + (ran > 1 ? ", the only model that was right in all its runs, took " : " took ") + took +
                  " for " + probes + ": " + speed + '.');
    return;
  }
  const Field field = field_of(ranked);
  if (field.once.size() + 1 == ranked.size()) {
    out.push_back(
        "A single run of each model does not show how much its time varies. The table is sorted by these runs, but "
        "no model can be called faster.");
    return;
  }
  const std::string among = ran > ranked.size() ? " of the models that were right" : "";
  std::string text = field.alike.empty()
                         ? name + " was the fastest" + among + ": " + probes + " in " + took + ", " + speed + '.'
                         : name + " has the shortest mean time" + among + ", " + took + " for " + probes + " (" +
                               speed + "), but these runs do not distinguish it from " + names_of(field.alike) + '.';
  if (!field.slower.empty()) text += ' ' + how_much_slower(field.slower);
  std::vector<std::string> once;
  for (const Entry* entry : field.once) once.push_back(entry->contender.name());
  if (!once.empty())
    text += ' ' + listed(once) + " ran only once and " + (once.size() == 1 ? "is" : "are") + " not compared.";
  out.push_back(text);
}

/// "one thread and pools of 10 and 50"
std::string blocking_names(const Entries& blocking) {
  std::vector<std::string> parts, pools;
  for (const Entry* entry : blocking) {
    if (entry->contender.kind == ModelKind::sequential)
      parts.push_back("one thread");
    else
      pools.push_back(std::to_string(entry->contender.threads));
  }
  if (!pools.empty()) parts.push_back((pools.size() == 1 ? "a pool of " : "pools of ") + listed(pools));
  return listed(parts);
}

uint64_t silent_probes(const Entry& entry) {
  const Verdicts& verdicts = entry.runs.front().states;
  return static_cast<uint64_t>(std::count(verdicts.begin(), verdicts.end(), ProbeState::silent));
}

void add_waiting(const Comparison& comparison, std::vector<std::string>& out) {
  Entries blocking = with_runs(comparison);
  std::erase_if(blocking, [](const Entry* entry) {
    return entry->contender.kind != ModelKind::sequential && entry->contender.kind != ModelKind::thread_pool;
  });
  if (blocking.empty()) return;
  std::sort(blocking.begin(), blocking.end(),
            [](const Entry* a, const Entry* b) { return a->contender.threads < b->contender.threads; });
  const Entry& least = *blocking.front();  // its latency is the network's, with the least queueing of its own
  const double middle_s = least.median(&RunRecord::p50_us) * 1e-6;
  const uint64_t silent = silent_probes(least);
  const double in_timeouts_s =
      static_cast<double>(silent) * comparison.setup.timeout_ms * 1e-3 * (comparison.setup.retries + 1);
  const bool timeouts_decide =
      in_timeouts_s > 0.5 * least.wall_s.mean * std::max(1.0, least.median(&ModelRun::peak_threads));
  if (middle_s < answered_at_once_s && !timeouts_decide) {
    if (middle_s <= 0 || least.contender.kind != ModelKind::sequential) return;
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

/// The loop model that the sentence about connects in flight describes: the fastest of those with the fewest loops.
const Entry* plain_loop(const Entries& ranked) {
  const Entry* loop = nullptr;
  const auto key = [](const Entry& entry) { return std::pair(entry.contender.portable, entry.contender.loops); };
  for (const Entry* entry : ranked) {
    if (entry->contender.is_loop() && (loop == nullptr || key(*entry) < key(*loop))) loop = entry;
  }
  return loop;
}

/// "; it was 8.62 ± 2.71 times as fast as ...". Empty if the loop is the fastest: then the first sentence has this.
std::string against_blocking(const Entry& loop, const Entries& ranked) {
  std::vector<std::string> faster, slower;
  if (loop.rank == 1U) return "";
  for (const Entry* entry : ranked) {
    const Ratio gained = ratio(entry->wall_s, loop.wall_s);
    if (entry->contender.is_loop() || !gained.differs()) continue;
    if (gained.value >= 1)
      faster.push_back(times(gained) + " as fast as " + entry->contender.name());
    else
      slower.push_back(times(ratio(loop.wall_s, entry->wall_s)) + " as long as " + entry->contender.name());
  }
  std::string text;
  if (!faster.empty()) text += "; it was " + listed(faster);
  if (!slower.empty()) text += std::string(faster.empty() ? "; it" : ", and") + " took " + listed(slower);
  return text;
}

void add_in_flight(const Comparison& comparison, std::vector<std::string>& out) {
  const Entries ranked = with_rank(comparison);
  const Entry* loop = plain_loop(ranked);
  if (loop == nullptr) return;
  const uint64_t held = max_of(*loop, &ModelRun::peak_in_flight);
  std::string text = loop->contender.name() + " had ";
  if (held <= loop->contender.loops) {
    text += "no more than one connect in flight, because each was answered before the next was started";
  } else {
    text += "up to " + grouped(held) + " connects in flight on " +
            (loop->contender.loops == 1 ? "one thread" : std::to_string(loop->contender.loops) + " loops");
  }
  out.push_back(text + against_blocking(*loop, ranked) + '.');
}

void add_exhausted_resources(const Comparison& comparison, std::vector<std::string>& out) {
  for (const Entry* entry : with_runs(comparison)) {
    const uint64_t refused = max_of(*entry, &ModelRun::threads_refused),
                   reached = max_of(*entry, &ModelRun::peak_threads);
    const uint64_t put_back = max_of(*entry, &ModelRun::local_failures);
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

struct LoopPair {
  const Entry* many;
  const Entry* one;
  Ratio speed;
  double processor_time;  ///< That of `many`, as a multiple of that of `one`.
};

/// Each model of several loops, with the single loop that has the same number in flight.
std::vector<LoopPair> loop_pairs(const Entries& ranked) {
  std::vector<LoopPair> pairs;
  for (const Entry* many : ranked) {
    if (!many->contender.is_loop() || many->contender.loops < 2) continue;
    const auto one = std::find_if(ranked.begin(), ranked.end(), [many](const Entry* entry) {
      return entry->contender.is_loop() && entry->contender.loops == 1 && !entry->contender.portable &&
             entry->contender.in_flight == many->contender.in_flight;
    });
    if (one == ranked.end()) continue;
    const double cpu_one = (*one)->user_s.mean + (*one)->system_s.mean,
                 cpu_many = many->user_s.mean + many->system_s.mean;
    const Ratio speed = ratio((*one)->wall_s, many->wall_s);
    if (speed.has_uncertainty() && cpu_one > 0) pairs.push_back({many, *one, speed, cpu_many / cpu_one});
  }
  return pairs;
}

std::string range_text(const std::vector<double>& values) {
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  return ratio_text({*low, 0}) + " to " + ratio_text({*high, 0}) + " times";
}

void add_several_loops(const Comparison& comparison, std::vector<std::string>& out) {
  std::vector<LoopPair> alike;
  for (const LoopPair& pair : loop_pairs(with_rank(comparison))) {
    if (!pair.speed.differs()) {
      alike.push_back(pair);
      continue;
    }
    const bool faster = pair.speed.value > 1;
    out.push_back(pair.many->contender.name() + (faster ? " was " : " took ") +
                  times(faster ? pair.speed : ratio(pair.many->wall_s, pair.one->wall_s)) +
                  (faster ? " as fast as " : " as long as ") + pair.one->contender.name() + ", using about " +
                  ratio_text({pair.processor_time, 0}) + " times the processor time.");
  }
  constexpr const char* no_difference = " the processor time; these runs show no difference in speed.";
  if (alike.size() == 1) {
    out.push_back(alike[0].many->contender.name() + " compared with " + alike[0].one->contender.name() + ": " +
                  times(alike[0].speed) + " the speed with about " + ratio_text({alike[0].processor_time, 0}) +
                  " times" + no_difference);
  } else if (!alike.empty()) {
    std::vector<std::string> names;
    std::vector<double> speeds, costs;
    for (const LoopPair& pair : alike) {
      names.push_back(pair.many->contender.name());
      speeds.push_back(pair.speed.value);
      costs.push_back(pair.processor_time);
    }
    out.push_back(listed(names) + ", each compared with one loop with the same number in flight: " +
                  range_text(speeds) + " the speed with " + range_text(costs) + no_difference);
  }
}

void add_memory(const Comparison& comparison, std::vector<std::string>& out) {
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
  /// A sentence for each predicate.
  void append_to(std::vector<std::string>& out) const {
    for (const auto& [predicate, names] : all_) {
      const bool one = names.size() == 1;
      out.push_back(listed(names) + (one ? " " : " each ") + predicate + " in the worst run, so " +
                    (one ? "it has" : "they have") + " no rank.");
    }
  }

 private:
  std::vector<std::pair<std::string, std::vector<std::string>>> all_;
};

void add_misjudged(const Comparison& comparison, std::vector<std::string>& out) {
  std::vector<std::string> names, counts;
  bool one_port = true;
  for (const Entry* entry : with_runs(comparison)) {
    const uint64_t misjudged = entry->correctness.misjudged;
    if (misjudged == 0) continue;
    names.push_back(entry->contender.name());
    counts.push_back(grouped(misjudged));
    one_port = misjudged == 1;
  }
  if (names.empty()) return;
  one_port = one_port && names.size() == 1;
  out.push_back(listed(names) + " reported up to " + listed(counts) + (one_port ? " closed port" : " closed ports") +
                " as filtered, or the other way round; ranks depend on open ports only.");
}

void add_wrong_answers(const Comparison& comparison, std::vector<std::string>& out) {
  Predicates wrong;
  for (const Entry* entry : with_runs(comparison)) {
    const Correctness& c = entry->correctness;
    std::vector<std::string> parts;
    if (c.missed > 0)
      parts.push_back("missed " + grouped(c.missed) + " of the " + counted(comparison.open_ports, "open port"));
    if (c.wrongly_open > 0)
      parts.push_back("reported " + counted(c.wrongly_open, "port") + " as open that " +
                      (c.wrongly_open == 1 ? "is" : "are") + " not");
    if (c.unknown > 0) parts.push_back("left " + counted(c.unknown, "port") + " unknown");
    if (!parts.empty()) wrong.add(listed(parts), entry->contender.name());
  }
  wrong.append_to(out);
  add_misjudged(comparison, out);
}

void add_caveats(const Comparison& comparison, std::vector<std::string>& out) {
  std::vector<std::string> noisy;
  for (const Entry* entry : with_runs(comparison)) {
    const double share = entry->wall_s.mean > 0 ? entry->wall_s.deviation / entry->wall_s.mean : 0;
    if (share > noisy_share) noisy.push_back(entry->contender.name() + " (" + percent(share) + ")");
  }
  if (!noisy.empty())
    out.push_back("The times of " + listed(noisy) + " vary widely: use more runs or a quieter machine.");
  if (!comparison.caveat.empty()) out.push_back(comparison.caveat);
  if (!comparison.complete)
    out.push_back("Interrupted: the comparison is incomplete and contains only what was measured until then.");
}

}  // namespace

std::vector<std::string> sentences(const Comparison& comparison) {
  std::vector<std::string> out;
  add_winner(comparison, out);
  add_waiting(comparison, out);
  add_in_flight(comparison, out);
  add_exhausted_resources(comparison, out);
  add_several_loops(comparison, out);
  add_memory(comparison, out);
  add_wrong_answers(comparison, out);
  add_caveats(comparison, out);
  return out;
}

}  // namespace portloop::compare
