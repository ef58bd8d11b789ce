// What a program adds to a running scan: words and addresses are checked here, and handed to the engine's ScanInput.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "capi/options.hpp"
#include "engine/scan_input.hpp"
#include "sockets/interface_reach.hpp"

namespace portloop {

/// Not thread-safe.
class OpenInput {
 public:
  /// `ports` are those of the options. `first` is what the scan starts with, and outlives this.
  OpenInput(const portloop_options& options, const PortSet& ports, const ScanSpace& first);

  /// Adds ranges with the same ports and tag: `ports` as portloop_options_set_ports(), or nullptr for the options'.
  /// Returns 0, or UV_EINVAL (see error()): then some of the ranges may have been added. Throws std::bad_alloc.
  int add(const Parsed<std::vector<AddressRange>>& ranges, const char* ports, uint64_t tag);
  void finish();
  bool is_finished() const { return finished_; }
  /// Whether the loops have to look at the input since this was called last.
  bool take_wake() { return std::exchange(wake_, false); }

  ScanInput& input() { return input_; }
  const ScanInput& input() const { return input_; }
  void forget_error() { error_.clear(); }
  /// Why the last add() returned UV_EINVAL; otherwise "".
  const std::string& error() const { return error_; }

 private:
  Parsed<std::shared_ptr<const PortSet>> ports_of(const char* text);
  std::string unreached(const AddressRange& range) const;

  ScanInput input_;
  TargetSet excluded_;
  std::optional<InterfaceReach> reach_;  // if there is an interface that may not lead everywhere
  PortSet excluded_ports_;
  std::shared_ptr<const PortSet> default_ports_;
  std::string last_text_;  // most additions have the same ports as the one before
  std::shared_ptr<const PortSet> last_ports_;
  bool finished_ = false;
  bool wake_ = false;
  std::string error_;
};

}  // namespace portloop
