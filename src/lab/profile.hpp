// A profile: the text that describes a simulated network, read into values. docs/lab.md describes the format.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/address.hpp"
#include "core/port_set.hpp"
#include "core/spec_error.hpp"

namespace portloop::lab {

/// How a SYN to something that is not open is answered.
enum class Refusal : uint8_t { rst, silence, net_unreachable, host_unreachable, port_unreachable, admin_prohibited };

/// What an open port does once the handshake is complete.
enum class Speech : uint8_t {
  nothing,  ///< acknowledges what comes, says nothing
  ssh,      ///< an SSH banner
  http,     ///< waits for a request, answers it and closes
  drip,     ///< one byte a second, without end
  hostile,  ///< bytes that attack a terminal, a parser, a spreadsheet
  reset,    ///< a RST as soon as the handshake is complete
};

struct Prefix {
  Address first;
  unsigned bits = 0;
  bool contains(const Address& address) const;
};

/// A share of some ports. Lists of rules are read from the top, the first that applies wins.
struct OpenRule {
  PortSet ports;
  double share = 1;  ///< Of the (address, port) pairs that the rule covers, 0-1.
  Speech speech = Speech::nothing;
};

struct ClosedRule {
  PortSet ports;
  double share = 1;
  Refusal refusal = Refusal::rst;
};

/// The addresses of some prefixes, and how they behave.
struct Region {
  std::vector<Prefix> prefixes;
  uint32_t rtt_low_us = 0;
  uint32_t rtt_high_us = 0;            ///< Equal to rtt_low_us where every host has the same.
  unsigned rtt_shared_bits = 0;        ///< Low bits of the address that don't change the RTT: 8 for "by /24".
  uint32_t jitter_us = 0;              ///< 0 to this much is added to each answer's RTT.
  double loss_out = 0;                 ///< Of packets towards the hosts, 0-1.
  double loss_back = 0;                ///< Of packets from the hosts, 0-1.
  double exists = 1;                   ///< Share of addresses that have a host, 0-1.
  Refusal missing = Refusal::silence;  ///< What a SYN to an address without a host meets; never rst.
  std::vector<OpenRule> open;
  std::vector<ClosedRule> closed;  ///< A port that no rule covers answers with a RST.
  uint32_t rst_per_second = 0;     ///< 0: no limit.
  uint32_t rst_burst = 0;          ///< How many a host may send at once; at least 1 where there is a limit.
  uint64_t gone_at_us = 0;         ///< After the first packet to the host; 0: never.
  uint64_t back_at_us = 0;         ///< After the first packet to the host; 0: never.
};

struct Profile {
  std::string name;
  std::string about;            ///< One line for `--list`.
  std::string target;           ///< A suggestion for `--list`, such as "10.0.1.1 -p 1-65535".
  uint64_t seed = 1;            ///< Decides which hosts exist, what is open, and each RTT.
  std::vector<Region> regions;  ///< The first that contains an address decides.
};

/// Reads a profile. The error says NAME:LINE, quotes the word at fault and says what is accepted there.
Parsed<Profile> parse_profile(std::string_view name, std::string_view text);

}  // namespace portloop::lab
