// portloop-lab: runs a command inside a simulated network, or prints the ground truth of that network.
#include <sys/stat.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <exception>
#include <fstream>
#include <iostream>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "cli/options/cxxopts.hpp"
#include "cli/options/option_error.hpp"
#include "cli/options/option_words.hpp"
#include "core/service_names.hpp"
#include "core/split.hpp"
#include "core/target_set.hpp"
#include "lab/built_in_profiles.hpp"
#include "lab/counters.hpp"
#include "lab/profile.hpp"
#include "lab/result_check.hpp"
#include "lab/run_lab.hpp"
#include "lab/truth_lines.hpp"

namespace {

using namespace portloop;
using namespace portloop::lab;

constexpr int exit_different = 1;
constexpr int exit_failure = 1;
constexpr int exit_usage = 2;
constexpr uint64_t default_luck_seed = 1;

constexpr const char* help_text = R"(portloop-lab: a simulated network with a known ground truth

  portloop-lab [options] PROFILE -- COMMAND...          run COMMAND inside the network
  portloop-lab PROFILE --truth TARGET... -p PORTS       print the ground truth as JSON lines
  portloop-lab PROFILE --check FILE TARGET... -p PORTS  compare portloop's JSON with it
  portloop-lab --list                                   list the built-in profiles
  portloop-lab --show PROFILE                           print one, as a start for your own

PROFILE is a built-in name (lan, wan, lossy, ...) or a file.
TARGET is an address, a prefix 10.0.0.0/24 or a range 10.0.0.1-9; PORTS is 22,80,8000-8100.

  --seed N          seed of packet loss and jitter (default 1); open ports stay the same
  --counters FILE   write the counters to FILE instead of stderr
  --open-only       --truth prints, and --check compares, open ports only
  -p, --ports PORTS
  -h, --help, --version

The exit status is COMMAND's (128 + N if signal N killed it); with --check, 1 if there are
differences; 2 for wrong usage; 1 if the system forbids what the lab needs. See docs/lab.md.
)";

int refuse(const std::string& message) {
  std::fprintf(stderr, "portloop-lab: %s\n", message.c_str());
  return exit_usage;
}

int fail(const std::string& message) {
  std::fprintf(stderr, "portloop-lab: %s\n", message.c_str());
  return exit_failure;
}

struct Options {
  std::optional<std::string> profile;
  std::vector<std::string> targets;
  std::optional<std::string> ports;
  std::optional<std::string> check_file;
  std::optional<std::string> counters_file;
  std::optional<std::string> show;
  uint64_t luck_seed = default_luck_seed;
  bool truth = false;
  bool open_only = false;
  bool list = false;
  bool help = false;
  bool version = false;
  char** command = nullptr;  ///< What follows "--", null-terminated; nullptr if there is no "--".
};

/// Returns argv up to the first "--", after which the command begins.
std::vector<char*> own_arguments(int argc, char** argv, Options& options) {
  std::vector<char*> own;
  for (int i = 0; i < argc; ++i) {
    if (i > 0 && std::strcmp(argv[i], "--") == 0) {
      options.command = argv + i + 1;
      break;
    }
    own.push_back(argv[i]);
  }
  return own;
}

Parsed<Options> read_options(int argc, char** argv) {
  Options options;
  std::vector<char*> own = own_arguments(argc, argv, options);
  cxxopts::Options accepted("portloop-lab");
  accepted.add_options()("truth", "")("check", "", cxxopts::value<std::string>())(
      "p,ports", "", cxxopts::value<std::string>())("seed", "", cxxopts::value<uint64_t>())(
      "counters", "", cxxopts::value<std::string>())("open-only", "")("list", "")(
      "show", "", cxxopts::value<std::string>())("h,help", "")("version", "")(
      "words", "", cxxopts::value<std::vector<std::string>>());
  accepted.parse_positional({"words"});
  try {
    const auto given = parse_command_line(accepted, static_cast<int>(own.size()), own.data());
    const auto text = [&given](const char* name) -> std::optional<std::string> {
      if (given.count(name) == 0) return std::nullopt;
      return given[name].as<std::string>();
    };
    options.ports = text("ports");
    options.check_file = text("check");
    options.counters_file = text("counters");
    options.show = text("show");
    if (given.count("seed") > 0) options.luck_seed = given["seed"].as<uint64_t>();
    options.truth = given.count("truth") > 0;
    options.open_only = given.count("open-only") > 0;
    options.list = given.count("list") > 0;
    options.help = given.count("help") > 0;
    options.version = given.count("version") > 0;
    if (given.count("words") > 0) options.targets = given["words"].as<std::vector<std::string>>();
  } catch (const cxxopts::exceptions::exception& error) {
    return SpecError{
        option_error_text(error, accepted, static_cast<int>(own.size()), own.data(), "portloop-lab --help")};
  }
  if (!options.targets.empty()) {
    options.profile = options.targets.front();
    options.targets.erase(options.targets.begin());
  }
  return options;
}

std::string built_in_names() {
  std::string names;
  for (const BuiltInProfile& profile : built_in_profiles()) {
    names += (names.empty() ? "" : ", ") + std::string(profile.name);
  }
  return names;
}

/// Loads a built-in profile, or else a file.
Parsed<Profile> load_profile(const std::string& name) {
  const std::string_view built_in = built_in_profile(name);
  if (!built_in.empty()) return parse_profile(name, built_in);
  struct stat status {};
  if (name.find('/') == std::string::npos && stat(name.c_str(), &status) != 0) {
    return SpecError{quote_word(name) + " is not a profile: use one of " + built_in_names() + ", or a file"};
  }
  std::ifstream file(name, std::ios::binary);
  std::ostringstream text;
  if (!file || !(text << file.rdbuf())) {
    return SpecError{quote_word(name) + " can't be read as a profile: " + std::strerror(errno)};
  }
  return parse_profile(name, text.str());
}

struct Selection {
  TargetSet targets;
  PortSet ports;
};

/// Parses TARGET... and -p of --truth and --check.
Parsed<Selection> parse_selection(const Options& options) {
  if (options.targets.empty()) return SpecError{"no TARGET: give an address, a prefix or a range"};
  if (!options.ports) return SpecError{"no ports: give them as in -p 22,80,8000-8100"};
  std::vector<AddressRange> ranges;
  for (const std::string& list : options.targets) {
    for (const std::string_view word : split(list, ',')) {
      const auto target = parse_target(word);
      if (!target) return SpecError{target.error()};
      if (target->ranges.empty()) {
        return SpecError{quote_word(word) +
                         " is a host name, which the lab can't resolve: give an address, a prefix or a range"};
      }
      ranges.insert(ranges.end(), target->ranges.begin(), target->ranges.end());
    }
  }
  const auto ports = parse_ports(*options.ports, port_of_service, ports_of_services);
  if (!ports) return SpecError{ports.error()};
  return Selection{TargetSet(std::move(ranges), {}), *ports};
}

int list_profiles() {
  for (const BuiltInProfile& built_in : built_in_profiles()) {
    const auto profile = parse_profile(built_in.name, built_in.text);
    if (!profile) return fail(profile.error());
    std::printf("%-12s %s\n%-12s   for example %s\n", profile->name.c_str(), profile->about.c_str(), "",
                profile->target.c_str());
  }
  return 0;
}

int show_profile(const std::string& name) {
  const std::string_view text = built_in_profile(name);
  if (text.empty()) return refuse(quote_word(name) + " is not a built-in profile: use one of " + built_in_names());
  std::fwrite(text.data(), 1, text.size(), stdout);
  return 0;
}

int print_truth(const Profile& profile, const Selection& selection, bool open_only) {
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  gmtime_r(&now, &utc);
  char time[sizeof "2026-01-01T00:00:00Z"];
  std::strftime(time, sizeof time, "%Y-%m-%dT%H:%M:%SZ", &utc);
  write_truth(profile, selection.targets, selection.ports, open_only, time,
              [](const std::string& line) { return std::fwrite(line.data(), 1, line.size(), stdout) == line.size(); });
  if (std::fflush(stdout) != 0) return fail(std::string("cannot write: ") + std::strerror(errno));
  return 0;
}

int check_result(const Profile& profile, const Selection& selection, const Options& options) {
  constexpr uint64_t max_endpoints = uint64_t{1} << 32;
  if (selection.targets.size() > max_endpoints / selection.ports.size()) {
    return refuse("too many endpoints to check: at most 2^32");
  }
  std::ifstream file;
  if (*options.check_file != "-") {
    file.open(*options.check_file, std::ios::binary);
    if (!file) return fail("cannot read " + quote_word(*options.check_file) + ": " + std::strerror(errno));
  }
  std::istream& lines = *options.check_file == "-" ? std::cin : file;
  ResultCheck check(profile, selection.targets, selection.ports,
                    [](const std::string& line) { std::printf("%s\n", line.c_str()); });
  for (std::string line; std::getline(lines, line);) check.take(line);
  const Differences found = check.finish(options.open_only);
  std::printf(
      "%s: %llu of %llu open ports found, %llu results; %llu missed, %llu false, %llu undecided, "
      "%llu repeated, %llu unreadable",
      found.total() == 0 ? "right" : "wrong", static_cast<unsigned long long>(check.found_open()),
      static_cast<unsigned long long>(check.truly_open()), static_cast<unsigned long long>(check.results()),
      static_cast<unsigned long long>(found.missed), static_cast<unsigned long long>(found.wrong),
      static_cast<unsigned long long>(found.undecided), static_cast<unsigned long long>(found.repeated),
      static_cast<unsigned long long>(found.unreadable));
  if (check.truly_all_open() > 0) {
    std::printf("; %llu of %llu hosts that accept everything marked",
                static_cast<unsigned long long>(check.found_all_open()),
                static_cast<unsigned long long>(check.truly_all_open()));
  }
  std::putchar('\n');
  return found.total() == 0 ? 0 : exit_different;
}

int run_command(const Profile& profile, const Options& options) {
  using File = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;
  File counters_file(nullptr, std::fclose);
  if (options.counters_file) {
    counters_file.reset(std::fopen(options.counters_file->c_str(), "we"));
    if (!counters_file) return fail("cannot write " + quote_word(*options.counters_file) + ": " + std::strerror(errno));
  }
  const LabRun run = run_lab(profile, options.luck_seed, options.command);
  if (!run.started) return fail(run.error);
  std::FILE* sink = counters_file ? counters_file.get() : stderr;
  const std::string line = to_json(run.counters);
  std::fwrite(line.data(), 1, line.size(), sink);
  std::fflush(sink);
  return run.exit_status;
}

int run(int argc, char** argv) {
  const auto options = read_options(argc, argv);
  if (!options) return refuse(options.error());
  if (options->help) {
    std::fputs(help_text, stdout);
    return 0;
  }
  if (options->version) {
    std::puts("portloop-lab " PORTLOOP_VERSION_TEXT);
    return 0;
  }
  if (options->list) return list_profiles();
  if (options->show) return show_profile(*options->show);
  if (!options->profile) return refuse("no PROFILE: use one of " + built_in_names() + ", or a file");
  const auto profile = load_profile(*options->profile);
  if (!profile) return refuse(profile.error());
  if (options->truth || options->check_file) {
    if (options->command != nullptr) return refuse("--truth and --check don't run a command: remove what follows '--'");
    if (options->truth && options->check_file) return refuse("--truth and --check can't be combined");
    const auto selection = parse_selection(*options);
    if (!selection) return refuse(selection.error());
    if (options->check_file) return check_result(*profile, *selection, *options);
    return print_truth(*profile, *selection, options->open_only);
  }
  if (!options->targets.empty()) {
    return refuse(quote_word(options->targets.front()) + " is unexpected: write -- before the command");
  }
  if (options->command == nullptr || *options->command == nullptr) {
    return refuse("no COMMAND: the usage is portloop-lab PROFILE -- COMMAND...");
  }
  return run_command(*profile, *options);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "portloop-lab: %s\n", error.what());
    return exit_failure;
  }
}
