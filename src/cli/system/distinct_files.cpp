#include "cli/system/distinct_files.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <map>
#include <optional>
#include <tuple>

#include "cli/exit_status.hpp"

namespace portloop {
namespace {

/// Device and inode of a file; of its directory, with the name, if it does not exist yet.
using Identity = std::tuple<dev_t, ino_t, std::string>;

/// nullopt for devices and pipes, which two outputs may share, and if the file can't be created either.
std::optional<Identity> identity_of(const NamedFile& file) {
  struct stat status;
  const char* path = file.path.c_str();
  const int error = file.path.empty()   ? fstat(STDOUT_FILENO, &status)
                    : file.is_temporary ? lstat(path, &status)
                                        : stat(path, &status);
  if (error == 0 && S_ISREG(status.st_mode)) return Identity(status.st_dev, status.st_ino, "");
  if (file.path.empty() || (error == 0 && !S_ISLNK(status.st_mode))) return std::nullopt;
  const std::filesystem::path parts(file.path);
  const std::string directory = parts.has_parent_path() ? parts.parent_path().string() : ".";
  if (stat(directory.c_str(), &status) != 0) return std::nullopt;
  return Identity(status.st_dev, status.st_ino, parts.filename().string());
}

}  // namespace

void check_distinct(const std::vector<NamedFile>& files) {
  std::map<Identity, const NamedFile*> known;
  for (const NamedFile& file : files) {
    const auto identity = identity_of(file);
    if (!identity) continue;
    const auto [entry, first] = known.emplace(*identity, &file);
    if (!first) throw UsageError(file.word + ": this is the same file as " + entry->second->word);
  }
}

}  // namespace portloop
