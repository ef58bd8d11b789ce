#include "compare/guest_runtimes.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <string_view>

#include "compare/run_process.hpp"

namespace portloop::compare {
namespace {

// Printing a version takes tens of milliseconds; a command that takes this long is broken.
constexpr double max_version_s = 20;

/// As a shell does, a directory is passed over: access() alone takes its permission to be searched for one to be run.
bool can_run(const std::string& path) {
  struct stat file;
  return stat(path.c_str(), &file) == 0 && S_ISREG(file.st_mode) && access(path.c_str(), X_OK) == 0;
}

}  // namespace

std::string find_command(const GuestRuntime& runtime) {
  const char* const variable = std::getenv("PATH");
  const std::string_view path = variable != nullptr ? variable : "";
  for (const std::string_view name : runtime.commands) {
    for (size_t start = 0; start < path.size();) {
      const size_t end = std::min(path.find(':', start), path.size());
      const std::string file = std::string(path.substr(start, end - start)).append("/").append(name);
      if (end > start && can_run(file)) return file;
      start = end + 1;
    }
  }
  return "";
}

std::string commands_text(const GuestRuntime& runtime) {
  std::string text;
  for (const std::string_view name : runtime.commands) text.append(text.empty() ? "" : " and ").append(name);
  return text;
}

std::string find_guest_folder(const std::string& own_path) {
  const std::string beside = own_path.substr(0, own_path.rfind('/') + 1);
  for (const char* folder : {"../share/portloop/guests", "src/compare/guests"}) {
    const std::string path = beside + folder;
    if (access((path + "/python/guest.py").c_str(), R_OK) == 0) return path;
  }
  return "";
}

std::string version_of(const GuestRuntime& runtime, const std::string& command,
                       const volatile std::sig_atomic_t& stop) {
  std::vector<std::string> words = {command};
  words.insert(words.end(), runtime.version_options.begin(), runtime.version_options.end());
  const ProcessOutcome outcome = run_process(words, "", stop, max_version_s);
  return outcome.error.empty() ? outcome.output.substr(0, outcome.output.find('\n')) : "";
}

std::vector<std::string> guest_words(const Contender& contender, const std::string& command,
                                     const std::string& folder) {
  const GuestProgram& guest = *contender.guest;
  std::vector<std::string> words = {command};
  words.insert(words.end(), guest.runtime->options.begin(), guest.runtime->options.end());
  words.push_back(folder + '/' + std::string(guest.file));
  if (guest.way == GuestWay::pool) words.push_back(std::to_string(contender.threads));
  return words;
}

}  // namespace portloop::compare
