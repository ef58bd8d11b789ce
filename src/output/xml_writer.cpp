// nmap's XML, for programs that read it: ndiff, python-libnmap, Metasploit. Each host is appended in one piece when its
// last result has arrived, so a truncated file lacks only the closing tags. The output is valid under nmap.dtd except
// for scanner="portloop".
#include <algorithm>

#include "core/parse_number.hpp"
#include "output/escape.hpp"
#include "output/formats.hpp"
#include "output/host_results.hpp"
#include "output/time_text.hpp"

namespace portloop {
namespace {

constexpr int64_t us_per_second = 1'000'000;

/// ` name="value"`.
void append_attribute(std::string& out, std::string_view name, std::string_view value) {
  out += ' ';
  out += name;
  out += "=\"";
  append_xml_text(out, value);
  out += '"';
}

void append_attribute(std::string& out, std::string_view name, int64_t value) {
  append_attribute(out, name, std::to_string(value));
}

/// Seconds with two decimals, as nmap writes `elapsed`.
std::string seconds_text(int64_t duration_us) {
  const int64_t hundredths = duration_us > 0 ? (duration_us + 5'000) / 10'000 : 0;
  return std::to_string(hundredths / 100) + '.' + std::to_string(100 + hundredths % 100).substr(1);
}

class XmlWriter final : public Writer {
 public:
  void begin(const ScanHeader& header, std::string& out) override {
    collector_.begin(header);
    started_us_ = header.started_us;
    out += "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!DOCTYPE nmaprun>\n<nmaprun scanner=\"portloop\"";
    append_attribute(out, "args", header.command_line);
    append_attribute(out, "start", header.started_us / us_per_second);
    append_attribute(out, "startstr", calendar_text(header.started_us));
    append_attribute(out, "version", header.version);
    out += " xmloutputversion=\"1.05\">\n<!-- seed " + std::to_string(header.seed) + " -->\n";
    out += "<scaninfo type=\"connect\" protocol=\"tcp\"";
    append_attribute(out, "numservices", header.ports.size());
    append_attribute(out, "services", header.ports.to_text());
    out += "/>\n<verbose level=\"0\"/>\n<debugging level=\"0\"/>\n";
  }

  void result(const OutputResult& result, std::string& out) override {
    if (const auto finished = collector_.add(result)) append_host(out, finished->first, finished->second);
  }

  void end(const ScanFooter& footer, std::string& out) override {
    for (const auto& [address, host] : collector_.take_unfinished()) append_host(out, address, host);
    out += "<runstats><finished";
    append_attribute(out, "time", footer.finished_us / us_per_second);
    append_attribute(out, "timestr", calendar_text(footer.finished_us));
    append_attribute(out, "summary", footer.summary);
    append_attribute(out, "elapsed", seconds_text(footer.finished_us - started_us_));
    append_attribute(out, "exit", footer.complete ? "success" : "error");
    if (!footer.complete) append_attribute(out, "errormsg", "the scan is incomplete");
    // Counts the hosts that are up in this file, so that it can't contradict itself.
    const uint64_t down = footer.hosts_total > hosts_up_ ? footer.hosts_total - hosts_up_ : 0;
    out += "/><hosts up=\"" + std::to_string(hosts_up_) + "\" down=\"" + std::to_string(down) + "\" total=\"" +
           std::to_string(hosts_up_ + down) + "\"/></runstats>\n</nmaprun>\n";
  }

  void save(std::string& state) const override {
    state += "up " + std::to_string(hosts_up_) + '\n';
    collector_.save(state);
  }

  bool restore(std::string_view state) override {
    for (size_t start = 0; start < state.size();) {
      const size_t line_end = std::min(state.find('\n', start), state.size());
      const auto words = read_words(state.substr(start, line_end - start));
      if (!words || words->empty()) return false;
      if ((*words)[0] == "up") {
        const auto count = words->size() == 2 ? parse_number<uint64_t>((*words)[1]) : std::nullopt;
        if (!count) return false;
        hosts_up_ = *count;
      } else if (!collector_.restore_line(*words)) {
        return false;
      }
      start = line_end + 1;
    }
    return true;
  }

 private:
  static void append_host_name(std::string& out, std::string_view name) {
    out += "<hostname";
    append_attribute(out, "name", name);
    out += " type=\"user\"/>";
  }

  void append_host(std::string& out, const Address& address, const HostResults& host) {
    out += "<host";
    append_attribute(out, "starttime", host.first_us / us_per_second);
    append_attribute(out, "endtime", host.last_us / us_per_second);
    out += "><status";
    // A silent host isn't known to be down. "user-set" is nmap's reason for a host that nobody pinged.
    append_attribute(out, "state", host.answered() ? "up" : "unknown");
    if (host.answered()) ++hosts_up_;
    out += " reason=\"user-set\" reason_ttl=\"0\"/><address";
    append_attribute(out, "addr", to_text(address));
    append_attribute(out, "addrtype", address.family == Family::ipv4 ? "ipv4" : "ipv6");
    out += "/><hostnames>";
    if (!host.name.empty()) append_host_name(out, host.name);
    for (const std::string& name : host.more_names) append_host_name(out, name);
    out += "</hostnames>\n<ports>";
    append_counted(out, host);
    for (const ListedPort& port : collector_.listed_ports(host)) append_port(out, port);
    out += "</ports>\n";
    if (host.all_ports_open) {
      out += "<hostscript><script id=\"all-ports-open\"";
      append_attribute(out, "output", "The host accepts connections on every port.");
      out += "/></hostscript>\n";
    }
    if (host.rtt.has_sample()) {
      out += "<times";
      append_attribute(out, "srtt", host.rtt.srtt_us());
      append_attribute(out, "rttvar", host.rtt.rttvar_us());
      append_attribute(out, "to", static_cast<int64_t>(host.rtt.deadline_us()));
      out += "/>";
    }
    out += "</host>\n";
  }

  /// Writes one extraports for each state, with one extrareasons for each reason in it.
  void append_counted(std::string& out, const HostResults& host) const {
    const std::vector<CountedPorts> counted = collector_.counted_ports(host);
    for (auto first = counted.begin(); first != counted.end();) {
      int64_t count = 0;
      auto last = first;
      for (; last != counted.end() && last->state == first->state; ++last) count += last->count;
      out += "<extraports";
      append_attribute(out, "state", to_text(first->state));
      append_attribute(out, "count", count);
      out += '>';
      for (; first != last; ++first) {
        out += "<extrareasons";
        append_attribute(out, "reason", first->reason);
        append_attribute(out, "count", first->count);
        append_attribute(out, "proto", "tcp");
        append_attribute(out, "ports", first->ranges);
        out += "/>";
      }
      out += "</extraports>\n";
    }
  }

  static void append_identified(std::string& out, const IdentifiedService& service) {
    out += "<service";
    append_attribute(out, "name", service.protocol == "tls" ? "ssl" : service.protocol);
    if (!service.product.empty()) append_attribute(out, "product", service.product);
    if (!service.version.empty()) append_attribute(out, "version", service.version);
    if (service.tls) append_attribute(out, "tunnel", "ssl");
    out += " method=\"probed\" conf=\"10\"/>";
  }

  static void append_port(std::string& out, const ListedPort& port) {
    out += "<port protocol=\"tcp\"";
    append_attribute(out, "portid", port.port);
    out += "><state";
    append_attribute(out, "state", to_text(port.state));
    append_attribute(out, "reason", port.reason);
    out += " reason_ttl=\"0\"/>";
    if (port.identified != nullptr) {
      append_identified(out, *port.identified);
    } else if (!port.service.empty()) {
      out += "<service";
      append_attribute(out, "name", port.service);
      out += " method=\"table\" conf=\"3\"/>";  // what nmap writes for a lookup by port number alone
    }
    if (!port.banner.empty()) {
      out += "<script id=\"banner\"";
      append_attribute(out, "output", port.banner);
      out += "/>";
    }
    out += "</port>\n";
  }

  HostCollector collector_;
  int64_t started_us_ = 0;
  uint64_t hosts_up_ = 0;
};

}  // namespace

std::unique_ptr<Writer> make_xml_writer() { return std::make_unique<XmlWriter>(); }

}  // namespace portloop
