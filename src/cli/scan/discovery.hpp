// --discover: a scan of a few ports that finds the addresses that answer, before the scan itself.
//
// Happy path: the ports below are probed on every address; a result that shows a host marks its address; a host that
// accepts connections on every port is reported; when the scan is done and its sockets are closed, on_end is called,
// and answered() has the addresses to scan.
//
// What goes wrong:
//   - it can't be started: CannotRun from the constructor; UsageError if all of its ports are excluded
//   - it is stopped: on_end is called as well; answered() has what answered before that, and open_ports() what was open
//   - the memory is used up: the same, and out_of_memory() is true
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "cli/scan/answered_addresses.hpp"
#include "cli/scan/probe_options.hpp"
#include "cli/scan/running_scan.hpp"
#include "core/target_set.hpp"

namespace portloop {

/// Ports that most machines leave open, or that most firewalls reject rather than drop: web, remote access and file
/// services of Unix and Windows. Nobody uses 40125: its RST shows a machine that has none of the others.
inline constexpr const char* discovery_ports = "22,80,443,445,3389,8080,40125";

class Discovery {
 public:
  /// The address of a host that accepts connections on every port. The function throws nothing.
  using OnAllOpen = std::function<void(const sockaddr& address)>;

  /// Starts it. `targets` outlives this object.
  Discovery(uv_loop_t* loop, const TargetSet& targets, const ScanSettings& settings, const ScanLimits& limits,
            OnAllOpen on_all_open, std::function<void()> on_end);

  void stop();
  /// The last ones, once it has ended.
  portloop_stats stats() const { return running_ ? running_->stats() : stats_; }
  double elapsed_s() const { return running_ ? running_->elapsed_s() : elapsed_s_; }
  const AnsweredAddresses& answered() const { return answered_; }
  struct OpenPort {
    ProbeResult probe;  // without a banner
    int64_t time_us;    // Unix time
  };
  const std::vector<OpenPort>& open_ports() const { return open_ports_; }
  bool out_of_memory() const { return out_of_memory_; }

 private:
  void on_result(const portloop_result& result);
  void on_done(int status);

  AnsweredAddresses answered_;
  std::vector<OpenPort> open_ports_;
  std::function<void()> on_end_;
  std::optional<RunningScan> running_;
  portloop_stats stats_{};
  double elapsed_s_ = 0;
  bool out_of_memory_ = false;
};

}  // namespace portloop
