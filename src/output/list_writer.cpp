// One host:port on each line, [v6]:port for IPv6, as other tools accept in a list of targets. Only open ports, with
// --show all too, because a line can't express a state.
#include "output/formats.hpp"

namespace portloop {
namespace {

class ListWriter final : public Writer {
 public:
  void begin(const ScanHeader&, std::string&) override {}

  void result(const OutputResult& result, std::string& out) override {
    if (result.probe.state != PortState::open) return;
    out += to_text(result.probe.endpoint.address, result.probe.endpoint.port);
    out += '\n';
  }

  void end(const ScanFooter&, std::string&) override {}
};

}  // namespace

std::unique_ptr<Writer> make_list_writer() { return std::make_unique<ListWriter>(); }

}  // namespace portloop
