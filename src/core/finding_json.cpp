#include "core/finding_json.hpp"

#include "core/json_walk.hpp"
#include "core/parse_number.hpp"
#include "core/visible_text.hpp"

namespace portloop {
namespace {

/// Appends members, each preceded by a comma except the first.
class ObjectWriter {
 public:
  explicit ObjectWriter(std::string& out) : out_(out) { out_ += '{'; }
  ~ObjectWriter() { out_ += '}'; }

  void begin(std::string_view name) {
    if (!first_) out_ += ',';
    first_ = false;
    append_json_string(out_, name);
    out_ += ':';
  }
  /// Nothing if the text is empty.
  void text(std::string_view name, std::string_view value) {
    if (value.empty()) return;
    begin(name);
    append_json_string(out_, value);
  }

 private:
  std::string& out_;
  bool first_ = true;
};

void append_tls(std::string& out, const TlsFinding& tls) {
  ObjectWriter object(out);
  if (tls.starttls) {
    object.begin("starttls");
    out += "true";
  }
  object.text("version", tls.version);
  object.text("alpn", tls.alpn);
  object.text("subject", tls.subject);
  if (!tls.names.empty()) {
    object.begin("names");
    char before = '[';
    for (const std::string& name : tls.names) {
      out += before;
      append_json_string(out, name);
      before = ',';
    }
    out += ']';
  }
  object.text("issuer", tls.issuer);
  object.text("not_before", tls.not_before);
  object.text("not_after", tls.not_after);
  object.text("sha256", tls.sha256);
}

void append_http(std::string& out, const HttpFinding& http) {
  ObjectWriter object(out);
  object.begin("status");
  out += std::to_string(http.status);
  object.text("server", http.server);
  object.text("title", http.title);
  object.text("location", http.location);
}

struct Value {
  std::string_view text;  // of a string without its quotes
  bool is_string;
};

/// Calls `take(name, value)` for each member, until one returns false. Returns whether all were taken.
template <class Take>
bool for_each_member(std::string_view text, Take take) {
  JsonWalk walk(text);
  if (!walk.take('{')) return false;
  if (walk.take('}')) return walk.at_end();
  do {
    std::string_view name;
    if (!walk.take_string(name) || !walk.take(':')) return false;
    Value value{{}, walk.next_is('"')};
    if (!walk.take_value(value.text) || !take(name, value)) return false;
  } while (walk.take(','));
  return walk.take('}') && walk.at_end();
}

bool assign_text(std::string& text, const Value& value) {
  const auto parsed = value.is_string ? parse_json_string(value.text) : std::nullopt;
  if (parsed) text = *parsed;
  return parsed.has_value();
}

/// `value` was taken by JsonWalk::take_value(), so it is well formed.
bool assign_texts(std::vector<std::string>& texts, std::string_view value) {
  JsonWalk walk(value);
  if (!walk.take('[')) return false;
  if (walk.take(']')) return true;
  do {
    std::string_view content;
    if (!walk.take_string(content) || !assign_text(texts.emplace_back(), {content, true})) return false;
  } while (walk.take(','));
  return true;
}

bool parse_tls(TlsFinding& tls, std::string_view text) {
  return for_each_member(text, [&tls](std::string_view name, const Value& value) {
    if (name == "starttls") {
      tls.starttls = value.text == "true";
      return !value.is_string && (tls.starttls || value.text == "false");
    }
    if (name == "version") return assign_text(tls.version, value);
    if (name == "alpn") return assign_text(tls.alpn, value);
    if (name == "subject") return assign_text(tls.subject, value);
    if (name == "names") return !value.is_string && assign_texts(tls.names, value.text);
    if (name == "issuer") return assign_text(tls.issuer, value);
    if (name == "not_before") return assign_text(tls.not_before, value);
    if (name == "not_after") return assign_text(tls.not_after, value);
    if (name == "sha256") return assign_text(tls.sha256, value);
    return true;
  });
}

bool parse_http(HttpFinding& http, std::string_view text) {
  return for_each_member(text, [&http](std::string_view name, const Value& value) {
    if (name == "status") {
      const auto status = value.is_string ? std::nullopt : parse_number<uint16_t>(value.text, 0, 999);
      if (status) http.status = *status;
      return status.has_value();
    }
    if (name == "server") return assign_text(http.server, value);
    if (name == "title") return assign_text(http.title, value);
    if (name == "location") return assign_text(http.location, value);
    return true;
  });
}

}  // namespace

void append_finding_json(std::string& out, const Finding& finding) {
  ObjectWriter object(out);
  object.text("protocol", finding.protocol);
  if (finding.tls) {
    object.begin("tls");
    append_tls(out, *finding.tls);
  }
  if (finding.http) {
    object.begin("http");
    append_http(out, *finding.http);
  }
  object.text("product", finding.product);
  object.text("version", finding.version);
}

std::optional<Finding> parse_finding_json(std::string_view text) {
  Finding finding;
  const bool valid = for_each_member(text, [&finding](std::string_view name, const Value& value) {
    if (name == "protocol") return assign_text(finding.protocol, value);
    if (name == "tls") return !value.is_string && parse_tls(finding.tls.emplace(), value.text);
    if (name == "http") return !value.is_string && parse_http(finding.http.emplace(), value.text);
    if (name == "product") return assign_text(finding.product, value);
    if (name == "version") return assign_text(finding.version, value);
    return true;
  });
  if (!valid || finding.protocol.empty()) return std::nullopt;
  return finding;
}

}  // namespace portloop
