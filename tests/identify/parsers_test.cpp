#include "identify/parsers.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "core/finding_json.hpp"
#include "identify/probe.hpp"

using namespace portloop;

namespace {

template <size_t size>
std::string bytes(const char (&literal)[size]) {
  return {literal, size - 1};
}

struct Sample {
  ReplyParser parse;
  std::string reply;
  uint16_t port;
  std::string json;  // of the finding
};

std::vector<Sample> samples() {
  const std::string smb2 =
      bytes("\0\0\0\x80\xfeSMB") + std::string(60, '\0') + bytes("\x41\0\x01\0\x02\x03") + std::string(58, '\0');
  return {
      {parse_ssh, "SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n", 22,
       R"({"protocol":"ssh","product":"OpenSSH","version":"9.2p1"})"},
      {parse_ssh, "Go away\r\nSSH-2.0-dropbear_2022.83\n", 22,
       R"({"protocol":"ssh","product":"dropbear","version":"2022.83"})"},
      {parse_ssh, "SSH-2.0-Go\r\n", 22, R"({"protocol":"ssh","product":"Go"})"},
      {parse_telnet, "\xff\xfd\x18\xff\xfd\x20", 23, R"({"protocol":"telnet"})"},
      {parse_vnc, "RFB 003.008\n", 5900, R"({"protocol":"vnc","version":"3.8"})"},
      {parse_rdp, bytes("\x03\0\0\x13\x0e\xd0\0\0\x12\x34\0\x02\x1f\x08\0\x02\0\0\0"), 3389, R"({"protocol":"rdp"})"},
      {parse_x11, bytes("\0\x0f\x0b\0\0\0\x04\0Go away"), 6000, R"({"protocol":"x11"})"},
      {parse_smtp_or_ftp, "220 mail.example ESMTP Postfix (Debian/GNU)\r\n", 25,
       R"({"protocol":"smtp","product":"Postfix"})"},
      {parse_smtp_or_ftp, "220-mail ESMTP Exim 4.96 Thu\r\n220 x\r\n", 2000,
       R"({"protocol":"smtp","product":"Exim","version":"4.96"})"},
      {parse_smtp_or_ftp, "220 mail.example\r\n", 587, R"({"protocol":"smtp"})"},
      {parse_smtp_or_ftp, "554 no\r\n", 25, R"({"protocol":"smtp"})"},
      {parse_smtp_or_ftp, "220 (vsFTPd 3.0.3)\r\n", 2000, R"({"protocol":"ftp","product":"vsFTPd","version":"3.0.3"})"},
      {parse_smtp_or_ftp, "220 ready\r\n", 21, R"({"protocol":"ftp"})"},
      {parse_ehlo_reply, "250-mail.example\r\n250 SIZE\r\n", 2000, R"({"protocol":"smtp"})"},
      {parse_ehlo_reply, "530 Please login\r\n", 2000, R"({"protocol":"ftp"})"},
      {parse_pop3, "+OK Dovecot (Debian) ready.\r\n", 110, R"({"protocol":"pop3","product":"Dovecot"})"},
      {parse_imap, "* OK [CAPABILITY IMAP4rev1] Dovecot ready.\r\n", 143, R"({"protocol":"imap","product":"Dovecot"})"},
      {parse_nntp, "200 news.example InterNetNews NNRP server ready\r\n", 2000, R"({"protocol":"nntp"})"},
      {parse_irc, ":irc.example NOTICE * :*** Looking up your hostname\r\n", 6667, R"({"protocol":"irc"})"},
      {parse_irc, ":irc.example 451 * :Connection not registered\r\n", 6667, R"({"protocol":"irc"})"},
      {parse_rsync, "@RSYNCD: 31.0 sha512 md5\n", 873, R"({"protocol":"rsync","version":"31.0"})"},
      {parse_http,
       "HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\nContent-Type: text/html\r\n\r\n<html><TITLE>\n A\n  page </title>",
       80,
       R"({"protocol":"http","http":{"status":200,"server":"nginx/1.22.1","title":"A page"},"product":"nginx","version":"1.22.1"})"},
      {parse_http, "HTTP/1.0 302 Found\nlocation: /in\n\n<body>", 80,
       R"({"protocol":"http","http":{"status":302,"location":"/in"}})"},
      {parse_http,
       "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n<title>ab\r\n9;x=y\r\nc</title>\r\n0\r\n\r\n", 80,
       R"({"protocol":"http","http":{"status":200,"title":"abc"}})"},
      {parse_http, "HTTP/1.1 200 OK\r\nServer: Apache Tomcat\r\nContent-Type: application/json\r\n\r\n{", 80,
       R"({"protocol":"http","http":{"status":200,"server":"Apache Tomcat"},"product":"Apache","version":"Tomcat"})"},
      {parse_http,
       "HTTP/1.0 200 OK\r\n\r\nIt looks like you are trying to access MongoDB over HTTP on the native driver port.",
       27017, R"({"protocol":"mongodb"})"},
      {parse_http, "RTSP/1.0 400 Bad Request\r\nServer: GStreamer/1.22\r\n\r\n", 554,
       R"({"protocol":"rtsp","product":"GStreamer","version":"1.22"})"},
      {parse_mysql,
       bytes("\x4a\0\0\0\x0a"
             "5.5.5-10.11.6-MariaDB-0+deb12u1\0") +
           std::string(42, 'x'),
       3306, R"({"protocol":"mysql","product":"MariaDB","version":"10.11.6"})"},
      {parse_mysql,
       bytes("\x4a\0\0\0\x0a"
             "8.0.36\0") +
           std::string(67, 'x'),
       3306, R"({"protocol":"mysql","product":"MySQL","version":"8.0.36"})"},
      {parse_mysql, bytes("\x2d\0\0\0\xff\x6a\x04Host 'x' is not allowed to use MariaDB xyz"), 3306,
       R"({"protocol":"mysql","product":"MariaDB"})"},
      {parse_postgres, "S", 5432, R"({"protocol":"postgresql"})"},
      {parse_postgres, "N", 5432, R"({"protocol":"postgresql"})"},
      {parse_postgres, bytes("E\0\0\0\x20SFATAL\0C53300\0Mtoo many\0\0"), 5432, R"({"protocol":"postgresql"})"},
      {parse_redis, "$40\r\n# Server\r\nredis_version:7.0.15\r\nos:x\r\n", 6379,
       R"({"protocol":"redis","product":"Redis","version":"7.0.15"})"},
      {parse_redis, "-NOAUTH Authentication required.\r\n", 6379, R"({"protocol":"redis"})"},
      {parse_memcached, "VERSION 1.6.18\r\n", 11211,
       R"({"protocol":"memcached","product":"memcached","version":"1.6.18"})"},
      {parse_mongodb,
       bytes("\x2d\0\0\0\x01\0\0\0lp\0\0\xdd\x07\0\0\0\0\0\0\0\x18\0\0\0\x02version\0\x06\0\0\0"
             "7.0.5\0\0"),
       27017, R"({"protocol":"mongodb","product":"MongoDB","version":"7.0.5"})"},
      {parse_amqp,
       bytes("\x01\0\0\0\0\0\x2f\0\x0a\0\x0a\0\x09\0\0\0\x25\x07productS\0\0\0\x08RabbitMQ\x07versionS\0\0\0\x03"
             "3.9"),
       5672, R"({"protocol":"amqp","product":"RabbitMQ","version":"3.9"})"},
      {parse_amqp, bytes("AMQP\0\x01\0\0"), 5672, R"({"protocol":"amqp"})"},
      {parse_mqtt, bytes("\x20\x02\0\x05"), 1883, R"({"protocol":"mqtt"})"},
      {parse_xmpp, "<?xml version='1.0'?><stream:stream xmlns:stream='http://etherx.jabber.org/streams'>", 5222,
       R"({"protocol":"xmpp"})"},
      {parse_ldap, bytes("0\x0c\x02\x01\x01\x61\x07\x0a\x01\0\x04\0\x04\0"), 389, R"({"protocol":"ldap"})"},
      {parse_smb, smb2, 445, R"({"protocol":"smb","version":"3.0.2"})"},
      {parse_rpcbind, bytes("\x80\0\0\x18plpl\0\0\0\x01") + std::string(16, '\0'), 111, R"({"protocol":"rpcbind"})"},
      {parse_git, "0017ERR access denied: /", 9418, R"({"protocol":"git"})"},
      {parse_socks, bytes("\x05\xff"), 1080, R"({"protocol":"socks","version":"5"})"},
      {parse_openvpn, bytes("\0\x1a\x40") + std::string(25, 'x'), 1194, R"({"protocol":"openvpn"})"},
  };
}

/// The DNS message with its true length in front.
std::string dns_reply(const std::string& text) {
  std::string message = bytes(
      "pl\x84\0\0\x01\0\x01\0\0\0\0\x07version\x04"
      "bind\0\0\x10\0\x03\xc0\x0c\0\x10\0\x03\0\0\0\0\0");
  message += static_cast<char>(text.size() + 1);
  message += static_cast<char>(text.size());
  message += text;
  return std::string(1, '\0') + static_cast<char>(message.size()) + message;
}

std::string json_of(const Finding& finding) {
  std::string json;
  append_finding_json(json, finding);
  return json;
}

}  // namespace

TEST_CASE("replies of services are recognised, whole and byte by byte") {
  for (const Sample& sample : samples()) {
    CAPTURE(sample.reply);
    Finding finding;
    REQUIRE(sample.parse({sample.reply, true, sample.port}, finding) == Match::yes);
    CHECK(json_of(finding) == sample.json);
    // No beginning of it is refused, and none but the end of a line settles anything else.
    const size_t start = sample.reply.find("SSH-") + 1 > 1 ? sample.reply.size() : 0;  // not behind other lines
    for (size_t size = start; size < sample.reply.size(); ++size) {
      CAPTURE(size);
      Finding early;
      CHECK(sample.parse({std::string_view(sample.reply).substr(0, size), false, sample.port}, early) != Match::no);
    }
  }
}

TEST_CASE("a name server is asked for its version") {
  const auto version_of = [](const std::string& text) {
    Finding finding;
    REQUIRE(parse_dns({dns_reply(text), false, 53}, finding) == Match::yes);
    return json_of(finding);
  };
  CHECK(version_of("dnsmasq-2.90") == R"({"protocol":"dns","product":"dnsmasq","version":"2.90"})");
  CHECK(version_of("unbound 1.17.1") == R"({"protocol":"dns","product":"unbound","version":"1.17.1"})");
  CHECK(version_of("9.18.24-1-Debian") == R"({"protocol":"dns","version":"9.18.24-1-Debian"})");
  std::string refused = dns_reply("x");
  refused[2] = 'q';  // another question's
  Finding finding;
  CHECK(parse_dns({refused, true, 53}, finding) == Match::no);
}

TEST_CASE("no reply is taken for one of another protocol") {
  for (const Sample& sample : samples()) {
    for (const Sample& other : samples()) {
      if (other.parse == sample.parse) continue;
      Finding expected, finding;
      sample.parse({sample.reply, true, sample.port}, expected);
      const Match match = other.parse({sample.reply, true, sample.port}, finding);
      CAPTURE(sample.reply);
      CAPTURE(finding.protocol);
      // "5" begins a refusal of FTP, and codes are all that some protocols have.
      const bool is_code = other.parse == parse_ehlo_reply;
      CHECK((match != Match::yes || is_code || finding.protocol == expected.protocol));
    }
  }
}

TEST_CASE("a greeting that SMTP and FTP share is not decided without a reason") {
  Finding finding;
  CHECK(parse_smtp_or_ftp({"220 ready\r\n", true, 2000}, finding) == Match::no);
}

TEST_CASE("a header without end is used when 16 KiB of it have come") {
  std::string reply = "HTTP/1.1 200 OK\r\nServer: x\r\nX: ";
  Finding finding;
  CHECK(parse_http({reply + std::string(1000, 'x'), false, 80}, finding) == Match::more);
  CHECK(parse_http({reply + std::string(max_http_header_bytes, 'x'), false, 80}, finding) == Match::yes);
  CHECK(finding.product == "x");
}

TEST_CASE("texts are cut to what a finding may have") {
  Finding finding;
  const std::string reply = "HTTP/1.1 302 Found\r\nServer: " + std::string(5000, 's') +
                            "\r\nLocation: " + std::string(5000, 'l') + "\r\n\r\n<title>" + std::string(5000, 't') +
                            "</title>";
  REQUIRE(parse_http({reply, true, 80}, finding) == Match::yes);
  CHECK(finding.http->server.size() == max_finding_bytes);
  CHECK(finding.http->title.size() == max_finding_bytes);
  CHECK(finding.http->location.size() == 1024);
  CHECK(finding.product.size() == max_finding_bytes);
}

TEST_CASE("servers that expect TLS are told by their refusal") {
  CHECK(refuses_plain_http("HTTP/1.1 400 Bad Request\r\n\r\nThe plain HTTP request was sent to HTTPS port"));
  CHECK(refuses_plain_http("HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n"));
  CHECK_FALSE(refuses_plain_http("HTTP/1.1 200 OK\r\n\r\nHTTPS"));
  CHECK_FALSE(refuses_plain_http("SSH-2.0-HTTPS"));
}
