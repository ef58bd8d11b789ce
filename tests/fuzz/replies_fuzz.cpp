// Replies of services: every parser accepts any bytes, whole or cut, and what it finds is written as JSON and read
// back.
#include "core/finding_json.hpp"
#include "fuzz/expect.hpp"
#include "fuzz/input.hpp"
#include "identify/parsers.hpp"
#include "identify/probe.hpp"
#include "identify/tls_upgrade.hpp"
#ifdef PORTLOOP_HAS_TLS
#include <openssl/x509.h>

#include "identify/certificate.hpp"
#include "identify/tls_session.hpp"
#endif

using namespace portloop;

namespace {

constexpr ReplyParser parsers[] = {parse_ssh,         parse_telnet,     parse_vnc,      parse_rdp,     parse_x11,
                                   parse_smtp_or_ftp, parse_ehlo_reply, parse_pop3,     parse_imap,    parse_nntp,
                                   parse_irc,         parse_rsync,      parse_http,     parse_mysql,   parse_redis,
                                   parse_memcached,   parse_mongodb,    parse_amqp,     parse_mqtt,    parse_xmpp,
                                   parse_dns,         parse_ldap,       parse_smb,      parse_rpcbind, parse_git,
                                   parse_socks,       parse_openvpn,    parse_postgres, parse_unasked};

void check(ReplyParser parse, const Reply& reply) {
  Finding finding;
  const Match match = parse(reply, finding);
  EXPECT(match != Match::more || !reply.ended);
  if (match != Match::yes) {
    EXPECT(finding == Finding{});
    return;
  }
  EXPECT(!finding.protocol.empty());
  EXPECT(finding.product.size() <= max_finding_bytes && finding.version.size() <= max_finding_bytes);
  std::string json;
  append_finding_json(json, finding);
  EXPECT(parse_finding_json(json) == finding);
  identified_text(finding);
}

void check_tls_upgrades(std::string_view bytes) {
  for (const char* protocol : {"smtp", "ftp", "imap", "pop3", "nntp", "xmpp", "ldap", "postgresql", "mysql"}) {
    Finding finding;
    finding.protocol = protocol;
    const TlsUpgrade* upgrade = find_tls_upgrade(finding, bytes);
    if (upgrade == nullptr) continue;
    for (const UpgradeStep& step : upgrade->steps)
      if (step.parse != nullptr) step.parse(bytes);
  }
}

#ifdef PORTLOOP_HAS_TLS
void check_tls(std::string_view bytes) {
  static const auto context = TlsContext::create();
  TlsSession session(*context, "a.example", TlsSession::Offer::http2_or_http1);
  std::string plain;
  session.receive(bytes, plain);
  session.take_output();
  session.finding();
  const auto* der = reinterpret_cast<const unsigned char*>(bytes.data());
  if (X509* certificate = d2i_X509(nullptr, &der, static_cast<long>(bytes.size()))) {
    Finding finding{"tls", TlsFinding{}, {}, {}, {}};
    describe_certificate(*certificate, *finding.tls);
    X509_free(certificate);
    std::string json;
    append_finding_json(json, finding);
    EXPECT(parse_finding_json(json) == finding);
  }
}
#endif

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  fuzz::Input input(bytes, size);
  const auto port = static_cast<uint16_t>(input.below(65'536));
  const std::string_view reply = input.rest();
  for (const ReplyParser parse : parsers) {
    for (const bool ended : {false, true}) check(parse, {reply, ended, port});
  }
  refuses_plain_http(reply);
  check_tls_upgrades(reply);
  parse_finding_json(reply);
#ifdef PORTLOOP_HAS_TLS
  check_tls(reply);
#endif
  return 0;
}
