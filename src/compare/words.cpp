#include "compare/words.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "compare/table.hpp"

namespace portloop::compare {
namespace {

// Below this a connect has been answered when connect() returns: the target is on this machine.
constexpr double answered_at_once_s = 200e-6;

// Times that vary by more say little about a difference of a few per cent.
constexpr double noisy_share = 0.15;

// More models than this are not told one by one.
constexpr size_t max_listed = 4;

// Less than a tenth more memory is the allocator's mood.
constexpr double alike_memory = 1.1;

std::string percent(double share) {
  char text[16];
  // 99.96 % is not 100 %.
  const double value = share * 100;
  std::snprintf(text, sizeof text, value > 99 && value < 100 ? "%.1f %%" : "%.0f %%",
                value > 99 ? std::floor(value * 10) / 10 : value);
  return text;
}

std::string times(const Ratio& ratio) { return ratio_text(ratio) + " times"; }

std::string number(uint64_t count) { return count_text(static_cast<double>(count)); }

std::string counted(uint64_t count, const char* what) { return number(count) + ' ' + what + (count == 1 ? "" : "s"); }

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

uint64_t most(const Entry& entry, uint64_t ModelRun::*field) {
  uint64_t highest = 0;
  for (const RunRecord& run : entry.runs) highest = std::max(highest, run.model.*field);
  return highest;
}

/// How the first of the ranked compares with the others: who can't be told from it, who is slower, who can't be compared.
struct Field {
  Entries alike, slower, once;
};

Field field_of(const Entries& ranked) {
  Field field;
  for (size_t i = 1; i < ranked.size(); ++i) {
    const Ratio& ratio = ranked[i]->to_fastest;
    (!ratio.has_uncertainty() ? field.once : ratio.differs() ? field.slower : field.alike).push_back(ranked[i]);
  }
  return field;
}

/// A few by name with their ratio; of many, the names alone.
std::string names_of(const Entries& entries) {
  std::vector<std::string> parts;
  for (const Entry* entry : entries) {
    parts.push_back(entry->contender.name() +
                    (entries.size() > max_listed ? "" : " (" + times(entry->to_fastest) + ")"));
  }
  return (entries.size() > max_listed ? number(entries.size()) + " others from it: " : "") + listed(parts) +
         (entries.size() > max_listed ? "" : " from it");
}

/// A few by name; of many, the ends.
std::string how_much_slower(const Entries& slower) {
  if (slower.size() > max_listed) {
    const Entry &least = *slower.front(), &worst = *slower.back();
    return "The " + number(slower.size()) + " that were slower took from " + times(least.to_fastest) + " (" +
           least.contender.name() + ") to " + times(worst.to_fastest) + " (" + worst.contender.name() + ") as long.";
  }
  std::vector<std::string> parts;
  for (const Entry* entry : slower) {
    parts.push_back(entry->contender.name() + (parts.empty() ? " took " : " ") + times(entry->to_fastest) +
                    (parts.empty() ? " as long" : ""));
  }
  return listed(parts) + '.';
}

void say_who_won(const Comparison& comparison, std::vector<std::string>& said) {
  const Entries ranked = with_rank(comparison);
  const size_t ran = with_runs(comparison).size();
  if (ranked.empty()) {
    if (ran > 0) said.push_back("No model gave the right answer in all its runs, so none has a rank.");
    return;
  }
  const Entry& first = *ranked.front();
  const std::string name = first.contender.name(), probes = counted(comparison.setup.probes, "probe"),
                    took = duration_text(first.wall_s.mean);
  const std::string speed = count_text(first.probes_per_s(comparison.setup.probes)) + " a second";
  if (ranked.size() == 1) {
    said.push_back(name + (ran > 1 ? ", alone in being right in all its runs, took " : " took ") + took + " for " +
                   probes + ": " + speed + '.');
    return;
  }
  const Field field = field_of(ranked);
  if (field.once.size() + 1 == ranked.size()) {
    said.push_back(
        "One run does not show how much a time varies: the order in the table is that of these runs, and nobody is "
        "called faster.");
    return;
  }
  const std::string among = ran > ranked.size() ? " of the models that were right" : "";
  std::string text = field.alike.empty()
                         ? name + " was the fastest" + among + ": " + probes + " in " + took + ", " + speed + '.'
                         : name + " has the shortest mean" + among + ", " + took + " for " + probes + " (" + speed +
                               "), but these runs can't tell " + names_of(field.alike) + '.';
  if (!field.slower.empty()) text += ' ' + how_much_slower(field.slower);
  std::vector<std::string> once;
  for (const Entry* entry : field.once) once.push_back(entry->contender.name());
  if (!once.empty())
    text += ' ' + listed(once) + " ran only once and " + (once.size() == 1 ? "is" : "are") + " not compared.";
  said.push_back(text);
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

void say_what_was_waited_for(const Comparison& comparison, std::vector<std::string>& said) {
  Entries blocking = with_runs(comparison);
  std::erase_if(blocking, [](const Entry* entry) {
    return entry->contender.kind != ModelKind::sequential && entry->contender.kind != ModelKind::thread_pool;
  });
  if (blocking.empty()) return;
  std::sort(blocking.begin(), blocking.end(),
            [](const Entry* a, const Entry* b) { return a->contender.threads < b->contender.threads; });
  const Entry& least = *blocking.front();  // it sees the network, not a queue of its own making
  const double middle_s = least.middle(&RunRecord::p50_us) * 1e-6;
  const uint64_t silent = silent_probes(least);
  const double in_timeouts_s =
      static_cast<double>(silent) * comparison.setup.timeout_ms * 1e-3 * (comparison.setup.retries + 1);
  const bool timeouts_decide =
      in_timeouts_s > 0.5 * least.wall_s.mean * std::max(1.0, least.middle(&ModelRun::peak_threads));
  if (middle_s < answered_at_once_s && !timeouts_decide) {
    if (middle_s <= 0 || least.contender.kind != ModelKind::sequential) return;
    said.push_back("Half of " + least.contender.name() + "'s connects were answered within " + duration_text(middle_s) +
                   ": almost nothing is waited for, and what a probe costs the processor decides.");
    return;
  }
  double share = 1;
  for (const Entry* entry : blocking) share = std::min(share, entry->waiting_share());
  if (share < 0.5) return;
  const bool single = blocking.size() == 1;
  const std::string waiting = blocking_names(blocking) + (single ? " spends " : " spend at least ") + percent(share) +
                              (single ? " of its" : " of their") + " time waiting.";
  if (timeouts_decide) {
    said.push_back("Nothing answered " + number(silent) + " of the " + counted(comparison.setup.probes, "probe") +
                   ", and each of these occupies a thread for the whole timeout of " +
                   number(comparison.setup.timeout_ms) + " ms: " + waiting);
  } else {
    said.push_back("Where half of the answers take " + duration_text(middle_s) + " or longer, " + waiting);
  }
}

/// The loop whose window the words are about: on the fewest threads, and the fastest of those.
const Entry* plain_loop(const Entries& ranked) {
  const Entry* loop = nullptr;
  const auto key = [](const Entry& entry) { return std::pair(entry.contender.portable, entry.contender.loops); };
  for (const Entry* entry : ranked) {
    if (entry->contender.is_loop() && (loop == nullptr || key(*entry) < key(*loop))) loop = entry;
  }
  return loop;
}

/// "; it was 8.62 ± 2.71 times as fast as ...": nothing where the loop is the fastest, whose lead has been said.
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

void say_what_was_in_flight(const Comparison& comparison, std::vector<std::string>& said) {
  const Entries ranked = with_rank(comparison);
  const Entry* loop = plain_loop(ranked);
  if (loop == nullptr) return;
  const uint64_t held = most(*loop, &ModelRun::peak_in_flight);
  std::string text = loop->contender.name() + " held ";
  if (held <= loop->contender.loops) {
    text += "no more than one connect in flight, since each was answered before the next was made";
  } else {
    text += "up to " + number(held) + " connects in flight on " +
            (loop->contender.loops == 1 ? "one thread" : std::to_string(loop->contender.loops) + " loops");
  }
  said.push_back(text + against_blocking(*loop, ranked) + '.');
}

void say_what_ran_out(const Comparison& comparison, std::vector<std::string>& said) {
  for (const Entry* entry : with_runs(comparison)) {
    const uint64_t refused = most(*entry, &ModelRun::threads_refused), reached = most(*entry, &ModelRun::peak_threads);
    const uint64_t put_back = most(*entry, &ModelRun::local_failures);
    if (entry->contender.kind == ModelKind::thread_per_connection) {
      said.push_back("thread-per-connection reached " + counted(reached, "thread") + " at once" +
                     (refused == 0
                          ? ", and the system refused it none."
                          : "; the system refused to make another " +
                                (refused == 1 ? std::string("once") : "up to " + number(refused) + " times in a run") +
                                "."));
    } else if (refused > 0) {
      said.push_back(entry->contender.name() + " got no more than " + counted(reached, "thread") +
                     ": the system refused the rest.");
    }
    if (put_back > 0) {
      said.push_back(entry->contender.name() + " lacked a descriptor, a source port or memory up to " +
                     counted(put_back, "time") + " in a run, and asked again.");
    }
  }
}

struct LoopPair {
  const Entry* many;
  const Entry* one;
  Ratio speed;
  double processor_time;  ///< Of `many`, as a multiple of `one`'s.
};

/// Each of several loops with the one loop that has the same window.
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

void say_what_loops_bought(const Comparison& comparison, std::vector<std::string>& said) {
  std::vector<LoopPair> alike;
  for (const LoopPair& pair : loop_pairs(with_rank(comparison))) {
    if (!pair.speed.differs()) {
      alike.push_back(pair);
      continue;
    }
    const bool faster = pair.speed.value > 1;
    said.push_back(pair.many->contender.name() + (faster ? " was " : " took ") +
                   times(faster ? pair.speed : ratio(pair.many->wall_s, pair.one->wall_s)) +
                   (faster ? " as fast as " : " as long as ") + pair.one->contender.name() + ", for about " +
                   ratio_text({pair.processor_time, 0}) + " times the processor time.");
  }
  constexpr const char* no_difference = " the processor time: no difference in speed that these runs can show.";
  if (alike.size() == 1) {
    said.push_back(alike[0].many->contender.name() + " against " + alike[0].one->contender.name() + ": " +
                   times(alike[0].speed) + " the speed for about " + ratio_text({alike[0].processor_time, 0}) +
                   " times" + no_difference);
  } else if (!alike.empty()) {
    std::vector<std::string> names;
    std::vector<double> speeds, costs;
    for (const LoopPair& pair : alike) {
      names.push_back(pair.many->contender.name());
      speeds.push_back(pair.speed.value);
      costs.push_back(pair.processor_time);
    }
    said.push_back(listed(names) + ", each against one loop with the same window: " + range_text(speeds) +
                   " the speed for " + range_text(costs) + no_difference);
  }
}

void say_what_memory_it_took(const Comparison& comparison, std::vector<std::string>& said) {
  const auto kib = [](const Entry* entry) { return entry->middle(&RunRecord::memory_kib); };
  Entries entries = with_runs(comparison);
  if (entries.size() < 2) return;
  std::sort(entries.begin(), entries.end(), [&kib](const Entry* a, const Entry* b) { return kib(a) < kib(b); });
  const Entry &least = *entries.front(), &largest = *entries.back();
  if (kib(&largest) < kib(&least) * alike_memory) {
    said.push_back("Every model took about " + memory_text(kib(&largest)) + " of resident memory.");
    return;
  }
  said.push_back("Resident memory went from " + memory_text(kib(&least)) + " (" + least.contender.name() + ") to " +
                 memory_text(kib(&largest)) + " (" + largest.contender.name() + ").");
}

/// What is true of several models is said once: pairs of a predicate and those of whom it is said.
class Predicates {
 public:
  void add(const std::string& predicate, const std::string& name) {
    const auto same = std::find_if(all_.begin(), all_.end(), [&](const auto& pair) { return pair.first == predicate; });
    if (same != all_.end())
      same->second.push_back(name);
    else
      all_.push_back({predicate, {name}});
  }
  void say(const std::string& ending, std::vector<std::string>& said) const {
    for (const auto& [predicate, names] : all_)
      said.push_back(listed(names) + (names.size() == 1 ? " " : " each ") + predicate + ending);
  }

 private:
  std::vector<std::pair<std::string, std::vector<std::string>>> all_;
};

void say_who_misjudged(const Comparison& comparison, std::vector<std::string>& said) {
  std::vector<std::string> names, counts;
  bool one_port = true;
  for (const Entry* entry : with_runs(comparison)) {
    const uint64_t misjudged = entry->correctness.misjudged;
    if (misjudged == 0) continue;
    names.push_back(entry->contender.name());
    counts.push_back(number(misjudged));
    one_port = misjudged == 1;
  }
  if (names.empty()) return;
  one_port = one_port && names.size() == 1;
  said.push_back(listed(names) + " took up to " + listed(counts) + (one_port ? " port" : " ports") +
                 " for filtered that " + (one_port ? "is" : "are") +
                 " closed, or the other way round; the rank is about open ports.");
}

void say_who_was_wrong(const Comparison& comparison, std::vector<std::string>& said) {
  Predicates wrong;
  for (const Entry* entry : with_runs(comparison)) {
    const Correctness& c = entry->correctness;
    std::vector<std::string> parts;
    if (c.missed > 0)
      parts.push_back("missed " + number(c.missed) + " of the " + counted(comparison.open_ports, "port") +
                      (comparison.open_ports == 1 ? " that is open" : " that are open"));
    if (c.wrongly_open > 0)
      parts.push_back("called " + counted(c.wrongly_open, "port") + " open that " +
                      (c.wrongly_open == 1 ? "is" : "are") + " not");
    if (c.unknown > 0) parts.push_back("could not tell " + counted(c.unknown, "port"));
    if (!parts.empty()) wrong.add(listed(parts), entry->contender.name());
  }
  wrong.say(" in the worst run: no rank.", said);
  say_who_misjudged(comparison, said);
}

void say_what_to_doubt(const Comparison& comparison, std::vector<std::string>& said) {
  std::vector<std::string> noisy;
  for (const Entry* entry : with_runs(comparison)) {
    const double share = entry->wall_s.mean > 0 ? entry->wall_s.deviation / entry->wall_s.mean : 0;
    if (share > noisy_share) noisy.push_back(entry->contender.name() + " (" + percent(share) + ")");
  }
  if (!noisy.empty())
    said.push_back("The times vary much for " + listed(noisy) + ": more runs or a quieter machine would say more.");
  if (!comparison.doubt.empty()) said.push_back(comparison.doubt);
  if (!comparison.complete)
    said.push_back("Interrupted: this is what had been measured until then, and the comparison is incomplete.");
}

}  // namespace

std::vector<std::string> sentences(const Comparison& comparison) {
  std::vector<std::string> said;
  say_who_won(comparison, said);
  say_what_was_waited_for(comparison, said);
  say_what_was_in_flight(comparison, said);
  say_what_ran_out(comparison, said);
  say_what_loops_bought(comparison, said);
  say_what_memory_it_took(comparison, said);
  say_who_was_wrong(comparison, said);
  say_what_to_doubt(comparison, said);
  return said;
}

}  // namespace portloop::compare
