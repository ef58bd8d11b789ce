// How a slot makes its connect: the seam between the scanner and the platform's sockets.
//
// connector_epoll is the fast one on Linux; connector_uv is made of nothing but libuv and works everywhere.
// A test puts a scripted network here.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include <uv.h>

#include "core/classify.hpp"
#include "core/target_set.hpp"

namespace portloop {

/// What a connector tells whoever owns the slots. Always from the loop's thread, never from inside start().
class ConnectorEvents {
 public:
  /// The slot's connect has ended; EALREADY only with an ICMP error. The slot holds its socket until release().
  virtual void on_outcome(uint32_t slot, const ConnectOutcome& outcome) = 0;
  /// The outcomes of this turn of the loop have been told; `more_wait`: but not all that there were.
  virtual void on_batch_end(bool more_wait) = 0;

 protected:
  ~ConnectorEvents() = default;
};

/// Not thread-safe: one for each loop. Slots are small numbers, given by the caller.
class Connector {
 public:
  /// After so long the loop's other handles have their turn: outcomes that are left are told in the next one.
  static constexpr uint64_t max_batch_us = 250;

  virtual ~Connector() = default;

  /// Sets up what is shared by the slots. On error (a negative libuv code) nothing is left behind.
  virtual int open(uv_loop_t* loop, ConnectorEvents* events) = 0;

  /// Slots that were last used for the same kind are cheaper to use again: 0 to 3.
  virtual uint32_t kind_of(const Endpoint& endpoint) const = 0;

  /// Begins a connect; an outcome where it is known at once, else on_outcome() will tell. The slot is free.
  /// May throw std::bad_alloc; then the slot is as after release().
  virtual std::optional<ConnectOutcome> start(uint32_t slot, const Endpoint& endpoint) = 0;

  /// A late timer asks whether the answer is there already: the outcome, or EALREADY.
  virtual ConnectOutcome ask(uint32_t slot) = 0;

  /// Ends the slot's connect, whatever its state; on_outcome() will not speak of it again.
  enum class Keep : uint8_t {
    socket,   ///< It may serve the next probe: it was refused, open, or silent.
    nothing,  ///< Anything odd happened on it.
  };
  virtual void release(uint32_t slot, Keep keep) = 0;

  /// Hands the connection of an open slot over, for its banner: `tcp` has been initialised on the loop and
  /// owns the connection afterwards. The slot is as after release().
  virtual int hand_over(uint32_t slot, uv_tcp_t* tcp) = 0;

  /// Whether its handles keep the loop alive; they do by default.
  virtual void set_referenced(bool referenced) = 0;

  /// Closes everything; `on_closed` is called from the loop when nothing is left. Every slot is released.
  virtual void close(std::function<void()> on_closed) = 0;
};

/// Which connector a scan uses.
enum class ConnectorKind : uint8_t { fastest, portable };

/// `targets` outlives the connector: source addresses are chosen outside it.
std::unique_ptr<Connector> make_connector(ConnectorKind kind, const TargetSet& targets);

}  // namespace portloop
