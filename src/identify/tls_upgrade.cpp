// SMTP (RFC 3207), FTP (RFC 4217), IMAP (RFC 9051, 6.2.1), POP3 (RFC 2595, 4), NNTP (RFC 4642), LDAP (RFC 4511, 4.14),
// XMPP (RFC 6120, 5.4), PostgreSQL (its manual, "SSL Session Encryption"), MySQL (its manual,
// "Protocol::SSLRequest").
#include "identify/tls_upgrade.hpp"

#include <array>

#include "identify/byte_literal.hpp"
#include "identify/byte_reader.hpp"
#include "identify/product_text.hpp"

namespace portloop {
namespace {

/// Removes the first line and returns it with its end; empty if there is no whole line.
std::string_view take_line(std::string_view& bytes) {
  const size_t end = bytes.find('\n');
  if (end == std::string_view::npos) return {};
  const std::string_view line = bytes.substr(0, end + 1);
  bytes.remove_prefix(end + 1);
  return line;
}

/// For protocols whose replies end with a line "250 text" after lines "250-text" (RFC 5321, 4.2.1; RFC 959, 4.2).
/// Skips the lines of a greeting (220) that are still arriving. `accepts` is called with the lines of the reply.
template <class Accepts>
UpgradeReply parse_coded_reply(std::string_view bytes, bool skip_greeting, Accepts accepts) {
  const char* begin = bytes.data();
  for (std::string_view line = take_line(bytes); !line.empty(); line = take_line(bytes)) {
    const bool ends_reply = line.size() > 3 && line[3] != '-' && line[0] >= '1' && line[0] <= '5';
    if (!ends_reply) continue;
    if (!skip_greeting || !line.starts_with("220")) {
      const std::string_view reply(begin, static_cast<size_t>(bytes.data() - begin));
      return accepts(reply, line) ? UpgradeReply::accepted : UpgradeReply::refused;
    }
    begin = bytes.data();
  }
  return UpgradeReply::more;
}

/// A reply of one line.
UpgradeReply parse_line(std::string_view bytes, std::string_view accepted) {
  const std::string_view line = take_line(bytes);
  if (line.empty()) return UpgradeReply::more;
  return line.starts_with(accepted) ? UpgradeReply::accepted : UpgradeReply::refused;
}

UpgradeReply parse_ehlo(std::string_view bytes) {
  return parse_coded_reply(bytes, true, [](std::string_view reply, std::string_view last) {
    return last.starts_with("250") && contains_ignoring_case(reply, "STARTTLS");
  });
}

UpgradeReply parse_smtp_ready(std::string_view bytes) {
  return parse_coded_reply(bytes, false,
                           [](std::string_view, std::string_view last) { return last.starts_with("220"); });
}

UpgradeReply parse_auth_tls(std::string_view bytes) {
  return parse_coded_reply(bytes, true,
                           [](std::string_view, std::string_view last) { return last.starts_with("234"); });
}

/// The line with our tag, after untagged ones.
UpgradeReply parse_imap_reply(std::string_view bytes) {
  for (std::string_view line = take_line(bytes); !line.empty(); line = take_line(bytes)) {
    if (!line.starts_with("s ")) continue;
    return line.starts_with("s OK") ? UpgradeReply::accepted : UpgradeReply::refused;
  }
  return UpgradeReply::more;
}

UpgradeReply parse_pop3_reply(std::string_view bytes) { return parse_line(bytes, "+OK"); }

UpgradeReply parse_nntp_reply(std::string_view bytes) { return parse_line(bytes, "382"); }

UpgradeReply parse_proceed(std::string_view bytes) {
  if (bytes.find("<proceed") != std::string_view::npos) {
    return bytes.ends_with('>') ? UpgradeReply::accepted : UpgradeReply::more;
  }
  const bool refused =
      bytes.find("<failure") != std::string_view::npos || bytes.find("</stream:stream>") != std::string_view::npos;
  return refused ? UpgradeReply::refused : UpgradeReply::more;
}

/// A sequence with the message's number and an extended response ([APPLICATION 24]) that begins with its result code.
UpgradeReply parse_ldap_response(std::string_view bytes) {
  constexpr uint8_t sequence = 0x30, integer = 0x02, extended_response = 0x78, enumerated = 0x0a, long_form = 0x80;
  ByteReader reader(bytes);
  // A length is one byte, or the number of bytes that have it (X.690, 8.1.3).
  const auto take_header = [&reader](uint8_t tag) {
    if (reader.u8() != tag) return false;
    const uint8_t length = reader.u8();
    if (length & long_form) reader.skip(length & 0x7f);
    return true;
  };
  bool valid = take_header(sequence) && take_header(integer);
  const uint8_t message = reader.u8();
  valid = valid && take_header(extended_response) && take_header(enumerated);
  const uint8_t code = reader.u8();
  if (reader.failed()) return UpgradeReply::more;
  return valid && message == 2 && code == 0 ? UpgradeReply::accepted : UpgradeReply::refused;
}

bool postgres_has_tls(std::string_view bytes) { return bytes == "S"; }

/// The capabilities follow the version, the connection's number, and eight bytes of a challenge with a zero.
bool mysql_has_tls(std::string_view bytes) {
  constexpr size_t packet_header = 4, handshake_v10 = 1, number_and_challenge = 4 + 8 + 1;
  constexpr unsigned client_ssl_high_byte = 0x08;
  if (bytes.size() <= packet_header + handshake_v10 || bytes[packet_header] != 10) return false;
  const size_t version_end = bytes.find('\0', packet_header + handshake_v10);
  if (version_end == std::string_view::npos) return false;
  const size_t capabilities = version_end + 1 + number_and_challenge;
  return bytes.size() >= capabilities + 2 && (static_cast<uint8_t>(bytes[capabilities + 1]) & client_ssl_high_byte);
}

constexpr auto smtp_steps =
    std::to_array<UpgradeStep>({{"EHLO portloop\r\n", parse_ehlo}, {"STARTTLS\r\n", parse_smtp_ready}});
constexpr auto ftp_steps = std::to_array<UpgradeStep>({{"AUTH TLS\r\n", parse_auth_tls}});
constexpr auto imap_steps = std::to_array<UpgradeStep>({{"s STARTTLS\r\n", parse_imap_reply}});
constexpr auto pop3_steps = std::to_array<UpgradeStep>({{"STLS\r\n", parse_pop3_reply}});
constexpr auto nntp_steps = std::to_array<UpgradeStep>({{"STARTTLS\r\n", parse_nntp_reply}});
constexpr auto xmpp_steps =
    std::to_array<UpgradeStep>({{"<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>", parse_proceed}});
/// Message 2, an extended request for the object identifier of StartTLS.
constexpr auto ldap_steps = std::to_array<UpgradeStep>({{bytes_of("0\x1d\x02\x01\x02w\x18\x80\x16"
                                                                  "1.3.6.1.4.1.1466.20037"),
                                                         parse_ldap_response}});
/// Packet 1: CLIENT_SSL, CLIENT_PROTOCOL_41 and CLIENT_SECURE_CONNECTION, packets of up to 16 MiB, utf8mb4.
constexpr auto mysql_steps = std::to_array<UpgradeStep>({{bytes_of("\x20\0\0\x01\0\x8a\0\0\0\0\0\x01\x2d"
                                                                   "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"),
                                                          nullptr}});

constexpr auto upgrades = std::to_array<TlsUpgrade>({
    {"smtp", nullptr, smtp_steps},
    {"ftp", nullptr, ftp_steps},
    {"imap", nullptr, imap_steps},
    {"pop3", nullptr, pop3_steps},
    {"nntp", nullptr, nntp_steps},
    {"xmpp", nullptr, xmpp_steps},
    {"ldap", nullptr, ldap_steps},
    {"postgresql", postgres_has_tls, {}},
    {"mysql", mysql_has_tls, mysql_steps},
});

}  // namespace

const TlsUpgrade* find_tls_upgrade(const Finding& finding, std::string_view bytes) {
  for (const TlsUpgrade& upgrade : upgrades) {
    if (upgrade.protocol != finding.protocol) continue;
    return upgrade.offered == nullptr || upgrade.offered(bytes) ? &upgrade : nullptr;
  }
  return nullptr;
}

}  // namespace portloop
