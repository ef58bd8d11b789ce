// A TLS handshake in memory: bytes in, bytes out. It verifies nothing: it is there to see what a server shows.
//
// Happy path: take_output() has the ClientHello; receive() what comes back, until the state is established; then send()
// and receive() carry plain text.
//
// What goes wrong:
//   - portloop is built without OpenSSL: TlsContext::create() returns nullptr
//   - the server refuses, or speaks something else: the state is failed; spoke_tls() tells which, and finding() has the
//     certificate if it came before that
//   - a certificate chain of more than 64 KiB: the handshake fails
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "core/finding.hpp"

namespace portloop {

/// What all handshakes share. Made before the process gives up the right to read files: OpenSSL reads its
/// configuration.
class TlsContext {
 public:
  /// nullptr if portloop is built without OpenSSL, or OpenSSL can't be used.
  static std::unique_ptr<TlsContext> create();
  ~TlsContext();
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

 private:
  friend class TlsSession;
  struct Parts;
  explicit TlsContext(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

class TlsSession {
 public:
  enum class State { handshaking, established, ended, failed };

  /// What ALPN (RFC 7301) offers. Servers of other protocols may refuse a client that offers HTTP.
  enum class Offer { nothing, http1, http2_or_http1 };

  /// `server_name`: sent to the server (RFC 6066, 3), unless it is empty. `context` outlives this object.
  TlsSession(TlsContext& context, const std::string& server_name, Offer offer);
  ~TlsSession();
  TlsSession(const TlsSession&) = delete;
  TlsSession& operator=(const TlsSession&) = delete;

  /// Appends what it decrypts to `plain`.
  State receive(std::string_view bytes, std::string& plain);
  void send(std::string_view plain);
  /// What has to be sent to the server now.
  std::string take_output();

  State state() const;
  /// True once the server has sent a TLS record.
  bool spoke_tls() const;
  /// What is known so far.
  TlsFinding finding() const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace portloop
