// How far an output had been written when a checkpoint was made.
#pragma once

#include <cstdint>
#include <string>

namespace portloop {

struct SavedOutput {
  std::string format;
  std::string path;          ///< Absolute in a checkpoint; empty for standard output.
  std::string partial_path;  ///< Where it is written until the end if an older file is to be replaced; else empty.
  bool regular = false;      ///< A regular file, which can be truncated and continued.
  uint64_t start = 0;        ///< Offset of our first byte.
  uint64_t length = 0;       ///< Bytes from there.
  uint64_t hash = 0;         ///< fnv_hash() of them: identifies the file that was written.
  std::string writer_state;  ///< Writer::save().
};

/// Returns whether the open file has what was written, at its place. If it can't be read (`readable` < 0), only its
/// size is checked.
bool contains(int readable, uint64_t file_size, const SavedOutput& saved);

/// The same for a file by its name; false if it isn't a regular file that can be read.
bool file_contains(const std::string& path, const SavedOutput& saved);

}  // namespace portloop
