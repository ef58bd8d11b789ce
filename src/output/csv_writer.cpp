// RFC 4180: a header row with the JSON's field names, CRLF after each row. A value that is null or missing in the JSON
// is an empty cell. append_csv_cell() disarms cells that a spreadsheet would run as formulas.
#include "output/escape.hpp"
#include "output/formats.hpp"
#include "output/time_text.hpp"

namespace portloop {
namespace {

class CsvWriter final : public Writer {
 public:
  void begin(const ScanHeader& header, std::string& out) override {
    show_all_ = header.show_all;
    out +=
        "address,port,protocol,state,reason,rtt_us,attempts,service,host,banner,identified,product,version,time,all_"
        "ports_open\r\n";
  }

  void result(const OutputResult& result, std::string& out) override {
    const ProbeResult& probe = result.probe;
    if (probe.state != PortState::open && !show_all_) return;
    out += to_text(probe.endpoint.address);
    out += ',' + std::to_string(probe.endpoint.port) + ",tcp,";
    out += to_text(probe.state);
    out += ',' + reason_text(probe.reason, probe.error_number) + ',';
    if (probe.rtt_us != 0) out += std::to_string(probe.rtt_us);
    out += ',' + std::to_string(probe.attempts);
    const std::string names = all_names(result);
    static const Finding nothing;
    const Finding& found = result.identified != nullptr ? *result.identified : nothing;
    const std::string protocol = tunnelled_protocol(found);
    for (const std::string_view text :
         {result.service, std::string_view(names), probe.banner, std::string_view(protocol),
          std::string_view(found.product), std::string_view(found.version)}) {
      out += ',';
      append_csv_cell(out, text);
    }
    out += ',' + rfc3339_text(result.time_us) + (probe.all_ports_open ? ",true\r\n" : ",\r\n");
  }

  void end(const ScanFooter&, std::string&) override {}

 private:
  bool show_all_ = false;
};

}  // namespace

std::unique_ptr<Writer> make_csv_writer() { return std::make_unique<CsvWriter>(); }

}  // namespace portloop
