#include "identify/probe.hpp"

#include <algorithm>
#include <array>

#include "core/printer_ports.hpp"
#include "identify/byte_literal.hpp"
#include "identify/parsers.hpp"

namespace portloop {
namespace {

// ---- Greetings. The documents are named in the files with the parsers ----

std::string http_get(const Greeted& to) {
  const bool usual_port = to.port == (to.tls ? 443 : 80);
  return "GET / HTTP/1.1\r\nHost: " + std::string(to.host) + (usual_port ? "" : ':' + std::to_string(to.port)) +
         "\r\nUser-Agent: portloop/" PORTLOOP_VERSION_TEXT "\r\nAccept: */*\r\nConnection: close\r\n\r\n";
}

std::string ehlo(const Greeted&) { return "EHLO portloop\r\n"; }

/// SSLRequest.
std::string postgres_ssl_request(const Greeted&) { return std::string(bytes_of("\0\0\0\x08\x04\xd2\x16\x2f")); }

std::string redis_info(const Greeted&) { return "INFO server\r\n"; }

std::string memcached_version(const Greeted&) { return "version\r\n"; }

/// OP_MSG {buildInfo: 1, $db: "admin"}.
std::string mongodb_build_info(const Greeted&) {
  return std::string(
      bytes_of("\x38\0\0\0\x6c\x70\0\0\0\0\0\0\xdd\x07\0\0\0\0\0\0\0"
               "\x23\0\0\0\x10"
               "buildInfo\0\x01\0\0\0\x02$db\0\x06\0\0\0admin\0\0"));
}

std::string amqp_header(const Greeted&) { return std::string(bytes_of("AMQP\0\0\x09\x01")); }

/// CONNECT, MQTT 3.1.1, clean session, without a client identifier.
std::string mqtt_connect(const Greeted&) {
  return std::string(
      bytes_of("\x10\x0c\0\x04"
               "MQTT\x04\x02\0\x3c\0\0"));
}

std::string xmpp_stream(const Greeted& to) {
  return "<?xml version='1.0'?><stream:stream to='" + std::string(to.host) +
         "' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>";
}

/// TXT of version.bind in class CH.
std::string dns_version(const Greeted&) {
  return std::string(
      bytes_of("\0\x1epl\0\0\0\x01\0\0\0\0\0\0\x07"
               "version\x04"
               "bind\0\0\x10\0\x03"));
}

/// An anonymous bind (RFC 4511, 4.2).
std::string ldap_bind(const Greeted&) {
  return std::string(bytes_of("0\x0c\x02\x01\x01`\x07\x02\x01\x03\x04\0\x80\0"));
}

/// NEGOTIATE of SMB 2.0.2 to 3.0.2 (MS-SMB2 2.2.3).
std::string smb_negotiate(const Greeted&) {
  std::string header = std::string(bytes_of("\xfeSMB\x40\0\0\0\0\0\0\0\0\0\x1f\0"));  // command 0, 31 credits
  header.resize(64);
  std::string body = std::string(bytes_of("\x24\0\x04\0\x01\0\0\0\0\0\0\0"));  // 4 dialects, signing enabled
  body.resize(36);                                                             // no client GUID, no start time
  body += bytes_of("\x02\x02\x10\x02\0\x03\x02\x03");
  return std::string(bytes_of("\0\0\0")) + static_cast<char>(header.size() + body.size()) + header + body;
}

/// Connection request (MS-RDPBCGR 2.2.1.1), without TLS, for which the server would begin to wait. One that insists on
/// it refuses in its connection confirm.
std::string rdp_request(const Greeted&) {
  return std::string(bytes_of("\x03\0\0\x13\x0e\xe0\0\0\0\0\0\x01\0\x08\0\0\0\0\0"));
}

/// Procedure 0 of program 100000, version 2, which does nothing.
std::string rpc_null_call(const Greeted&) {
  return std::string(
      bytes_of("\x80\0\0\x28plpl\0\0\0\0\0\0\0\x02\0\x01\x86\xa0\0\0\0\x02\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"));
}

std::string x11_setup(const Greeted&) { return std::string(bytes_of("l\0\x0b\0\0\0\0\0\0\0\0\0")); }

std::string git_request(const Greeted& to) {
  const std::string request = "git-upload-pack /" + std::string(1, '\0') + "host=" + std::string(to.host) + '\0';
  constexpr std::string_view digits = "0123456789abcdef";
  const size_t length = request.size() + 4;
  return std::string{digits[length >> 12 & 15], digits[length >> 8 & 15], digits[length >> 4 & 15],
                     digits[length & 15]} +
         request;
}

std::string socks_methods(const Greeted&) { return std::string(bytes_of("\x05\x01\0")); }

/// P_CONTROL_HARD_RESET_CLIENT_V2.
std::string openvpn_reset(const Greeted&) { return std::string(bytes_of("\0\x0e\x38portloop\0\0\0\0\0")); }

/// To clients that have not registered, a server replies 451 (RFC 2812, 5.2).
std::string irc_version(const Greeted&) { return "VERSION\r\n"; }

}  // namespace

const Probe http_probe{"http", http_get, parse_reply_to_http};
const Probe ehlo_probe{"ehlo", ehlo, parse_ehlo_reply};

namespace {

const Probe postgres_probe{"postgresql", postgres_ssl_request, parse_postgres};
const Probe redis_probe{"redis", redis_info, parse_redis};
const Probe memcached_probe{"memcached", memcached_version, parse_memcached};
const Probe mongodb_probe{"mongodb", mongodb_build_info, parse_mongodb};
const Probe amqp_probe{"amqp", amqp_header, parse_amqp};
const Probe mqtt_probe{"mqtt", mqtt_connect, parse_mqtt};
const Probe xmpp_probe{"xmpp", xmpp_stream, parse_xmpp};
const Probe dns_probe{"dns", dns_version, parse_dns};
const Probe ldap_probe{"ldap", ldap_bind, parse_ldap};
const Probe smb_probe{"smb", smb_negotiate, parse_smb};
const Probe rdp_probe{"rdp", rdp_request, parse_rdp};
const Probe rpc_probe{"rpcbind", rpc_null_call, parse_rpcbind};
const Probe x11_probe{"x11", x11_setup, parse_x11};
const Probe git_probe{"git", git_request, parse_git};
const Probe socks_probe{"socks", socks_methods, parse_socks};
const Probe openvpn_probe{"openvpn", openvpn_reset, parse_openvpn};
const Probe irc_probe{"irc", irc_version, parse_irc};

/// What a port number stands for. `probe` is nullptr if the server begins.
struct UsualService {
  uint16_t first;
  uint16_t last;
  bool tls;
  const Probe* probe;
};

constexpr const Probe* server_begins = nullptr;

const auto usual_services = std::to_array<UsualService>({
    {21, 23, false, server_begins},           // ftp, ssh, telnet
    {25, 25, false, server_begins},           // smtp
    {53, 53, false, &dns_probe},              //
    {80, 81, false, &http_probe},             //
    {110, 110, false, server_begins},         // pop3
    {111, 111, false, &rpc_probe},            //
    {119, 119, false, server_begins},         // nntp
    {139, 139, false, &smb_probe},            //
    {143, 143, false, server_begins},         // imap
    {389, 389, false, &ldap_probe},           //
    {443, 443, true, &http_probe},            //
    {445, 445, false, &smb_probe},            //
    {465, 465, true, server_begins},          // submissions
    {563, 563, true, server_begins},          // nntps
    {587, 587, false, server_begins},         // submission
    {631, 631, false, &http_probe},           // ipp
    {636, 636, true, &ldap_probe},            //
    {853, 853, true, &dns_probe},             // RFC 7858
    {873, 873, false, server_begins},         // rsync
    {990, 990, true, server_begins},          // ftps
    {992, 992, true, server_begins},          // telnets
    {993, 993, true, server_begins},          // imaps
    {994, 994, true, &irc_probe},             //
    {995, 995, true, server_begins},          // pop3s
    {1080, 1080, false, &socks_probe},        //
    {1194, 1194, false, &openvpn_probe},      //
    {1883, 1883, false, &mqtt_probe},         //
    {2121, 2121, false, server_begins},       // ftp
    {2222, 2222, false, server_begins},       // ssh
    {2375, 2375, false, &http_probe},         // docker
    {2376, 2376, true, &http_probe},          //
    {2379, 2379, false, &http_probe},         // etcd
    {2525, 2525, false, server_begins},       // smtp
    {3000, 3000, false, &http_probe},         //
    {3128, 3128, false, &http_probe},         // squid
    {3268, 3268, false, &ldap_probe},         // global catalogue
    {3269, 3269, true, &ldap_probe},          //
    {3306, 3306, false, server_begins},       // mysql
    {3389, 3389, false, &rdp_probe},          //
    {4443, 4443, true, &http_probe},          //
    {5000, 5001, false, &http_probe},         //
    {5222, 5222, false, &xmpp_probe},         //
    {5223, 5223, true, &xmpp_probe},          //
    {5269, 5269, false, &xmpp_probe},         //
    {5432, 5433, false, &postgres_probe},     //
    {5671, 5671, true, &amqp_probe},          //
    {5672, 5672, false, &amqp_probe},         //
    {5800, 5800, false, &http_probe},         // vnc in a browser
    {5900, 5909, false, server_begins},       // vnc
    {5985, 5985, false, &http_probe},         // wsman
    {5986, 5986, true, &http_probe},          //
    {6000, 6009, false, &x11_probe},          //
    {6379, 6379, false, &redis_probe},        //
    {6443, 6443, true, &http_probe},          // kubernetes
    {6660, 6669, false, &irc_probe},          //
    {6697, 6697, true, &irc_probe},           //
    {7000, 7000, false, &irc_probe},          //
    {8000, 8009, false, &http_probe},         //
    {8080, 8081, false, &http_probe},         //
    {8443, 8443, true, &http_probe},          //
    {8883, 8883, true, &mqtt_probe},          //
    {8888, 8888, false, &http_probe},         //
    {9090, 9090, false, &http_probe},         //
    {9200, 9200, false, &http_probe},         // elasticsearch
    {9418, 9418, false, &git_probe},          //
    {9443, 9443, true, &http_probe},          //
    {10250, 10250, true, &http_probe},        // kubelet
    {11211, 11211, false, &memcached_probe},  //
    {15672, 15672, false, &http_probe},       // rabbitmq
    {27017, 27019, false, &mongodb_probe},    //
});

const IdentifyStep plain_http{false, Listen::briefly, &http_probe};
const IdentifyStep https{true, Listen::briefly, &http_probe};

const UsualService* usual_service(uint16_t port) {
  const auto* found = std::find_if(usual_services.begin(), usual_services.end(),
                                   [port](const UsualService& row) { return port >= row.first && port <= row.last; });
  return found != usual_services.end() ? found : nullptr;
}

}  // namespace

std::vector<IdentifyStep> steps_of_any_port() {
  return {plain_http,
          https,
          {false, Listen::not_at_all, &postgres_probe},
          {false, Listen::not_at_all, &dns_probe},
          {false, Listen::not_at_all, &rdp_probe}};
}

std::vector<IdentifyStep> steps_for(uint16_t port) {
  if (is_printer_port(port)) return {{false, Listen::briefly, nullptr}};
  const UsualService* usual = usual_service(port);
  if (usual == nullptr) return steps_of_any_port();
  // IRC servers may begin or not; asked too early, some drop what they are sent.
  const Listen listen = usual->probe == server_begins ? Listen::long_enough
                        : usual->probe == &irc_probe  ? Listen::briefly
                                                      : Listen::not_at_all;
  std::vector<IdentifyStep> steps = {{usual->tls, listen, usual->probe, true}};
  for (const IdentifyStep& other : {plain_http, https}) {
    if (other.tls == usual->tls && usual->probe == &http_probe) continue;
    if (other.tls && usual->tls) continue;  // if that handshake failed, this one would
    steps.push_back(other);
  }
  return steps;
}

namespace {

/// Match::yes for the first that recognises the reply.
Match parse_any(std::initializer_list<ReplyParser> parsers, const Reply& reply, Finding& finding) {
  bool more = false;
  for (const ReplyParser parse : parsers) {
    const Match match = parse(reply, finding);
    if (match == Match::yes) return match;
    more = more || match == Match::more;
  }
  return more ? Match::more : Match::no;
}

}  // namespace

Match parse_unasked(const Reply& reply, Finding& finding) {
  return parse_any({parse_ssh, parse_smtp_or_ftp, parse_pop3, parse_imap, parse_mysql, parse_vnc, parse_telnet,
                    parse_rsync, parse_nntp, parse_irc},
                   reply, finding);
}

/// To Redis, GET is a command; AMQP replies to anything with its own header.
Match parse_reply_to_http(const Reply& reply, Finding& finding) {
  return parse_any({parse_http, parse_redis, parse_amqp}, reply, finding);
}

std::string_view farewell(std::string_view protocol) {
  struct Farewell {
    std::string_view protocol;
    std::string_view bytes;
  };
  constexpr auto farewells = std::to_array<Farewell>({
      {"smtp", "QUIT\r\n"},
      {"ftp", "QUIT\r\n"},
      {"pop3", "QUIT\r\n"},
      {"nntp", "QUIT\r\n"},
      {"irc", "QUIT\r\n"},
      {"imap", "a LOGOUT\r\n"},
      {"redis", "QUIT\r\n"},
      {"memcached", "quit\r\n"},
      {"xmpp", "</stream:stream>"},
      {"mqtt", bytes_of("\xe0\0")},
      {"ldap", bytes_of("0\x05\x02\x01\x02\x42\0")},
  });
  for (const Farewell& known : farewells) {
    if (known.protocol == protocol) return known.bytes;
  }
  return {};
}

}  // namespace portloop
