// HTTP (RFC 9112), and RTSP (RFC 7826), whose replies look alike.
//
// Happy path: a status line, header fields, and as much of the page as its title needs.
//
// What goes wrong: the header is longer than 16 KiB, or the page than 64 KiB: what has arrived by then is used. The
// connection ends in the middle: the same.
#include <algorithm>
#include <optional>

#include "core/parse_number.hpp"
#include "identify/parsers.hpp"
#include "identify/product_text.hpp"

namespace portloop {
namespace {

constexpr size_t max_location_bytes = 1024;

struct Header {
  std::string_view status_line;
  std::string_view fields;
  std::string_view page;
  bool whole = false;
};

/// Servers may end lines with a bare LF (RFC 9112, 2.2).
Header split_header(std::string_view bytes) {
  Header header;
  const size_t crlf = bytes.find("\r\n\r\n"), lf = bytes.find("\n\n");
  const size_t end = std::min(crlf, lf);
  header.whole = end != std::string_view::npos;
  if (header.whole) header.page = bytes.substr(end + (end == crlf ? 4 : 2));
  const std::string_view head = bytes.substr(0, std::min(end, max_http_header_bytes));
  header.status_line = first_line(head);
  header.fields = head.substr(std::min(head.find('\n'), head.size() - 1) + 1);
  return header;
}

std::string_view trimmed(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") + 1 - first);
}

/// The first field of that name; empty if there is none. `name` is in lower case.
std::string_view field_of(std::string_view fields, std::string_view name) {
  while (!fields.empty()) {
    const std::string_view line = first_line(fields);
    fields.remove_prefix(std::min(fields.find('\n'), fields.size() - 1) + 1);
    if (line.size() > name.size() && line[name.size()] == ':' &&
        contains_ignoring_case(line.substr(0, name.size()), name))
      return trimmed(line.substr(name.size() + 1));
  }
  return {};
}

/// RFC 9112, 7.1, as far as it has arrived.
std::string unchunked(std::string_view chunks) {
  std::string page;
  while (true) {
    const size_t line_end = chunks.find('\n');
    if (line_end == std::string_view::npos) return page;
    std::string_view size_text = first_line(chunks);
    size_text = trimmed(size_text.substr(0, size_text.find(';')));
    const auto size = parse_hex<uint32_t>(size_text);
    if (!size || *size == 0) return page;
    chunks.remove_prefix(line_end + 1);
    page += chunks.substr(0, *size);
    if (chunks.size() <= *size) return page;
    chunks.remove_prefix(*size);
    if (chunks.starts_with('\r')) chunks.remove_prefix(1);
    if (chunks.starts_with('\n')) chunks.remove_prefix(1);
  }
}

size_t find_tag(std::string_view page, std::string_view tag) {
  const auto found = std::search(page.begin(), page.end(), tag.begin(), tag.end(), [](char a, char b) {
    return a == b || (a >= 'A' && a <= 'Z' && a + ('a' - 'A') == b);
  });
  return found == page.end() ? std::string_view::npos : static_cast<size_t>(found - page.begin());
}

/// nullopt if its end has not arrived.
std::optional<std::string> title_of(std::string_view page) {
  const size_t tag = find_tag(page, "<title");
  if (tag == std::string_view::npos) return std::nullopt;
  page.remove_prefix(tag);
  const size_t start = page.find('>');
  if (start == std::string_view::npos) return std::nullopt;
  page.remove_prefix(start + 1);
  const size_t end = find_tag(page, "</title");
  if (end == std::string_view::npos) return std::nullopt;
  std::string title;
  for (const char c : trimmed(page.substr(0, end))) {
    const bool blank = c == ' ' || c == '\t' || c == '\r' || c == '\n';
    if (blank && title.ends_with(' ')) continue;
    title += blank ? ' ' : c;
    if (title.size() == max_finding_bytes) break;
  }
  return title;
}

/// 0 if it is no status line.
uint16_t status_of(std::string_view line) {
  const size_t blank = line.find(' ');
  if (blank == std::string_view::npos) return 0;
  return parse_number<uint16_t>(line.substr(blank + 1, 3), 100, 999).value_or(0);
}

/// Whether the title may still come.
bool needs_more(const Header& header, uint16_t status, const std::string& page, const Reply& reply) {
  if (reply.ended || reply.bytes.size() >= max_http_bytes || !header.whole) return false;
  const bool has_no_page = status < 200 || status == 204 || status == 304;
  if (has_no_page || find_tag(page, "<body") != std::string_view::npos || reply.bytes.ends_with("\r\n0\r\n\r\n"))
    return false;
  const std::string_view type = field_of(header.fields, "content-type");
  if (!type.empty() && !contains_ignoring_case(type, "html")) return false;
  if (const std::string_view length = field_of(header.fields, "content-length"); !length.empty()) {
    const auto bytes = parse_number<uint64_t>(length);
    if (bytes && header.page.size() >= *bytes) return false;
  }
  return !title_of(page);
}

}  // namespace

Match parse_http(const Reply& reply, Finding& finding) {
  const bool is_http = reply.bytes.starts_with("HTTP/"), is_rtsp = reply.bytes.starts_with("RTSP/");
  if (!is_http && !is_rtsp) {
    const bool may_be =
        std::string_view("HTTP/").starts_with(reply.bytes) || std::string_view("RTSP/").starts_with(reply.bytes);
    return may_be && !reply.ended ? Match::more : Match::no;
  }
  const Header header = split_header(reply.bytes);
  if (!header.whole && !reply.ended && reply.bytes.size() < max_http_header_bytes) return Match::more;
  const uint16_t status = status_of(header.status_line);
  if (status == 0) return Match::no;
  const bool chunked = contains_ignoring_case(field_of(header.fields, "transfer-encoding"), "chunked");
  const std::string page = chunked ? unchunked(header.page) : std::string(header.page);
  if (is_http && needs_more(header, status, page, reply)) return Match::more;
  finding.protocol = is_http ? "http" : "rtsp";
  const std::string_view server = field_of(header.fields, "server");
  split_product(server, "/ ", finding);
  if (is_rtsp) return Match::yes;
  // MongoDB's own text for browsers that ask its port.
  if (page.starts_with("It looks like you are trying to access MongoDB over HTTP")) {
    finding.protocol = "mongodb";
    return Match::yes;
  }
  HttpFinding& http = finding.http.emplace();
  http.status = status;
  http.server = limited(server);
  http.location = limited(field_of(header.fields, "location"), max_location_bytes);
  http.title = title_of(page).value_or("");
  return Match::yes;
}

bool refuses_plain_http(std::string_view bytes) {
  if (!bytes.starts_with("HTTP/") || status_of(first_line(bytes)) != 400) return false;
  return contains_ignoring_case(bytes, "HTTPS") || contains_ignoring_case(bytes, "SSL-enabled");
}

}  // namespace portloop
