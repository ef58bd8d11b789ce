// SSH (RFC 4253), telnet (RFC 854), VNC (RFC 6143), RDP (MS-RDPBCGR), X11 (X Window System Protocol, 8).
#include <algorithm>

#include "identify/byte_reader.hpp"
#include "identify/parsers.hpp"
#include "identify/product_text.hpp"

namespace portloop {

/// RFC 4253, 4.2: "SSH-2.0-OpenSSH_9.2p1 Debian-2", perhaps after other lines.
Match parse_ssh(const Reply& reply, Finding& finding) {
  constexpr std::string_view begin = "SSH-";
  if (!reply.bytes.starts_with(begin) && reply.bytes.find("\nSSH-") == std::string_view::npos)
    return begin.starts_with(reply.bytes) && !reply.ended ? Match::more : Match::no;
  std::string_view line = reply.bytes;
  if (!line.starts_with(begin)) line.remove_prefix(line.find("\nSSH-") + 1);
  if (line.find('\n') == std::string_view::npos && !reply.ended) return Match::more;
  line = first_line(line);
  line.remove_prefix(begin.size());
  const size_t software = line.find('-');
  if (software == std::string_view::npos || line.find_first_not_of("0123456789.") != software) return Match::no;
  finding.protocol = "ssh";
  split_product(line.substr(software + 1, line.find(' ') - software - 1), "_-", finding);
  return Match::yes;
}

/// RFC 854: IAC, then WILL, WON'T, DO or DON'T and an option.
Match parse_telnet(const Reply& reply, Finding& finding) {
  constexpr char iac = '\xff';
  if (reply.bytes.empty() || reply.bytes[0] != iac)
    return reply.bytes.empty() && !reply.ended ? Match::more : Match::no;
  if (reply.bytes.size() < 3) return reply.ended ? Match::no : Match::more;
  const auto command = static_cast<uint8_t>(reply.bytes[1]);
  if (command < 250 || command > 254) return Match::no;
  finding.protocol = "telnet";
  return Match::yes;
}

/// RFC 6143, 7.1.1: "RFB 003.008\n".
Match parse_vnc(const Reply& reply, Finding& finding) {
  constexpr std::string_view begin = "RFB ";
  constexpr size_t length = 12;
  if (!reply.bytes.starts_with(begin.substr(0, reply.bytes.size()))) return Match::no;
  if (reply.bytes.size() < length) return reply.ended ? Match::no : Match::more;
  const std::string_view version = reply.bytes.substr(4, 7);
  if (version[3] != '.' || version.find_first_not_of("0123456789.") != std::string_view::npos) return Match::no;
  const auto number = [](std::string_view digits) {
    digits.remove_prefix(std::min(digits.find_first_not_of('0'), digits.size() - 1));
    return std::string(digits);
  };
  finding.protocol = "vnc";
  finding.version = number(version.substr(0, 3)) + '.' + number(version.substr(4));
  return Match::yes;
}

/// MS-RDPBCGR 2.2.1.2: a TPKT (RFC 1006) with an X.224 connection confirm.
Match parse_rdp(const Reply& reply, Finding& finding) {
  constexpr uint8_t tpkt_version = 3, connection_confirm = 0xd0;
  if (reply.bytes.size() < 11) return reply.ended ? Match::no : Match::more;
  ByteReader reader(reply.bytes);
  const uint8_t version = reader.u8(), reserved = reader.u8();
  const uint16_t length = reader.u16();
  const uint8_t header_length = reader.u8();
  if (version != tpkt_version || reserved != 0 || length < 11 || header_length + 5U != length ||
      reader.u8() != connection_confirm)
    return Match::no;
  finding.protocol = "rdp";
  return Match::yes;
}

/// X Window System Protocol, 8, "Connection Setup", asked with little-endian numbers: Failed, Success or Authenticate.
Match parse_x11(const Reply& reply, Finding& finding) {
  if (reply.bytes.size() < 8) return reply.ended ? Match::no : Match::more;
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(reply.bytes[i]); };
  constexpr uint8_t authenticate = 2;
  if (byte(0) > authenticate) return Match::no;
  if (byte(0) != authenticate && (byte(2) != 11 || byte(3) != 0)) return Match::no;
  finding.protocol = "x11";
  return Match::yes;
}

}  // namespace portloop
