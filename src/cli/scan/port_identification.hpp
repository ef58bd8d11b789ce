// --identify: holds the results of open ports until it is known what speaks there.
//
// Happy path: add() takes each open port's result with its connection; when the port is identified, on_result is called
// with what was found.
//
// What goes wrong:
//   - results come faster than ports are identified: the scan is paused until half of them are
//   - the scan is stopped (Ctrl-C, --max-time, a broken output): stop() hands over what is held, without a finding
//   - the process is killed: what is held is not finished in the checkpoint, so that a resumed scan asks again
//   - nothing is found out about a port: its result has no finding
//   - the memory is used up: std::bad_alloc from add(), which has handed over the result without a finding
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "cli/scan/probe_options.hpp"
#include "cli/scan/running_scan.hpp"
#include "cli/scan/scan_request.hpp"
#include "core/probe_result.hpp"
#include "identify/identifier.hpp"

namespace portloop {

class PortIdentification {
 public:
  /// `found` is valid during the call. The function throws nothing.
  using OnResult = std::function<void(const ProbeResult& probe, int64_t time_us, const Identified& found)>;

  /// Before the process gives up rights (system/confinement.hpp): reads OpenSSL's configuration.
  PortIdentification(uv_loop_t* loop, const ScanSettings& settings, const ScanLimits& limits, OnResult on_result);

  /// Whether this portloop can make TLS handshakes.
  bool has_tls() const { return tls_ != nullptr; }

  /// `host_name`: what the address was resolved from; empty if it was given. `scan` is paused if there is too much to
  /// do.
  void add(const portloop_result& result, std::string host_name, RunningScan& scan);
  /// `scan` goes on if there is room again; nullptr if it has ended.
  void resume_if_due(RunningScan* scan);
  void stop() { identifier_.stop(); }

  bool idle() const { return held_.empty(); }
  size_t unfinished() const { return held_.size(); }
  /// Hosts some of whose ports were not asked, because nothing spoke on so many others.
  const std::vector<Address>& fruitless_hosts() const { return identifier_.fruitless_hosts(); }

 private:
  struct Held {
    ProbeResult probe;
    int64_t time_us;
  };

  void on_identified(uint64_t id, const Identified& found) noexcept;

  std::unique_ptr<TlsContext> tls_;
  OnResult on_result_;
  std::map<uint64_t, Held> held_;
  uint64_t next_id_ = 0;
  bool scan_paused_ = false;
  Identifier identifier_;
};

}  // namespace portloop
