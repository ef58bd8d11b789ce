// DNS (RFC 1035), LDAP (RFC 4511), SMB (MS-SMB2), ONC RPC (RFC 5531, RFC 1833), git (gitprotocol-pack(5)), SOCKS (RFC
// 1928), OpenVPN (the protocol description in its sources, ssl_pkt.h).
#include <array>

#include "identify/byte_reader.hpp"
#include "identify/parsers.hpp"
#include "identify/probe.hpp"
#include "identify/product_text.hpp"

namespace portloop {
namespace {

/// RFC 1035, 4.1.4.
void skip_name(ByteReader& reader) {
  while (!reader.failed()) {
    const uint8_t length = reader.u8();
    if (length == 0) return;
    if (length >= 0xc0) return reader.skip(1);
    reader.skip(length);
  }
}

/// The first TXT record of the answer; empty if there is none.
std::string_view text_record(ByteReader reader, uint16_t questions, uint16_t answers) {
  constexpr uint16_t type_txt = 16;
  for (uint16_t i = 0; i < questions && !reader.failed(); ++i) {
    skip_name(reader);
    reader.skip(4);
  }
  for (uint16_t i = 0; i < answers && !reader.failed(); ++i) {
    skip_name(reader);
    const uint16_t type = reader.u16();
    reader.skip(6);
    ByteReader data(reader.take(reader.u16()));
    const std::string_view text = data.take(data.u8());
    if (type == type_txt && !data.failed()) return text;
  }
  return {};
}

}  // namespace

/// The reply to the question for version.bind (RFC 4892), over TCP (RFC 7766).
Match parse_dns(const Reply& reply, Finding& finding) {
  constexpr uint16_t is_response = 0x8000;
  ByteReader reader(reply.bytes);
  const uint16_t length = reader.u16();
  if (reader.failed() || reader.rest().size() < length) return reply.ended ? Match::no : Match::more;
  ByteReader message(reader.take(length));
  const uint16_t id = message.u16(), flags = message.u16(), questions = message.u16(), answers = message.u16();
  message.skip(4);
  if (message.failed() || id != dns_question_id || (flags & is_response) == 0) return Match::no;
  finding.protocol = "dns";
  split_product(text_record(message, questions, answers), "- ", finding);
  return Match::yes;
}

/// RFC 4511, 4.1.1: a message, whose operation is the response to a bind, or a notice of disconnection (4.4.1).
Match parse_ldap(const Reply& reply, Finding& finding) {
  constexpr uint8_t sequence = 0x30, integer = 0x02, bind_response = 0x61, extended_response = 0x78;
  if (reply.bytes.size() < 14) return reply.ended ? Match::no : Match::more;
  ByteReader reader(reply.bytes);
  if (reader.u8() != sequence) return Match::no;
  if (const uint8_t length = reader.u8(); length >= 0x80) reader.skip(length & 0x7fU);
  if (reader.u8() != integer || reader.u8() != 1) return Match::no;
  const uint8_t id = reader.u8(), operation = reader.u8();
  const bool fits = (id == 1 && operation == bind_response) || (id == 0 && operation == extended_response);
  if (reader.failed() || !fits) return Match::no;
  finding.protocol = "ldap";
  return Match::yes;
}

/// MS-SMB2 2.2.4: the response to a negotiation, in NetBIOS's framing (MS-SMB2 2.1). Old servers answer as SMB 1.
Match parse_smb(const Reply& reply, Finding& finding) {
  constexpr std::string_view smb2 = "\xfeSMB", smb1 = "\xffSMB";
  if (reply.bytes.size() < 8) return reply.ended ? Match::no : Match::more;
  if (reply.bytes[0] != 0) return Match::no;
  const std::string_view message = reply.bytes.substr(4);
  if (message.starts_with(smb1)) {
    finding.protocol = "smb";
    finding.version.assign(1, '1');
    return Match::yes;
  }
  if (!message.starts_with(smb2)) return Match::no;
  constexpr size_t header_bytes = 64, dialect_at = header_bytes + 4;
  if (message.size() < dialect_at + 2) return reply.ended ? Match::no : Match::more;
  const unsigned dialect = static_cast<uint8_t>(message[dialect_at]) |
                           static_cast<unsigned>(static_cast<uint8_t>(message[dialect_at + 1])) << 8;
  finding.protocol = "smb";
  struct Dialect {
    unsigned number;
    std::string_view name;
  };
  constexpr auto dialects = std::to_array<Dialect>(
      {{0x0202, "2.0.2"}, {0x0210, "2.1"}, {0x0300, "3.0"}, {0x0302, "3.0.2"}, {0x0311, "3.1.1"}});
  for (const Dialect& known : dialects) {
    if (known.number == dialect) finding.version = known.name;
  }
  return Match::yes;
}

/// RFC 5531, 9: a reply to our call, in a record of its own (11).
Match parse_rpcbind(const Reply& reply, Finding& finding) {
  constexpr uint32_t is_reply = 1;
  ByteReader reader(reply.bytes);
  reader.skip(4);
  const uint32_t id = reader.u32(), kind = reader.u32();
  if (reader.failed()) return reply.ended ? Match::no : Match::more;
  if (id != rpc_call_id || kind != is_reply) return Match::no;
  finding.protocol = "rpcbind";
  return Match::yes;
}

/// gitprotocol-pack(5): the repository that we ask for does not exist: a packet "ERR ...".
Match parse_git(const Reply& reply, Finding& finding) {
  if (reply.bytes.size() < 8) return reply.ended ? Match::no : Match::more;
  const bool has_length = reply.bytes.substr(0, 4).find_first_not_of("0123456789abcdef") == std::string_view::npos;
  if (!has_length || reply.bytes.substr(4, 4) != "ERR ") return Match::no;
  finding.protocol = "git";
  return Match::yes;
}

/// RFC 1928, 3: version 5, and the method that the server selects; 0xff: none.
Match parse_socks(const Reply& reply, Finding& finding) {
  if (reply.bytes.size() < 2) return reply.ended ? Match::no : Match::more;
  const auto method = static_cast<uint8_t>(reply.bytes[1]);
  if (reply.bytes.size() != 2 || reply.bytes[0] != 5 || (method != 0 && method != 0xff)) return Match::no;
  finding.protocol = "socks";
  finding.version.assign(1, '5');
  return Match::yes;
}

/// P_CONTROL_HARD_RESET_SERVER_V2, behind the length that each packet has over TCP.
Match parse_openvpn(const Reply& reply, Finding& finding) {
  constexpr uint8_t hard_reset_server_v2 = 8 << 3;
  ByteReader reader(reply.bytes);
  const uint16_t length = reader.u16();
  const uint8_t operation = reader.u8();
  if (reader.failed()) return reply.ended ? Match::no : Match::more;
  if (length < 14 || length > 200 || operation != hard_reset_server_v2) return Match::no;
  finding.protocol = "openvpn";
  return Match::yes;
}

}  // namespace portloop
