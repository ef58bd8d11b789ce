// The ground truth: which hosts of a profile exist, and what each of their ports does. A pure function of the profile's
// seed, the address and the port, used both by the simulated network and by `--truth`.
#pragma once

#include <cstdint>

#include "core/address.hpp"
#include "core/probe_result.hpp"
#include "lab/profile.hpp"

namespace portloop::lab {

struct HostTruth {
  const Region* region = nullptr;  ///< nullptr if no prefix contains the address: then nothing ever answers.
  bool own = false;                ///< The command's own address: its kernel answers, without the network.
  bool on_link = false;            ///< Reached directly: a host that is absent answers neither ARP nor anything else.
  bool exists = false;
  bool accepts_all = false;  ///< Each of its ports is open.
  bool broadcast = false;    ///< The broadcast address of the command's own link: nothing can connect to it.
  uint32_t rtt_us = 0;       ///< Without jitter.
};

struct PortTruth {
  bool open = false;
  Speech speech = Speech::nothing;     ///< If open.
  Refusal refusal = Refusal::silence;  ///< If not open.
  ErrorLimit limit = {};               ///< If the refusal is an ICMP error.
};

class GroundTruth {
 public:
  /// Borrows the profile.
  explicit GroundTruth(const Profile& profile) : profile_(profile) {}

  HostTruth host(const Address& address) const;
  /// `host` must be host(address).
  PortTruth port(const HostTruth& host, const Address& address, uint16_t port) const;

 private:
  HostTruth in_region(const Address& address) const;

  const Profile& profile_;
};

/// The result of a scanner that makes no mistakes.
PortState state_of(const PortTruth& port);
Reason reason_of(const PortTruth& port);

}  // namespace portloop::lab
