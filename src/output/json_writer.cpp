// JSON lines: one object on each line, nothing around them. docs/formats.md defines the fields.
#include "core/result_json.hpp"
#include "output/formats.hpp"
#include "output/time_text.hpp"

namespace portloop {
namespace {

class JsonWriter final : public Writer {
 public:
  void begin(const ScanHeader& header, std::string&) override { show_all_ = header.show_all; }

  void result(const OutputResult& result, std::string& out) override {
    if (result.probe.state != PortState::open && !show_all_) return;
    append_result_json(out, {result.probe, result.service, result.host_name, rfc3339_text(result.time_us),
                             result.identified, result.host_names});
  }

  void end(const ScanFooter&, std::string&) override {}

 private:
  bool show_all_ = false;
};

}  // namespace

std::unique_ptr<Writer> make_json_writer() { return std::make_unique<JsonWriter>(); }

}  // namespace portloop
