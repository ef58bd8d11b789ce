// What the guests show: the runtimes beside the same ways in C++, and what an interpreter's lock costs.
#include <algorithm>
#include <cstdio>

#include "compare/guest_programs.hpp"
#include "compare/table.hpp"
#include "compare/words_parts.hpp"

namespace portloop::compare {
namespace {

/// Context switches of a median run, for each connect.
double switches_per_probe(const Entry& entry) {
  return (entry.median(&RunRecord::switches_voluntary) + entry.median(&RunRecord::switches_involuntary)) /
         std::max(1.0, entry.median(&ModelRun::connects));
}

std::string switches_text(const Entry& entry) {
  char text[32];
  std::snprintf(text, sizeof text, "%.2f", switches_per_probe(entry));
  return text;
}

const Entry* find(const Entries& entries, ModelKind kind, uint32_t threads) {
  const auto found = std::find_if(entries.begin(), entries.end(), [&](const Entry* entry) {
    return entry->contender.kind == kind && entry->contender.threads == threads;
  });
  return found == entries.end() ? nullptr : *found;
}

const Entry* find_guest(const Entries& entries, GuestWay way, uint32_t threads) {
  const auto found = std::find_if(entries.begin(), entries.end(), [&](const Entry* entry) {
    return entry->contender.guest != nullptr && entry->contender.guest->runtime->has_lock &&
           entry->contender.guest->way == way && entry->contender.threads == threads;
  });
  return found == entries.end() ? nullptr : *found;
}

/// The model that waits in the same way as a guest with the interpreter's lock.
const Entry* same_way(const Entries& entries, const Contender& guest) {
  switch (guest.guest->way) {
    case GuestWay::one: return find(entries, ModelKind::sequential, 0);
    case GuestWay::thread_each: return find(entries, ModelKind::thread_per_connection, 0);
    case GuestWay::pool: return find(entries, ModelKind::thread_pool, guest.threads);
    case GuestWay::loop:
    case GuestWay::tasks: break;
  }
  return nullptr;  // a loop here has another number in flight
}

/// "python/sequential took 2.10x [2.05-2.15] as long as sequential and ..."
void add_same_ways(const Comparison& comparison, const Entries& entries, Sentences& out) {
  std::vector<std::string> parts;
  for (const Entry* guest : entries) {
    if (guest->contender.guest == nullptr || !guest->contender.guest->runtime->has_lock) continue;
    const Entry* const model = same_way(entries, guest->contender);
    if (model == nullptr) continue;
    const Ratio time = comparison.ratio(*guest, *model);
    if (time.relation() != Relation::slower) continue;
    parts.push_back(guest->contender.name() + (parts.empty() ? " took " : " ") + ratio_text(time) +
                    (parts.empty() ? " as long as " : " ") + model->contender.name());
  }
  if (!parts.empty()) out.push_back("The same way, in an interpreter: " + listed(parts) + '.');
}

/// If a pool in an interpreter with a lock is slower than a single thread there, and that in C++ is not. A pool of one
/// thread is the better single thread: it has the costs of a pool, but nobody to share the lock with.
void add_lock(const Comparison& comparison, const Entries& entries, Sentences& out) {
  const Entry* const own_single = find(entries, ModelKind::sequential, 0);
  const Entry* guest_single = find_guest(entries, GuestWay::pool, 1);
  if (guest_single == nullptr) guest_single = find_guest(entries, GuestWay::one, 0);
  if (own_single == nullptr || guest_single == nullptr) return;
  for (const Entry* guest : entries) {
    const Contender& contender = guest->contender;
    if (contender.guest == nullptr || contender.guest->way != GuestWay::pool || !contender.guest->runtime->has_lock ||
        guest == guest_single)
      continue;
    const Entry* const own = find(entries, ModelKind::thread_pool, contender.threads);
    if (own == nullptr) continue;
    const Ratio in_guest = comparison.ratio(*guest, *guest_single), here = comparison.ratio(*own, *own_single);
    if (in_guest.relation() != Relation::slower || here.relation() == Relation::slower ||
        here.relation() == Relation::untested || switches_per_probe(*guest) <= switches_per_probe(*own))
      continue;
    out.push_back("Threads cost " + contender.name() + " time, and " + own->contender.name() + " none: it took " +
                  ratio_text(in_guest) + " as long as " + guest_single->contender.name() + ", with " +
                  switches_text(*guest) + " context switches a probe instead of " + switches_text(*guest_single) +
                  "; " + own->contender.name() + " took " + ratio_text(here) + " as long as " +
                  own_single->contender.name() + ", with " + switches_text(*own) +
                  ". Only the thread that has the interpreter's lock runs Python.");
    return;  // one pool shows it
  }
}

/// Why guests report ports as open that are not, on this machine's own addresses.
void add_phantoms(const Comparison& comparison, const Entries& entries, Sentences& out) {
  if (!comparison.setup.only_loopback) return;
  std::vector<std::string> guests;
  for (const Entry* entry : entries) {
    if (entry->correctness.wrongly_open == 0) continue;
    if (entry->contender.guest == nullptr) return;  // then there is another reason
    guests.push_back(entry->contender.name());
  }
  if (guests.empty()) return;
  out.push_back(
      "On this machine's own addresses the system may choose the port that is probed as the source port: the socket "
      "connects to itself, and the port looks open. The models here check for that, " +
      listed(guests) + (guests.size() == 1 ? " does" : " do") + " not.");
}

}  // namespace

void add_guests(const Comparison& comparison, Sentences& out) {
  const Entries entries = with_runs(comparison);
  add_same_ways(comparison, entries, out);
  add_lock(comparison, entries, out);
  add_phantoms(comparison, entries, out);
}

}  // namespace portloop::compare
