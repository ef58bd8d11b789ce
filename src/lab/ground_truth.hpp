// The right answer: which hosts of a profile exist, and what each port of them does. A pure function of the
// profile's seed, the address and the port; the network that answers and `--truth` both ask it.
#pragma once

#include <cstdint>

#include "core/address.hpp"
#include "core/probe_result.hpp"
#include "lab/profile.hpp"

namespace portloop::lab {

struct HostTruth {
  const Region* region = nullptr;  ///< Null where no prefix has the address: nothing ever answers.
  bool exists = false;
  uint32_t rtt_us = 0;  ///< Without jitter.
};

struct PortTruth {
  bool open = false;
  Speech speech = Speech::nothing;     ///< Where open.
  Refusal refusal = Refusal::silence;  ///< Where not open.
};

class GroundTruth {
 public:
  /// Borrows the profile, which must outlive this.
  explicit GroundTruth(const Profile& profile) : profile_(profile) {}

  HostTruth host(const Address& address) const;
  /// `host` is host(address).
  PortTruth port(const HostTruth& host, const Address& address, uint16_t port) const;

 private:
  const Profile& profile_;
};

/// What a scanner that errs in nothing says about a port.
PortState state_of(const PortTruth& port);
Reason reason_of(const PortTruth& port);

}  // namespace portloop::lab
