#include "cli/compare/compare_options.hpp"

#include <uv.h>

#include <algorithm>
#include <cstdio>

#include "cli/options/given_options.hpp"
#include "cli/options/option_error.hpp"
#include "cli/options/option_values.hpp"
#include "cli/usage.hpp"
#include "compare/exports.hpp"
#include "core/spec_error.hpp"

namespace portloop {
namespace {

constexpr const char* help_text =
    R"(Usage: portloop compare [OPTIONS] TARGET...
       portloop compare --preset classic

  The same scan by every concurrency model, measured. TARGET, -p, -4, -6, -t, --order, --seed: as for scan.

What is compared:
      --models LIST        sequential, thread-per-connection, thread-pool:N, loop, loops:N, loop/uv
      --preset classic     127.0.0.1, ports 30000-65535, 1 s: one thread, threads, a pool of 50, one loop, loops
      --lab PROFILE        inside portloop-lab's network, against its truth
  -l, --loops LIST         loop threads, such as 1,2,4        | a list is a sweep: one axis at a time,
  -c, --in-flight LIST     connects outstanding, all loops'   | or each loop count with each window
      --threads LIST       threads of the pool, as 10,50,100  | with --cross
How (the same for every model):
  -p, --ports SPEC         'common' by default               -t, --timeout MS   each connect's (1000)
      --retries N          silent ports asked again (0)      --order ORDER, --seed N
      --runs N             of each model (5)                 --warmup N         rounds before that (1)
Output (tables and words on stdout):
      --export-json FILE, --export-csv FILE, --export-markdown FILE, --export-html FILE
      --overwrite          a file that exists                -q, --quiet   -h, --help

Exit status: 0 complete, 1 could not run, 2 wrong usage, 3 a model could not run or an output broke,
130 interrupted.
Scan only hosts and networks that you may scan.)";

// And loops:N, N being the processors, at least 2: one of each kind.
constexpr const char* default_models = "sequential,thread-per-connection,thread-pool:50,loop";

cxxopts::Options make_options() {
  cxxopts::Options options("portloop compare");
  const auto text = [] { return cxxopts::value<std::string>(); };
  const auto texts = [] { return cxxopts::value<std::vector<std::string>>(); };
  options.add_options()              //
      ("models", "", text())         //
      ("preset", "", text())         //
      ("lab", "", text())            //
      ("inside-lab", "", text())     //
      ("one-run", "", text())        //
      ("l,loops", "", text())        //
      ("c,in-flight", "", text())    //
      ("threads", "", text())        //
      ("cross", "")                  //
      ("p,ports", "", text())        //
      ("exclude-ports", "", text())  //
      ("4", "")                      //
      ("6", "")                      //
      ("t,timeout", "", text())      //
      ("retries", "", text())        //
      ("order", "", text())          //
      ("seed", "", text())           //
      ("runs", "", text())           //
      ("warmup", "", text())         //
      ("overwrite", "")              //
      ("q,quiet", "")                //
      ("h,help", "")                 //
      ("target", "", texts());
  for (const compare::ExportFormat& format : compare::export_formats())
    options.add_options()("export-" + std::string(format.name), "", text());
  options.parse_positional("target");
  return options;
}

std::vector<uint32_t> read_list(const cxxopts::ParseResult& given, const char* option, uint64_t highest,
                                bool auto_allowed) {
  std::vector<uint32_t> numbers;
  if (given.count(option) == 0) return numbers;
  const std::string list = given[option].as<std::string>();
  for (size_t start = 0; start <= list.size();) {
    const size_t end = std::min(list.find(',', start), list.size());
    const std::string word = list.substr(start, end - start);
    const bool automatic = auto_allowed && (word == "auto" || word == "0");
    numbers.push_back(automatic ? std::max(1U, uv_available_parallelism())
                                : static_cast<uint32_t>(read_number(std::string("--") + option, word, 1, highest)));
    start = end + 1;
  }
  return numbers;
}

void read_what(const cxxopts::ParseResult& given, CompareRequest& request) {
  std::string models = default_models;
  if (given.count("preset")) {
    one_of(given, "preset", {"classic"});
    if (given.count("target") == 0) request.scan.targets = {"127.0.0.1"};
  }
  if (given.count("models")) {
    models = given["models"].as<std::string>();
  } else if (given.count("loops") == 0) {
    models += ",loops:" + std::to_string(std::max(2U, uv_available_parallelism()));
  }
  if (given.count("one-run")) {
    request.one_run = true;
    models = given["one-run"].as<std::string>();
  }
  const auto parsed = compare::parse_models(models);
  if (!parsed) throw UsageError("--models: " + parsed.error());
  request.models = *parsed;
  request.sweep.loops = read_list(given, "loops", 1024, true);
  request.sweep.in_flight = read_list(given, "in-flight", 1'000'000, false);
  request.sweep.threads = read_list(given, "threads", 65'536, false);
  request.sweep.cross = given.count("cross") > 0;
}

void read_how(const cxxopts::ParseResult& given, CompareRequest& request, const SystemServices& services) {
  const auto number = [&given](const char* option, uint64_t lowest, uint64_t highest, uint32_t otherwise) {
    if (given.count(option) == 0) return otherwise;
    return static_cast<uint32_t>(
        read_number(std::string("--") + option, given[option].as<std::string>(), lowest, highest));
  };
  request.scan.family = read_family(given);
  request.scan.timeout_ms = number("timeout", 1, 600'000, 1000);
  request.retries = number("retries", 0, 13, 0);
  request.runs = number("runs", 1, 10'000, 5);
  request.warmup = number("warmup", 0, 10'000, 1);
  read_order(given, request.scan);
  request.scan.quiet = given.count("quiet") > 0;
  request.scan.overwrite = given.count("overwrite") > 0;
  if (given.count("lab")) {
    request.lab_profile = given["lab"].as<std::string>();
    // No profile would mean no lab, and packets to the real address.
    if (request.lab_profile.empty())
      throw UsageError("--lab '': the name of a profile, such as 'wan', or of its file is accepted");
  }
  if (given.count("inside-lab")) {
    request.inside_lab = true;
    request.lab_profile = given["inside-lab"].as<std::string>();
  }
  if (request.one_run) return;  // its ports come on standard input
  if (given.count("preset") && given.count("ports") == 0) {
    request.scan.ports.add({30'000, 65'535});
  } else {
    request.scan.ports = read_ports(given, services);
  }
}

void read_exports(const cxxopts::ParseResult& given, CompareRequest& request) {
  for (const compare::ExportFormat& format : compare::export_formats()) {
    const std::string option = "export-" + std::string(format.name);
    if (given.count(option) == 0) continue;
    const std::string file = given[option].as<std::string>();
    for (const OutputChoice& other : request.exports) {
      if (other.file == file) throw UsageError("--" + option + ' ' + quote_word(file) + ": the file is given twice");
    }
    if (file.empty()) throw UsageError("--" + option + " '': the name of a file is accepted");
    request.exports.push_back({std::string(format.name), file});
  }
}

}  // namespace

std::optional<CompareRequest> parse_compare_options(int argc, const char* const* argv, const SystemServices& services) {
  cxxopts::Options options = make_options();
  try {
    const cxxopts::ParseResult given = options.parse(argc, argv);
    if (given.count("help")) {
      std::puts(help_text);
      return std::nullopt;
    }
    CompareRequest request;
    if (given.count("target")) request.scan.targets = given["target"].as<std::vector<std::string>>();
    read_what(given, request);
    if (request.one_run) request.scan.input_files = {"-"};
    if (request.scan.targets.empty() && !request.one_run) {
      throw UsageError("no target given: a host, an address or a block, or '--preset classic' for this machine");
    }
    read_how(given, request, services);
    read_exports(given, request);
    request.scan.command_line = "portloop " + join_command_line(argc, argv);
    return request;
  } catch (const cxxopts::exceptions::exception& error) {
    throw UsageError(option_error_text(error, options, argc, argv, "portloop compare --help"));
  }
}

}  // namespace portloop
