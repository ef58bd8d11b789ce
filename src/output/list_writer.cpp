// One host:port on each line, [v6]:port for IPv6, as other tools accept in a list of targets. Only open ports, with
// --show all too, because a line can't express a state. With --names, a line for each name of the address instead, if
// it has any.
#include "core/visible_text.hpp"
#include "output/formats.hpp"

namespace portloop {
namespace {

class ListWriter final : public Writer {
 public:
  void begin(const ScanHeader& header, std::string&) override { names_ = header.list_names; }

  void result(const OutputResult& result, std::string& out) override {
    if (result.probe.state != PortState::open) return;
    if (names_ && !result.host_name.empty()) {
      append_name(out, result.host_name, result.probe.endpoint.port);
      for (size_t i = 1; i < result.host_names.size(); ++i)
        append_name(out, result.host_names[i], result.probe.endpoint.port);
      return;
    }
    if (result.is_repeated) return;
    out += to_text(result.probe.endpoint.address, result.probe.endpoint.port);
    out += '\n';
  }

  void end(const ScanFooter&, std::string&) override {}

 private:
  static void append_name(std::string& out, std::string_view name, uint16_t port) {
    append_visible(out, name);
    out += ':' + std::to_string(port) + '\n';
  }

  bool names_ = false;
};

}  // namespace

std::unique_ptr<Writer> make_list_writer() { return std::make_unique<ListWriter>(); }

}  // namespace portloop
