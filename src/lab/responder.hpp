// All hosts of the simulated network: packets in, answers out when they are due. Packets and times are passed in, so
// tests need neither a device nor a clock.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

#include "lab/connections.hpp"
#include "lab/counters.hpp"
#include "lab/due_queue.hpp"
#include "lab/ethernet.hpp"
#include "lab/flow_table.hpp"
#include "lab/ground_truth.hpp"
#include "lab/packet.hpp"
#include "lab/profile.hpp"
#include "lab/sightings.hpp"
#include "lab/token_bucket.hpp"
#include "lab/unresolved_hosts.hpp"
#include "lab/uplink.hpp"

namespace portloop::lab {

/// The address of the host's router: .1 of its /24 (for IPv6, of its /120), or .254 if the host itself is .1.
Address router_of(const Address& host);

class Responder {
 public:
  static constexpr uint64_t never = UINT64_MAX;

  /// Borrows the profile. `luck_seed` determines packet loss and jitter, never which ports are open.
  Responder(const Profile& profile, uint64_t luck_seed);

  /// Takes one packet: IP, or ARP on an Ethernet link. `arrived_ns` may be in the past, but must never decrease.
  /// `broadcast` is true if its frame was addressed to more than one host.
  void receive(std::span<const uint8_t> packet, uint64_t arrived_ns, bool broadcast = false);

  /// The time at which the next answer or timer is due, or `never`.
  uint64_t next_due_ns() const;

  /// Runs the timers that are due and removes the next answer that is due; nullptr if there is none. The packet is
  /// valid until the next call of any member.
  const Packet* take_due(uint64_t now_ns);

  Counters& counters() { return counters_; }
  size_t connections() const { return connections_.size(); }

 private:
  enum class Direction : uint8_t { out, back };
  struct Arrival {
    const Segment& segment;
    std::span<const uint8_t> packet;
    HostTruth host;
    uint64_t now_ns;
    uint32_t seen_before;  ///< If a SYN: how many SYNs for the endpoint there were before.
  };
  struct HostState {
    uint64_t first_seen_ns = 0;
    uint32_t solicitations = 0;
    TokenBucket rsts;
    uint32_t syns = 0;            // since the host counts; only if it bans
    uint64_t banned_from_ns = 0;  // if more than Ban::after
  };
  struct Pending {
    Packet packet;
    uint64_t due_ns = 0;
    uint64_t tolerance_ns = 0;
    bool from_first_router = false;
  };

  uint64_t next_event_ns() const;
  void run_event(uint64_t event_ns, uint64_t now_ns);
  uint32_t count_syn(const Segment& syn, uint64_t now_ns);
  void on_last_hop(const Segment& segment, std::span<const uint8_t> packet, uint64_t now_ns);
  Address first_router(const Address& command) const;
  bool routed_out(const Segment& segment, uint64_t now_ns);
  bool routed_back(const Packet& packet, uint64_t now_ns);
  void deliver(const Segment& segment, std::span<const uint8_t> packet, uint64_t now_ns, uint32_t seen_before);
  void on_solicitation(const Solicitation& solicitation, uint64_t now_ns, bool broadcast);
  void on_syn(const Arrival& arrival);
  void on_segment(const Arrival& arrival);
  void on_stray_segment(const Arrival& arrival);
  void on_acknowledgement(Connection& connection, const Arrival& arrival);
  void on_data(Connection& connection, const Arrival& arrival);
  void on_timer(Connection& connection, uint64_t now_ns);
  bool on_handshake_reply(Connection& connection, const Arrival& arrival);

  void accept(const Arrival& arrival, const PortTruth& port);
  void refuse(const Arrival& arrival, const PortTruth& port);
  void report_unreachable(const Arrival& arrival, const PortTruth& port, uint64_t draw);
  void on_unresolved_host();
  void begin_speech(Connection& connection, uint64_t now_ns);
  void send_available(Connection& connection, uint64_t now_ns);
  void send_segment(Connection& connection, uint64_t now_ns, uint8_t flags, uint64_t position,
                    std::string_view payload);
  void send_syn_ack(Connection& connection, uint64_t now_ns);
  void arm(Connection& connection);
  void remove(Connection& connection);

  bool is_away(const Region& region, const Address& host, uint64_t now_ns);
  bool is_banned(const Arrival& arrival);
  bool rst_allowed(const Arrival& arrival);
  bool lost(Direction direction, const Region& region, const Address& host, uint64_t at_ns, uint64_t draw);
  uint64_t due_after(uint64_t now_ns, const Region& region, uint32_t rtt_us, const Address& host, uint64_t draw) const;
  Packet& queue(uint64_t due_ns, uint32_t rtt_us, bool from_first_router = false);
  Packet* queue_error(const HostTruth& host, const Address& about, const PortTruth& port, uint64_t now_ns,
                      uint64_t draw);
  HostState& host_state(const Address& host, uint64_t now_ns);

  const std::optional<EthernetLink>& link_;
  GroundTruth truth_;
  uint64_t luck_seed_;
  Counters counters_;
  uint64_t first_packet_ns_ = never;
  Sightings sightings_;
  std::optional<FlowTable> flows_;
  std::optional<Uplink> uplink_;
  Connections connections_;
  std::unordered_map<Address, HostState, AddressHash> host_states_;
  std::unordered_map<Address, TokenBucket, AddressHash> error_limits_;  // by sender of ICMP errors
  UnresolvedHosts unresolved_;
  DueQueue<ConnectionRef> timers_;
  DueQueue<uint32_t> answers_;
  std::deque<Pending> pending_;  // a deque never moves what it holds
  std::vector<uint32_t> free_pending_;
};

}  // namespace portloop::lab
