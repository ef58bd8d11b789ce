// JSON lines: one object a line, in one fixed order of fields, nothing around them. docs/formats.md says what
// each field means.
#include "output/escape.hpp"
#include "output/formats.hpp"
#include "output/time_text.hpp"

namespace portloop {
namespace {

/// No name is null, so that a reader need not know that an empty name is none.
void append_string_or_null(std::string& out, std::string_view raw) {
  if (raw.empty()) {
    out += "null";
  } else {
    append_json_string(out, raw);
  }
}

class JsonWriter final : public Writer {
 public:
  void begin(const ScanHeader& header, std::string&) override { show_all_ = header.show_all; }

  void result(const OutputResult& result, std::string& out) override {
    const ProbeResult& probe = result.probe;
    if (probe.state != PortState::open && !show_all_) return;
    out += "{\"address\":";
    append_json_string(out, to_text(probe.endpoint.address));
    out += ",\"port\":" + std::to_string(probe.endpoint.port);
    out += ",\"protocol\":\"tcp\",\"state\":";
    append_json_string(out, to_text(probe.state));
    out += ",\"reason\":";
    append_json_string(out, reason_text(probe.reason, probe.error_number));
    out += ",\"rtt_us\":" + (probe.rtt_us != 0 ? std::to_string(probe.rtt_us) : "null");
    out += ",\"attempts\":" + std::to_string(probe.attempts);
    out += ",\"service\":";
    append_string_or_null(out, result.service);
    if (!result.host_name.empty()) {
      out += ",\"host\":";
      append_json_string(out, result.host_name);
    }
    if (!probe.banner.empty()) {
      out += ",\"banner\":";
      append_json_string(out, probe.banner);
    }
    out += ",\"time\":\"" + rfc3339_text(result.time_us) + "\"}\n";
  }

  void end(const ScanFooter&, std::string&) override {}

 private:
  bool show_all_ = false;
};

}  // namespace

std::unique_ptr<Writer> make_json_writer() { return std::make_unique<JsonWriter>(); }

}  // namespace portloop
