// What was found out about the service behind an open port, by `portloop scan --identify`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace portloop {

/// What a TLS handshake showed. Nothing of it is verified: a certificate may have expired, belong to another host, or
/// be signed by anybody. All strings but `version`, the times and the fingerprint are raw bytes from the network; any
/// may be empty.
struct TlsFinding {
  bool starttls = false;           ///< The connection began in plain and went over to TLS (STARTTLS).
  std::string version;             ///< "TLSv1.3"; empty if the handshake failed before one was chosen.
  std::string alpn;                ///< What the server chose, such as "h2".
  std::string subject;             ///< As RFC 4514 writes it: "CN=web.example,O=Example".
  std::vector<std::string> names;  ///< The certificate's DNS names and IP addresses.
  std::string issuer;
  std::string not_before;  ///< RFC 3339, UTC, seconds.
  std::string not_after;
  std::string sha256;  ///< Of the certificate (DER): 64 hexadecimal digits.
  friend bool operator==(const TlsFinding&, const TlsFinding&) = default;
};

/// What an HTTP server answered to a GET of "/". The strings are raw bytes from the network; any may be empty.
struct HttpFinding {
  uint16_t status = 0;
  std::string server;
  std::string title;     ///< Of the HTML page, blanks collapsed.
  std::string location;  ///< Of a redirect.
  friend bool operator==(const HttpFinding&, const HttpFinding&) = default;
};

struct Finding {
  std::string protocol;  ///< Such as "http" or "ssh"; "tls" if nothing is known but that. Never empty.
  std::optional<TlsFinding> tls;
  std::optional<HttpFinding> http;
  std::string product;  ///< What the service calls itself; raw; empty if it does not.
  std::string version;  ///< The same.
  friend bool operator==(const Finding&, const Finding&) = default;
};

/// True if the protocol is spoken within TLS from the first byte.
bool is_within_tls(const Finding& finding);

/// As nmap writes it in one word: "http", or "ssl|http" if it is within TLS. Empty if the protocol is.
std::string tunnelled_protocol(const Finding& finding);

/// One short line for people, such as `https, nginx 1.22.1, "Welcome"`. Contains raw bytes from the network: escape it
/// like a banner.
std::string identified_text(const Finding& finding);

}  // namespace portloop
