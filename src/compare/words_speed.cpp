// Who was fastest, and what several connects in flight and several loops gained.
#include <algorithm>

#include "compare/table.hpp"
#include "compare/words_parts.hpp"
#include "output/grouped.hpp"

namespace portloop::compare {
namespace {

// More models than this are summarised instead of listed with their numbers.
constexpr size_t max_listed = 4;

/// How the other ranked models compare with the first.
struct Field {
  Entries alike;    ///< As fast.
  Entries unclear;  ///< Not distinguishable from it.
  Entries slower;
  Entries once;  ///< Ran only once, so not comparable.
};

Field field_of(const Entries& ranked) {
  Field field;
  for (size_t i = 1; i < ranked.size(); ++i) {
    switch (ranked[i]->to_fastest.relation()) {
      case Relation::untested: field.once.push_back(ranked[i]); break;
      case Relation::alike: field.alike.push_back(ranked[i]); break;
      case Relation::slower: field.slower.push_back(ranked[i]); break;
      case Relation::faster:  // only in the rounds that both have run, if an interrupt ended the last one
      case Relation::unclear: field.unclear.push_back(ranked[i]); break;
    }
  }
  return field;
}

/// A few with their ratios; of many, only the names.
std::string names_of(const Entries& entries) {
  std::vector<std::string> parts;
  for (const Entry* entry : entries) {
    parts.push_back(entry->contender.name() +
                    (entries.size() > max_listed ? "" : " (" + ratio_text(entry->to_fastest) + ")"));
  }
  return (entries.size() > max_listed ? grouped(entries.size()) + " others: " : "") + listed(parts);
}

/// A few one by one; of many, the first and the last.
std::string how_much_slower(const Entries& slower) {
  if (slower.size() > max_listed) {
    const Entry &least = *slower.front(), &worst = *slower.back();
    return "The " + grouped(slower.size()) + " slower models took " + ratio_text(least.to_fastest) + " (" +
           least.contender.name() + ") to " + ratio_text(worst.to_fastest) + " (" + worst.contender.name() +
           ") as long.";
  }
  std::vector<std::string> parts;
  for (const Entry* entry : slower) {
    parts.push_back(entry->contender.name() + (parts.empty() ? " took " : " ") + ratio_text(entry->to_fastest) +
                    (parts.empty() ? " as long" : ""));
  }
  return listed(parts) + '.';
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

/// "; it was 8.62x [5.41-13.7] as fast as ...". Empty if the loop is the fastest: then the first sentence has this.
std::string against_blocking(const Comparison& comparison, const Entry& loop) {
  std::vector<std::string> faster, slower;
  if (loop.rank == 1U) return "";
  for (const Entry* entry : with_rank(comparison)) {
    const Ratio time = comparison.ratio(loop, *entry);
    if (entry->contender.is_loop() || entry->contender.guest != nullptr || !time.differs()) continue;
    if (time.relation() == Relation::faster)
      faster.push_back(ratio_text(time.inverse()) + " as fast as " + entry->contender.name());
    else
      slower.push_back(ratio_text(time) + " as long as " + entry->contender.name());
  }
  std::string text;
  if (!faster.empty()) text += "; it was " + listed(faster);
  if (!slower.empty()) text += std::string(faster.empty() ? "; it" : ", and") + " took " + listed(slower);
  return text;
}

struct LoopPair {
  const Entry* many;
  const Entry* one;
  Ratio time;             ///< Of `many`, as a multiple of that of `one`.
  double processor_time;  ///< Likewise.
};

/// Each model of several loops, with the single loop that has the same number in flight.
std::vector<LoopPair> loop_pairs(const Comparison& comparison) {
  std::vector<LoopPair> pairs;
  const Entries ranked = with_rank(comparison);
  for (const Entry* many : ranked) {
    if (!many->contender.is_loop() || many->contender.loops < 2) continue;
    const auto one = std::find_if(ranked.begin(), ranked.end(), [many](const Entry* entry) {
      return entry->contender.is_loop() && entry->contender.loops == 1 && !entry->contender.portable &&
             entry->contender.in_flight == many->contender.in_flight;
    });
    if (one == ranked.end()) continue;
    const double cpu_one = (*one)->user_s.mean + (*one)->system_s.mean,
                 cpu_many = many->user_s.mean + many->system_s.mean;
    const Ratio time = comparison.ratio(*many, **one);
    if (time.has_interval() && cpu_one > 0) pairs.push_back({many, *one, time, cpu_many / cpu_one});
  }
  return pairs;
}

/// What distinguishes the sentence about loops that are as fast as one from that about loops that may be.
struct Undecided {
  Relation relation;
  const char* before;
  const char* after_one;   ///< Behind the name of a single model.
  const char* after_many;  ///< Behind the names of several.
  const char* end;
};

void add_undecided(const std::vector<LoopPair>& all, const Undecided& words, Sentences& out) {
  std::vector<std::string> names;
  std::vector<double> costs;
  const LoopPair* single = nullptr;
  for (const LoopPair& pair : all) {
    if (pair.time.relation() != words.relation) continue;
    names.push_back(pair.many->contender.name());
    costs.push_back(pair.processor_time);
    single = &pair;
  }
  if (names.empty()) return;
  const auto [low, high] = std::minmax_element(costs.begin(), costs.end());
  const bool one = names.size() == 1;
  out.push_back(words.before + listed(names) + (one ? words.after_one : words.after_many) +
                (one ? single->one->contender.name() + words.end + " (" + ratio_text(single->time) + " the time)"
                     : std::string("one loop with the same number in flight") + words.end) +
                ", using about " + about(*low) + (one ? "" : " to " + about(*high)) + " times the processor time.");
}

}  // namespace

void add_winner(const Comparison& comparison, Sentences& out) {
  const Entries ranked = with_rank(comparison);
  const size_t ran = with_runs(comparison).size();
  if (ranked.empty()) {
    if (ran > 0) out.push_back("No model has a rank, so none is called the fastest.");
    return;
  }
  const Entry& first = *ranked.front();
  const std::string name = first.contender.name(), probes = counted(comparison.setup.probes, "probe"),
                    took = duration_text(first.wall_s.mean);
  const std::string speed = count_text(first.probes_per_s(comparison.setup.probes)) + " per second";
  if (ranked.size() == 1) {
    out.push_back(name + (ran > 1 ? ", the only model with a rank, took " : " took ") + took + " for " + probes + ": " +
                  speed + '.');
    return;
  }
  const Field field = field_of(ranked);
  if (field.once.size() + 1 == ranked.size()) {
    out.push_back(
        "A single run of each model does not show how much its time varies. The table is sorted by these runs, but "
        "no model can be called faster.");
    return;
  }
  const bool alone = field.alike.empty() && field.unclear.empty();
  std::string text = name + (alone ? " was the fastest" : " ranks first") +
                     (ran > ranked.size() ? " of the models with a rank: " : ": ") + probes + " in " + took + ", " +
                     speed + '.';
  if (!field.alike.empty()) text += " As fast, within 5 %: " + names_of(field.alike) + '.';
  if (!field.unclear.empty()) text += " These runs can't tell it from " + names_of(field.unclear) + '.';
  if (!field.slower.empty()) text += ' ' + how_much_slower(field.slower);
  std::vector<std::string> once;
  for (const Entry* entry : field.once) once.push_back(entry->contender.name());
  if (!once.empty())
    text += ' ' + listed(once) + " ran only once and " + (once.size() == 1 ? "is" : "are") + " not compared.";
  out.push_back(text);
}

void add_in_flight(const Comparison& comparison, Sentences& out) {
  const Entry* loop = plain_loop(with_rank(comparison));
  if (loop == nullptr) return;
  const uint64_t held = max_of(*loop, &ModelRun::peak_in_flight);
  const uint32_t loops = loop->contender.loops;
  std::string text = loop->contender.name() + " had ";
  if (held > loops) {
    text += "up to " + grouped(held) + " connects in flight on " +
            (loops == 1 ? "one thread" : std::to_string(loops) + " loops");
  } else {
    text += "no more than one connect in flight" + std::string(loops == 1 ? "" : " on each loop");
    if (held >= loop->contender.in_flight)
      text += ", because --in-flight " + std::to_string(loop->contender.in_flight) + " allows no more";
    else if (comparison.setup.probes > loops)
      text += ", because each was answered before the next was started";
  }
  out.push_back(text + against_blocking(comparison, *loop) + '.');
}

void add_several_loops(const Comparison& comparison, Sentences& out) {
  const std::vector<LoopPair> pairs = loop_pairs(comparison);
  for (const LoopPair& pair : pairs) {
    if (!pair.time.differs()) continue;
    const bool faster = pair.time.relation() == Relation::faster;
    out.push_back(pair.many->contender.name() + (faster ? " was " : " took ") +
                  ratio_text(faster ? pair.time.inverse() : pair.time) + (faster ? " as fast as " : " as long as ") +
                  pair.one->contender.name() + ", using about " + about(pair.processor_time) +
                  " times the processor time.");
  }
  add_undecided(pairs, {Relation::alike, "", " was as fast as ", " were as fast as ", ", within 5 %"}, out);
  add_undecided(pairs, {Relation::unclear, "These runs can't tell ", " from ", " from ", ""}, out);
}

}  // namespace portloop::compare
