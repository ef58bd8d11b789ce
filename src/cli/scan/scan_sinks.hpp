// Where a scan's results go: the outputs, the record with its checkpoint, and notes on stderr.
//
// Happy path: open() before the scan; add() for each result; flush() and save() while it runs; end() at its end.
//
// What goes wrong: the errors of outputs and checkpoints (scan_outputs.hpp, scan_record.hpp). Once an output is broken,
// nothing is saved any more: results that are missing in it must not count as finished.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "cli/scan/answered_addresses.hpp"
#include "cli/scan/held_results.hpp"
#include "cli/scan/scan_notes.hpp"
#include "cli/scan/scan_outputs.hpp"
#include "cli/scan/scan_record.hpp"
#include "cli/scan/scan_request.hpp"
#include "cli/system/system_services.hpp"
#include "cli/targets/address_count.hpp"
#include "cli/terminal/progress.hpp"
#include "portloop/portloop.h"

namespace portloop {

class ScanSinks {
 public:
  /// `services` and `progress` outlive this object. `checkpoint`: new, or that of the scan that is resumed.
  ScanSinks(const ScanRequest& request, const SystemServices& services, ProgressLine& progress, Checkpoint checkpoint);

  /// Opens the outputs and writes the first checkpoint. Returns false if that failed, which has been reported. Throws
  /// UsageError or CannotRun if an output can't be opened.
  bool open(const ScanRequest& request);
  /// Throws std::bad_alloc; from then on no checkpoint is saved, since the result counts as finished but may be
  /// missing.
  void add(const portloop_result& found);
  /// The same for a result that was held until it was identified. `time_us`: Unix time at which it came.
  void add(const ProbeResult& probe, int64_t time_us, const Finding* identified);
  /// The host accepts connections on every port; before the results of its open ports. `is_skipped`: it is probed no
  /// more.
  void add_all_open(const Address& address, bool is_skipped);
  uint64_t all_open_hosts() const { return all_open_.count(); }
  /// Results that are added from then on have the name. Open ports of the address that were added before are written
  /// again, under that name; the table of hosts shows it beside its closed ports, too.
  void add_name(const Address& address, const std::string& name);
  /// Names may be added until all_names_known() is called.
  void expect_names() { expects_names_ = true; }
  void all_names_known();
  void flush() { outputs_.flush(); }
  /// Writes the checkpoint, if one is kept. Returns false if that failed.
  bool save();
  /// Writes the unknown results that were held back, and the footers. A checkpoint that is saved before this lets a
  /// resumed scan replace both.
  void end(const ScanFooter& footer);
  /// After end(): the last checkpoint of a scan all of whose probes have a result.
  void save_all_probed();

  ScanOutputs& outputs() { return outputs_; }
  const ScanOutputs& outputs() const { return outputs_; }
  ScanRecord& record() { return record_; }
  const ScanRecord& record() const { return record_; }
  ScanNotes& notes() { return notes_; }
  const ScanNotes& notes() const { return notes_; }
  /// From how many addresses an answer came, their own or their firewall's.
  uint64_t answered() const { return answered_.count(); }

 private:
  bool may_save() const { return record_.keeps_checkpoint() && !lost_result_ && !outputs_.broken(); }
  bool report_save(const std::string& error);
  void add_result(const ProbeResult& probe, int64_t time_us, const Finding* identified);
  void write(const ProbeResult& probe, int64_t time_us, const Finding* identified = nullptr);
  void write(OutputResult& result, std::span<const std::string> names);
  void keep_open(const ProbeResult& probe, int64_t time_us, const Finding* identified);

  const SystemServices& services_;
  const bool show_all_;
  ProgressLine& progress_;
  ScanOutputs outputs_;
  ScanRecord record_;
  HeldResults held_;
  ScanNotes notes_;
  AddressCount answered_;
  AnsweredAddresses all_open_;  // hosts that accept connections on every port
  bool lost_result_ = false;

  struct OpenPort {
    ProbeResult probe;  // without a banner
    std::string banner;
    int64_t time_us;
    std::optional<Finding> identified;
  };
  bool expects_names_ = false;
  std::map<Address, std::vector<OpenPort>> open_ports_;  // while names are expected
};

}  // namespace portloop
