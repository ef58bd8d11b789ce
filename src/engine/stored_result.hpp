// A result that outlives the callback in which it was reported: a copy, with its banner and its connection.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "core/probe_result.hpp"
#include "plan/plan.hpp"
#include "sockets/kept_connection.hpp"

namespace portloop {

/// Small, because tens of thousands may be stored at once. Movable.
class StoredResult {
 public:
  /// Takes the connection of `result`, if it has one. Throws std::bad_alloc; then `result` keeps it.
  explicit StoredResult(const ProbeResult& result) : result_(result) {
    if (result.banner.empty() && !has_connection(result)) return;
    attached_ = std::make_unique<Attached>();
    attached_->banner = result.banner;
    result_.banner = attached_->banner;
    result_.connection = nullptr;
    if (!has_connection(result)) return;
    attached_->connection = std::move(*result.connection);
    result_.connection = &attached_->connection;
  }

  /// Of a host, instead of a probe.
  explicit StoredResult(const ProbePlan::HostVerdict& verdict)
      : host_state_(verdict.state), accepts_all_(verdict.accepts_all), banned_(verdict.banned) {
    result_.endpoint.address = verdict.address;
  }

  std::optional<ProbePlan::HostVerdict> host_verdict() const {
    if (!host_state_) return std::nullopt;
    return ProbePlan::HostVerdict{result_.endpoint.address, *host_state_, accepts_all_, banned_};
  }

  /// Valid as long as this object is not moved from. Its connection may be taken.
  const ProbeResult& result() const { return result_; }

  /// In a child process, where the connection is the parent's as well: only closes the descriptor.
  void abandon() const noexcept {
    if (attached_) attached_->connection.abandon();
  }

  static bool has_connection(const ProbeResult& result) {
    return result.connection != nullptr && static_cast<bool>(*result.connection);
  }

 private:
  /// What few results have. Its address stays the same when the result is moved.
  struct Attached {
    std::string banner;
    KeptConnection connection;
  };

  ProbeResult result_;
  std::optional<HostState> host_state_;
  bool accepts_all_ = false;
  bool banned_ = false;
  std::unique_ptr<Attached> attached_;
};

}  // namespace portloop
