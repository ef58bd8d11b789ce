#include "cli/progress.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

namespace portloop {
namespace {

size_t terminal_columns() {
  winsize size{};
  return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

std::string duration_text(double seconds) {
  const auto whole = static_cast<uint64_t>(seconds + 0.5);
  if (whole < 60) return std::to_string(whole) + " s";
  if (whole < 3600) return std::to_string(whole / 60) + " min " + std::to_string(whole % 60) + " s";
  return std::to_string(whole / 3600) + " h " + std::to_string(whole % 3600 / 60) + " min";
}

}  // namespace

std::string grouped(uint64_t number) {
  const std::string digits = std::to_string(number);
  std::string text;
  for (size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0) text += ',';
    text += digits[i];
  }
  return text;
}

ProgressLine::ProgressLine(bool shown) : shown_(shown) {}

std::string ProgressLine::status_text(const portloop_stats& stats, double elapsed_s) {
  const uint64_t done = stats.open + stats.closed + stats.filtered + stats.unknown + stats.not_asked;
  const double share = stats.probes == 0 ? 1 : static_cast<double>(done) / static_cast<double>(stats.probes);
  const double rate = elapsed_s > 0 ? static_cast<double>(done) / elapsed_s : 0;
  std::string text = grouped(done) + '/' + grouped(stats.probes) + " (" + std::to_string(static_cast<int>(share * 100)) + "%), " +
                     grouped(static_cast<uint64_t>(rate)) + "/s, " + grouped(stats.open) + " open";
  if (done > 0 && done < stats.probes) {
    text += ", " + duration_text(static_cast<double>(stats.probes - done) / std::max(rate, 1e-9)) + " left";
  }
  return text;
}

void ProgressLine::draw(const portloop_stats& stats, double elapsed_s, const char* phase) {
  if (!shown_) return;
  // One column is left free: a full line would wrap, and could not be cleared.
  const std::string text = (phase + status_text(stats, elapsed_s)).substr(0, terminal_columns() - 1);
  std::fprintf(stderr, "\r%s\x1b[K", text.c_str());
  std::fflush(stderr);
  on_screen_ = true;
}

void ProgressLine::clear() {
  if (!on_screen_) return;
  std::fputs("\r\x1b[K", stderr);
  std::fflush(stderr);
  on_screen_ = false;
}

}  // namespace portloop
