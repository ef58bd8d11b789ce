// What is printed above and below the tables on a terminal: the heading, and the sentences as one paragraph.
#include <algorithm>
#include <array>

#include "compare/table.hpp"
#include "compare/words.hpp"
#include "output/escape.hpp"
#include "output/grouped.hpp"

namespace portloop::compare {
namespace {

/// Returns whether a line must not end between the two words: a number and its spread, interval or unit, a model and
/// its "-c N".
bool belong_together(std::string_view left, std::string_view right) {
  static constexpr std::array<std::string_view, 8> units = {"µs", "ms", "s", "min", "MiB", "GiB", "%", "times"};
  right = right.substr(0, right.find_first_of(",.;:()"));
  if (right.starts_with('[')) return true;
  return left == "±" || right == "±" || left == "-c" || right == "-c" ||
         std::find(units.begin(), units.end(), right) != units.end();
}

}  // namespace

std::string heading_text(const Comparison& comparison, size_t columns) {
  const Setup& setup = comparison.setup;
  std::string ports_shown =
      setup.ports.size() > 40 ? setup.ports.substr(0, setup.ports.rfind(',', 37)) + ",..." : setup.ports;
  std::string text;
  append_visible(text, setup.targets.size() > 40 ? setup.targets.substr(0, 37) + "..." : setup.targets);
  text += ", ports " + ports_shown + ": " + grouped(setup.probes) + (setup.probes == 1 ? " probe, " : " probes, ") +
          grouped(comparison.open_ports) + " open";
  if (!setup.lab_profile.empty()) {
    text += ", lab ";
    append_visible(text, setup.lab_profile);
  }
  std::string settings = "timeout " + grouped(setup.timeout_ms) + " ms, " + grouped(setup.retries) +
                         (setup.retries == 1 ? " retry, " : " retries, ") + std::string(to_text(setup.order)) +
                         " order, seed " + std::to_string(setup.seed) + ", " + grouped(setup.runs) +
                         (setup.runs == 1 ? " run" : " runs") + " after " + grouped(setup.warmup) +
                         (setup.warmup == 1 ? " warm-up run" : " warm-up runs");
  if (!comparison.complete) settings += " (incomplete)";
  return paragraph({text}, columns) + paragraph({settings}, columns);
}

std::string words_text(const Comparison& comparison, size_t columns) {
  return paragraph(sentences(comparison), columns);
}

std::string paragraph(const std::vector<std::string>& sentences, size_t columns) {
  std::string text, line;
  for (const std::string& sentence : sentences) {
    for (size_t start = 0; start < sentence.size();) {
      // Words that belong together move to the next line together.
      size_t end = std::min(sentence.find(' ', start), sentence.size());
      for (size_t word = start; end < sentence.size();) {
        const size_t next = std::min(sentence.find(' ', end + 1), sentence.size());
        if (!belong_together(std::string_view(sentence).substr(word, end - word),
                             std::string_view(sentence).substr(end + 1, next - end - 1)))
          break;
        word = end + 1;
        end = next;
      }
      const std::string piece = sentence.substr(start, end - start);
      if (!line.empty() && columns_of(line) + 1 + columns_of(piece) > columns) {
        text += line + '\n';
        line.clear();
      }
      line += (line.empty() ? "" : " ") + piece;
      start = end + 1;
    }
  }
  return line.empty() ? text : text + line + '\n';
}

}  // namespace portloop::compare
