// A profile: the description of a simulated network, parsed from text. docs/lab.md defines the format.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/address.hpp"
#include "core/port_set.hpp"
#include "core/spec_error.hpp"
#include "lab/ethernet_link.hpp"

namespace portloop::lab {

/// The answer to a SYN for a port that is not open.
enum class Refusal : uint8_t { rst, silence, net_unreachable, host_unreachable, port_unreachable, admin_prohibited };

/// What an open port does once the handshake is complete.
enum class Speech : uint8_t {
  nothing,  ///< acknowledges data and sends none
  ssh,      ///< an SSH banner
  http,     ///< waits for a request, answers it and closes
  drip,     ///< one byte a second, for ever
  hostile,  ///< bytes that attack a terminal, a parser, a spreadsheet
  reset,    ///< a RST as soon as the handshake is complete
};

struct Prefix {
  Address first;
  unsigned bits = 0;
  bool contains(const Address& address) const;
};

/// Opens a share of some ports. In a list of rules, the first one that applies is used.
struct OpenRule {
  PortSet ports;
  double share = 1;  ///< Of the (address, port) pairs that the rule covers, 0-1.
  Speech speech = Speech::nothing;
};

/// The limit of ICMP errors of one sender, as Linux's icmp_ratelimit.
struct ErrorLimit {
  uint32_t per_second = 0;  ///< 0: no limit.
  uint32_t burst = 6;       ///< How many can be sent at once: XRLIM_BURST_FACTOR of net/ipv4/icmp.c.
};

struct ClosedRule {
  PortSet ports;
  double share = 1;
  Refusal refusal = Refusal::rst;
  ErrorLimit limit = {};  ///< If the refusal is an ICMP error.
};

/// Losses in bursts: one burst in each period, at a time that the seed of packet loss determines.
struct Bursts {
  uint64_t length_us = 0;
  uint64_t period_us = 0;
};

/// A host that prevents intrusions. It counts SYNs, whatever became of them.
struct Ban {
  uint32_t after = 0;   ///< So many are answered as ever.
  uint64_t for_us = 0;  ///< From the first one that is not. Then the host counts from 0 again; 0: it never ends.
  Refusal refusal = Refusal::rst;
  ErrorLimit limit = {};  ///< If the refusal is an ICMP error.
};

/// Counted from the first packet that the network sees.
struct Outage {
  uint64_t from_us = 0;
  uint64_t for_us = 0;  ///< 0: for good.
};

/// The addresses of some prefixes, and their behaviour.
struct Region {
  std::vector<Prefix> prefixes;
  uint32_t rtt_low_us = 0;
  uint32_t rtt_high_us = 0;      ///< Equal to rtt_low_us if all hosts have the same.
  unsigned rtt_shared_bits = 0;  ///< Low bits of the address that don't change the RTT: 8 for "by /24".
  uint32_t jitter_us = 0;        ///< From 0 to this much is added to the RTT of each answer.
  double loss_out = 0;           ///< Of packets towards the hosts, 0-1.
  double loss_back = 0;          ///< Of packets from the hosts, 0-1.
  std::optional<Bursts> bursts;
  std::optional<Outage> outage;
  double exists = 1;                   ///< Share of addresses that have a host, 0-1.
  Refusal missing = Refusal::silence;  ///< The answer to a SYN for an address without a host; never rst.
  uint32_t missing_after_us = 0;       ///< How long the router looks for the host before it answers.
  ErrorLimit missing_limit;
  double accepts_all = 0;  ///< Share of the hosts that accept connections on every port, 0-1.
  Speech accepts_all_speech = Speech::nothing;
  std::vector<OpenRule> open;
  std::vector<ClosedRule> closed;  ///< A port that no rule covers answers with a RST.
  uint32_t rst_per_second = 0;     ///< 0: no limit.
  uint32_t rst_burst = 0;          ///< How many RSTs a host can send at once; at least 1 if there is a limit.
  std::optional<Ban> ban;          ///< Of each host.
  uint64_t gone_at_us = 0;         ///< After the first packet to the host; 0: never.
  uint64_t back_at_us = 0;         ///< After the first packet to the host; 0: never.
};

/// The command's way out: a packet takes 1 / packets_per_second, and waits for those before it.
struct UplinkLimit {
  uint32_t packets_per_second = 1;
  uint64_t queue_us = 0;  ///< A packet that would wait longer is dropped.
};

/// The connection table of a router on the command's way out.
struct RouterLimit {
  uint32_t flows = 1;
  uint64_t hold_us = 0;  ///< After the last packet of a flow that is not established.
  bool evicts = false;   ///< A new flow replaces the oldest unreplied one; otherwise it is dropped.
};

struct Profile {
  std::string name;
  std::string about;                 ///< One line for `--list`.
  std::string target;                ///< A suggestion for `--list`, such as "10.0.1.1 -p 1-65535".
  uint64_t seed = 1;                 ///< Determines which hosts exist, which ports are open, and each RTT.
  std::optional<EthernetLink> link;  ///< Otherwise the command's link is point-to-point, without neighbours.
  std::optional<UplinkLimit> uplink;
  std::optional<RouterLimit> router;
  std::vector<Region> regions;  ///< The first one that contains an address applies to it.
};

/// Parses a profile. The error begins with NAME:LINE, quotes the word at fault and lists what is accepted.
Parsed<Profile> parse_profile(std::string_view name, std::string_view text);

}  // namespace portloop::lab
