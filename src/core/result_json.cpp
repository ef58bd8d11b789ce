#include "core/result_json.hpp"

#include <utility>

#include "core/finding_json.hpp"
#include "core/json_walk.hpp"
#include "core/parse_number.hpp"
#include "core/visible_text.hpp"

namespace portloop {
namespace {

// Larger integers are not exact in every JSON reader; 285 years are enough.
constexpr uint64_t max_json_rtt_us = (uint64_t{1} << 53) - 1;
// DNS allows 253 and a trailing dot.
constexpr size_t max_host_name_bytes = 255;

struct Value {
  std::string_view text;  // of a string without its quotes
  bool is_string;

  bool is_null() const { return !is_string && text == "null"; }
};

template <class Target, class Source>
bool assign(Target& target, std::optional<Source> parsed) {
  if (parsed) target = std::move(*parsed);
  return parsed.has_value();
}

template <class Number>
bool assign_number(Number& number, const Value& value, Number min = 0) {
  return !value.is_string && assign(number, parse_number<Number>(value.text, min));
}

/// A field that may be null.
template <class Number>
bool assign_number_or_null(Number& number, const Value& value) {
  return value.is_null() || assign_number(number, value);
}

bool assign_string_or_null(std::string& text, const Value& value) {
  return value.is_null() || (value.is_string && assign(text, parse_json_string(value.text)));
}

/// An array of strings.
bool assign_names(std::vector<std::string>& names, const Value& value) {
  JsonWalk walk(value.text);
  if (value.is_string || !walk.take('[')) return false;
  names.clear();
  do {
    std::string_view text;
    const auto name = walk.take_string(text) ? parse_json_string(text) : std::nullopt;
    if (!name || name->empty() || name->size() > max_host_name_bytes) return false;
    names.push_back(*name);
  } while (walk.take(','));
  return walk.take(']') && walk.at_end();
}

/// Takes the members of one object and remembers which of the required ones it has seen.
class RecordParser {
 public:
  explicit RecordParser(ResultFields fields) : fields_(fields) {}

  /// Returns false if the value is not one that the member can have.
  bool take(std::string_view name, const Value& value) {
    ProbeResult& probe = result_.probe;
    if (name == "address")
      return has_address_ = value.is_string && assign(probe.endpoint.address, parse_address(value.text));
    if (name == "port") return has_port_ = assign_number<uint16_t>(probe.endpoint.port, value, 1);
    if (name == "all_ports_open") return take_all_ports_open(value);
    if (name == "state") return has_state_ = value.is_string && assign(probe.state, parse_port_state(value.text));
    return fields_ == ResultFields::endpoint_and_state || take_other(name, value);
  }

  std::optional<ParsedResult> finish() {
    const bool complete = has_address_ && has_port_ && has_state_ && (has_reason_ || fields_ != ResultFields::all);
    return complete ? std::optional(std::move(result_)) : std::nullopt;
  }

 private:
  bool take_all_ports_open(const Value& value) {
    result_.probe.all_ports_open = !value.is_string && value.text == "true";
    return result_.probe.all_ports_open || (!value.is_string && value.text == "false");
  }

  bool take_other(std::string_view name, const Value& value) {
    ProbeResult& probe = result_.probe;
    if (name == "protocol") return value.is_string && value.text == "tcp";
    if (name == "reason") {
      const auto full = value.is_string ? parse_reason(value.text) : std::nullopt;
      if (full) probe.reason = full->reason;
      if (full) probe.error_number = full->error_number;
      return has_reason_ = full.has_value();
    }
    if (name == "rtt_us") return assign_number_or_null(probe.rtt_us, value) && probe.rtt_us <= max_json_rtt_us;
    if (name == "attempts") return assign_number_or_null(probe.attempts, value);
    if (name == "service") return assign_string_or_null(result_.service, value);
    if (name == "host")
      return assign_string_or_null(result_.host_name, value) && result_.host_name.size() <= max_host_name_bytes;
    if (name == "hosts") return assign_names(result_.host_names, value);
    if (name == "banner") return assign_string_or_null(result_.banner, value);
    if (name == "identified")
      return value.is_null() ||
             (!value.is_string && assign(result_.identified.emplace(), parse_finding_json(value.text)));
    if (name == "time") return assign_string_or_null(result_.time, value);
    return true;
  }

  ResultFields fields_;
  ParsedResult result_;
  bool has_address_ = false;
  bool has_port_ = false;
  bool has_state_ = false;
  bool has_reason_ = false;
};

}  // namespace

void append_result_json(std::string& line, const ResultRecord& record) {
  const ProbeResult& probe = record.probe;
  line += "{\"address\":";
  append_json_string(line, to_text(probe.endpoint.address));
  line += ",\"port\":" + std::to_string(probe.endpoint.port);
  line += ",\"protocol\":\"tcp\",\"state\":";
  append_json_string(line, to_text(probe.state));
  line += ",\"reason\":";
  append_json_string(line, reason_text(probe.reason, probe.error_number));
  line += ",\"rtt_us\":" + (probe.rtt_us != 0 ? std::to_string(probe.rtt_us) : "null");
  line += ",\"attempts\":" + std::to_string(probe.attempts);
  line += ",\"service\":";
  append_json_string_or_null(line, record.service);
  if (!record.host_name.empty()) {
    line += ",\"host\":";
    append_json_string(line, record.host_name);
  }
  if (record.host_names.size() > 1) {
    const char* separator = ",\"hosts\":[";
    for (const std::string& name : record.host_names) {
      line += std::exchange(separator, ",");
      append_json_string(line, name);
    }
    line += ']';
  }
  if (!probe.banner.empty()) {
    line += ",\"banner\":";
    append_json_string(line, probe.banner);
  }
  if (record.identified != nullptr) {
    line += ",\"identified\":";
    append_finding_json(line, *record.identified);
  }
  if (probe.all_ports_open) line += ",\"all_ports_open\":true";
  line += ",\"time\":";
  append_json_string(line, record.time);
  line += "}\n";
}

std::optional<ParsedResult> parse_result_json(std::string_view line, ResultFields fields) {
  JsonWalk walk(line);
  RecordParser record(fields);
  if (!walk.take('{')) return std::nullopt;
  do {
    std::string_view name;
    if (!walk.take_string(name) || !walk.take(':')) return std::nullopt;
    Value value{{}, walk.next_is('"')};
    if (!walk.take_value(value.text) || !record.take(name, value)) return std::nullopt;
  } while (walk.take(','));
  if (!walk.take('}') || !walk.at_end()) return std::nullopt;
  return record.finish();
}

}  // namespace portloop
