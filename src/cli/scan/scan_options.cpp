#include "cli/scan/scan_options.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <iostream>

#include "cli/options/given_options.hpp"
#include "cli/options/option_error.hpp"
#include "cli/options/option_values.hpp"
#include "cli/options/shard_choice.hpp"
#include "cli/record/checkpoint.hpp"
#include "cli/usage.hpp"
#include "core/spec_error.hpp"
#include "output/writer.hpp"

namespace portloop {
namespace {

constexpr const char* help_text =
    R"(Usage: portloop scan [OPTIONS] TARGET...

  TARGET is an address, a block (10.0.0.0/24), a range (10.0.0.1-9 or
  10.0.0.1-10.0.0.9) or a host name.

What to scan:
  -p, --ports SPEC         22,80,8000-8100, names, 'all' or '-', 'common' (default; the
                           man page portloop(1) has its list)
      --exclude-ports SPEC    --exclude LIST    --exclude-file FILE
  -i, --input-file FILE    more targets, one or more a line; '-' is standard input
  -4, -6                   one family of a name;  --all-addresses: every address of it
How (nothing here needs setting):
  -l, --loops N            loop threads, 1 by default; 'auto': one for each processor
  -c, --in-flight N        at most N connects outstanding;  -r, --rate N: started per second
  -t, --timeout MS         the longest wait for an answer (1000);  --retries N: asks after it
      --timing fixed       wait the whole timeout; do not adapt to the network
      --order ORDER        random (default) or sequential;  --seed N;  --shard K/N|auto
      --discover           first find out which addresses answer, scan only those
      --stop-after N       a host with N open ports is asked no more
      --connector portable libuv's own connects;  fastest (default): the system's
      --banners [http]     read what open ports say first;  --banner-timeout MS (2000)
Output (results on stdout, everything else on stderr):
  -f, --format FORMAT      text (default), json, csv, xml, grepable, list
  -o, --output FORMAT=FILE also into a file; may be repeated;  --overwrite: one that exists
      --show open|all      all: closed, filtered and unknown ports too
      --checkpoint FILE    note there what is finished;  --resume FILE: go on from it
      --progress auto|always|never    -q, --quiet    --no-color
  -h, --help

Exit status: 0 complete, 1 could not run, 2 wrong usage, 3 incomplete, 130 interrupted.
Scan only hosts and networks that you may scan.)";

cxxopts::Options make_options() {
  cxxopts::Options options("portloop scan");
  const auto text = [] { return cxxopts::value<std::string>(); };
  const auto texts = [] { return cxxopts::value<std::vector<std::string>>(); };
  options.add_options()                                                       //
      ("p,ports", "", text())                                                 //
      ("exclude-ports", "", text())                                           //
      ("exclude", "", texts())                                                //
      ("exclude-file", "", texts())                                           //
      ("i,input-file", "", texts())                                           //
      ("4", "")                                                               //
      ("6", "")                                                               //
      ("all-addresses", "")                                                   //
      ("l,loops", "", text())                                                 //
      ("c,in-flight", "", text())                                             //
      ("r,rate", "", text())                                                  //
      ("t,timeout", "", text())                                               //
      ("retries", "", text())                                                 //
      ("timing", "", text())                                                  //
      ("order", "", text())                                                   //
      ("seed", "", text())                                                    //
      ("shard", "", text())                                                   //
      ("checkpoint", "", text())                                              //
      ("resume", "", text())                                                  //
      ("connector", "", text())                                               //
      ("banners", "", cxxopts::value<std::string>()->implicit_value("read"))  //
      ("banner-timeout", "", text())                                          //
      ("stop-after", "", text())                                              //
      ("discover", "")                                                        //
      ("f,format", "", text())                                                //
      ("o,output", "", texts())                                               //
      ("overwrite", "")                                                       //
      ("show", "", text())                                                    //
      ("progress", "", text())                                                //
      ("q,quiet", "")                                                         //
      ("no-color", "")                                                        //
      ("h,help", "")                                                          //
      ("target", "", texts());
  options.parse_positional("target");
  return options;
}

void check_format(const std::string& name) {
  if (find_output_format(name) != nullptr) return;
  std::string known;
  for (const OutputFormat& format : output_formats()) known += (known.empty() ? "" : ", ") + std::string(format.name);
  throw UsageError("format " + quote_word(name) + " is not known: " + known);
}

}  // namespace

std::vector<OutputChoice> read_outputs(const std::string& format, const std::vector<std::string>& more) {
  std::vector<OutputChoice> outputs;
  check_format(format);
  outputs.push_back({format, ""});
  for (const std::string& word : more) {
    const size_t equals = word.find('=');
    if (equals == std::string::npos || equals == 0 || equals + 1 == word.size()) {
      throw UsageError("--output " + quote_word(word) + ": FORMAT=FILE is accepted, such as json=result.json");
    }
    check_format(word.substr(0, equals));
    for (const OutputChoice& other : outputs) {
      if (other.file == word.substr(equals + 1))
        throw UsageError("--output " + quote_word(word) + ": the file is given twice");
    }
    outputs.push_back({word.substr(0, equals), word.substr(equals + 1)});
  }
  return outputs;
}

namespace {

void read_how(const cxxopts::ParseResult& given, ScanRequest& request) {
  const auto number = [&given](const char* option, uint64_t lowest, uint64_t highest) {
    return static_cast<uint32_t>(
        read_number(std::string("--") + option, given[option].as<std::string>(), lowest, highest));
  };
  if (given.count("loops")) {
    const std::string word = given["loops"].as<std::string>();
    request.loops = word == "auto" ? 0 : number("loops", 0, 1024);
  }
  if (given.count("in-flight")) request.in_flight = number("in-flight", 1, 1'000'000);
  if (given.count("rate")) request.rate_per_s = read_rate("--rate", given["rate"].as<std::string>());
  if (given.count("timeout")) request.timeout_ms = number("timeout", 1, 600'000);
  if (given.count("retries")) request.retries = number("retries", 0, 13);
  request.adaptive = one_of(given, "timing", {"adaptive", "fixed"}) == "adaptive";
  read_order(given, request);
  if (given.count("shard")) {
    const auto [k, n] = read_shard("--shard", given["shard"].as<std::string>());  // `auto` has been resolved
    request.shard = {k, n};
  }
  request.portable_connector = one_of(given, "connector", {"fastest", "portable"}) == "portable";
  if (given.count("banners")) {
    request.banners = true;
    request.banners_http = one_of(given, "banners", {"read", "http"}) == "http";
  }
  if (given.count("stop-after")) request.stop_after = number("stop-after", 1, 65'535);
  request.discover = given.count("discover") > 0;
  if (request.discover && request.shard.count > 1) {
    throw UsageError(
        "'--discover' and '--shard' exclude each other: each machine would find out for itself, and the parts would "
        "not fit together");
  }
  if (given.count("banner-timeout")) request.banner_timeout_ms = number("banner-timeout", 1, 600'000);
}

/// Options that take one value: given twice, one of them would be ignored. Not --progress, which a resumed scan may be
/// given anew: the last one counts.
void check_given_once(const cxxopts::ParseResult& given) {
  for (const char* option :
       {"ports", "exclude-ports", "loops", "in-flight", "rate", "timeout", "retries", "timing", "order", "seed",
        "shard", "connector", "banners", "banner-timeout", "format", "show", "stop-after", "checkpoint", "resume"}) {
    if (given.count(option) > 1) throw UsageError(std::string("--") + option + " is given twice: once is accepted");
  }
}

ScanRequest read_request(const cxxopts::ParseResult& given, const SystemServices& services) {
  check_given_once(given);
  ScanRequest request;
  const auto texts = [&given](const char* option) {
    return given.count(option) ? given[option].as<std::vector<std::string>>() : std::vector<std::string>{};
  };
  request.targets = texts("target");
  request.input_files = texts("input-file");
  request.excluded = texts("exclude");
  request.exclude_files = texts("exclude-file");
  request.ports = read_ports(given, services);
  request.family = read_family(given);
  request.all_addresses = given.count("all-addresses") > 0;
  read_how(given, request);
  request.outputs = read_outputs(given.count("format") ? given["format"].as<std::string>() : "text", texts("output"));
  request.overwrite = given.count("overwrite") > 0;
  request.show_all = one_of(given, "show", {"open", "all"}) == "all";
  const std::string progress = one_of(given, "progress", {"auto", "always", "never"});
  request.progress = progress == "auto"     ? ProgressChoice::automatic
                     : progress == "always" ? ProgressChoice::always
                                            : ProgressChoice::never;
  request.quiet = given.count("quiet") > 0;
  request.colour = given.count("no-color") == 0;
  // Last: where an option has taken the target for its value, that is what has to be said.
  if (request.targets.empty() && request.input_files.empty()) {
    throw UsageError("no target given: a host, an address, a block or a range, as in 'portloop scan localhost'");
  }
  return request;
}

/// Without the options of `names`; those in `with_value` take their word along.
std::vector<std::string> without(const std::vector<std::string>& words, std::initializer_list<std::string_view> names,
                                 std::initializer_list<std::string_view> with_value) {
  std::vector<std::string> left;
  for (size_t i = 0; i < words.size(); ++i) {
    const std::string_view word = words[i];
    const auto is = [word](std::string_view name) { return word == name; };
    const auto begins = [word](std::string_view name) {
      return word.starts_with(name) && word.substr(name.size()).starts_with('=');
    };
    if (std::any_of(with_value.begin(), with_value.end(), is))
      ++i;
    else if (std::none_of(names.begin(), names.end(), is) && std::none_of(with_value.begin(), with_value.end(), begins))
      left.push_back(words[i]);
  }
  return left;
}

std::vector<std::string> without_terminal(const std::vector<std::string>& words) {
  return without(words, {"-q", "--quiet", "--no-color"}, {"--progress"});
}

/// `--shard auto` becomes `--shard K/N`: a scan that is resumed elsewhere is still the same part.
void resolve_shard(std::vector<std::string>& words) {
  for (size_t i = 0; i < words.size(); ++i) {
    const bool joined = words[i] == "--shard=auto";
    if (!joined && (words[i] != "auto" || i == 0 || words[i - 1] != "--shard")) continue;
    const Shard shard = shard_of_environment([](const char* name) -> const char* { return std::getenv(name); });
    words[i] = (joined ? "--shard=" : "") + std::to_string(shard.number) + '/' + std::to_string(shard.count);
  }
}

/// cxxopts takes the optional value of an option only behind '=': `--banners http` becomes `--banners=http`.
std::vector<std::string> with_joined_values(int argc, const char* const* argv) {
  std::vector<std::string> words;
  for (int i = 0; i < argc; ++i) {
    const std::string word = argv[i];
    const std::string next = i + 1 < argc ? argv[i + 1] : "";
    const bool joined = word == "--banners" && (next == "http" || next == "read");
    words.push_back(joined ? word + '=' + next : word);
    i += joined;
  }
  return words;
}

}  // namespace

std::optional<ScanRequest> parse_scan_options(int argc, const char* const* argv, const SystemServices& services) {
  cxxopts::Options options = make_options();
  std::vector<std::string> words = with_joined_values(argc, argv);
  resolve_shard(words);
  std::vector<const char*> pointers;
  for (const std::string& word : words) pointers.push_back(word.c_str());
  try {
    const cxxopts::ParseResult given = options.parse(static_cast<int>(pointers.size()), pointers.data());
    if (given.count("help")) {
      std::puts(help_text);
      return std::nullopt;
    }
    const auto file_of = [&given](const char* option) {
      return given.count(option) ? given[option].as<std::string>() : std::string();
    };
    ScanRequest request;
    request.resume_file = file_of("resume");
    const bool resumed = given.count("resume") > 0;
    if (resumed && given.count("checkpoint") && file_of("checkpoint") != request.resume_file) {
      throw UsageError("--checkpoint " + quote_word(file_of("checkpoint")) +
                       ": a resumed scan goes on with the file of --resume, leave it out");
    }
    for (const char* option : {"checkpoint", "resume"}) {
      if (given.count(option) && file_of(option).empty())
        throw UsageError(std::string("--") + option + " '': the name of a file is accepted");
    }
    if (!resumed) request = read_request(given, services);
    if (!resumed && given.count("checkpoint") && (request.discover || request.stop_after != 0)) {
      throw UsageError("'--checkpoint' excludes '--discover' and '--stop-after': it records ports that have a result");
    }
    request.checkpoint_file = resumed ? request.resume_file : file_of("checkpoint");
    request.words = without({words.begin() + 1, words.end()}, {}, {"--checkpoint", "--resume"});
    request.command_line = "portloop " + join_command_line(argc, argv);
    return request;
  } catch (const cxxopts::exceptions::exception& error) {
    throw UsageError(option_error_text(error, options, argc, argv, "portloop scan --help"));
  }
}

ScanRequest resumed_request(const ScanRequest& given, const Checkpoint& checkpoint, const SystemServices& services) {
  const std::vector<std::string> wanted = without_terminal(given.words);
  const auto line = [](const std::vector<std::string>& words) {
    std::vector<const char*> pointers;
    for (const std::string& word : words) pointers.push_back(word.c_str());
    return join_command_line(static_cast<int>(pointers.size()), pointers.data());
  };
  if (!wanted.empty() && wanted != without_terminal(checkpoint.words)) {
    throw UsageError("--resume " + quote_word(given.resume_file) + ": its scan was started with " +
                     quote_word(line(checkpoint.words)) + ", not " + quote_word(line(wanted)) +
                     ": give the same options, or none");
  }
  std::vector<std::string> words = {"scan"};
  words.insert(words.end(), checkpoint.words.begin(), checkpoint.words.end());
  for (const std::string& word : given.words) {
    if (wanted.empty()) words.push_back(word);  // only those about the terminal
  }
  std::vector<const char*> pointers;
  for (const std::string& word : words) pointers.push_back(word.c_str());
  ScanRequest request = *parse_scan_options(static_cast<int>(pointers.size()), pointers.data(), services);
  request.resume_file = request.checkpoint_file = given.resume_file;
  request.words = checkpoint.words;
  request.ports = checkpoint.ports;
  request.seed = checkpoint.seed;
  request.seed_given = true;
  return request;
}

}  // namespace portloop
