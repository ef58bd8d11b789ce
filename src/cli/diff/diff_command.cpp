// portloop diff A B: what differs between two results.
//
// Happy path: read both files, write each difference, sorted by address and port, print the summary.
//
// What goes wrong:
//   - a file is neither JSON of portloop nor a checkpoint, or can't be read: exit 2, nothing written
//   - a file has been cut, or its scan is incomplete: what it lacks is reported as not listed or not scanned, never as
//     closed
//   - standard output breaks, or the memory is used up: exit 2, since 1 means that the files differ
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdio>
#include <new>
#include <optional>

#include "cli/commands.hpp"
#include "cli/diff/difference.hpp"
#include "cli/diff/difference_text.hpp"
#include "cli/exit_status.hpp"
#include "cli/options/given_options.hpp"
#include "cli/options/parse_or_help.hpp"
#include "cli/record/output_file.hpp"
#include "cli/system/system_services.hpp"
#include "cli/terminal/terminal_width.hpp"
#include "core/spec_error.hpp"
#include "core/split.hpp"
#include "output/grouped.hpp"

namespace portloop {
namespace {

constexpr int exit_same = 0, exit_different = 1;

constexpr const char* help_text =
    R"(Usage: portloop diff [OPTIONS] A B

  What opened, closed or changed from A to B. Each is a scan's JSON (-f json) or
  its checkpoint, which also records what was scanned; '-' is standard input.
  Without a checkpoint, a file of open ports alone does not show whether another
  port was closed or not scanned.

  -f, --format FORMAT      text (default), or json: an object per difference
      --complete           A and B are whole scans of the same ports of the same
                           targets: a port that is not listed was not open
      --ignore LIST        do not compare: reason, banner, or both
      --color WHEN         auto (default), always or never;   --no-color
  -q, --quiet              no summary and no notes
  -h, --help

Rows begin with '+' opened, '-' closed, '~' changed, '?' unknown on one side,
'<' only in A, '>' only in B. What was not scanned is not called closed.
Exit status: 0 no difference, 1 differences, 2 wrong usage, an unreadable file
or another failure.)";

struct DiffRequest {
  std::string a, b;
  bool json = false;
  bool complete = false;
  bool quiet = false;
  DifferenceOptions compared;
  ColourChoice colour = ColourChoice::automatic;
};

void parse_ignored(const std::string& list, DifferenceOptions& compared) {
  for (const std::string_view word : split(list, ',')) {
    if (word != "reason" && word != "banner")
      throw UsageError("--ignore " + quote_word(word) + ": accepted are reason, banner");
    (word == "reason" ? compared.reasons : compared.banners) = false;
  }
}

DiffRequest parse_request(const cxxopts::ParseResult& given) {
  check_given_once(given, {"format", "ignore", "color"});
  DiffRequest request;
  const std::vector<std::string> files = texts_of(given, "file");
  if (files.size() != 2) {
    throw UsageError((files.empty()       ? std::string("no file given")
                      : files.size() == 1 ? "only " + quote_word(files[0]) + " is given"
                                          : quote_word(files[2]) + " is a third file") +
                     ": two results are compared, as in 'portloop diff monday.json tuesday.json'");
  }
  request.a = files[0];
  request.b = files[1];
  if (request.a == "-" && request.b == "-")
    throw UsageError("'-' is given twice: standard input can be read only once");
  request.json = one_of(given, "format", {"text", "json"}) == "json";
  request.complete = given.count("complete") > 0;
  request.quiet = given.count("quiet") > 0;
  request.colour = colour_of(given);
  if (given.count("ignore")) parse_ignored(text_of(given, "ignore"), request.compared);
  return request;
}

std::optional<DiffRequest> parse_options(int argc, const char* const* argv) {
  cxxopts::Options options("portloop diff");
  options.add_options()                                //
      ("f,format", "", cxxopts::value<std::string>())  //
      ("complete", "")                                 //
      ("ignore", "", cxxopts::value<std::string>())    //
      ("color", "", cxxopts::value<std::string>())     //
      ("no-color", "")                                 //
      ("q,quiet", "")                                  //
      ("h,help", "")                                   //
      ("file", "", cxxopts::value<std::vector<std::string>>());
  options.parse_positional("file");
  return parse_or_help(options, argc, argv, help_text, parse_request);
}

void note(const std::string& text) { std::fprintf(stderr, "portloop: %s\n", text.c_str()); }

void report_problems(const char* side, const ResultSet& set) {
  for (const std::string& line : set.inputs().incomplete) note(std::string(side) + ": " + line);
  constexpr size_t max_reported_conflicts = 5;
  const auto& conflicts = set.inputs().conflicts;
  for (size_t i = 0; i < conflicts.size() && i < max_reported_conflicts; ++i) {
    const MergeConflict& conflict = conflicts[i];
    note(std::string(side) + " has " + to_text(conflict.endpoint.address, conflict.endpoint.port) + " as " +
         std::string(to_text(conflict.kept)) + " and as " + std::string(to_text(conflict.dropped)) + ": it counts as " +
         std::string(to_text(conflict.kept)));
  }
  if (conflicts.size() > max_reported_conflicts)
    note(std::string(side) + " has " + grouped(conflicts.size() - max_reported_conflicts) + " more contradictions");
}

/// Why a port of the other file may be missing in this one.
void note_open_scope(const char* side, const char* other, const ResultSet& set) {
  const std::string name(side);
  if (set.inputs().truncated)
    note(name + " is incomplete: what is only in " + other + " may still be open in " + name);
  else if (set.leaves_scope_open())
    note(name + " lists open ports only: what is only in " + other + " may be closed or not scanned in " + name +
         "; a checkpoint, --show all or --complete settles it");
}

class Diff {
 public:
  /// All outlive this object.
  Diff(const DiffRequest& request, const SystemServices& services, const ResultSet& a, const ResultSet& b)
      : request_(request),
        services_(services),
        a_(a),
        b_(b),
        rows_(uses_colour(request.colour, out_.is_terminal()),
              out_.is_terminal() ? terminal_columns(STDOUT_FILENO) : 0) {}

  int run() {
    DifferenceOptions compared = request_.compared;
    const bool one_has_none = a_.has_banners() != b_.has_banners();
    compared.banners = compared.banners && !one_has_none;
    const DifferenceCounts counts =
        find_differences(a_, b_, compared, [this](const Difference& difference) { write(difference); });
    if (!request_.json) rows_.end(out_.buffer());
    out_.finish();
    if (out_.broken()) {
      note(out_.error());
      return exit_usage;
    }
    if (!request_.quiet) print_notes(counts, one_has_none && request_.compared.banners);
    return different_ ? exit_different : exit_same;
  }

 private:
  void write(const Difference& difference) {
    if (out_.broken()) return;
    different_ = true;
    ++counts_[static_cast<size_t>(difference.kind)];
    scope_matters_a_ = scope_matters_a_ || difference.standing_a == Standing::not_listed;
    scope_matters_b_ = scope_matters_b_ || difference.standing_b == Standing::not_listed;
    const std::string_view service = services_.name_of(difference.endpoint.port);
    if (request_.json)
      append_difference_json(out_.buffer(), difference, service);
    else
      rows_.add(difference, service, out_.buffer());
    out_.end_record();
  }

  uint64_t count(DifferenceKind kind) const { return counts_[static_cast<size_t>(kind)]; }

  void print_notes(const DifferenceCounts& counts, bool banners_left_out) const {
    if (scope_matters_a_) note_open_scope("A", "B", a_);
    if (scope_matters_b_) note_open_scope("B", "A", b_);
    if (banners_left_out)
      note(std::string("banners are not compared: ") + (a_.has_banners() ? "B" : "A") + " has none");
    if (counts.not_comparable > 0)
      note(grouped(counts.not_comparable) + (counts.not_comparable == 1 ? " result is" : " results are") +
           " not compared: the port is not open, and the other file does not list it");
    std::string text = grouped(count(DifferenceKind::opened)) + " opened, " + grouped(count(DifferenceKind::closed)) +
                       " closed, " + grouped(count(DifferenceKind::changed)) + " changed";
    for (const auto& [kind, words] : {std::pair{DifferenceKind::uncertain, " unknown on one side"},
                                      {DifferenceKind::only_in_a, " only in A"},
                                      {DifferenceKind::only_in_b, " only in B"}}) {
      if (count(kind) > 0) text += ", " + grouped(count(kind)) + words;
    }
    std::fprintf(stderr, "%s; %s the same\n", text.c_str(), grouped(counts.same).c_str());
  }

  const DiffRequest& request_;
  const SystemServices& services_;
  const ResultSet& a_;
  const ResultSet& b_;
  OutputFile out_;
  DifferenceRows rows_;
  std::array<uint64_t, 6> counts_{};  // by DifferenceKind
  bool different_ = false;
  bool scope_matters_a_ = false;
  bool scope_matters_b_ = false;
};

}  // namespace

int run_diff(int argc, const char* const* argv) {
  try {
    const SystemServices services = SystemServices::load();  // first: without memory, glibc would abort
    const auto request = parse_options(argc, argv);
    if (!request) return exit_complete;
    std::signal(SIGPIPE, SIG_IGN);  // a reader that is gone shall be an error of write()
    const ResultSet a(read_merge_inputs({request->a}), request->complete);
    const ResultSet b(read_merge_inputs({request->b}), request->complete);
    report_problems("A", a);
    report_problems("B", b);
    return Diff(*request, services, a, b).run();
  } catch (const CannotRun& error) {
    throw UsageError(error.what());
  } catch (const std::bad_alloc&) {
    std::fputs("portloop: out of memory\n", stderr);
    return exit_usage;
  }
}

}  // namespace portloop
