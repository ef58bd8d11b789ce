// portloop merge: joins the results of a scan's shards into one, in any format.
//
// Happy path: read every file, write each endpoint once, sorted, print the summary.
//
// What goes wrong:
//   - a file is neither JSON of portloop nor a checkpoint, or checkpoints are of different scans: exit 2, nothing
//     written
//   - two files have different states for one endpoint: the more certain one is kept, and the conflict is reported
//   - a shard is missing, incomplete, truncated or changed: reported, everything else is written, exit 3
//   - a file can't be read to its end: exit 1, nothing written
//   - an output breaks: reported, exit 3
#include <unistd.h>
#include <algorithm>
#include <csignal>

#include <cstdio>
#include <memory>
#include <optional>
#include <set>

#include "cli/commands.hpp"
#include "cli/exit_status.hpp"
#include "cli/merge/merge_inputs.hpp"
#include "cli/options/given_options.hpp"
#include "cli/options/option_values.hpp"
#include "cli/options/output_choice.hpp"
#include "cli/options/parse_or_help.hpp"
#include "cli/record/output_file.hpp"
#include "cli/terminal/colour.hpp"
#include "cli/terminal/terminal_width.hpp"
#include "core/spec_error.hpp"
#include "core/state_counts.hpp"
#include "output/grouped.hpp"
#include "output/writer.hpp"

namespace portloop {
namespace {

constexpr const char* help_text =
    R"(Usage: portloop merge [OPTIONS] FILE...

  FILE is the JSON of one shard of a scan (one object per line), or its
  checkpoint, which names the JSON and records whether the shard is complete. It
  may be a pipe; '-' is standard input. Each endpoint is written once,
  sorted by address and port.

  -f, --format FORMAT      text (default), json, csv, xml, grepable, list
  -o, --output FORMAT=FILE also to a file ('-': stdout); may be repeated
      --overwrite          replace files that exist;   --names: lists of names
      --show open|all      default: what the files contain
  -q, --quiet
  -h, --help

If two files differ on the state of an endpoint, the first of open, closed,
filtered, unknown is kept.
Exit status: 0 complete, 1 could not run, 2 wrong usage, 3 a shard is missing or
incomplete, or a result unknown.)";

constexpr size_t max_reported_conflicts = 5;

struct MergeRequest {
  std::vector<std::string> files;
  std::vector<OutputChoice> outputs;
  bool overwrite = false;
  bool list_names = false;
  std::optional<bool> show_all;
  bool quiet = false;
};

MergeRequest parse_request(const cxxopts::ParseResult& given) {
  MergeRequest request;
  request.files = texts_of(given, "file");
  if (request.files.empty())
    throw UsageError(
        "no file given: the JSON or the checkpoints of a scan's shards, as in 'portloop merge *.checkpoint'");
  request.outputs = parse_outputs(optional_text_of(given, "format"), texts_of(given, "output"));
  request.overwrite = given.count("overwrite") > 0;
  request.list_names = given.count("names") > 0;
  check_list_names(request.list_names, request.outputs);
  request.quiet = given.count("quiet") > 0;
  if (given.count("show")) request.show_all = one_of(given, "show", {"open", "all"}) == "all";
  return request;
}

std::optional<MergeRequest> parse_options(int argc, const char* const* argv) {
  cxxopts::Options options("portloop merge");
  options.add_options()                                             //
      ("f,format", "", cxxopts::value<std::string>())               //
      ("o,output", "", cxxopts::value<std::vector<std::string>>())  //
      ("overwrite", "")                                             //
      ("names", "")                                                 //
      ("show", "", cxxopts::value<std::string>())                   //
      ("q,quiet", "")                                               //
      ("h,help", "")                                                //
      ("file", "", cxxopts::value<std::vector<std::string>>());
  options.parse_positional("file");
  return parse_or_help(options, argc, argv, help_text, parse_request);
}

PortSet ports_of(const MergeInputs& inputs) {
  PortSet ports;
  if (!inputs.checkpoints.empty()) ports = inputs.checkpoints.front().ports;
  std::set<uint16_t> found;
  for (const auto& [endpoint, result] : inputs.results) found.insert(endpoint.second);
  for (const uint16_t port : found) {
    if (!ports.contains(port)) ports.add({port, port});
  }
  return ports;
}

uint64_t count_targets(const MergeInputs& inputs) {
  if (!inputs.checkpoints.empty()) return inputs.checkpoints.front().list.targets.size();
  uint64_t targets = 0;
  const Address* last = nullptr;
  for (const auto& [endpoint, result] : inputs.results) {
    if (last == nullptr || *last != endpoint.first) ++targets;
    last = &endpoint.first;
  }
  return targets;
}

ScanHeader header_of(const MergeInputs& inputs, const MergeRequest& request, std::string command_line) {
  ScanHeader header;
  header.version = PORTLOOP_VERSION_TEXT;
  header.command_line = std::move(command_line);
  header.ports = ports_of(inputs);
  header.targets = count_targets(inputs);
  bool any_listed = false;
  int64_t first_us = INT64_MAX;
  for (const auto& [endpoint, result] : inputs.results) {
    first_us = std::min(first_us, result.time_us);
    header.has_ipv6 = header.has_ipv6 || endpoint.first.family == Family::ipv6;
    any_listed = any_listed || result.probe.state != PortState::open;
  }
  for (const Checkpoint& checkpoint : inputs.checkpoints) {
    first_us = std::min(first_us, checkpoint.started_us);
    header.seed = checkpoint.seed;
  }
  header.started_us = first_us == INT64_MAX ? 0 : first_us;
  header.show_all = request.show_all.value_or(any_listed);
  header.list_names = request.list_names;
  return header;
}

ScanFooter footer_of(const MergeInputs& inputs, const ScanHeader& header, size_t parts) {
  ScanFooter footer;
  StateCounts counts;
  footer.finished_us = header.started_us;
  for (const auto& [endpoint, result] : inputs.results) {
    ++counts[result.probe.state];
    footer.finished_us = std::max(footer.finished_us, result.time_us);
  }
  footer.hosts_total = header.targets;
  footer.complete = inputs.incomplete.empty() && counts[PortState::unknown] == 0;
  footer.summary = grouped(parts) + (parts == 1 ? " file: " : " files: ") + grouped(counts[PortState::open]) +
                   " open, " + grouped(counts[PortState::closed]) + " closed, " + grouped(counts[PortState::filtered]) +
                   " filtered, " + grouped(counts[PortState::unknown]) + " unknown results";
  return footer;
}

void report_problems(const MergeInputs& inputs, bool quiet) {
  for (size_t i = 0; i < inputs.conflicts.size() && i < max_reported_conflicts; ++i) {
    const MergeConflict& conflict = inputs.conflicts[i];
    std::fprintf(stderr, "portloop: %s is %s in one file and %s in another: %s is kept\n",
                 to_text(conflict.endpoint.address, conflict.endpoint.port).c_str(),
                 std::string(to_text(conflict.kept)).c_str(), std::string(to_text(conflict.dropped)).c_str(),
                 std::string(to_text(conflict.kept)).c_str());
  }
  if (inputs.conflicts.size() > max_reported_conflicts) {
    std::fprintf(stderr, "portloop: %s more conflicts\n",
                 grouped(inputs.conflicts.size() - max_reported_conflicts).c_str());
  }
  for (const std::string& line : inputs.incomplete) std::fprintf(stderr, "portloop: %s\n", line.c_str());
  if (inputs.checkpoints.empty() && !quiet) {
    std::fputs("portloop: no checkpoint among the files: a missing shard can't be detected\n", stderr);
  }
}

/// Returns whether it could be written.
bool write_output(const OutputChoice& choice, const MergeInputs& inputs, ScanHeader header, const ScanFooter& footer,
                  OutputFile& file) {
  header.colour = uses_colour(ColourChoice::automatic, file.is_terminal());
  if (file.is_terminal()) header.columns = terminal_columns(STDOUT_FILENO);
  const auto writer = find_output_format(choice.format)->make();
  writer->begin(header, file.buffer());
  for (const auto& [endpoint, result] : inputs.results) {
    writer->result(result.view(), file.buffer());
    file.end_record();
    if (file.broken()) break;
  }
  writer->end(footer, file.buffer());
  file.finish();
  if (file.broken()) std::fprintf(stderr, "portloop: %s\n", file.error().c_str());
  return !file.broken();
}

}  // namespace

int run_merge(int argc, const char* const* argv) {
  const auto request = parse_options(argc, argv);
  if (!request) return exit_complete;
  std::signal(SIGPIPE, SIG_IGN);  // a reader that is gone shall be an error of write()
  const MergeInputs inputs = read_merge_inputs(request->files);
  const ScanHeader header = header_of(inputs, *request, "portloop " + join_command_line(argc, argv));
  const ScanFooter footer = footer_of(inputs, header, request->files.size());
  check_distinct(files_of(request->outputs, request->overwrite));
  std::vector<std::unique_ptr<OutputFile>> files;
  for (const OutputChoice& choice : request->outputs) files.push_back(open_output(choice.file, request->overwrite));
  bool written = true;
  for (size_t i = 0; i < files.size(); ++i)
    written = write_output(request->outputs[i], inputs, header, footer, *files[i]) && written;
  report_problems(inputs, request->quiet);
  if (!request->quiet) std::fprintf(stderr, "%s\n", footer.summary.c_str());
  return written && footer.complete ? exit_complete : exit_incomplete;
}

}  // namespace portloop
