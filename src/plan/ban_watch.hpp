// Whether a host has begun to refuse us: intrusion prevention that bans an address answers every connect with a RST, or
// with an ICMP error, and so makes open ports look closed or filtered.
//
// Happy path: accepted() for each open port. From then on the answers that a ban could have sent are held: hold(). When
// enough are held, and at the end of the block, an open port is asked once more, which is called a proof: take_due().
// If it is accepted, all that was answered before it was sent is right, and take_released() returns it, one by one. Of
// a host without an open port only ICMP errors are held, and a closed port, which a ban would not let refuse, proves
// them.
//
// What goes wrong:
//   - the proof is refused: the server may have stopped, or limit its clients, so the host is a suspect, and another
//     port is asked. If it answers as before, the first one is forgotten, and nothing else happens. If all are refused,
//     and one is still a second later, the host has banned us: what is held and was answered in the same manner is
//     unknown
//   - the proof is silent: a port may have a limit of its own, and a host or path that is away is no matter of this
//     class. After three in a row nothing can be proven, and the results are released as they are
//   - the host is lost: host_lost()
//   - too much is held in all: the proof comes early
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/probe_result.hpp"
#include "plan/host_watch.hpp"

namespace portloop {

/// Not thread-safe.
class BanWatch {
 public:
  /// A proof is sent when this many results are held, then twice as many, and so on. Connections to open ports are
  /// logged, and limited.
  static constexpr uint32_t first_proof_at = 128;
  /// With fewer at the end, the results are released without a proof, which would be too much of the scan.
  static constexpr uint32_t min_held_for_proof = 16;
  /// Of all hosts together. Beyond that a proof is sent for each that has min_held_for_proof.
  static constexpr uint32_t max_held = 1U << 17;

  /// A host, by its block and its number in it.
  struct Key {
    uint32_t block;
    uint32_t host;
    bool operator==(const Key&) const = default;
  };
  /// A result that waits for a proof.
  struct Held {
    uint64_t answered_us;
    uint32_t probe;
    uint32_t rtt_us;
    uint8_t attempts;
    Reason reason;  ///< Reason::banned after a ban.
  };
  struct Released {
    Key of;
    Held result;
  };

  /// Whether a ban may answer like this. A router far from the host reports other errors.
  static bool may_be_ban(Reason reason) {
    return reason == Reason::conn_refused || reason == Reason::port_unreach || reason == Reason::admin_prohibited;
  }

  /// A fresh ask of a port, sent at `sent_us`, was accepted.
  void accepted(const Key& key, uint32_t probe, uint64_t sent_us);
  /// A fresh ask was refused, by the port or the path. Returns whether the result is held, and so will be returned by
  /// take_released(). `closed`: a closed port of the host, or Host::no_probe.
  bool hold(const Key& key, const Held& result, uint32_t closed);
  /// A port that has accepted or refused before was asked again at `sent_us`. `reason`: what it answered now.
  void answered_again(const Key& key, uint32_t probe, Reason reason, uint64_t sent_us, uint64_t now_us);
  /// A proof was answered: answered_again() follows.
  void proof_answered(const Key& key);
  /// A proof had no answer.
  void silent(const Key& key, uint64_t now_us);
  /// A proof was not made. It is due again at `again_us`.
  void withdrawn(const Key& key, uint64_t again_us);

  /// Sends a proof for each host of the block that has enough held results, and releases those of the others. Returns
  /// whether any result of the block is held or not returned yet.
  bool finish(uint32_t block, const HostWatch& hosts);
  /// The host is lost for another reason.
  void host_lost(const Key& key);
  /// The block has ended.
  void forget(uint32_t block);

  /// UINT64_MAX if no proof is due before something else happens.
  uint64_t next_due_us() const { return due_.empty() ? UINT64_MAX : due_.begin()->first; }
  struct Proof {
    Key of;
    uint32_t probe;  ///< The port to ask.
  };
  /// The proof to send now. One of a host is in flight at a time.
  std::optional<Proof> take_due(uint64_t now_us);
  bool any_released() const { return !released_.empty(); }
  /// Precondition: any_released().
  Released take_released();
  /// A host that has banned us, once.
  std::optional<Key> take_ban();
  /// Whether a proof of the host was refused, and it is not decided yet.
  bool is_suspect(const Key& key) const;

 private:
  enum class Verdict : uint8_t { none, unprovable, banned };
  struct Watched {
    std::vector<Held> held;
    uint32_t released = 0;  // of them, from the front
    uint32_t returned = 0;  // of those
    uint32_t next_proof_at = first_proof_at;
    uint32_t closed = Host::no_probe;   // a closed port
    std::array<uint32_t, 4> open{};     // open ports
    std::array<uint32_t, 5> refused{};  // of these ports and the closed one, those that made it a suspect
    uint8_t refused_count = 0;
    uint8_t open_count = 0;   // of them
    uint8_t turn = 0;         // which of them is asked next
    uint8_t silent = 0;       // proofs in a row
    uint8_t withdrawals = 0;  // likewise
    bool proof_in_flight = false;
    bool is_due = false;  // it has an entry in due_
    Verdict verdict = Verdict::none;
    Reason refusal = Reason::syn_ack;  // the first one, or that of the ban
    uint64_t suspected_us = 0;         // when the first one came
    uint64_t last_proof_us = 0;        // when the last connect that proved something was sent

    bool is_suspect() const { return refused_count > 0; }
    uint32_t unproven() const { return static_cast<uint32_t>(held.size()) - released; }
    bool is_open(uint32_t probe) const;
    void add_open(uint32_t probe);
    void remove_open(uint32_t probe);
    bool may_be_limited() const;
    bool has_refused(uint32_t probe) const;
    void add_refused(uint32_t probe);
    uint32_t other_port() const;
    uint32_t next_port();
  };
  struct BlockState {
    uint32_t held = 0;  // or not returned yet
    bool is_finishing = false;
  };

  static uint64_t key_of(const Key& key) { return uint64_t{key.block} << 32 | key.host; }
  static Key key_from(uint64_t key) { return {static_cast<uint32_t>(key >> 32), static_cast<uint32_t>(key)}; }

  Watched* find(const Key& key);
  void want_proof(uint64_t key, Watched& host, uint64_t at_us);
  void want_next_look(uint64_t key, Watched& host, uint64_t now_us);
  void cannot_be_proved(uint64_t key, Watched& host);
  void end_suspicion(Watched& host);
  void finish_host(uint64_t key, Watched& host);
  void finish_if_due(const Key& key, Watched& host);
  void proved(uint64_t key, Watched& host, uint32_t probe, uint64_t sent_us);
  void refused(uint64_t key, Watched& host, uint32_t probe, Reason reason, uint64_t sent_us, uint64_t now_us);
  void ban(uint64_t key, Watched& host, Reason reason);
  void release(uint64_t key, Watched& host, uint32_t count);

  std::map<uint64_t, Watched> hosts_;                // by key_of()
  std::set<std::pair<uint64_t, uint64_t>> due_;      // when, and the key of a host that wants a proof
  std::vector<uint64_t> released_;                   // keys of hosts that have results to return
  std::vector<uint64_t> bans_;                       // for take_ban()
  std::unordered_map<uint32_t, BlockState> blocks_;  // by place
  uint32_t suspects_ = 0;
  uint64_t total_ = 0;  // results that are held or not returned yet
};

}  // namespace portloop
