#include "cli/compare/compare_options.hpp"

#include <uv.h>

#include <algorithm>
#include <array>
#include <cstdio>

#include "cli/exit_status.hpp"
#include "cli/options/given_options.hpp"
#include "cli/options/option_values.hpp"
#include "cli/options/parse_or_help.hpp"
#include "compare/exports.hpp"
#include "core/spec_error.hpp"
#include "core/split.hpp"

namespace portloop {
namespace {

constexpr const char* help_text =
    R"(Usage: portloop compare [OPTIONS] TARGET...
       portloop compare --preset classic|seed

  Runs the same scan with every concurrency model and measures it.
  TARGET, -p, -4, -6, -t, --order and --seed: as for scan.

What is compared:
      --models LIST        sequential, thread-per-connection, thread-pool:N,
                           loop, loops:N, loop/uv
      --guests LIST        auto, or python, node, go, rust/tokio: the same in
                           other languages, if they are installed
      --preset classic     127.0.0.1, ports 30000-65535, 1 s: one thread,
                           threads, a pool of 50, one loop, loops
      --preset seed        the same beside the Python it comes from
      --lab PROFILE        inside portloop-lab's network, checked with its truth
  -l, --loops LIST         loop threads, such as 1,2,4
  -c, --in-flight LIST     connects in flight, over all loops
      --threads LIST       threads of the pool, such as 10,50,100
                           A list is a sweep: one axis at a time
      --cross              each loop count with each number in flight
How (the same for every model):
  -p, --ports SPEC         'common' by default
  -4, -6                   only this family of a name
  -t, --timeout TIME       of each connect (1s)
      --retries N          of silent ports (0)
      --order ORDER        random (default) or sequential;   --seed N
      --runs N             of each model (5);   --warmup N: rounds before (1)
Output (tables and conclusions on stdout):
      --explain            predict each time from its costs, and what binds it
      --export-json FILE, --export-csv FILE, --export-markdown FILE,
      --export-html FILE   write files
      --trace FILE         a timeline of one more run of each, for Perfetto
      --lanes              show that timeline: who waits when
      --overwrite          replace files that exist
  -q, --quiet   -h, --help

Exit status: 0 complete, 1 could not run, 2 wrong usage, 3 a model could not run
or an output broke, 130 interrupted.
Scan only hosts and networks that you are allowed to scan.)";

// One of each kind; loops:N is added to them, N being the number of processors, at least 2.
constexpr const char* default_models = "sequential,thread-per-connection,thread-pool:50,loop";

/// What a preset stands for. Each option that is given replaces its part of it.
struct Preset {
  const char* name;
  const char* models;  ///< loops:N is added, as to the default ones.
  const char* guests;  ///< Those that can run here.
  uint32_t runs, warmup;
};

constexpr const char* preset_target = "127.0.0.1";
constexpr PortRange preset_ports{30'000, 65'535};

constexpr Preset no_preset{"", default_models, "", 5, 1};
constexpr std::array<Preset, 2> presets{{
    {"classic", default_models, "", 5, 1},
    // The experiment that this command comes from: four programs in Python, scanning localhost. A round takes up to 20
    // s because of them, so there is no warm-up round.
    {"seed", "sequential,thread-per-connection,thread-pool:50,thread-pool:100,loop",
     "python/sequential,python/thread-per-port,python/thread-pool:50,python/thread-pool:100,python/free-threaded,node",
     5, 0},
}};

cxxopts::Options make_options() {
  cxxopts::Options options("portloop compare");
  const auto text = [] { return cxxopts::value<std::string>(); };
  const auto texts = [] { return cxxopts::value<std::vector<std::string>>(); };
  options.add_options()              //
      ("models", "", text())         //
      ("guests", "", text())         //
      ("preset", "", text())         //
      ("lab", "", text())            //
      ("inside-lab", "", text())     //
      ("one-run", "", text())        //
      ("record", "")                 //
      ("lanes", "")                  //
      ("trace", "", text())          //
      ("l,loops", "", text())        //
      ("c,in-flight", "", text())    //
      ("threads", "", text())        //
      ("cross", "")                  //
      ("explain", "")                //
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

std::vector<uint32_t> parse_list(const cxxopts::ParseResult& given, const char* option, uint32_t max,
                                 bool auto_allowed) {
  std::vector<uint32_t> numbers;
  if (given.count(option) == 0) return numbers;
  const std::string list = text_of(given, option);
  for (const std::string_view part : split(list, ',')) {
    const std::string word(part);
    const bool automatic = auto_allowed && (word == "auto" || word == "0");
    numbers.push_back(automatic ? std::max(1U, uv_available_parallelism())
                                : static_cast<uint32_t>(parse_number_option(std::string("--") + option, word, 1, max)));
  }
  return numbers;
}

Preset preset_of(const cxxopts::ParseResult& given) {
  if (given.count("preset") == 0) return no_preset;
  const std::string name = one_of(given, "preset", {presets[0].name, presets[1].name});
  return *std::find_if(presets.begin(), presets.end(), [&name](const Preset& preset) { return preset.name == name; });
}

void parse_models_and_sweep(const cxxopts::ParseResult& given, const Preset& preset, CompareRequest& request) {
  std::string models = preset.models;
  if (*preset.name != 0 && given.count("target") == 0) request.targets.included = {preset_target};
  if (given.count("models")) {
    models = text_of(given, "models");
  } else if (given.count("loops") == 0) {
    models += ",loops:" + std::to_string(std::max(2U, uv_available_parallelism()));
  }
  if (given.count("one-run")) {
    request.one_run = true;
    request.record = given.count("record") > 0;
    models = text_of(given, "one-run");
  }
  const auto parsed = compare::parse_models(models);
  if (!parsed) throw UsageError("--models: " + parsed.error());
  request.models = *parsed;
  const std::string guests = given.count("guests") ? text_of(given, "guests") : preset.guests;
  if (given.count("guests") || !guests.empty()) {
    const auto choices = compare::parse_guests(guests, given.count("guests") == 0);
    if (!choices) throw UsageError("--guests: " + choices.error());
    request.guests = *choices;
  }
  request.sweep.loops = parse_list(given, "loops", 1024, true);
  request.sweep.in_flight = parse_list(given, "in-flight", 1'000'000, false);
  request.sweep.threads = parse_list(given, "threads", 65'536, false);
  request.sweep.cross = given.count("cross") > 0;
  if (request.sweep.cross && (request.sweep.loops.empty() || request.sweep.in_flight.empty())) {
    throw UsageError(
        "--cross combines two lists: with it, --loops and --in-flight are accepted, such as '--loops 1,2 --in-flight "
        "100,1000'");
  }
}

void parse_settings(const cxxopts::ParseResult& given, const Preset& preset, CompareRequest& request,
                    const SystemServices& services) {
  request.targets.family = family_of(given);
  request.timeout_ms = timeout_of(given, "timeout", 1000);
  request.retries = number_of(given, "retries", 0, 13, 0);
  request.runs = number_of(given, "runs", 1, 10'000, preset.runs);
  request.warmup = number_of(given, "warmup", 0, 10'000, preset.warmup);
  request.order = order_of(given);
  request.quiet = request.targets.quiet = given.count("quiet") > 0;
  request.explain = given.count("explain") > 0;
  request.overwrite = given.count("overwrite") > 0;
  if (given.count("lab")) {
    request.lab_profile = text_of(given, "lab");
    // Without a profile there would be no lab, and packets would go to the real address.
    if (request.lab_profile.empty())
      throw UsageError("--lab '': the name of a profile, such as 'wan', or of its file is accepted");
  }
  if (given.count("inside-lab")) {
    request.inside_lab = true;
    request.lab_profile = text_of(given, "inside-lab");
  }
  if (request.one_run) return;  // its ports are on standard input
  if (*preset.name != 0 && given.count("ports") == 0) {
    request.ports.add(preset_ports);
  } else {
    request.ports = ports_of(given, services);
  }
}

void parse_export(const cxxopts::ParseResult& given, const std::string& option, std::string_view format,
                  CompareRequest& request) {
  if (given.count(option) == 0) return;
  const std::string file = text_of(given, option.c_str());
  for (const OutputChoice& other : request.exports) {
    if (other.file == file) throw UsageError("--" + option + ' ' + quote_word(file) + ": the file is given twice");
  }
  if (file.empty()) throw UsageError("--" + option + " '': the name of a file is accepted");
  request.exports.push_back({std::string(format), file});
}

void parse_exports(const cxxopts::ParseResult& given, CompareRequest& request) {
  for (const compare::ExportFormat& format : compare::export_formats())
    parse_export(given, "export-" + std::string(format.name), format.name, request);
  parse_export(given, "trace", "trace", request);
  request.lanes = given.count("lanes") > 0;
}

CompareRequest parse_request(const cxxopts::ParseResult& given, const SystemServices& services) {
  CompareRequest request;
  request.targets.included = texts_of(given, "target");
  const Preset preset = preset_of(given);
  parse_models_and_sweep(given, preset, request);
  if (request.targets.included.empty() && !request.one_run) {
    throw UsageError("no target given: a host, an address or a block, or '--preset classic' for this machine");
  }
  parse_settings(given, preset, request, services);
  parse_exports(given, request);
  return request;
}

}  // namespace

std::optional<CompareRequest> parse_compare_options(int argc, const char* const* argv, const SystemServices& services) {
  cxxopts::Options options = make_options();
  auto request = parse_or_help(options, argc, argv, help_text, [&services](const cxxopts::ParseResult& given) {
    return parse_request(given, services);
  });
  if (request) request->command_line = "portloop " + join_command_line(argc, argv);
  return request;
}

}  // namespace portloop
