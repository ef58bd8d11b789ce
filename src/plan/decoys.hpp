// Whether a host accepts connections on ports where nobody listens. Decoys are random ports that are asked in addition
// to those of the scan, when the first open port of a host is found.
//
// Happy path: begin() at the first open port. next() returns the decoys to ask, two at first; ended() takes the outcome
// of each. If one is refused, the host is an ordinary one. If both are accepted, three more are asked, and if all five
// are, the host accepts everything.
//
// What goes wrong:
//   - a decoy is silent, or can't be asked: that decides nothing, and another one is asked
//   - none of four is answered, as behind a firewall that drops: the host is an ordinary one
//   - some are accepted and many are silent: after nine the host is taken for an ordinary one
//   - the path is lost: give_up()
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "core/port_set.hpp"

namespace portloop {

struct DecoyOptions {
  std::shared_ptr<const PortSet> ports;  ///< From which decoys are drawn; at least Decoys::min_ports.
  uint64_t seed = 0;
  bool stop = false;  ///< A host that accepts everything is asked no more.
};

enum class DecoyOutcome : uint8_t {
  accepted,
  refused,  ///< By the host or the path.
  silent,   ///< Or it could not be asked.
};

/// Not thread-safe.
class Decoys {
 public:
  /// With fewer, an ordinary host could have all of them open.
  static constexpr uint32_t min_ports = 1024;
  /// So many are accepted before a host is said to accept everything.
  static constexpr uint32_t accepted_to_be_sure = 5;

  /// A host, by its block and its number in it.
  struct Suspect {
    uint32_t block;
    uint32_t host;
    bool operator==(const Suspect&) const = default;
  };
  struct Decoy {
    Suspect of;
    uint16_t port;
  };
  enum class Decision : uint8_t { none, ordinary, accepts_all };

  explicit Decoys(DecoyOptions options) : options_(std::move(options)) {}

  bool stops() const { return options_.stop; }

  /// `target`: the host's number, which its ports are drawn by.
  void begin(const Suspect& host, uint64_t target);
  /// Whether next() returns one.
  bool any_due() const { return !due_.empty(); }
  /// The decoy to ask now.
  std::optional<Decoy> next();
  /// A decoy of the host has ended. The host is forgotten with the first decision; what ends later returns none.
  Decision ended(const Suspect& host, DecoyOutcome outcome);
  /// Forgets all hosts and returns them: nothing can be found out about them any more.
  std::vector<Suspect> give_up();

 private:
  struct Count {
    uint64_t target = 0;
    uint8_t asked = 0;
    uint8_t in_flight = 0;
    uint8_t accepted = 0;
    uint8_t due = 0;  // entries in due_
  };

  static uint64_t key_of(const Suspect& host) { return uint64_t{host.block} << 32 | host.host; }
  uint16_t port_of(const Count& count) const;
  void want_more(uint64_t key, Count& count);

  DecoyOptions options_;
  std::unordered_map<uint64_t, Count> counts_;  // by key_of()
  std::vector<uint64_t> due_;                   // keys; of hosts that are decided, too
};

}  // namespace portloop
