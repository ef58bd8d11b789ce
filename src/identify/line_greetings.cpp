// Protocols whose servers introduce themselves with a line: SMTP (RFC 5321), FTP (RFC 959), POP3 (RFC 1939), IMAP
// (RFC 9051), NNTP (RFC 3977), IRC (RFC 2812), rsync (csprotocol.txt in its sources).
#include <algorithm>

#include "identify/parsers.hpp"
#include "identify/product_text.hpp"

namespace portloop {
namespace {

/// Whether `bytes` may be the start of something that begins with `begin`.
bool may_begin(std::string_view bytes, std::string_view begin) {
  const size_t length = std::min(bytes.size(), begin.size());
  return bytes.substr(0, length) == begin.substr(0, length);
}

/// Match::yes if the reply begins with `begin` and has a whole line.
Match match_line(const Reply& reply, std::string_view begin) {
  if (!may_begin(reply.bytes, begin)) return Match::no;
  const bool whole = reply.bytes.find('\n') != std::string_view::npos;
  if (!whole && !reply.ended) return Match::more;
  return reply.bytes.size() > begin.size() ? Match::yes : Match::no;
}

bool is_one_of(uint16_t port, std::initializer_list<uint16_t> ports) {
  return std::find(ports.begin(), ports.end(), port) != ports.end();
}

constexpr auto ftp_products = {"vsFTPd", "ProFTPD", "Pure-FTPd", "FileZilla Server", "Microsoft FTP Service"};
constexpr auto smtp_products = {"Postfix", "Exim", "Sendmail", "OpenSMTPD", "Haraka", "Microsoft ESMTP MAIL Service"};

void find_any_product(std::string_view text, const std::initializer_list<const char*>& names, Finding& finding) {
  for (const char* name : names) {
    find_product(text, {name}, finding);
    if (!finding.product.empty()) return;
  }
}

Finding named(const char* protocol) {
  Finding finding;
  finding.protocol = protocol;
  return finding;
}

}  // namespace

/// RFC 5321, 4.2 and RFC 959, 5.4 both greet with code 220. If neither the text nor the port settles which it is, this
/// is no match: the server is asked (parse_ehlo_reply()).
Match parse_smtp_or_ftp(const Reply& reply, Finding& finding) {
  Match match = match_line(reply, "220");
  if (match != Match::yes) {
    // RFC 5321, 3.1: "554 No SMTP service here"; 421: it is shutting down, or we come from a wrong place.
    if (!is_one_of(reply.port, {25, 465, 587})) return match;
    for (const std::string_view code : {"554", "421"}) {
      if (const Match refusal = match_line(reply, code); refusal != Match::no) match = refusal;
    }
    if (match == Match::yes) finding = named("smtp");
    return match;
  }
  if (reply.bytes[3] != ' ' && reply.bytes[3] != '-') return Match::no;
  Finding smtp = named("smtp"), ftp = named("ftp");
  find_any_product(reply.bytes, smtp_products, smtp);
  find_any_product(reply.bytes, ftp_products, ftp);
  const bool names_ftp = contains_ignoring_case(reply.bytes, "FTP"),
             names_smtp = contains_ignoring_case(reply.bytes, "SMTP");
  const bool text_tells = names_ftp || names_smtp || !smtp.product.empty();
  const bool is_ftp = text_tells ? names_ftp && !names_smtp : is_one_of(reply.port, {20, 21, 990, 2121});
  if (!text_tells && !is_ftp && !is_one_of(reply.port, {25, 465, 587, 2525})) return Match::no;
  finding = is_ftp ? ftp : smtp;
  return Match::yes;
}

/// SMTP has to accept EHLO with 250 (RFC 5321, 4.1.1.1); to FTP it is no command: 500, 502 or 530 (RFC 959, 5.4).
Match parse_ehlo_reply(const Reply& reply, Finding& finding) {
  if (const Match match = match_line(reply, "250"); match != Match::no) {
    if (match == Match::yes) finding = named("smtp");
    return match;
  }
  const Match match = match_line(reply, "5");
  if (match == Match::yes) finding = named("ftp");
  return match;
}

/// RFC 1939, 4.
Match parse_pop3(const Reply& reply, Finding& finding) {
  const Match match = match_line(reply, "+OK");
  if (match != Match::yes) return match;
  finding = named("pop3");
  find_any_product(reply.bytes, {"Dovecot", "Cyrus", "Courier", "Qpopper"}, finding);
  return match;
}

/// RFC 9051, 7.1.
Match parse_imap(const Reply& reply, Finding& finding) {
  Match match = Match::no;
  for (const std::string_view greeting : {"* OK", "* PREAUTH", "* BYE"}) {
    match = match_line(reply, greeting);
    if (match != Match::no) break;
  }
  if (match != Match::yes) return match;
  finding = named("imap");
  find_any_product(reply.bytes, {"Dovecot", "Cyrus", "Courier", "UW IMAP"}, finding);
  return match;
}

/// RFC 3977, 5.1: 200 or 201. Few other protocols have these codes, but HTTP-like ones may: the text or the port
/// decides.
Match parse_nntp(const Reply& reply, Finding& finding) {
  Match match = match_line(reply, "200 ");
  if (match == Match::no) match = match_line(reply, "201 ");
  if (match != Match::yes) return match;
  if (!is_one_of(reply.port, {119, 433, 563}) && !contains_ignoring_case(reply.bytes, "NNTP") &&
      !contains_ignoring_case(reply.bytes, "InterNetNews"))
    return Match::no;
  finding = named("nntp");
  return match;
}

/// RFC 2812, 2.3: a prefix and NOTICE, or what a server has to reply to commands before the registration (5.2: 451).
Match parse_irc(const Reply& reply, Finding& finding) {
  if (reply.bytes.empty()) return reply.ended ? Match::no : Match::more;
  const bool has_prefix = reply.bytes[0] == ':';
  if (!has_prefix && !may_begin(reply.bytes, "NOTICE ") && !may_begin(reply.bytes, "ERROR :")) return Match::no;
  if (reply.bytes.find('\n') == std::string_view::npos) return reply.ended ? Match::no : Match::more;
  const std::string_view line = first_line(reply.bytes);
  const size_t blank = line.find(' ');
  if (blank == std::string_view::npos) return Match::no;
  std::string_view command = has_prefix ? line.substr(blank + 1) : line;
  command = command.substr(0, command.find(' '));
  if (command != "NOTICE" && command != "451" && command != "351" && command != "ERROR") return Match::no;
  finding = named("irc");
  find_any_product(reply.bytes, {"InspIRCd", "UnrealIRCd", "ngIRCd", "solanum"}, finding);
  return Match::yes;
}

/// "@RSYNCD: 31.0 sha512 sha256".
Match parse_rsync(const Reply& reply, Finding& finding) {
  constexpr std::string_view begin = "@RSYNCD: ";
  const Match match = match_line(reply, begin);
  if (match != Match::yes) return match;
  finding = named("rsync");
  const std::string_view version = first_line(reply.bytes).substr(begin.size());
  finding.version = limited(version.substr(0, version.find(' ')));
  return match;
}

}  // namespace portloop
