// portloop COMMAND ...: runs the command, and turns what it throws into one line and an exit status.
#include <fcntl.h>
#include <uv.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <exception>
#include <new>
#include <string>
#include <string_view>
#include <vector>

#include "cli/commands.hpp"
#include "cli/exit_status.hpp"
#include "core/spec_error.hpp"
#include "core/target_set.hpp"

namespace {

using namespace portloop;

struct Command {
  std::string_view name;
  std::string_view description;
  int (*run)(int argc, const char* const* argv);
};

constexpr Command commands[] = {
    {"scan", "find out which TCP ports are open", run_scan},
#ifdef PORTLOOP_HAS_COMPARE
    {"compare", "run one scan with every concurrency model and compare them", run_compare},
#endif
    {"diff", "what opened, closed or changed between two results", run_diff},
#ifdef PORTLOOP_HAS_EXPLAIN
    {"explain", "probe one port in slow motion and show what happens", run_explain},
#endif
    {"watch", "scan again and again and report what has changed", run_watch},
    {"merge", "join the results of the shards of a scan", run_merge},
};

void print_help() {
  std::puts(
      "portloop: find out which TCP ports answer, without root\n"
      "\n"
      "Usage: portloop COMMAND [OPTIONS] [ARGUMENTS]\n"
      "\n"
      "Commands:");
  for (const Command& command : commands) {
    std::printf("  %-10.*s %.*s\n", static_cast<int>(command.name.size()), command.name.data(),
                static_cast<int>(command.description.size()), command.description.data());
  }
  std::puts(
      "\n"
      "  portloop COMMAND --help lists the options of a command; portloop --version\n"
      "  prints the version; portloop TARGET is portloop scan TARGET.\n"
      "\n"
      "Examples:\n"
      "  portloop scan localhost\n"
      "  portloop scan -p 22,80,443 192.168.1.0/24\n"
      "  portloop scan -p all --format json 10.0.0.1 > result.json\n"
#ifdef PORTLOOP_HAS_COMPARE
      "  portloop compare --preset classic\n"
#endif
      "\n"
      "Scan only hosts and networks that you are allowed to scan.");
}

const Command* find_command(std::string_view name) {
  for (const Command& command : commands) {
    if (command.name == name) return &command;
  }
  return nullptr;
}

/// An address, a block, a range, or a name with a dot: a mistyped command is none of these.
bool is_plainly_a_target(std::string_view word) {
  const auto target = parse_target(word, [](std::string_view) { return uint32_t{1}; });  // the scan checks the zone
  return target && (!target->ranges.empty() || word == "localhost" || word.find('.') != std::string_view::npos);
}

[[noreturn]] void refuse_command(std::string_view word) {
  std::string known;
  for (const Command& command : commands) known += (known.empty() ? "" : ", ") + std::string(command.name);
  const std::string fault = quote_word(word) + " is not a command: " + known + ", or --help";
  throw UsageError(word.starts_with('-') ? fault + "; options follow the command, as in 'portloop scan -p 80 HOST'"
                   : parse_target(word)  ? fault + "; 'portloop scan " + std::string(word) + "' scans a host"
                                         : fault);
}

/// portloop help COMMAND
int help(std::string_view word) {
  const Command* command = find_command(word);
  if (command == nullptr) refuse_command(word);
  const char* const words[] = {command->name.data(), "--help"};
  return command->run(2, words);
}

/// portloop TARGET...
int scan_without_command(int argc, const char* const* argv) {
  std::vector<const char*> words = {"scan"};
  words.insert(words.end(), argv + 1, argv + argc);
  return run_scan(static_cast<int>(words.size()), words.data());
}

int run(int argc, const char* const* argv) {
  if (argc < 2) throw UsageError("no command given: try 'portloop scan HOST', or 'portloop --help'");
  const std::string_view word = argv[1];
  if (word == "help" && argc > 2) return help(argv[2]);
  if (word == "--help" || word == "-h" || word == "help") {
    print_help();
    return exit_complete;
  }
  if (word == "--version" || word == "-V") {
    std::printf("portloop %s (libuv %s)\n", PORTLOOP_VERSION_TEXT, uv_version_string());
    return exit_complete;
  }
  if (const Command* command = find_command(word)) return command->run(argc - 1, argv + 1);
  if (is_plainly_a_target(word)) return scan_without_command(argc, argv);
  refuse_command(word);
}

/// A process may be started with its standard descriptors closed. Files that it opens would then get their numbers and
/// receive what is printed, and libuv aborts. /dev/null takes their place; opened for reading, so that writing fails.
void fill_standard_descriptors() {
  for (int fd = 0; fd <= 2; ++fd) {
    if (fcntl(fd, F_GETFD) < 0 && errno == EBADF) open("/dev/null", O_RDONLY);
  }
}

}  // namespace

int main(int argc, char** argv) {
  fill_standard_descriptors();
  try {
    const int status = run(argc, argv);
    if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return status;
    std::fprintf(stderr, "portloop: standard output can't be written: %s\n", std::strerror(errno));
    return status == exit_complete ? exit_failed : status;
  } catch (const UsageError& error) {
    std::fprintf(stderr, "portloop: %s\n", error.what());
    return exit_usage;
  } catch (const SettingRefused& error) {
    std::fprintf(stderr, "portloop: %s\n", error.what());
    return exit_usage;
  } catch (const CannotRun& error) {
    std::fprintf(stderr, "portloop: %s\n", error.what());
    return exit_failed;
  } catch (const std::bad_alloc&) {
    std::fputs("portloop: out of memory\n", stderr);
    return exit_failed;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "portloop: %s\n", error.what());
    return exit_failed;
  }
}
