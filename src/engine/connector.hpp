// How a slot makes its connect: the interface between the scanner and the platform's sockets.
//
// connector_epoll is the fast one, on Linux; connector_uv uses libuv alone and works everywhere. Tests use a scripted
// one.
#pragma once

#include <cerrno>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include <uv.h>

#include "core/classify.hpp"
#include "core/target_set.hpp"
#include "engine/loop_turn.hpp"
#include "sockets/socket_settings.hpp"

namespace portloop {

/// Called on the loop's thread, never inside Connector::start().
class ConnectorEvents {
 public:
  /// The slot's connect has ended; with EALREADY only if there is an ICMP error. The slot keeps its socket until
  /// release().
  virtual void on_outcome(uint32_t slot, const ConnectOutcome& outcome) = 0;
  /// The outcomes of this turn of the loop have been reported. `more_wait`: more are ready, for the next turn.
  virtual void on_batch_end(bool more_wait) = 0;
  /// Whether there is work queued for the next turn of the loop, such as connects that are still to be made.
  virtual bool has_queued_turn() const { return false; }

 protected:
  ~ConnectorEvents() = default;
};

/// Not thread-safe: each loop has its own. Slots are small numbers chosen by the caller.
class Connector {
 public:
  /// After reporting outcomes for this long, a connector lets the loop's other handles run.
  static constexpr uint64_t max_batch_us = 250;

  virtual ~Connector() = default;

  /// Sets up what the slots share. On error (a negative libuv code) nothing is left behind.
  virtual int open(uv_loop_t* loop, ConnectorEvents* events) = 0;

  /// The number of values that kind_of() may return.
  static constexpr uint32_t kinds = 4;
  /// It is cheaper to reuse a slot for a probe of the same kind.
  virtual uint32_t kind_of(const Endpoint& endpoint) const = 0;

  /// Whether the system has a route to the address now, and a source address for it. Sends nothing.
  virtual bool has_route(const Address& address) const = 0;

  /// Starts a connect in a free slot. Returns its outcome if it is known at once; otherwise on_outcome() reports it.
  /// May throw std::bad_alloc; then the slot is free.
  virtual std::optional<ConnectOutcome> start(uint32_t slot, const Endpoint& endpoint) = 0;

  /// Whether start_to_first_hop() may be called.
  virtual bool can_limit_hops() const { return false; }
  /// As start(), but what is sent ends at the first router, which reports that (is_time_exceeded()).
  virtual std::optional<ConnectOutcome> start_to_first_hop(uint32_t, const Endpoint&) {
    return ConnectOutcome::of_call(EOPNOTSUPP);
  }

  /// Returns the outcome if the connect has ended, or EALREADY.
  virtual ConnectOutcome poll(uint32_t slot) = 0;

  enum class Keep : uint8_t {
    socket,   ///< The socket may serve the next probe: the port was open, closed or silent.
    nothing,  ///< Something unusual happened: close the socket.
  };
  /// Ends the slot's connect, whatever its state, and frees the slot. on_outcome() is not called for it any more.
  virtual void release(uint32_t slot, Keep keep) = 0;

  /// Gives away an open slot's connection: returns its descriptor, which is non-blocking and close-on-exec, or a
  /// negative libuv code. Frees the slot, also on error.
  virtual int detach(uint32_t slot) = 0;

  /// Whether its handles keep the loop alive. They do by default.
  virtual void set_referenced(bool referenced) = 0;

  /// Closes everything and then calls `on_closed` from the loop. Every slot must be free.
  virtual void close(std::function<void()> on_closed) = 0;

  /// In a child process, where every socket is shared with the parent: closes the descriptors, and does nothing that
  /// the parent's connects would notice. Every slot is free then, and only release() and close() may be called.
  virtual void abandon() noexcept = 0;
};

enum class ConnectorKind : uint8_t { fastest, portable };

/// `turn` outlives the connector. Of loopback, it chooses source addresses that are not in `targets`, unless the
/// settings have one.
std::unique_ptr<Connector> make_connector(ConnectorKind kind, const TargetSet& targets, LoopTurn& turn,
                                          const SocketSettings& settings = {});

/// Puts a connector around that of loop number `loop`, counted from 0, to observe it. Called before the loop runs.
using ConnectorWrapper = std::function<std::unique_ptr<Connector>(std::unique_ptr<Connector>, uint32_t loop)>;

}  // namespace portloop
