#include "cli/scan/scan_options.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "cli/exit_status.hpp"
#include "cli/options/call_from.hpp"
#include "cli/options/given_options.hpp"
#include "cli/options/nmap_habits.hpp"
#include "cli/options/option_error.hpp"
#include "cli/options/option_values.hpp"
#include "cli/options/option_words.hpp"
#include "cli/options/result_schema.hpp"
#include "cli/options/shard_choice.hpp"
#include "cli/scan/recorded_scan.hpp"
#include "core/spec_error.hpp"

namespace portloop {
namespace {

constexpr const char* help_text =
    R"(Usage: portloop scan [OPTIONS] TARGET...

  TARGET is an address, a block (10.0.0.0/24), a range (10.0.0.1-9) or a name;
  host:22,80 and [fd00::1]:443 and URLs have ports of their own.

What to scan:
  -p, --ports SPEC         22,80,8000-8100,60000-, service names (also http*),
                           'all' or '-', or 'common' (default; see portloop(1))
      --exclude-ports SPEC   --exclude LIST   --exclude-file FILE
  -i, --input-file FILE    more targets, some per line; '-': standard input
  -4, -6                   only this family of a name
      --all-addresses      all addresses of a name, not only the first
How (the defaults adapt to the network):
  -l, --loops N            loop threads (1); 'auto': one for each processor
  -c, --in-flight N        at most N connects in flight
  -r, --rate N             at most N connects started per second, such as 10k
  -t, --timeout TIME       maximum wait, such as 500ms or 2s (1000 ms)
      --retries N          times a silent port is retried
      --timing fixed       wait the whole timeout; do not adapt to the network
      --order ORDER        random (default) or sequential;   --seed N
      --shard K/N|auto     scan only the K-th of N parts
      --discover           first find the addresses that answer, scan only those
      --stop-after N       stop probing a host when N of its ports are open
      --all-ports-open WHAT  hosts that accept everything: skip (default), scan
      --max-time TIME      stop the scan after that time, such as 90s or 2h
      --connector portable use libuv only;   fastest (default): connect directly
      --source ADDRESS     call from this address (of each family, if repeated)
      --interface NAME     call through this interface
      --dscp N   --mark N  the packets' DSCP, 0-63;   SO_MARK (as root)
      --identify           find out what speaks on open ports (TLS, HTTP, ...)
      --identify-timeout TIME   --banner-timeout TIME  maximum wait (5s; 2s)
      --banners [http]     read what open ports send
      --printers           send to 9100-9107, too, where printers print it
Output (results on stdout, everything else on stderr):
  -f, --format FORMAT      text (default), json, csv, xml, grepable, list
  -o, --output FORMAT=FILE also to a file ('-': stdout); may be repeated
      --output-all BASE    to BASE.txt, BASE.json, BASE.xml and BASE.gnmap
      --overwrite          replace files that exist;   --names: lists of names
      --show open|all      all: closed, filtered and unknown ports, too
      --live               on a terminal: each port when it is found, no table
      --checkpoint FILE    save there what is finished;   --resume FILE: go on
      --progress WHEN, --color WHEN   auto (default), always or never
      --stats-every TIME   a status line so often; any key shows one
      --nmap-command       print the nmap command for the open ports at the end
  -q, --quiet              results only;   --no-color: as --color never
  -v, --verbose            with the seed;   --no-sandbox: keep all rights
  -h, --help               this;   --json-schema: the schema of a JSON result

Exit status: 0 complete, 1 could not run, 2 wrong usage, 3 incomplete,
130 interrupted. Scan only hosts and networks that you are allowed to scan.)";

cxxopts::Options make_options() {
  cxxopts::Options options("portloop scan");
  const auto text = [] { return cxxopts::value<std::string>(); };
  const auto texts = [] { return cxxopts::value<std::vector<std::string>>(); };
  add_probe_options(options);
  options.add_options()                                                       //
      ("order", "", text())                                                   //
      ("seed", "", text())                                                    //
      ("shard", "", text())                                                   //
      ("checkpoint", "", text())                                              //
      ("resume", "", text())                                                  //
      ("banners", "", cxxopts::value<std::string>()->implicit_value("read"))  //
      ("banner-timeout", "", text())                                          //
      ("identify", "")                                                        //
      ("identify-timeout", "", text())                                        //
      ("printers", "")                                                        //
      ("stop-after", "", text())                                              //
      ("all-ports-open", "", text())                                          //
      ("max-time", "", text())                                                //
      ("discover", "")                                                        //
      ("f,format", "", text())                                                //
      ("o,output", "", texts())                                               //
      ("output-all", "", text())                                              //
      ("overwrite", "")                                                       //
      ("show", "", text())                                                    //
      ("live", "")                                                            //
      ("names", "")                                                           //
      ("progress", "", text())                                                //
      ("stats-every", "", text())                                             //
      ("nmap-command", "")                                                    //
      ("v,verbose", "")                                                       //
      ("q,quiet", "")                                                         //
      ("color", "", text())                                                   //
      ("no-color", "")                                                        //
      ("json-schema", "")                                                     //
      ("no-sandbox", "")                                                      //
      ("h,help", "")                                                          //
      ("target", "", texts());
  options.parse_positional("target");
  return options;
}

void parse_settings(const cxxopts::ParseResult& given, ScanRequest& request) {
  ScanSettings& settings = request.settings;
  const auto number = [&given](const char* option, uint32_t min, uint32_t max, uint32_t otherwise) {
    return number_of(given, option, min, max, otherwise);
  };
  if (text_of(given, "loops") == "auto")
    settings.loops = 0;
  else
    settings.loops = number("loops", 0, 1024, 1);
  if (given.count("in-flight")) settings.in_flight = number("in-flight", 1, 1'000'000, 0);
  if (given.count("rate")) settings.rate_per_s = parse_rate_option("--rate", text_of(given, "rate"));
  settings.timeout_ms = timeout_of(given, "timeout", 1000);
  if (given.count("retries")) settings.retries = number("retries", 0, 13, 0);
  settings.adaptive = one_of(given, "timing", {"adaptive", "fixed"}) == "adaptive";
  settings.order = order_of(given);
  if (given.count("shard"))
    settings.shard = parse_shard_option("--shard", text_of(given, "shard"));  // not "auto" any more
  settings.portable_connector = one_of(given, "connector", {"fastest", "portable"}) == "portable";
  settings.call_from = call_from_of(given);
  if (given.count("banners")) {
    settings.banners = one_of(given, "banners", {"read", "http"}) == "http" ? BannerChoice::http : BannerChoice::read;
  }
  settings.stop_after = number("stop-after", 1, 65'535, 0);
  if (one_of(given, "all-ports-open", {"skip", "scan"}) == "scan") settings.all_open = AllOpenChoice::scan;
  request.discover = given.count("discover") > 0;
  if (request.discover && settings.shard.count > 1) {
    throw UsageError(
        "'--discover' and '--shard' exclude each other: each machine would discover for itself, and the shards would "
        "not fit together");
  }
  settings.banner_timeout_ms = timeout_of(given, "banner-timeout", 2000);
  settings.identify = given.count("identify") > 0;
  settings.identify_timeout_ms = timeout_of(given, "identify-timeout", 5000);
  settings.printers = given.count("printers") > 0;
  if (settings.printers && !settings.identify && settings.banners != BannerChoice::http)
    throw UsageError("'--printers' belongs to '--identify' or '--banners http': nothing else sends anything");
  if (given.count("identify-timeout") && !settings.identify)
    throw UsageError("'--identify-timeout' belongs to '--identify'");
  if (settings.identify && settings.banners != BannerChoice::none)
    throw UsageError("'--identify' reads banners itself: leave '--banners' out");
}

ProgressChoice progress_of(const cxxopts::ParseResult& given) {
  const std::string word = one_of(given, "progress", {"auto", "always", "never"});
  if (word == "always") return ProgressChoice::always;
  return word == "never" ? ProgressChoice::never : ProgressChoice::automatic;
}

/// The options about this run, which a resumed scan takes from its own command line.
void parse_run(const cxxopts::ParseResult& given, ScanRequest& request) {
  constexpr uint64_t max_ms = uint64_t{365} * 86'400'000;
  if (given.count("max-time"))
    request.max_time_ms = parse_duration_option("--max-time", text_of(given, "max-time"), TimeUnit::seconds, max_ms);
  if (given.count("stats-every"))
    request.stats_every_ms =
        parse_duration_option("--stats-every", text_of(given, "stats-every"), TimeUnit::seconds, max_ms);
  request.nmap_command = given.count("nmap-command") > 0;
  request.quiet = request.targets.quiet = given.count("quiet") > 0;
  request.verbose = given.count("verbose") > 0;
  request.confined = given.count("no-sandbox") == 0;
  request.progress = progress_of(given);
  if (request.quiet) request.progress = ProgressChoice::never;
  request.targets.shows_progress = progress_style(request.progress) == ProgressStyle::redrawn;
  request.colour = colour_of(given);
  request.live = given.count("live") > 0;
}

/// A pipe or a file, such as a list of targets. Standard input is read only if it is asked for, because a script's may
/// be anything.
bool standard_input_has_data() {
  struct stat status;
  return fstat(STDIN_FILENO, &status) == 0 && (S_ISFIFO(status.st_mode) || S_ISREG(status.st_mode));
}

/// Targets, ports and settings.
ScanRequest parse_probes(const cxxopts::ParseResult& given, const SystemServices& services) {
  ScanRequest request;
  request.targets.included = texts_of(given, "target");
  request.targets.input_files = texts_of(given, "input-file");
  request.targets.excluded = texts_of(given, "exclude");
  request.targets.exclude_files = texts_of(given, "exclude-file");
  request.targets.all_addresses = given.count("all-addresses") > 0;
  request.ports = ports_of(given, services);
  request.settings.excluded_ports = excluded_ports_of(given, services);
  request.targets.family = family_of(given);
  parse_settings(given, request);
  return request;
}

/// To be called last: if an option has taken the target for its value, the message about that option is the useful one.
void check_any_target(const ScanRequest& request, const char* command) {
  if (!request.targets.included.empty() || !request.targets.input_files.empty()) return;
  throw UsageError(std::string("no target given: a host, an address, a block or a range, as in 'portloop ") + command +
                   (standard_input_has_data() ? " localhost'; '-i -' reads standard input" : " localhost'"));
}

/// --output-all, as values of --output.
void add_all_outputs(const cxxopts::ParseResult& given, std::vector<std::string>& outputs) {
  if (given.count("output-all") == 0) return;
  const std::string base = text_of(given, "output-all");
  if (base.empty() || base.ends_with('/') || base == "-")
    throw UsageError("--output-all " + quote_word(base) + ": the beginning of files' names is accepted, such as net");
  for (const auto& [format, ending] :
       {std::pair{"text", "txt"}, {"json", "json"}, {"xml", "xml"}, {"grepable", "gnmap"}})
    outputs.push_back(std::string(format) + '=' + base + '.' + ending);
}

ScanRequest parse_request(const cxxopts::ParseResult& given, const SystemServices& services) {
  ScanRequest request = parse_probes(given, services);
  std::vector<std::string> outputs = texts_of(given, "output");
  add_all_outputs(given, outputs);
  request.outputs = parse_outputs(optional_text_of(given, "format"), outputs);
  request.overwrite = given.count("overwrite") > 0;
  request.show_all = one_of(given, "show", {"open", "all"}) == "all";
  request.list_names = given.count("names") > 0;
  check_list_names(request.list_names, request.outputs);
  parse_run(given, request);
  check_any_target(request, "scan");
  return request;
}

/// --checkpoint and --resume, and the request; of one that is resumed, only the options about this run.
ScanRequest parse_new_or_resumed(const cxxopts::ParseResult& given, const SystemServices& services) {
  check_given_once(
      given,
      {"ports",         "exclude-ports", "loops",       "in-flight",  "rate",      "timeout",  "retries",
       "timing",        "order",         "seed",        "shard",      "connector", "banners",  "banner-timeout",
       "format",        "show",          "stop-after",  "checkpoint", "resume",    "progress", "max-time",
       "color",         "output-all",    "stats-every", "interface",  "dscp",      "mark",     "identify-timeout",
       "all-ports-open"});
  const bool resumed = given.count("resume") > 0;
  const std::string checkpoint_file = text_of(given, "checkpoint"), resume_file = text_of(given, "resume");
  if (resumed && given.count("checkpoint") && checkpoint_file != resume_file) {
    throw UsageError("--checkpoint " + quote_word(checkpoint_file) +
                     ": a resumed scan continues the file of --resume, leave this option out");
  }
  for (const char* option : {"checkpoint", "resume"}) {
    if (given.count(option) && text_of(given, option).empty())
      throw UsageError(std::string("--") + option + " '': the name of a file is accepted");
  }
  ScanRequest request;
  if (resumed)
    parse_run(given, request);
  else
    request = parse_request(given, services);
  if (!resumed && given.count("checkpoint") && (request.discover || request.settings.stop_after != 0)) {
    throw UsageError("'--checkpoint' excludes '--discover' and '--stop-after': it records ports that have a result");
  }
  if (!resumed && given.count("checkpoint")) {
    if (text_of(given, "all-ports-open") == "skip")
      throw UsageError("'--checkpoint' excludes '--all-ports-open skip': it records ports that have a result");
    request.settings.all_open = AllOpenChoice::scan;
  }
  if (request.nmap_command && (resumed || given.count("checkpoint"))) {
    throw UsageError(
        "'--nmap-command' excludes '--checkpoint' and '--resume': a resumed scan does not know which ports it has "
        "found "
        "before");
  }
  request.resume_file = resume_file;
  request.checkpoint_file = resumed ? resume_file : checkpoint_file;
  return request;
}

std::vector<OptionWord> without_run(const cxxopts::Options& options, const std::vector<std::string>& words) {
  return without(option_words(options, words), {"--quiet", "--verbose", "--color", "--no-color", "--progress", "--live",
                                                "--max-time", "--stats-every", "--no-sandbox"});
}

/// Replaces `--shard auto` by `--shard K/N`: a scan that is resumed elsewhere must still be the same shard.
void resolve_shard(std::vector<std::string>& words) {
  for (size_t i = 0; i < words.size(); ++i) {
    const bool joined = words[i] == "--shard=auto";
    if (!joined && (words[i] != "auto" || i == 0 || words[i - 1] != "--shard")) continue;
    const Shard shard = shard_of_environment([](const char* name) -> const char* { return std::getenv(name); });
    words[i] = (joined ? "--shard=" : "") + std::to_string(shard.number) + '/' + std::to_string(shard.count);
  }
}

/// cxxopts accepts the optional value of an option only after '='. Replaces `--banners http` by `--banners=http`.
std::vector<std::string> with_joined_values(int argc, const char* const* argv) {
  std::vector<std::string> words;
  for (int i = 0; i < argc; ++i) {
    const std::string word = argv[i];
    const std::string next = i + 1 < argc ? argv[i + 1] : "";
    words.push_back(word);
    if (word != "--banners" || (next != "http" && next != "read")) continue;
    words.back().append("=").append(next);
    ++i;
  }
  return words;
}

/// The C array that cxxopts takes; valid as long as `words`.
std::vector<const char*> pointers_to(const std::vector<std::string>& words) {
  std::vector<const char*> pointers;
  for (const std::string& word : words) pointers.push_back(word.c_str());
  return pointers;
}

}  // namespace

void add_probe_options(cxxopts::Options& options) {
  const auto text = [] { return cxxopts::value<std::string>(); };
  const auto texts = [] { return cxxopts::value<std::vector<std::string>>(); };
  options.add_options()              //
      ("p,ports", "", text())        //
      ("exclude-ports", "", text())  //
      ("exclude", "", texts())       //
      ("exclude-file", "", texts())  //
      ("i,input-file", "", texts())  //
      ("4", "")                      //
      ("6", "")                      //
      ("all-addresses", "")          //
      ("l,loops", "", text())        //
      ("c,in-flight", "", text())    //
      ("r,rate", "", text())         //
      ("t,timeout", "", text())      //
      ("retries", "", text())        //
      ("timing", "", text())         //
      ("connector", "", text())      //
      ("source", "", texts())        //
      ("interface", "", text())      //
      ("dscp", "", text())           //
      ("mark", "", text());
}

ScanRequest parse_probe_options(const cxxopts::ParseResult& given, const SystemServices& services,
                                const char* command) {
  ScanRequest request = parse_probes(given, services);
  parse_run(given, request);
  check_any_target(request, command);
  return request;
}

std::optional<ScanRequest> parse_scan_options(int argc, const char* const* argv, const SystemServices& services) {
  cxxopts::Options options = make_options();
  std::vector<std::string> words = with_joined_values(argc, argv);
  if (const auto hint = nmap_hint({words.begin() + 1, words.end()})) throw UsageError(*hint);
  resolve_shard(words);
  const std::vector<const char*> pointers = pointers_to(words);
  try {
    const cxxopts::ParseResult given = parse_command_line(options, static_cast<int>(pointers.size()), pointers.data());
    if (given.count("help")) {
      std::puts(help_text);
      return std::nullopt;
    }
    if (given.count("json-schema")) {
      std::fputs(result_schema, stdout);
      return std::nullopt;
    }
    ScanRequest request = parse_new_or_resumed(given, services);
    request.words =
        joined(options, without(option_words(options, {words.begin() + 1, words.end()}), {"--checkpoint", "--resume"}));
    request.command_line = "portloop " + join_command_line(argc, argv);
    return request;
  } catch (const cxxopts::exceptions::exception& error) {
    throw UsageError(option_error_text(error, options, argc, argv, "portloop scan --help"));
  }
}

ScanRequest resumed_request(const ScanRequest& given, const Checkpoint& checkpoint, const SystemServices& services) {
  const cxxopts::Options options = make_options();
  const std::vector<OptionWord> wanted = without_run(options, given.words);
  if (!wanted.empty() && wanted != without_run(options, checkpoint.words)) {
    throw UsageError("--resume " + quote_word(given.resume_file) + ": its scan was started with " +
                     quote_word(join_command_line(checkpoint.words)) + ", not " +
                     quote_word(join_command_line(joined(options, wanted))) + ": give the same options, or none");
  }
  std::vector<std::string> words = {"scan"};
  words.insert(words.end(), checkpoint.words.begin(), checkpoint.words.end());
  const std::vector<const char*> pointers = pointers_to(words);
  const auto parsed = parse_scan_options(static_cast<int>(pointers.size()), pointers.data(), services);
  if (!parsed)
    throw UsageError("checkpoint " + quote_word(given.resume_file) +
                     " is damaged: its arguments are --help or --json-schema");
  ScanRequest request = *parsed;
  request.quiet = request.targets.quiet = given.quiet;
  request.verbose = given.verbose;
  request.confined = given.confined;
  request.progress = given.progress;
  request.colour = given.colour;
  request.live = given.live;
  request.max_time_ms = given.max_time_ms;
  request.stats_every_ms = given.stats_every_ms;
  request.resume_file = request.checkpoint_file = given.resume_file;
  request.words = checkpoint.words;
  check_recorded(request, checkpoint);
  request.ports = checkpoint.ports;
  request.settings.order.seed = checkpoint.seed;
  request.settings.order.seed_given = true;
  request.settings.all_open = AllOpenChoice::scan;
  return request;
}

}  // namespace portloop
