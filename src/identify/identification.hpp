// Finds out what speaks on one open port.
//
// Happy path: start() with the connection of the scan, or without one; each step of steps_for() listens, asks, or makes
// a TLS handshake; the first reply that a parser recognises ends it, after a TLS handshake on the same connection if
// the protocol has STARTTLS: on_end is called, and result() has the finding.
//
// What goes wrong:
//   - nothing is recognised on any step: no finding; a banner, if the service sent one unasked
//   - the service is silent: each wait is bounded, and so is the number of connections
//   - it ends the connection: the next step; if it does so twice before it was asked anything, the end
//   - it refuses a new connection, or this machine can't make one: the end, with what is known by then
//   - it sends without end: 64 KiB of a connection are looked at
//   - it answers plain HTTP with a hint to HTTPS: the TLS step is next; if that fails, the plain answer counts
//   - a TLS handshake fails: the finding is "tls" with what was seen, if the server spoke TLS
//   - STARTTLS is not offered, or refused, or there is no TLS behind it: the finding has no TLS
//   - the memory is used up: no finding
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <uv.h>

#include "core/finding.hpp"
#include "core/probe_result.hpp"
#include "identify/connection.hpp"
#include "identify/probe.hpp"
#include "identify/tls_session.hpp"
#include "identify/tls_upgrade.hpp"

namespace portloop {

struct IdentifySettings {
  uint32_t timeout_ms = 5000;  ///< Maximum of each wait.
  bool printers = false;       ///< Whether is_printer_port() is asked like any other.
  SocketSettings sockets;
  TlsContext* tls = nullptr;  ///< nullptr: no TLS handshakes. Outlives everything that uses it.
};

struct IdentifyTarget {
  Endpoint endpoint;
  std::string host_name;  ///< For TLS and HTTP; empty: the address.
  uint64_t rtt_us = 0;
};

struct Identified {
  std::optional<Finding> finding;
  std::string banner;  ///< What the service sent unasked, raw, at most max_banner_bytes.
  static constexpr size_t max_banner_bytes = 512;
};

class Identification final : Connection::Events {
 public:
  /// `settings` outlives this object. `on_end` is called once, from the loop; it throws nothing, and may destroy this
  /// object.
  Identification(uv_loop_t* loop, const IdentifySettings& settings, IdentifyTarget target,
                 std::function<void()> on_end);

  /// Returns false if it has ended at once; then on_end is not called. Throws std::bad_alloc.
  bool start(KeptConnection socket);
  /// Valid once it has ended.
  const Identified& result() const { return result_; }
  const IdentifyTarget& target() const { return target_; }

 private:
  enum class Phase : uint8_t {
    connecting,   // on_connected() is next
    handshaking,  // of TLS
    listening,    // nothing has been sent
    asked,        // asked_ has been sent
    upgrading,    // a request of upgrade_ has been sent
  };

  void on_connected() override;
  void on_bytes(std::string_view bytes) override;
  void on_end(int error) override;
  void on_timeout() override;

  /// For callbacks from libuv, which no exception may reach.
  template <class Body>
  void guarded(Body body) noexcept;

  bool begin_step(KeptConnection socket);
  void begin_talk();
  void begin_handshake();
  void begin_listening();
  void ask(const Probe& probe);
  void send(std::string_view bytes);
  void flush_tls();
  void take_tls_bytes(std::string_view bytes);
  bool handshake_done();
  void handshake_failed();
  void take_bytes(std::string_view bytes);
  void judge(bool ended);
  void judge_unasked(bool ended);
  void accept(Finding finding);
  bool turn_to_tls();
  void next_upgrade_step();
  void judge_upgrade();
  void end_upgraded();
  void next_step();
  void end_with_tls_alone();
  void finish();
  void end();

  const IdentifyStep& step() const { return steps_[step_]; }
  uint64_t wait_ms(uint64_t base_ms) const;
  uint64_t reply_wait_ms() const;
  TlsSession::Offer offer() const;
  Greeted greeted() const { return {host_, target_.endpoint.port, tls_.has_value()}; }

  uv_loop_t* loop_;
  const IdentifySettings& settings_;
  const IdentifyTarget target_;
  std::string host_;  // as in a URL
  std::function<void()> on_end_;
  std::vector<IdentifyStep> steps_;
  size_t step_ = 0;
  size_t connections_ = 0;
  std::optional<Connection> connection_;  // none once the peer has ended it
  std::optional<TlsSession> tls_;
  Phase phase_ = Phase::connecting;
  const Probe* asked_ = nullptr;
  const TlsUpgrade* upgrade_ = nullptr;  // what is spoken is known; only a TLS handshake is left
  size_t upgrade_step_ = 0;
  std::string bytes_;  // plain, since the connection began or was asked
  size_t received_ = 0;
  TlsFinding tls_finding_;
  bool offer_http2_ = true;
  bool has_listened_ = false;  // on a plain connection, to its end: nobody speaks there unasked
  int closed_unasked_ = 0;
  Identified result_;
};

}  // namespace portloop
