#include "cli/watch/watch_request.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "cli/exit_status.hpp"
#include "cli/options/given_options.hpp"
#include "cli/options/option_values.hpp"
#include "cli/options/parse_or_help.hpp"
#include "cli/scan/scan_options.hpp"
#include "cli/system/distinct_files.hpp"
#include "core/spec_error.hpp"
#include "core/split.hpp"

namespace portloop {
namespace {

constexpr const char* help_text =
    R"(Usage: portloop watch [OPTIONS] TARGET...

  Scans again and again, and reports what opens, closes or becomes filtered. A
  change is probed again before it is reported: what opens or closes in the same
  round, silence if the next round finds it, too. The first round only learns.

Watching:
      --interval TIME      from one round's start to the next's, such as 90s or
                           1h (5m)
      --rounds N           stop after N rounds (never)
      --state FILE         remember what was reported, and continue from it
      --exec PROGRAM       start it for each round with changes, with them as
                           JSON lines on its standard input
      --prometheus FILE    write metrics there after each round
  -f, --format FORMAT      text (default on a terminal) or json (default
                           elsewhere, an object per change)
What to scan, and how, as for 'portloop scan':
  -p, --ports SPEC   --exclude-ports SPEC   --exclude LIST   --exclude-file FILE
  -i, --input-file FILE   -4, -6   --all-addresses   -l, --loops N
  -c, --in-flight N   -r, --rate N   -t, --timeout TIME   --retries N
      --timing fixed   --connector portable   --source ADDRESS
      --interface NAME   --dscp N   --mark N
Output:
      --color WHEN         auto (default), always or never;   --no-color
      --progress WHEN      auto (default), always or never
  -v, --verbose            a line for each round
  -q, --quiet              changes and errors only
  -h, --help

Exit status: 0 all rounds are done, 1 could not run, 2 wrong usage, 3 a target
did not resolve or an output broke, 130 interrupted. Scan only hosts and
networks that you are allowed to scan.)";

cxxopts::Options make_options() {
  cxxopts::Options options("portloop watch");
  const auto text = [] { return cxxopts::value<std::string>(); };
  add_probe_options(options);
  options.add_options()           //
      ("interval", "", text())    //
      ("rounds", "", text())      //
      ("state", "", text())       //
      ("exec", "", text())        //
      ("prometheus", "", text())  //
      ("f,format", "", text())    //
      ("progress", "", text())    //
      ("v,verbose", "")           //
      ("q,quiet", "")             //
      ("color", "", text())       //
      ("no-color", "")            //
      ("h,help", "")              //
      ("target", "", cxxopts::value<std::vector<std::string>>());
  options.parse_positional("target");
  return options;
}

/// The path of a program that can be started, as a shell would find it.
std::string find_program(const std::string& name) {
  const auto runs = [](const std::string& path) {
    struct stat status;
    return stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode) && access(path.c_str(), X_OK) == 0;
  };
  if (name.find('/') != std::string::npos && runs(name)) return name;
  const char* path = std::getenv("PATH");
  const std::string_view directories = path == nullptr || name.find('/') != std::string::npos ? "" : path;
  for (const std::string_view directory : split(directories, ':')) {
    if (name.empty() || directory.empty()) continue;
    std::string candidate = std::string(directory) + '/' + name;
    if (runs(candidate)) return candidate;
  }
  throw UsageError("--exec " + quote_word(name) +
                   ": a program that can be started is accepted, without arguments (a script may have them)");
}

std::string file_of(const cxxopts::ParseResult& given, const char* option) {
  if (given.count(option) && text_of(given, option).empty())
    throw UsageError(std::string("--") + option + " '': the name of a file is accepted");
  return text_of(given, option);
}

/// They are replaced: each must be a file of its own, and nothing else than a file.
void check_files(const WatchRequest& request) {
  std::vector<NamedFile> files;
  for (const auto& [option, path] :
       {std::pair{"--state ", request.state_file}, {"--prometheus ", request.prometheus_file}}) {
    if (path.empty()) continue;
    const std::string word = option + quote_word(path);
    struct stat status;
    if (lstat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode))
      throw UsageError(word + ": a regular file or a new one is accepted");
    files.push_back({word, path});
    files.push_back({"the temporary file of " + word, path + ".tmp", true});
  }
  check_distinct(files);
}

WatchRequest parse_request(const cxxopts::ParseResult& given, const SystemServices& services) {
  check_given_once(given, {"ports",  "exclude-ports", "loops",      "in-flight", "rate",     "timeout",  "retries",
                           "timing", "connector",     "interface",  "dscp",      "mark",     "interval", "rounds",
                           "state",  "exec",          "prometheus", "format",    "progress", "color"});
  constexpr uint64_t max_ms = uint64_t{365} * 86'400'000;
  WatchRequest request;
  if (given.count("interval"))
    request.interval_ms = parse_duration_option("--interval", text_of(given, "interval"), TimeUnit::seconds, max_ms);
  if (given.count("rounds"))
    request.rounds = parse_number_option("--rounds", text_of(given, "rounds"), 1, 1'000'000'000'000);
  if (given.count("format")) request.json = one_of(given, "format", {"text", "json"}) == "json";
  request.state_file = file_of(given, "state");
  request.prometheus_file = file_of(given, "prometheus");
  if (given.count("exec")) request.program = find_program(text_of(given, "exec"));
  request.scan = parse_probe_options(given, services, "watch");
  check_files(request);
  return request;
}

}  // namespace

std::optional<WatchRequest> parse_watch_options(int argc, const char* const* argv, const SystemServices& services) {
  cxxopts::Options options = make_options();
  return parse_or_help(options, argc, argv, help_text,
                       [&services](const cxxopts::ParseResult& given) { return parse_request(given, services); });
}

}  // namespace portloop
