#include "compare/guest_builds.hpp"

#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "compare/run_process.hpp"

namespace portloop::compare {
namespace {

// Some also compile their libraries, which takes a minute on a busy machine.
constexpr double max_build_s = 600;

/// Creates a folder that only this user can change. Returns its path; empty, with errno set, if that fails.
std::string make_folder() {
  const char* const chosen = std::getenv("TMPDIR");
  std::string path = std::string(chosen != nullptr && *chosen != '\0' ? chosen : "/tmp") + "/portloop-guests-XXXXXX";
  return mkdtemp(path.data()) != nullptr ? path : "";
}

}  // namespace

GuestBuilds::~GuestBuilds() {
  if (folder_.empty()) return;
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

Parsed<std::string> GuestBuilds::build(const GuestRuntime& runtime, const std::string& command,
                                       const std::string& scripts, const volatile std::sig_atomic_t& stop) {
  if (folder_.empty()) folder_ = make_folder();
  if (folder_.empty()) return SpecError{std::string("no temporary folder can be created: ") + std::strerror(errno)};
  std::string program = folder_ + '/' + std::string(runtime.name);
  const std::vector<std::string> words = {"/bin/sh", scripts + '/' + std::string(runtime.build_script), command,
                                          program};
  const ProcessOutcome outcome = run_process(words, "", stop, max_build_s);
  if (!outcome.error.empty()) return SpecError{"it can't be compiled: " + outcome.error};
  return program;
}

}  // namespace portloop::compare
