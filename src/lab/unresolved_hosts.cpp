#include "lab/unresolved_hosts.hpp"

#include <utility>

namespace portloop::lab {

WaitingError& UnresolvedHosts::add(const Address& address, uint64_t fails_ns, bool& replaced) {
  auto [found, is_new] = waiting_.try_emplace(address);
  std::deque<WaitingError>& errors = found->second;
  if (is_new) failures_.add(fails_ns, address);
  replaced = errors.size() == max_waiting;
  if (replaced) errors.pop_front();
  return errors.emplace_back();
}

UnresolvedHosts::Failed UnresolvedHosts::take() {
  const uint64_t at_ns = failures_.earliest_ns();
  const auto found = waiting_.find(failures_.take());
  Failed failed{found->first, at_ns, std::move(found->second)};
  waiting_.erase(found);
  return failed;
}

}  // namespace portloop::lab
