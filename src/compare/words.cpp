#include "compare/words.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "compare/table.hpp"
#include "output/escape.hpp"

namespace portloop::compare {
namespace {

// Below this a connect has been answered when connect() returns: the target is on this machine.
constexpr double answered_at_once_us = 200;

// Times that vary by more say little about a difference of a few per cent.
constexpr double noisy_share = 0.15;

// Less than a tenth more memory is the allocator's mood.
constexpr double alike_memory = 1.1;

std::string percent(double share) {
  char text[16];
  // 99.96 % is not 100 %.
  const double value = share * 100;
  std::snprintf(text, sizeof text, value > 99 && value < 100 ? "%.1f %%" : "%.0f %%", value > 99 ? std::floor(value * 10) / 10 : value);
  return text;
}

std::string times(const Ratio& ratio) { return ratio_text(ratio) + " times"; }

std::string ports(uint64_t count) { return count_text(static_cast<double>(count)) + (count == 1 ? " port" : " ports"); }

/// "a", "a and b", "a, b and c"
std::string listed(const std::vector<std::string>& parts) {
  std::string text;
  for (size_t i = 0; i < parts.size(); ++i) text += (i == 0 ? "" : i + 1 == parts.size() ? " and " : ", ") + parts[i];
  return text;
}

std::vector<const Entry*> with_runs(const Comparison& comparison) {
  std::vector<const Entry*> entries;
  for (const Entry* entry : comparison.ranked()) {
    if (!entry->runs.empty()) entries.push_back(entry);
  }
  return entries;
}

std::vector<const Entry*> with_rank(const Comparison& comparison) {
  std::vector<const Entry*> entries;
  for (const Entry* entry : comparison.ranked()) {
    if (entry->rank) entries.push_back(entry);
  }
  return entries;
}

void say_who_won(const Comparison& comparison, std::vector<std::string>& said) {
  const std::vector<const Entry*> entries = with_rank(comparison);
  if (entries.empty()) {
    if (!with_runs(comparison).empty()) said.push_back("No model gave the right answer in all its runs, so none has a rank.");
    return;
  }
  const Entry& first = *entries.front();
  std::string text = first.contender.name() + " was the fastest: " + count_text(static_cast<double>(comparison.setup.probes)) + " probes in " +
                     duration_text(first.wall_s.mean) + ", " + count_text(first.probes_per_s(comparison.setup.probes)) + " a second.";
  std::vector<std::string> alike, slower;
  for (size_t i = 1; i < entries.size(); ++i) {
    const Entry& entry = *entries[i];
    if (entry.runs.size() > 1 && first.runs.size() > 1 && !entry.to_fastest.differs()) {
      alike.push_back(entry.contender.name() + " (" + times(entry.to_fastest) + ")");
    } else {
      slower.push_back(entry.contender.name() + (slower.empty() ? " took " : " ") + times(entry.to_fastest) + (slower.empty() ? " as long" : ""));
    }
  }
  if (!alike.empty()) text += " These runs can't tell " + listed(alike) + " from it.";
  if (!slower.empty()) text += ' ' + listed(slower) + '.';
  said.push_back(text);
}

void say_what_was_waited_for(const Comparison& comparison, std::vector<std::string>& said) {
  std::vector<std::string> who;
  double least_share = 1;
  const Entry* blocking = nullptr;  // the one with the fewest threads: it sees the network, not its own queue
  for (const Entry* entry : with_runs(comparison)) {
    const ModelKind kind = entry->contender.kind;
    if (kind != ModelKind::sequential && kind != ModelKind::thread_pool) continue;
    if (blocking == nullptr || entry->contender.threads < blocking->contender.threads) blocking = entry;
    who.push_back(kind == ModelKind::sequential ? "one thread" : "a pool of " + std::to_string(entry->contender.threads));
    least_share = std::min(least_share, entry->waiting_share());
  }
  if (blocking == nullptr || blocking->middle(&RunRecord::p50_us) <= 0) return;
  const double middle_us = blocking->middle(&RunRecord::p50_us);
  if (middle_us < answered_at_once_us && blocking->contender.kind == ModelKind::sequential) {
    said.push_back("Half of " + blocking->contender.name() + "'s connects were answered within " + duration_text(middle_us * 1e-6) +
                   ": almost nothing is waited for, and what a probe costs the processor decides.");
    return;
  }
  said.push_back("Where half of the answers take " + duration_text(middle_us * 1e-6) + " or longer, " + listed(who) +
                 (who.size() == 1 ? " spends " : " spend at least ") + percent(least_share) + (who.size() == 1 ? " of its" : " of their") + " time waiting.");
}

void say_what_was_in_flight(const Comparison& comparison, std::vector<std::string>& said) {
  const Entry* loop = nullptr;
  for (const Entry* entry : with_rank(comparison)) {
    if (entry->contender.is_loop() && (loop == nullptr || entry->contender.loops < loop->contender.loops)) loop = entry;
  }
  if (loop == nullptr) return;
  const double held = loop->middle(&ModelRun::peak_in_flight);
  std::vector<std::string> sooner, later;
  for (const Entry* entry : with_rank(comparison)) {
    if (entry->contender.is_loop()) continue;
    const Ratio gained = ratio(entry->wall_s, loop->wall_s);
    if (!gained.differs()) continue;
    if (gained.value >= 1) {
      sooner.push_back(times(gained) + " sooner than " + entry->contender.name());
    } else {
      later.push_back(times(ratio(loop->wall_s, entry->wall_s)) + " as long as " + entry->contender.name());
    }
  }
  std::string text = loop->contender.name() + " held ";
  if (held <= loop->contender.loops) {
    text += "no more than one connect in flight, since each was answered before the next was made";
  } else {
    text += "up to " + count_text(held) + " connects in flight on " +
            (loop->contender.loops == 1 ? "one thread" : std::to_string(loop->contender.loops) + " loops");
  }
  if (!sooner.empty()) text += "; it finished " + listed(sooner);
  if (!later.empty()) text += std::string(sooner.empty() ? ";" : ", and") + " it took " + listed(later);
  said.push_back(text + '.');
}

void say_what_ran_out(const Comparison& comparison, std::vector<std::string>& said) {
  for (const Entry* entry : with_runs(comparison)) {
    double refused = 0, reached = 0, put_back = 0;
    for (const RunRecord& run : entry->runs) {
      put_back = std::max(put_back, static_cast<double>(run.model.local_failures));
      refused = std::max(refused, static_cast<double>(run.model.threads_refused));
      reached = std::max(reached, static_cast<double>(run.model.peak_threads));
    }
    if (entry->contender.kind == ModelKind::thread_per_connection) {
      said.push_back("thread-per-connection reached " + count_text(reached) + " threads at once" +
                     (refused == 0 ? ", and the system refused it none."
                                   : "; the system refused to make another " + (refused == 1 ? std::string("once") : "up to " + count_text(refused) + " times in a run") + "."));
    } else if (refused > 0) {
      said.push_back(entry->contender.name() + " got no more than " + count_text(reached) + " threads: the system refused the rest.");
    }
    if (put_back > 0) {
      said.push_back(entry->contender.name() + " lacked a descriptor, a source port or memory up to " + count_text(put_back) +
                     (put_back == 1 ? " time" : " times") + " in a run, and asked again.");
    }
  }
}

void say_what_loops_bought(const Comparison& comparison, std::vector<std::string>& said) {
  const std::vector<const Entry*> entries = with_rank(comparison);
  for (const Entry* many : entries) {
    if (!many->contender.is_loop() || many->contender.loops < 2) continue;
    const auto one = std::find_if(entries.begin(), entries.end(), [many](const Entry* entry) {
      return entry->contender.is_loop() && entry->contender.loops == 1 && !entry->contender.portable && entry->contender.in_flight == many->contender.in_flight;
    });
    if (one == entries.end()) continue;
    const Ratio gained = ratio((*one)->wall_s, many->wall_s);
    const double cpu_one = (*one)->user_s.mean + (*one)->system_s.mean, cpu_many = many->user_s.mean + many->system_s.mean;
    std::string text = many->contender.name() + " against " + (*one)->contender.name() + ": " + ratio_text(gained) + " times the speed";
    if (cpu_one > 0) text += " for " + ratio_text({cpu_many / cpu_one, 0}) + " times the processor time";
    if (many->runs.size() > 1 && !gained.differs()) text += ", no difference in speed that these runs can show";
    said.push_back(text + '.');
  }
}

void say_what_memory_it_took(const Comparison& comparison, std::vector<std::string>& said) {
  std::vector<const Entry*> entries = with_runs(comparison);
  if (entries.size() < 2) return;
  std::sort(entries.begin(), entries.end(), [](const Entry* a, const Entry* b) { return a->middle(&RunRecord::memory_kib) < b->middle(&RunRecord::memory_kib); });
  const Entry &least = *entries.front(), &most = *entries.back();
  const double least_kib = least.middle(&RunRecord::memory_kib), most_kib = most.middle(&RunRecord::memory_kib);
  if (most_kib < least_kib * alike_memory) {
    said.push_back("Every model took about " + memory_text(most_kib) + " of resident memory.");
    return;
  }
  said.push_back("Resident memory went from " + memory_text(least_kib) + " (" + least.contender.name() + ") to " + memory_text(most_kib) + " (" +
                 most.contender.name() + ").");
}

void say_who_was_wrong(const Comparison& comparison, std::vector<std::string>& said) {
  for (const Entry* entry : with_runs(comparison)) {
    const Correctness& c = entry->correctness;
    std::vector<std::string> parts;
    if (c.missed > 0) parts.push_back("missed " + count_text(static_cast<double>(c.missed)) + " of " + ports(comparison.open_ports).insert(0, "the ").append(" that are open"));
    if (c.wrongly_open > 0) parts.push_back("called " + ports(c.wrongly_open) + " open that " + (c.wrongly_open == 1 ? "is" : "are") + " not");
    if (c.unknown > 0) parts.push_back("could not tell " + ports(c.unknown));
    if (!parts.empty()) said.push_back(entry->contender.name() + ' ' + listed(parts) + " in its worst run: it has no rank.");
    if (c.misjudged > 0) {
      said.push_back(entry->contender.name() + " took up to " + ports(c.misjudged) + " for filtered that " + (c.misjudged == 1 ? "is" : "are") +
                     " closed, or the other way round; the rank is about open ports.");
    }
  }
}

void say_what_to_doubt(const Comparison& comparison, std::vector<std::string>& said) {
  std::vector<std::string> noisy;
  for (const Entry* entry : with_runs(comparison)) {
    const double share = entry->wall_s.mean > 0 ? entry->wall_s.deviation / entry->wall_s.mean : 0;
    if (share > noisy_share) noisy.push_back(entry->contender.name() + " (" + percent(share) + ")");
  }
  if (!noisy.empty()) said.push_back("The times vary much for " + listed(noisy) + ": more runs or a quieter machine would say more.");
  if (!comparison.doubt.empty()) said.push_back(comparison.doubt);
  if (!comparison.complete) said.push_back("Interrupted: this is what had been measured until then, and the comparison is incomplete.");
}

}  // namespace

std::string heading_text(const Comparison& comparison) {
  const Setup& setup = comparison.setup;
  const auto number = [](uint64_t n) { return count_text(static_cast<double>(n)); };
  std::string ports_shown = setup.ports.size() > 40 ? setup.ports.substr(0, setup.ports.rfind(',', 37)) + ",..." : setup.ports;
  std::string text;
  append_visible(text, setup.targets.size() > 40 ? setup.targets.substr(0, 37) + "..." : setup.targets);
  text += ", ports " + ports_shown + ": " + number(setup.probes) + (setup.probes == 1 ? " probe, " : " probes, ") + number(comparison.open_ports) + " open";
  if (!setup.lab_profile.empty()) {
    text += ", lab ";
    append_visible(text, setup.lab_profile);
  }
  text += "\ntimeout " + number(setup.timeout_ms) + " ms, " + number(setup.retries) + (setup.retries == 1 ? " retry, " : " retries, ") +
          (setup.order == Order::random ? "random" : "sequential") + " order, seed " + std::to_string(setup.seed) + ", " + number(setup.runs) +
          (setup.runs == 1 ? " run" : " runs") + " after " + number(setup.warmup) + " to warm up";
  if (!comparison.complete) text += " (incomplete)";
  return text + '\n';
}

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

std::string words_text(const Comparison& comparison) {
  std::string text, line;
  const auto end_line = [&] {
    text += line + '\n';
    line.clear();
  };
  for (const std::string& sentence : sentences(comparison)) {
    for (size_t start = 0; start < sentence.size();) {
      const size_t end = std::min(sentence.find(' ', start), sentence.size());
      const std::string word = sentence.substr(start, end - start);
      // Counted in bytes: a line with µ or ± ends a column early.
      if (!line.empty() && line.size() + 1 + word.size() > table_columns) end_line();
      line += (line.empty() ? "" : " ") + word;
      start = end + 1;
    }
  }
  if (!line.empty()) end_line();
  return text;
}

}  // namespace portloop::compare
