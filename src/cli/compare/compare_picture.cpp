#include "cli/compare/compare_picture.hpp"

#include <unistd.h>

#include <algorithm>

#include "cli/terminal/colour.hpp"
#include "cli/terminal/terminal_width.hpp"

namespace portloop {

using namespace compare;

void record_pictures(Comparison& comparison, const CompareRequest& request, const RunCommand& command,
                     const CompareProgress& progress, const volatile std::sig_atomic_t& stop) {
  const bool shown = std::any_of(request.exports.begin(), request.exports.end(), [](const OutputChoice& choice) {
    return choice.format == "html" || choice.format == "trace";
  });
  if (!shown && !request.lanes) return;
  record_runs(
      comparison, command, [&progress](const Entry& entry) { progress.before_recording(entry); },
      [&progress](const Entry& entry, const std::string& reason) {
        progress.report("a run of " + entry.contender.name() + " could not be recorded: " + reason);
      },
      stop);
}

LanesStyle lanes_style_of(const OutputFile& screen) {
  constexpr size_t max_columns = 80, min_columns = 40;
  LanesStyle style;
  if (screen.is_terminal()) style.columns = std::clamp(terminal_columns(STDOUT_FILENO), min_columns, max_columns);
  style.utf8 = locale_is_utf8();
  style.colour = uses_colour(ColourChoice::automatic, screen.is_terminal());
  return style;
}

}  // namespace portloop
