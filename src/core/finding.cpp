#include "core/finding.hpp"

#include <string_view>

namespace portloop {
namespace {

void append_part(std::string& text, std::string_view part) {
  if (part.empty()) return;
  text += ", ";
  text += part;
}

std::string protocol_text(const Finding& finding) {
  if (finding.tls && finding.tls->starttls) return finding.protocol + " with STARTTLS";
  if (!is_within_tls(finding)) return finding.protocol;
  return finding.protocol == "http" ? "https" : finding.protocol + " over TLS";
}

}  // namespace

bool is_within_tls(const Finding& finding) {
  return finding.tls && !finding.tls->starttls && finding.protocol != "tls";
}

std::string tunnelled_protocol(const Finding& finding) {
  return (is_within_tls(finding) ? "ssl|" : "") + finding.protocol;
}

std::string identified_text(const Finding& finding) {
  std::string text = protocol_text(finding);
  append_part(text, finding.product);
  if (!finding.version.empty()) text += ' ' + finding.version;  // without a product, that of the protocol
  if (finding.http) {
    const HttpFinding& http = *finding.http;
    if (http.status != 200) append_part(text, std::to_string(http.status));
    if (!http.title.empty()) append_part(text, '"' + http.title + '"');
    if (!http.location.empty()) append_part(text, "to " + http.location);
  }
  if (finding.tls && !finding.tls->subject.empty()) append_part(text, finding.tls->subject);
  return text;
}

}  // namespace portloop
