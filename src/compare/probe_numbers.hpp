// The number of a probe, in address and port order, by its endpoint.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/port_set.hpp"
#include "core/probe_result.hpp"
#include "core/target_set.hpp"

namespace portloop::compare {

/// Immutable, so safe to read from any thread. The targets must outlive it.
class ProbeNumbers {
 public:
  ProbeNumbers(const TargetSet& targets, const PortSet& ports)
      : targets_(targets), ports_(ports.size()), port_number_(65'536) {
    for (uint32_t i = 0; i < ports_; ++i) port_number_[ports.at(i)] = i;
  }

  /// Returns nullopt if the address is not a target. The port must be one of the ports.
  std::optional<uint64_t> of(const Endpoint& endpoint) const {
    const auto host = targets_.index_of(endpoint.address);
    if (!host) return std::nullopt;
    return *host * ports_ + port_number_[endpoint.port];
  }

 private:
  const TargetSet& targets_;
  uint32_t ports_;
  std::vector<uint32_t> port_number_;
};

}  // namespace portloop::compare
