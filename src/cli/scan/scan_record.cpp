#include "cli/scan/scan_record.hpp"

#include <sys/stat.h>
#include <uv.h>

#include <filesystem>
#include <new>
#include <utility>

#include "cli/exit_status.hpp"
#include "cli/system/distinct_files.hpp"
#include "cli/system/unix_time.hpp"
#include "core/spec_error.hpp"

namespace portloop {

namespace {

/// Empty if it has been deleted.
std::string current_directory() {
  std::error_code error;
  const std::filesystem::path directory = std::filesystem::current_path(error);
  if (error == std::errc::not_enough_memory) throw std::bad_alloc();
  return directory.string();
}

/// The outputs and the checkpoint must be different files, and a checkpoint replaces only a regular file.
void check_files(const ScanRequest& request) {
  const std::string& file = request.checkpoint_file;
  std::vector<NamedFile> files = files_of(request.outputs, request.overwrite);
  if (!file.empty()) {
    files.push_back({"--checkpoint " + quote_word(file), file});
    files.push_back({"the temporary file of --checkpoint " + quote_word(file), file + ".tmp", true});
  }
  check_distinct(files);
  struct stat status;
  if (file.empty() || lstat(file.c_str(), &status) != 0) return;
  if (!S_ISREG(status.st_mode))
    throw UsageError("--checkpoint " + quote_word(file) + ": a regular file or a new one is accepted, not " +
                     (S_ISLNK(status.st_mode) ? "a symbolic link" : "a device, a pipe or a directory"));
  if (!request.overwrite) {
    throw CannotRun("checkpoint " + quote_word(file) +
                    " exists already: --resume continues it, --overwrite replaces it");
  }
}

/// A checkpoint has the whole names of its outputs.
void check_directory(const ScanRequest& request, const std::string& directory) {
  if (request.checkpoint_file.empty() || !directory.empty()) return;
  for (const OutputChoice& output : request.outputs) {
    if (output.file.empty() || output.file.front() == '/') continue;
    throw CannotRun("--checkpoint: the current directory has no name, which is part of output " +
                    quote_word(output.file) + ": whole names are accepted");
  }
}

}  // namespace

Checkpoint new_checkpoint(const ScanRequest& request, TargetList list) {
  Checkpoint checkpoint;
  checkpoint.list = std::move(list);
  checkpoint.words = request.words;
  checkpoint.ports = request.ports;
  checkpoint.order = request.settings.order.order;
  checkpoint.shard = request.settings.shard;
  checkpoint.seed = request.settings.order.seed;
  // Shards cover a scan only if all have the same order: without --seed, every machine derives the same seed.
  if (checkpoint.shard.count > 1 && !request.settings.order.seed_given) {
    checkpoint.seed = scan_hash(checkpoint.list.targets, checkpoint.ports, checkpoint.order, 0) & UINT32_MAX;
  }
  checkpoint.started_us = unix_time_us();
  checkpoint.directory = current_directory();
  check_directory(request, checkpoint.directory);
  check_files(request);
  return checkpoint;
}

namespace {

/// What a resumed scan continues from.
Checkpoint without_unknown(Checkpoint checkpoint) {
  checkpoint.finished = checkpoint.finished.without(std::exchange(checkpoint.unknown_positions, {}));
  checkpoint.counts[PortState::unknown] = 0;
  checkpoint.unknown.clear();
  checkpoint.all_probed = false;
  return checkpoint;
}

}  // namespace

ScanRecord::ScanRecord(Checkpoint checkpoint, std::string file)
    : done_(without_unknown(std::move(checkpoint))), file_(std::move(file)), earlier_{done_.counts, done_.elapsed_us} {}

void ScanRecord::start_clock() {
  if (started_ns_ == 0) started_ns_ = uv_hrtime();
}

void ScanRecord::stop_clock() { stopped_ns_ = uv_hrtime(); }

double ScanRecord::this_run_s() const {
  if (started_ns_ == 0) return 0;
  return static_cast<double>((stopped_ns_ == 0 ? uv_hrtime() : stopped_ns_) - started_ns_) * 1e-9;
}

bool ScanRecord::add(const ProbeResult& probe) {
  ++done_.counts[probe.state];
  if (keeps_checkpoint()) done_.finished.add(probe.position);
  if (probe.state != PortState::unknown) return false;
  const auto [entry, first] = done_.unknown.try_emplace(reason_text(probe.reason, probe.error_number));
  if (first) entry->second.first = probe.endpoint;
  ++entry->second.count;
  return first;
}

portloop_stats ScanRecord::total(portloop_stats stats) const {
  stats.open += earlier_.counts[PortState::open];
  stats.closed += earlier_.counts[PortState::closed];
  stats.filtered += earlier_.counts[PortState::filtered];
  return stats;
}

bool ScanRecord::save_is_due() const { return file_.due(uv_hrtime()); }

std::string ScanRecord::save(std::vector<SavedOutput> outputs, std::vector<uint64_t> unknown_positions,
                             TargetSet all_open, uint64_t begun_ns) {
  // The scan may be resumed from another directory.
  const std::filesystem::path directory = done_.directory;
  for (SavedOutput& output : outputs) {
    for (std::string* path : {&output.path, &output.partial_path})
      if (!path->empty()) *path = (directory / *path).string();
  }
  done_.outputs = std::move(outputs);
  done_.unknown_positions = std::move(unknown_positions);
  done_.all_open = std::move(all_open);
  return save(begun_ns);
}

std::string ScanRecord::save_all_probed() {
  done_.all_probed = true;
  return save(uv_hrtime());
}

std::string ScanRecord::save(uint64_t begun_ns) {
  done_.elapsed_us = earlier_.elapsed_us + (started_ns_ == 0 ? 0 : (begun_ns - started_ns_) / 1000);
  return file_.save(done_, begun_ns);
}

}  // namespace portloop
