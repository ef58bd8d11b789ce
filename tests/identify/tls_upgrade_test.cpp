#include "identify/tls_upgrade.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "identify/byte_literal.hpp"

using namespace portloop;

namespace {

const TlsUpgrade* upgrade_of(const char* protocol, std::string_view recognised_by = {}) {
  Finding finding;
  finding.protocol = protocol;
  return find_tls_upgrade(finding, recognised_by);
}

UpgradeReply reply_to(const char* protocol, size_t step, std::string_view bytes) {
  return upgrade_of(protocol)->steps[step].parse(bytes);
}

/// With the capabilities (low half) that are given.
std::string mysql_greeting(std::string_view capabilities) {
  std::string greeting(
      bytes_of("\x4a\0\0\0\x0a"
               "8.0.36\0"));
  greeting.append(13, 'x');
  greeting += capabilities;
  greeting.append(47, 'x');
  return greeting;
}

}  // namespace

TEST_CASE("each protocol accepts and refuses TLS in its own way, and a part of its reply is neither") {
  struct Case {
    const char* protocol;
    size_t step;
    std::string accepted;
    std::string refused;
  };
  const std::vector<Case> cases = {
      {"smtp", 0, "250-mail.example\r\n250-SIZE\r\n250-StartTLS\r\n250 HELP\r\n", "250-mail\r\n250 SIZE\r\n"},
      {"smtp", 0, "220-more of\r\n220 the greeting\r\n250-mail\r\n250 STARTTLS\r\n", "502 no EHLO\r\n"},
      {"smtp", 1, "220 go ahead\r\n", "454 TLS not available\r\n"},
      {"ftp", 0, "234 Proceed\r\n", "530 Please login with USER and PASS.\r\n"},
      {"ftp", 0, "220-You are user number 1\r\n220 Local time\r\n234 AUTH TLS OK.\r\n", "220 x\r\n500 AUTH?\r\n"},
      {"imap", 0, "* CAPABILITY IMAP4rev1\r\ns OK Begin TLS\r\n", "s BAD unknown\r\n"},
      {"pop3", 0, "+OK Begin\r\n", "-ERR no\r\n"},
      {"nntp", 0, "382 Continue\r\n", "580 Can not\r\n"},
      {"xmpp", 0, "<stream:features/><proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>",
       "<failure xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"},
      {"ldap", 0, std::string(bytes_of("0\x0c\x02\x01\x02x\x07\x0a\x01\0")),
       std::string(bytes_of("0\x0c\x02\x01\x02x\x07\x0a\x01\x02"))},
      {"ldap", 0, std::string(bytes_of("0\x84\0\0\0\x0c\x02\x01\x02x\x84\0\0\0\x07\x0a\x01\0")),
       std::string(bytes_of("0\x0c\x02\x01\x01x\x07\x0a\x01\0"))},
  };
  for (const Case& each : cases) {
    CAPTURE(each.protocol);
    CAPTURE(each.accepted);
    CHECK(reply_to(each.protocol, each.step, each.accepted) == UpgradeReply::accepted);
    CHECK(reply_to(each.protocol, each.step, each.refused) == UpgradeReply::refused);
    for (size_t size = 0; size < each.accepted.size(); ++size)
      CHECK(reply_to(each.protocol, each.step, std::string_view(each.accepted).substr(0, size)) == UpgradeReply::more);
  }
}

TEST_CASE("PostgreSQL and MySQL offer TLS in what they are recognised by") {
  REQUIRE(upgrade_of("postgresql", "S"));
  CHECK(upgrade_of("postgresql", "S")->steps.empty());
  CHECK_FALSE(upgrade_of("postgresql", "N"));
  CHECK_FALSE(upgrade_of("postgresql", "E"));
  REQUIRE(upgrade_of("mysql", mysql_greeting("\xff\xff")));
  CHECK_FALSE(upgrade_of("mysql", mysql_greeting("\xff\xf7")));
  CHECK_FALSE(upgrade_of("mysql", mysql_greeting("\xff\xff").substr(0, 26)));
  CHECK_FALSE(upgrade_of("mysql", ""));
  CHECK_FALSE(upgrade_of("ssh"));
}

TEST_CASE("requests have the lengths that they state") {
  const std::string_view mysql = upgrade_of("mysql", mysql_greeting("\xff\xff"))->steps[0].request;
  CHECK(static_cast<size_t>(mysql[0]) == mysql.size() - 4);
  const std::string_view ldap = upgrade_of("ldap")->steps[0].request;
  CHECK(static_cast<size_t>(ldap[1]) == ldap.size() - 2);
  CHECK(static_cast<size_t>(ldap[6]) == ldap.size() - 7);
  CHECK(static_cast<size_t>(ldap[8]) == ldap.size() - 9);
}
