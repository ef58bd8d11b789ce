// One host:port a line, [v6]:port for IPv6: what other tools take as their list of targets. Open ports only,
// with --show all too, because a line says nothing but "go there".
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
