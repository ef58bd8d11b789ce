// The file that a scan's checkpoints go to, and how often.
//
// What goes wrong: the file can't be written (the disk is full). The older checkpoint stays intact, the first of
// several failures in a row is returned, and failed() lasts until a save succeeds.
#pragma once

#include <cstdint>
#include <string>

#include "cli/record/checkpoint.hpp"

namespace portloop {

class CheckpointFile {
 public:
  /// An empty path: no checkpoints are kept, and none is ever due.
  explicit CheckpointFile(std::string path) : path_(std::move(path)) {}

  bool kept() const { return !path_.empty(); }
  const std::string& path() const { return path_; }
  bool due(uint64_t now_ns) const { return kept() && now_ns >= next_ns_; }
  /// `begun_ns`: when the checkpoint began to be made; the more time that takes, the later the next one is due. Returns
  /// one line for stderr, or "".
  std::string save(const Checkpoint& checkpoint, uint64_t begun_ns);
  /// Whether the last save failed.
  bool failed() const { return failed_; }

 private:
  const std::string path_;
  uint64_t next_ns_ = 0;
  bool failed_ = false;
};

}  // namespace portloop
