// nmap's grepable format: two lines for each host, appended together when the host's last result has arrived. Tabs
// separate fields, ", " separates ports, and a slash ends each of a port's seven subfields.
#include <algorithm>

#include "output/escape.hpp"
#include "output/formats.hpp"
#include "output/host_results.hpp"
#include "output/time_text.hpp"

namespace portloop {
namespace {

class GrepableWriter final : public Writer {
 public:
  void begin(const ScanHeader& header, std::string& out) override {
    collector_.begin(header);
    // brutespray and others recognise the format by "# Nmap" at the start.
    out += "# Nmap grepable format, written by portloop " + header.version + " scan initiated " +
           calendar_text(header.started_us) + " as: ";
    append_visible(out, header.command_line);
    out += "\n# Ports scanned: TCP(" + std::to_string(header.ports.size()) + ';' + header.ports.to_text() + "), seed " +
           std::to_string(header.seed) + '\n';
  }

  void result(const OutputResult& result, std::string& out) override {
    if (const auto finished = collector_.add(result)) append_host(out, finished->first, finished->second);
  }

  void end(const ScanFooter& footer, std::string& out) override {
    for (const auto& [address, host] : collector_.take_unfinished()) append_host(out, address, host);
    out += footer.complete ? "# portloop done at " : "# portloop stopped, incomplete, at ";
    out += calendar_text(footer.finished_us) + " -- ";
    append_visible(out, footer.summary);
    out += '\n';
  }

  void save(std::string& state) const override { collector_.save(state); }

  bool restore(std::string_view state) override {
    for (size_t start = 0; start < state.size();) {
      const size_t line_end = std::min(state.find('\n', start), state.size());
      const auto words = read_words(state.substr(start, line_end - start));
      if (!words || words->empty() || !collector_.restore_line(*words)) return false;
      start = line_end + 1;
    }
    return true;
  }

 private:
  void append_host(std::string& out, const Address& address, const HostResults& host) const {
    std::string who = "Host: " + to_text(address) + " (";
    append_visible(who, host.name, "()");
    for (const std::string& name : host.more_names) append_visible(who += ',', name, "()");
    who += ")\t";
    out += who + "Status: " + (host.answered() ? "Up" : "Unknown") + '\n';
    out += who;
    append_ports(out, host);
    out += '\n';
  }

  /// The service, the SunRPC information, which there is not, and the version.
  static void append_service(std::string& out, const ListedPort& port) {
    if (port.identified == nullptr) {
      append_grepable_value(out, port.service);
      out += "//";
      append_grepable_value(out, port.banner);
      return;
    }
    const IdentifiedService& service = *port.identified;
    append_grepable_value(out, (service.tls ? "ssl|" : "") + service.protocol);
    out += "//";
    const bool has_both = !service.product.empty() && !service.version.empty();
    const std::string version = service.product + (has_both ? " " : "") + service.version;
    append_grepable_value(out, version.empty() ? port.banner : version);
  }

  void append_ports(std::string& out, const HostResults& host) const {
    std::string_view before = "Ports: ";
    for (const ListedPort& port : collector_.listed_ports(host)) {
      out += before;
      before = ", ";
      out += std::to_string(port.port) + '/';
      out += to_text(port.state);
      out += "/tcp//";  // the owner is not known
      append_service(out, port);
      out += '/';
    }
    before = before == ", " ? "\t" : "";
    const std::vector<CountedPorts> counted = collector_.counted_ports(host);
    for (auto first = counted.begin(); first != counted.end(); before = "\t") {
      const PortState state = first->state;
      uint64_t count = 0;
      for (; first != counted.end() && first->state == state; ++first) count += first->count;
      out += before;
      out += "Ignored State: ";
      out += to_text(state);
      out += " (" + std::to_string(count) + ')';
    }
    if (host.all_ports_open) out += "\tAll Ports Open: yes";
  }

  HostCollector collector_;
};

}  // namespace

std::unique_ptr<Writer> make_grepable_writer() { return std::make_unique<GrepableWriter>(); }

}  // namespace portloop
