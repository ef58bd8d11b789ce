// What has been done of a scan in all its runs, and the checkpoint that keeps it.
//
// Happy path: a new scan, or one of a checkpoint; start_clock(); add() counts each result; save() writes the checkpoint
// when it is due and before the outputs' footers; save_all_probed() when every probe has a result.
//
// What goes wrong:
//   - the checkpoint's file exists or is an output, too: refused before anything is scanned (new_checkpoint())
//   - it can't be written: reported once; the older one stays intact and the scan goes on
//   - the process is killed: the file records what is finished, and the length of each output that belongs to it
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli/record/checkpoint.hpp"
#include "cli/record/checkpoint_file.hpp"
#include "cli/scan/scan_request.hpp"
#include "core/probe_result.hpp"
#include "core/state_counts.hpp"
#include "portloop/portloop.h"

namespace portloop {

/// The checkpoint of a scan that has not begun. Throws UsageError or CannotRun if the request's checkpoint
/// file may not be written.
Checkpoint new_checkpoint(const ScanRequest& request, TargetList list);

class ScanRecord {
 public:
  /// `checkpoint`: new, or read from `file`: its unknown results are forgotten, since those ports are probed again. An
  /// empty `file`: no checkpoint is kept.
  ScanRecord(Checkpoint checkpoint, std::string file);

  const Checkpoint& done() const { return done_; }
  const TargetList& list() const { return done_.list; }
  void add_name(const Address& address, const std::string& name) { done_.list.names[address].push_back(name); }

  /// This run's time counts from the first call.
  void start_clock();
  void stop_clock();
  double elapsed_s() const { return this_run_s() + static_cast<double>(earlier_.elapsed_us) * 1e-6; }
  double this_run_s() const;

  /// Returns true for the first result that is unknown for its reason.
  bool add(const ProbeResult& probe);
  /// The stats of this run, with the results of earlier runs added.
  portloop_stats total(portloop_stats stats) const;

  bool save_is_due() const;
  /// Returns one line for stderr, or "". `begun_ns`: when the outputs' states began to be collected.
  std::string save(std::vector<SavedOutput> outputs, std::vector<uint64_t> unknown_positions, TargetSet all_open,
                   uint64_t begun_ns);
  std::string save_all_probed();
  bool keeps_checkpoint() const { return file_.kept(); }
  bool save_failed() const { return file_.failed(); }

 private:
  struct Earlier {
    StateCounts counts;
    uint64_t elapsed_us = 0;
  };

  std::string save(uint64_t begun_ns);

  Checkpoint done_;
  CheckpointFile file_;
  Earlier earlier_;  // what runs before this one have done
  uint64_t started_ns_ = 0;
  uint64_t stopped_ns_ = 0;  // 0: the clock runs
};

}  // namespace portloop
