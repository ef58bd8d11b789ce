// What the simulated network has counted. portloop-lab prints it as its last line.
#pragma once

#include <array>
#include <cstdint>
#include <string>

namespace portloop::lab {

/// The maximum number of events in any 100 ms, measured with a window that moves in steps of 10 ms.
class PeakRate {
 public:
  void add(uint64_t now_ns);
  uint64_t per_second() const { return peak_ * windows_per_second; }

 private:
  static constexpr uint64_t step_ns = 10'000'000;
  static constexpr size_t steps = 10;
  static constexpr uint64_t windows_per_second = 10;
  std::array<uint32_t, steps> counts_{};
  uint64_t step_ = 0;
  uint64_t in_window_ = 0;
  uint64_t peak_ = 0;
};

struct Counters {
  uint64_t syns = 0;          ///< All SYNs without ACK.
  uint64_t syn_repeated = 0;  ///< Of those, SYNs for an (address, port) that had one before.
  uint64_t dropped = 0;  ///< Packets lost by the profile's `loss`, `outage` and `broadcast-loss`, in both directions.
  uint64_t rst_withheld = 0;       ///< RSTs that a host's limit suppressed.
  uint64_t hop_limit_reached = 0;  ///< Packets that went no further than the first router.
  uint64_t router_dropped = 0;     ///< Packets for which the router's table had no room, or no flow.
  uint64_t flows_evicted = 0;
  uint64_t peak_flows = 0;
  uint64_t uplink_dropped = 0;  ///< Packets that the queue of the uplink had no room for.
  uint64_t solicitations = 0;   ///< ARP requests and neighbour solicitations.
  uint64_t icmp_withheld = 0;   ///< ICMP errors that a sender's limit, or a router's queue, suppressed.
  uint64_t half_open = 0;       ///< Handshakes that currently wait for their last ACK.
  uint64_t peak_half_open = 0;
  PeakRate syn_rate;
  uint64_t packets_in = 0;  ///< Read from the device, including packets that aren't TCP.
  uint64_t packets_out = 0;
  uint64_t late = 0;            ///< Answers written more than 2 ms + a tenth of the RTT after they were due.
  uint64_t device_drops = 0;    ///< Packets that the device dropped because the lab read too slowly.
  uint64_t write_failures = 0;  ///< Answers that the kernel did not accept.

  /// True if the results may be limited by the lab rather than by the command: a packet was dropped on the way to the
  /// lab, an answer was not accepted, or more than one answer in 100 was late.
  bool bottleneck() const;
};

/// One line of JSON, with its newline.
std::string to_json(const Counters& counters);

}  // namespace portloop::lab
