// AMQP (AMQP 0-9-1 specification; AMQP 1.0, 2.2), MQTT (MQTT 3.1.1), XMPP (RFC 6120).
#include "identify/byte_reader.hpp"
#include "identify/parsers.hpp"

namespace portloop {
namespace {

/// Skips a value of a field table (AMQP 0-9-1, 4.2.1, with the types that RabbitMQ documents). Returns false if its
/// type is not known.
bool skip_value(ByteReader& reader, char type) {
  switch (type) {
    case 't':
    case 'b':
    case 'B': reader.skip(1); return true;
    case 's':
    case 'u':
    case 'U': reader.skip(2); return true;
    case 'I':
    case 'i':
    case 'f': reader.skip(4); return true;
    case 'D': reader.skip(5); return true;
    case 'l':
    case 'L':
    case 'd':
    case 'T': reader.skip(8); return true;
    case 'S':
    case 'F':
    case 'A':
    case 'x': reader.skip(reader.u32()); return true;
    case 'V': return true;
    default: return false;
  }
}

/// The server's properties in connection.start.
void read_properties(std::string_view table, Finding& finding) {
  ByteReader reader(table);
  while (!reader.rest().empty() && !reader.failed()) {
    const std::string_view name = reader.take(reader.u8());
    const char type = static_cast<char>(reader.u8());
    if (type == 'S' && (name == "product" || name == "version")) {
      const std::string_view text = reader.take(reader.u32());
      if (!reader.failed()) (name == "product" ? finding.product : finding.version) = limited(text);
    } else if (!skip_value(reader, type)) {
      return;
    }
  }
}

}  // namespace

/// connection.start, or a protocol header of the version that the server speaks.
Match parse_amqp(const Reply& reply, Finding& finding) {
  constexpr std::string_view header = "AMQP";
  constexpr uint8_t method_frame = 1;
  if (reply.bytes.size() < 8) return reply.ended ? Match::no : Match::more;
  if (reply.bytes.starts_with(header)) {
    finding.protocol = "amqp";
    return Match::yes;
  }
  ByteReader reader(reply.bytes);
  const uint8_t type = reader.u8();
  const uint16_t channel = reader.u16();
  const uint32_t size = reader.u32();
  if (type != method_frame || channel != 0 || size < 10 || size > max_http_bytes) return Match::no;
  if (reader.rest().size() < size) return reply.ended ? Match::no : Match::more;
  const uint16_t class_id = reader.u16(), method_id = reader.u16();
  if (class_id != 10 || method_id != 10) return Match::no;
  reader.skip(2);  // the version
  finding.protocol = "amqp";
  read_properties(reader.take(reader.u32()), finding);
  return Match::yes;
}

/// MQTT 3.1.1, 3.2: CONNACK.
Match parse_mqtt(const Reply& reply, Finding& finding) {
  if (reply.bytes.size() < 4) return reply.ended ? Match::no : Match::more;
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(reply.bytes[i]); };
  if (byte(0) != 0x20 || byte(1) != 2 || byte(2) > 1 || byte(3) > 5) return Match::no;
  finding.protocol = "mqtt";
  return Match::yes;
}

/// RFC 6120, 4.7: a stream header.
Match parse_xmpp(const Reply& reply, Finding& finding) {
  if (reply.bytes.empty()) return reply.ended ? Match::no : Match::more;
  if (reply.bytes[0] != '<') return Match::no;
  if (reply.bytes.find("http://etherx.jabber.org/streams") == std::string_view::npos)
    return reply.ended || reply.bytes.size() > 4096 ? Match::no : Match::more;
  finding.protocol = "xmpp";
  return Match::yes;
}

}  // namespace portloop
