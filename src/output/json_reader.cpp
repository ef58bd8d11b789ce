#include "output/json_reader.hpp"

#include "core/json_walk.hpp"
#include "core/parse_number.hpp"
#include "output/time_text.hpp"

namespace portloop {
namespace {

template <class Value>
bool assign(Value& value, std::optional<Value> parsed) {
  if (parsed) value = *parsed;
  return parsed.has_value();
}

void append_utf8(std::string& out, uint32_t point) {
  if (point < 0x80) {
    out += static_cast<char>(point);
    return;
  }
  const int more = point < 0x800 ? 1 : point < 0x10000 ? 2 : 3;
  static constexpr unsigned char lead[] = {0, 0xc0, 0xe0, 0xf0};
  out += static_cast<char>(lead[more] | point >> (6 * more));
  for (int i = more - 1; i >= 0; --i) out += static_cast<char>(0x80 | (point >> (6 * i) & 0x3f));
}

/// The \uXXXX at `text`, and a second one where the first is half of a pair.
bool take_unicode_escape(std::string_view& text, std::string& out) {
  uint32_t point = 0;
  if (text.size() < 6 || !assign(point, parse_hex<uint32_t>(text.substr(2, 4)))) return false;
  text.remove_prefix(6);
  if (point >= 0xdc00 && point < 0xe000) return false;
  if (point >= 0xd800 && point < 0xdc00) {
    uint32_t low = 0;
    if (text.size() < 6 || !text.starts_with("\\u") || !assign(low, parse_hex<uint32_t>(text.substr(2, 4))) ||
        low < 0xdc00 || low >= 0xe000)
      return false;
    text.remove_prefix(6);
    point = 0x10000 + ((point - 0xd800) << 10 | (low - 0xdc00));
  }
  append_utf8(out, point);
  return true;
}

/// RFC 8259's escapes.
std::optional<std::string> without_json_escapes(std::string_view text) {
  static constexpr std::string_view letters = "\"\\/bfnrt", meant = "\"\\/\b\f\n\r\t";
  std::string out;
  while (!text.empty()) {
    if (text[0] != '\\') {
      out += text[0];
      text.remove_prefix(1);
    } else if (text.size() > 1 && text[1] == 'u') {
      if (!take_unicode_escape(text, out)) return std::nullopt;
    } else {
      const size_t letter = text.size() > 1 ? letters.find(text[1]) : std::string_view::npos;
      if (letter == std::string_view::npos) return std::nullopt;
      out += meant[letter];
      text.remove_prefix(2);
    }
  }
  return out;
}

class ResultReader {
 public:
  bool take(std::string_view name, std::string_view value, bool is_string);
  bool finish() const { return (seen_ & 15) == 15; }
  ReadResult result;

 private:
  bool saw(unsigned field, bool good) {
    seen_ |= good ? field : 0;
    return good;
  }
  unsigned seen_ = 0;  // 1 address, 2 port, 4 state, 8 reason
};

bool ResultReader::take(std::string_view name, std::string_view value, bool is_string) {
  ProbeResult& probe = result.probe;
  if (name == "address") {
    const auto address = parse_address(value);
    if (address) probe.endpoint.address = *address;
    return saw(1, is_string && address.has_value());
  }
  if (name == "port") return saw(2, !is_string && assign(probe.endpoint.port, parse_number<uint16_t>(value, 1)));
  if (name == "state") {
    const auto state = parse_port_state(value);
    if (state) probe.state = *state;
    return saw(4, state.has_value());
  }
  if (name == "reason") {
    const auto full = parse_reason(value);
    if (full) probe.reason = full->reason;
    if (full) probe.error_number = full->error_number;
    return saw(8, full.has_value());
  }
  if (name == "protocol") return value == "tcp";
  if (!is_string && value == "null") return true;
  if (name == "rtt_us") return assign(probe.rtt_us, parse_number<uint64_t>(value));
  if (name == "attempts") return assign(probe.attempts, parse_number<uint32_t>(value));
  if (name == "time") {
    const auto time_us = read_rfc3339(value);
    if (time_us) result.time_us = *time_us;
    return time_us.has_value();
  }
  std::string* place = name == "service"  ? &result.service
                       : name == "host"   ? &result.host_name
                       : name == "banner" ? &result.banner
                                          : nullptr;
  if (place == nullptr) return true;
  auto raw = is_string ? raw_of_json_string(value) : std::nullopt;
  if (raw) *place = std::move(*raw);
  return raw.has_value();
}

}  // namespace

OutputResult ReadResult::view() const {
  OutputResult view;
  view.probe = probe;
  view.probe.banner = banner;
  view.host_name = host_name;
  view.service = service;
  view.time_us = time_us;
  return view;
}

std::optional<std::string> raw_of_json_string(std::string_view content) {
  const auto visible = without_json_escapes(content);
  if (!visible) return std::nullopt;
  std::string raw;
  for (size_t i = 0; i < visible->size(); ++i) {
    if ((*visible)[i] != '\\') {
      raw += (*visible)[i];
      continue;
    }
    // The backslash itself is written \x5c, so that nothing else can stand behind one.
    uint32_t byte = 0;
    if (i + 3 >= visible->size() || (*visible)[i + 1] != 'x' ||
        !assign(byte, parse_hex<uint32_t>(std::string_view(*visible).substr(i + 2, 2))))
      return std::nullopt;
    raw += static_cast<char>(byte);
    i += 3;
  }
  return raw;
}

std::optional<ReadResult> read_json_result(std::string_view line) {
  JsonWalk walk(line);
  ResultReader reader;
  if (!walk.take('{')) return std::nullopt;
  do {
    std::string_view name, value;
    if (!walk.take_string(name) || !walk.take(':')) return std::nullopt;
    const bool is_string = walk.next_is('"');
    if (!walk.take_value(value) || !reader.take(name, value, is_string)) return std::nullopt;
  } while (walk.take(','));
  if (!walk.take('}') || !walk.at_end() || !reader.finish()) return std::nullopt;
  return std::move(reader.result);
}

}  // namespace portloop
