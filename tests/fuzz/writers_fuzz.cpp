// What each writer writes is read back by a strict reader, and has every result that belongs there and no other. A
// scan that is saved and resumed at any point writes the same bytes.
#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "fuzz/expect.hpp"
#include "fuzz/input.hpp"
#include "fuzz/readers.hpp"
#include "output/time_text.hpp"
#include "output/writer.hpp"

using namespace portloop;

namespace {

struct Record {
  ProbeResult probe;
  std::string name, service, banner;
  int64_t time_us = 0;

  OutputResult view() const {
    OutputResult result{probe, name, service, time_us};
    result.probe.banner = banner;
    return result;
  }
};

struct Scan {
  ScanHeader header;
  std::vector<Record> records;  // each endpoint once
};

void take_state(fuzz::Input& input, ProbeResult& probe) {
  static constexpr Reason filtered[] = {Reason::no_response, Reason::port_unreach, Reason::host_unreach,
                                        Reason::admin_prohibited};
  static constexpr Reason unknown[] = {Reason::local_error, Reason::no_route, Reason::host_lost, Reason::banned};
  probe.state = static_cast<PortState>(input.below(4));
  switch (probe.state) {
    case PortState::open: probe.reason = Reason::syn_ack; break;
    case PortState::closed: probe.reason = Reason::conn_refused; break;
    case PortState::filtered: probe.reason = filtered[input.below(4)]; break;
    case PortState::unknown: probe.reason = unknown[input.below(std::size(unknown))]; break;
  }
  if (probe.reason == Reason::local_error) probe.error_number = static_cast<int>(input.between(1, 133));
}

Scan take_scan(fuzz::Input& input) {
  Scan scan;
  scan.header.version = "1.0";
  scan.header.command_line = input.text(30);
  scan.header.started_us = static_cast<int64_t>(input.below(4'000'000'000'000'000));
  scan.header.seed = input.below(UINT64_MAX);
  scan.header.show_all = input.flag();
  scan.header.targets = input.between(1, 3);
  const auto ports = static_cast<uint16_t>(input.between(1, 6));
  const auto first_port = static_cast<uint16_t>(input.between(1, 65530));
  scan.header.ports.add({first_port, static_cast<uint16_t>(first_port + ports - 1)});
  if (input.flag()) scan.header.results_per_host = ports;
  for (uint64_t host = 0; host < scan.header.targets; ++host) {
    Address address{input.flag() ? Family::ipv6 : Family::ipv4, 0, 1 + host + 10 * input.below(0x0fffffff)};
    if (address.family == Family::ipv6) {
      address.value |= uint128{input.below(UINT64_MAX)} << 64;
      address.zone = static_cast<uint32_t>(input.below(3));
      scan.header.has_ipv6 = true;
    }
    if (std::any_of(scan.records.begin(), scan.records.end(),
                    [&](const Record& r) { return r.probe.endpoint.address == address; }))
      continue;
    const std::string name(input.text(12));
    for (uint16_t port = 0; port < ports; ++port) {
      if (input.below(8) == 7) continue;
      Record& record = scan.records.emplace_back();
      record.probe.endpoint = {address, static_cast<uint16_t>(first_port + port)};
      take_state(input, record.probe);
      record.name = name;
      record.service = port % 2 == 0 ? "" : "service-" + std::to_string(port);
      record.time_us = static_cast<int64_t>(input.below(4'000'000'000'000'000));
      record.probe.attempts = static_cast<uint32_t>(input.below(5));
      if (record.probe.state != PortState::open && record.probe.state != PortState::closed) continue;
      record.probe.rtt_us = input.flag() ? input.below(uint64_t{1} << 53) : input.below(100'000);
      if (record.probe.state == PortState::open) record.banner = input.text(24);
    }
  }
  for (size_t i = scan.records.size(); i > 1; --i) std::swap(scan.records[i - 1], scan.records[input.below(i)]);
  return scan;
}

/// `cut`: after so many results the writer is saved, and a new one restored.
std::string write(const Scan& scan, const OutputFormat& format, std::optional<size_t> cut = std::nullopt) {
  auto writer = format.make();
  std::string out;
  writer->begin(scan.header, out);
  for (size_t i = 0; i < scan.records.size(); ++i) {
    if (cut == i) {
      std::string state, ignored;
      writer->save(state);
      EXPECT(fuzz::is_printable(state, "\n"));
      writer = format.make();
      writer->begin(scan.header, ignored);
      EXPECT(writer->restore(state));
    }
    writer->result(scan.records[i].view(), out);
  }
  ScanFooter footer;
  footer.finished_us = scan.header.started_us + 1'000'000;
  footer.hosts_total = scan.header.targets;
  footer.summary = "done";
  writer->end(footer, out);
  return out;
}

std::vector<const Record*> listed(const Scan& scan) {
  std::vector<const Record*> records;
  for (const Record& record : scan.records)
    if (record.probe.state == PortState::open || scan.header.show_all) records.push_back(&record);
  return records;
}

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  EXPECT(text.empty() || text.back() == '\n');
  while (!text.empty()) {
    const size_t end = text.find('\n');
    lines.push_back(text.substr(0, end));
    text.remove_prefix(end + 1);
  }
  return lines;
}

void check_json(const Scan& scan, const std::string& out) {
  const auto records = listed(scan);
  const auto lines = lines_of(out);
  EXPECT(lines.size() == records.size());
  for (size_t i = 0; i < lines.size(); ++i) {
    const Record& record = *records[i];
    const auto members = fuzz::read_json_object(lines[i]);
    EXPECT(members);
    const auto text = [&](const char* name) {
      const auto found = members->find(name);
      return found == members->end() || found->second.kind == fuzz::JsonValue::Kind::null ? "" : found->second.text;
    };
    EXPECT(text("address") == to_text(record.probe.endpoint.address));
    EXPECT(text("port") == std::to_string(record.probe.endpoint.port) && text("protocol") == "tcp");
    EXPECT(text("state") == to_text(record.probe.state));
    EXPECT(text("reason") == reason_text(record.probe.reason, record.probe.error_number));
    EXPECT(text("rtt_us") == (record.probe.rtt_us == 0 ? "" : std::to_string(record.probe.rtt_us)));
    EXPECT(text("attempts") == std::to_string(record.probe.attempts) && text("service") == record.service);
    EXPECT(fuzz::raw_of_visible(text("host")) == record.name);
    EXPECT(fuzz::raw_of_visible(text("banner")) == record.banner);
    EXPECT(text("time") == rfc3339_text(record.time_us) && parse_rfc3339(text("time")) == record.time_us);
  }
}

void check_csv(const Scan& scan, const std::string& out) {
  const auto records = listed(scan);
  const auto rows = fuzz::read_csv(out);
  EXPECT(rows && rows->size() == records.size() + 1);
  const auto raw = [](std::string_view cell) {
    return fuzz::raw_of_visible(cell.starts_with("'") ? cell.substr(1) : cell);
  };
  for (size_t i = 0; i < records.size(); ++i) {
    const Record& record = *records[i];
    const auto& row = (*rows)[i + 1];
    EXPECT(row.size() == 15 && row.size() == rows->front().size());
    EXPECT(row[0] == to_text(record.probe.endpoint.address));
    EXPECT(row[1] == std::to_string(record.probe.endpoint.port) && row[2] == "tcp");
    EXPECT(row[3] == to_text(record.probe.state));
    EXPECT(row[4] == reason_text(record.probe.reason, record.probe.error_number));
    EXPECT(row[5] == (record.probe.rtt_us == 0 ? "" : std::to_string(record.probe.rtt_us)));
    EXPECT(row[6] == std::to_string(record.probe.attempts) && row[7] == record.service);
    EXPECT(raw(row[8]) == record.name && raw(row[9]) == record.banner);
    EXPECT(row[10].empty() && row[11].empty() && row[12].empty());  // nothing was identified
    EXPECT(row[13] == rfc3339_text(record.time_us));
  }
}

void check_list(const Scan& scan, const std::string& out) {
  std::vector<std::string> expected;
  for (const Record& record : scan.records) {
    if (record.probe.state != PortState::open) continue;
    const Endpoint& endpoint = record.probe.endpoint;
    std::string address = to_text(endpoint.address);
    if (endpoint.address.family == Family::ipv6) address.insert(0, 1, '[').push_back(']');
    expected.push_back(address.append(1, ':').append(std::to_string(endpoint.port)));
  }
  const auto lines = lines_of(out);
  EXPECT(std::equal(lines.begin(), lines.end(), expected.begin(), expected.end()));
}

void check_text(const Scan& scan, const std::string& out) {
  const auto records = listed(scan);
  const auto lines = lines_of(out);
  EXPECT(lines.size() == (records.empty() ? 0 : records.size() + 1) && fuzz::is_printable(out, "\n"));
  for (size_t i = 0; i < records.size(); ++i) {
    const std::string address = to_text(records[i]->probe.endpoint.address);
    EXPECT(lines[i + 1].starts_with(address + ' '));
    EXPECT(lines[i + 1].find(' ' + std::to_string(records[i]->probe.endpoint.port) + ' ') != std::string_view::npos);
  }
}

/// The listed records and the numbers of the others, by address.
struct HostContent {
  std::map<uint16_t, const Record*> listed;
  std::map<std::string, uint64_t> counted;  // by state
  std::string name;
};

std::map<std::string, HostContent> hosts_of(const Scan& scan) {
  std::map<std::string, HostContent> hosts;
  for (const Record& record : scan.records) {
    HostContent& host = hosts[to_text(record.probe.endpoint.address)];
    host.name = record.name;
    if (record.probe.state == PortState::open || scan.header.show_all)
      host.listed[record.probe.endpoint.port] = &record;
    else
      ++host.counted[std::string(to_text(record.probe.state))];
  }
  return hosts;
}

void check_xml_port(const fuzz::XmlElement& port, const Record& record) {
  const fuzz::XmlElement* state = port.child("state");
  EXPECT(state != nullptr && state->attribute("state") == to_text(record.probe.state));
  EXPECT(state->attribute("reason") == reason_text(record.probe.reason, record.probe.error_number));
  const fuzz::XmlElement* service = port.child("service");
  EXPECT((service == nullptr ? "" : service->attribute("name")) == record.service);
  const fuzz::XmlElement* script = port.child("script");
  EXPECT(fuzz::raw_of_visible(script == nullptr ? "" : script->attribute("output")) == record.banner);
}

void check_xml(const Scan& scan, const std::string& out) {
  const auto root = fuzz::read_xml(out);
  EXPECT(root && root->name == "nmaprun" && fuzz::is_printable(out, "\n"));
  EXPECT(fuzz::raw_of_visible(root->attribute("args")) == scan.header.command_line);
  auto hosts = hosts_of(scan);
  for (const fuzz::XmlElement& element : root->children) {
    if (element.name != "host") continue;
    const auto found = hosts.find(element.child("address")->attribute("addr"));
    EXPECT(found != hosts.end());
    HostContent& host = found->second;
    const fuzz::XmlElement* name = element.child("hostnames")->child("hostname");
    EXPECT(fuzz::raw_of_visible(name == nullptr ? "" : name->attribute("name")) == host.name);
    for (const fuzz::XmlElement& child : element.child("ports")->children) {
      if (child.name == "extraports") {
        EXPECT(std::to_string(host.counted[child.attribute("state")]) == child.attribute("count"));
        host.counted.erase(child.attribute("state"));
        continue;
      }
      const auto port = host.listed.find(static_cast<uint16_t>(std::stoul(child.attribute("portid"))));
      EXPECT(port != host.listed.end());
      check_xml_port(child, *port->second);
      host.listed.erase(port);
    }
    EXPECT(host.listed.empty() && host.counted.empty());
    hosts.erase(found);
  }
  EXPECT(hosts.empty() && root->child("runstats") != nullptr);
}

std::vector<std::string> split(std::string_view text, std::string_view separator) {
  std::vector<std::string> parts;
  for (size_t end = 0; (end = text.find(separator)) != std::string_view::npos;) {
    parts.emplace_back(text.substr(0, end));
    text.remove_prefix(end + separator.size());
  }
  parts.emplace_back(text);
  return parts;
}

void check_grepable_fields(const std::vector<std::string>& fields, HostContent& host) {
  for (size_t i = 1; i < fields.size(); ++i) {
    if (fields[i].starts_with("Ignored State: ")) {
      const auto words = split(std::string_view(fields[i]).substr(15), " ");
      EXPECT(words.size() == 2 && words[1] == '(' + std::to_string(host.counted[words[0]]) + ')');
      host.counted.erase(words[0]);
      continue;
    }
    EXPECT(fields[i].starts_with("Ports: "));
    for (const std::string& port : split(std::string_view(fields[i]).substr(7), ", ")) {
      const auto parts = split(port, "/");
      EXPECT(parts.size() == 8 && parts[2] == "tcp" && parts[3].empty() && parts[5].empty() && parts[7].empty());
      const auto found = host.listed.find(static_cast<uint16_t>(std::stoul(parts[0])));
      EXPECT(found != host.listed.end() && parts[1] == to_text(found->second->probe.state));
      EXPECT(parts[4] == found->second->service && fuzz::raw_of_visible(parts[6]) == found->second->banner);
      host.listed.erase(found);
    }
  }
}

void check_grepable(const Scan& scan, const std::string& out) {
  EXPECT(fuzz::is_printable(out, "\n\t"));
  auto hosts = hosts_of(scan);
  const auto lines = lines_of(out);
  EXPECT(lines.size() == 3 + 2 * hosts.size());
  for (size_t i = 2; i + 1 < lines.size(); i += 2) {
    const auto fields = split(lines[i + 1], "\t");
    const auto who = split(fields[0], " (");
    EXPECT(who.size() == 2 && who[0].starts_with("Host: ") && who[1].ends_with(")"));
    EXPECT(lines[i].starts_with(fields[0] + "\tStatus: "));
    const auto found = hosts.find(who[0].substr(6));
    EXPECT(found != hosts.end());
    EXPECT(fuzz::raw_of_visible(who[1].substr(0, who[1].size() - 1)) == found->second.name);
    check_grepable_fields(fields, found->second);
    EXPECT(found->second.listed.empty() && found->second.counted.empty());
    hosts.erase(found);
  }
  EXPECT(hosts.empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  using Check = void (*)(const Scan&, const std::string&);
  static const std::map<std::string_view, Check> checks = {{"text", check_text}, {"json", check_json},
                                                           {"list", check_list}, {"csv", check_csv},
                                                           {"xml", check_xml},   {"grepable", check_grepable}};
  fuzz::Input input(bytes, size);
  const size_t cut = input.below(18);
  const Scan scan = take_scan(input);
  EXPECT(output_formats().size() == checks.size());
  for (const OutputFormat& format : output_formats()) {
    const std::string out = write(scan, format);
    checks.at(format.name)(scan, out);
    EXPECT(write(scan, format, cut) == out);
  }
  return 0;
}
