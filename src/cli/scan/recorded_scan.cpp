#include "cli/scan/recorded_scan.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>

#include "cli/exit_status.hpp"
#include "cli/system/distinct_files.hpp"
#include "cli/targets/target_list.hpp"
#include "core/spec_error.hpp"

namespace portloop {
namespace {

bool is_output_of(const OutputChoice& choice, const ScanRequest& request, const Checkpoint& checkpoint,
                  const SavedOutput& saved) {
  if (saved.format != choice.format || saved.path.empty() != choice.file.empty()) return false;
  const std::string file =
      choice.file.empty() ? "" : (std::filesystem::path(checkpoint.directory) / choice.file).string();
  return saved.path == file && (saved.partial_path.empty() ||
                                (request.overwrite && !file.empty() && saved.partial_path == file + ".partial"));
}

bool outputs_match(const ScanRequest& request, const Checkpoint& checkpoint) {
  if (request.outputs.size() != checkpoint.outputs.size()) return false;
  for (size_t i = 0; i < request.outputs.size(); ++i) {
    if (!is_output_of(request.outputs[i], request, checkpoint, checkpoint.outputs[i])) return false;
  }
  return true;
}

/// Names of services, and the list of common ports, may have other numbers on another machine or in another version:
/// the recorded ones are scanned.
bool has_named_ports(const ScanRequest& request) {
  const auto option = std::find(request.words.begin(), request.words.end(), "--ports");
  return option == request.words.end() || option + 1 == request.words.end() ||
         (option + 1)->find_first_not_of("0123456789,-") != std::string::npos;
}

}  // namespace

void check_recorded(const ScanRequest& request, const Checkpoint& checkpoint) {
  const std::string name = "checkpoint " + quote_word(request.resume_file);
  const auto require = [&name](bool fits, const char* what) {
    if (!fits) throw UsageError(name + ": its " + what + " are not those of its arguments");
  };
  const ScanSettings& settings = request.settings;
  require(outputs_match(request, checkpoint), "outputs");
  require(are_named_by(request.targets, checkpoint.list), "addresses");
  require(request.ports == checkpoint.ports || has_named_ports(request), "ports");
  require(settings.order.order == checkpoint.order && settings.shard == checkpoint.shard &&
              (!settings.order.seed_given || settings.order.seed == checkpoint.seed),
          "order, seed or shard");
  require(!request.discover && settings.stop_after == 0, "options");
  struct stat status;
  if (lstat(request.resume_file.c_str(), &status) != 0 || !S_ISREG(status.st_mode))
    throw UsageError("--resume " + quote_word(request.resume_file) +
                     ": a regular file is accepted, not a link or a pipe");
  std::vector<NamedFile> files = {{name, request.resume_file},
                                  {"the temporary file of " + name, request.resume_file + ".tmp", true}};
  for (const SavedOutput& saved : checkpoint.outputs) {
    files.push_back({saved.path.empty() ? "standard output" : "output " + quote_word(saved.path), saved.path});
  }
  check_distinct(files);
}

}  // namespace portloop
