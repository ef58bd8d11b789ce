#include "engine/suspect_hosts.hpp"

#include <utility>

namespace portloop {

void SuspectHosts::hold(const ProbeResult& result) { hosts_[result.endpoint.address].held.emplace_back(result); }

bool SuspectHosts::reading_ended(const ProbeResult& result) {
  const auto found = hosts_.find(result.endpoint.address);
  if (found == hosts_.end() || found->second.readings == 0) return true;
  Host& host = found->second;
  if (!host.is_decided) {
    host.held.emplace_back(result);
    --host.readings;
    return false;
  }
  --host.readings;
  const bool drop = host.reports_no_more;
  host.reports_no_more = host.accepts_all && stops_;
  forget_if_done(result.endpoint.address);
  if (drop) ++dropped_;
  return !drop;
}

void SuspectHosts::settle(const ProbePlan::HostFinding& finding) {
  const auto found = hosts_.find(finding.address);
  if (found == hosts_.end()) return;
  Host& host = found->second;
  host.is_decided = true;
  host.accepts_all = finding.accepts_all;
  for (StoredResult& result : host.held) {
    if (host.reports_no_more) {
      ++dropped_;
    } else {
      ready_.push_back(std::move(result));
    }
    host.reports_no_more = host.accepts_all && stops_;
  }
  host.held.clear();
  forget_if_done(finding.address);
}

void SuspectHosts::release_all() {
  for (auto& [address, host] : hosts_) {
    for (StoredResult& result : host.held) ready_.push_back(std::move(result));
    host.held.clear();
    host.is_decided = true;
  }
}

StoredResult SuspectHosts::take_ready() {
  StoredResult result = std::move(ready_.front());
  ready_.pop_front();
  return result;
}

void SuspectHosts::forget_if_done(const Address& address) {
  if (hosts_.at(address).readings == 0) hosts_.erase(address);
}

void SuspectHosts::abandon() noexcept {
  for (const auto& [address, host] : hosts_) {
    for (const StoredResult& result : host.held) result.abandon();
  }
  for (const StoredResult& result : ready_) result.abandon();
}

}  // namespace portloop
