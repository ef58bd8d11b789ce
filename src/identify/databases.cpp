// MySQL (its "Client/Server Protocol" manual), PostgreSQL (its manual, "Frontend/Backend Protocol"), Redis (its
// "serialization protocol specification"), memcached (protocol.txt in its sources), MongoDB (its "Wire Protocol"
// manual).
#include "identify/byte_reader.hpp"
#include "identify/parsers.hpp"
#include "identify/product_text.hpp"

namespace portloop {
namespace {

/// "10.11.6" of "5.5.5-10.11.6-MariaDB-1": MariaDB has the prefix for the replication of old MySQL servers.
void split_mysql_version(std::string_view version, Finding& finding) {
  const bool is_mariadb = contains_ignoring_case(version, "MariaDB");
  constexpr std::string_view prefix = "5.5.5-";
  if (is_mariadb && version.starts_with(prefix)) version.remove_prefix(prefix.size());
  finding.product = is_mariadb ? "MariaDB" : "MySQL";
  finding.version = limited(version.substr(0, version.find('-')));
}

}  // namespace

/// Protocol::HandshakeV10, or an ERR_Packet for hosts that may not connect.
Match parse_mysql(const Reply& reply, Finding& finding) {
  constexpr uint8_t handshake_v10 = 10, error_packet = 0xff;
  if (reply.bytes.size() < 5) return reply.ended ? Match::no : Match::more;
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(reply.bytes[i]); };
  const size_t length = byte(0) | static_cast<size_t>(byte(1)) << 8 | static_cast<size_t>(byte(2)) << 16;
  const uint8_t sequence = byte(3), kind = byte(4);
  if (sequence != 0 || length < 4 || length > 4096 || (kind != handshake_v10 && kind != error_packet)) return Match::no;
  if (reply.bytes.size() < 4 + length) return reply.ended ? Match::no : Match::more;
  const std::string_view payload = reply.bytes.substr(5, length - 1);
  if (kind == error_packet) {
    const unsigned code = byte(5) | static_cast<unsigned>(byte(6)) << 8;
    if (code < 1000 || code > 5000) return Match::no;
    finding.protocol = "mysql";
    find_product(payload, {"MariaDB", "MySQL"}, finding);
    return Match::yes;
  }
  const size_t end = payload.find('\0');
  if (end == 0 || end == std::string_view::npos || payload.size() < end + 1 + 4 + 8) return Match::no;
  finding.protocol = "mysql";
  split_mysql_version(payload.substr(0, end), finding);
  return Match::yes;
}

/// The reply to SSLRequest: S or N; E begins an error message of servers before 7.1, or of those with no room left.
Match parse_postgres(const Reply& reply, Finding& finding) {
  if (reply.bytes.empty()) return reply.ended ? Match::no : Match::more;
  const char kind = reply.bytes[0];
  const bool is_answer = (kind == 'S' || kind == 'N') && reply.bytes.size() == 1;
  if (!is_answer) {
    if (kind != 'E') return Match::no;
    ByteReader reader(reply.bytes.substr(1));
    const uint32_t length = reader.u32();
    if (reader.failed()) return reply.ended ? Match::no : Match::more;
    if (length < 8 || length > 30'000 || !(reader.rest().empty() || reader.rest()[0] == 'S')) return Match::no;
  }
  finding.protocol = "postgresql";
  return Match::yes;
}

/// The reply to INFO: a bulk string with "redis_version:7.0.15", or an error: "-NOAUTH ...".
Match parse_redis(const Reply& reply, Finding& finding) {
  if (reply.bytes.empty()) return reply.ended ? Match::no : Match::more;
  const bool whole_line = reply.bytes.find('\n') != std::string_view::npos;
  if (reply.bytes[0] != '$' && reply.bytes[0] != '-' && reply.bytes[0] != '+') return Match::no;
  if (!whole_line) return reply.ended ? Match::no : Match::more;
  if (reply.bytes[0] == '-') {
    for (const std::string_view error : {"-NOAUTH ", "-NOPERM ", "-DENIED Redis", "-ERR unknown command", "-LOADING ",
                                         "-MISCONF ", "-ERR wrong number of arguments"}) {
      if (!reply.bytes.starts_with(error)) continue;
      finding.protocol = "redis";
      return Match::yes;
    }
    return Match::no;
  }
  constexpr std::string_view field = "redis_version:";
  const size_t at = reply.bytes.find(field);
  if (at == std::string_view::npos) return reply.bytes[0] == '+' || reply.ended ? Match::no : Match::more;
  const std::string_view rest = reply.bytes.substr(at + field.size());
  if (rest.find('\n') == std::string_view::npos && !reply.ended) return Match::more;
  finding.protocol = "redis";
  finding.product = "Redis";
  finding.version = limited(first_line(rest));
  return Match::yes;
}

/// "VERSION 1.6.18".
Match parse_memcached(const Reply& reply, Finding& finding) {
  constexpr std::string_view begin = "VERSION ";
  if (!reply.bytes.starts_with(begin.substr(0, reply.bytes.size()))) return Match::no;
  if (reply.bytes.find('\n') == std::string_view::npos) return reply.ended ? Match::no : Match::more;
  if (reply.bytes.size() < begin.size()) return Match::no;
  finding.protocol = "memcached";
  finding.product = "memcached";
  finding.version = limited(first_line(reply.bytes.substr(begin.size())));
  return Match::yes;
}

/// The reply to {buildInfo: 1}: an OP_MSG, or an OP_REPLY of old servers. Its BSON has a string "version".
Match parse_mongodb(const Reply& reply, Finding& finding) {
  constexpr uint32_t op_reply = 1, op_msg = 2013, max_length = 48'000'000;
  ByteReader reader(reply.bytes);
  const uint32_t length = reader.u32_little_endian();
  reader.skip(8);
  const uint32_t operation = reader.u32_little_endian();
  if (reader.failed()) return reply.ended ? Match::no : Match::more;
  if (length < 21 || length > max_length || (operation != op_reply && operation != op_msg)) return Match::no;
  const bool whole = reply.bytes.size() >= length || reply.bytes.size() >= max_http_bytes;
  if (!whole && !reply.ended) return Match::more;
  finding.protocol = "mongodb";
  constexpr std::string_view element("\x02version\0", 9);
  const size_t at = reply.bytes.find(element);
  if (at == std::string_view::npos) return Match::yes;
  ByteReader value(reply.bytes.substr(at + element.size()));
  const uint32_t size = value.u32_little_endian();
  const std::string_view version = size > 0 ? value.take(size - 1) : std::string_view{};
  if (value.failed() || version.empty()) return Match::yes;
  finding.product = "MongoDB";
  finding.version = limited(version);
  return Match::yes;
}

}  // namespace portloop
