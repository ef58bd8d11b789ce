#include "cli/compare/compare_progress.hpp"

#include <unistd.h>

#include <cstdio>

#include "compare/table.hpp"

namespace portloop {

using namespace compare;

namespace {

// A person who waits this long for one run should have been asked.
constexpr double long_run_s = 60;

}  // namespace

CompareProgress::CompareProgress(bool quiet) : quiet_(quiet), redrawn_(!quiet && isatty(STDERR_FILENO) == 1) {}

void CompareProgress::before_run(const Comparison& comparison, size_t model, uint32_t round, const Forecast& forecast) {
  if (!quiet_) warn_of_long_runs(comparison, forecast);
  if (!redrawn_) return;
  const Setup& setup = comparison.setup;
  std::fprintf(stderr, "\rround %u of %u%s: %s, about %s left\x1b[K", round + 1, setup.warmup + setup.runs,
               round < setup.warmup ? " (warm-up)" : "", comparison.entries[model].contender.name().c_str(),
               duration_text(forecast.remaining_s(comparison.entries)).c_str());
  std::fflush(stderr);
}

void CompareProgress::before_build() const {
  if (!redrawn_) return;
  std::fputs("\rcompiling guests\x1b[K", stderr);
  std::fflush(stderr);
}

void CompareProgress::before_recording(const Entry& entry) const {
  if (!redrawn_) return;
  std::fprintf(stderr, "\rrecording a run of %s\x1b[K", entry.contender.name().c_str());
  std::fflush(stderr);
}

void CompareProgress::clear() const {
  if (redrawn_) std::fputs("\r\x1b[K", stderr);
}

void CompareProgress::report(const std::string& text) const {
  clear();
  std::fprintf(stderr, "portloop: %s\n", text.c_str());
}

void CompareProgress::warn_of_long_runs(const Comparison& comparison, const Forecast& forecast) {
  for (size_t i = 0; i < comparison.entries.size(); ++i) {
    const Entry& entry = comparison.entries[i];
    const double seconds = forecast.run_s(i, entry.contender);
    if (seconds < long_run_s || !entry.failure.empty() || !warned_.insert(i).second) continue;
    report("each run of " + entry.contender.name() + " will take about " + duration_text(seconds) +
           "; --models without it, fewer ports or a shorter --timeout would avoid that");
  }
}

}  // namespace portloop
