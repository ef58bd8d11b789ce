// format_results FORMAT PORTS RESULTS_PER_HOST open|all COMMAND_LINE_HEX: a writer as a filter, for tests that pass its
// output to other programs. Standard input has one result on each line, fields separated by tabs:
//   address port state reason errno rtt_us attempts time_us host_hex service_hex banner_hex
// The last line is "end" (complete) or "stop" (incomplete); without it, the scan counts as killed.
#include <cstdlib>
#include <iostream>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "output/writer.hpp"

using namespace portloop;

namespace {

[[noreturn]] void refuse(const std::string& what) {
  std::cerr << "format_results: invalid: " << what << '\n';
  std::exit(2);
}

std::string from_hex(const std::string& hex) {
  std::string bytes;
  for (size_t i = 0; i + 1 < hex.size(); i += 2) bytes += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
  return bytes;
}

std::vector<std::string> fields_of(const std::string& line) {
  std::vector<std::string> fields(1);
  for (const char c : line) {
    if (c == '\t') {
      fields.emplace_back();
    } else {
      fields.back() += c;
    }
  }
  return fields;
}

PortState state_of(const std::string& text) {
  const auto state = parse_port_state(text);
  if (!state) refuse(text);
  return *state;
}

Reason reason_of(const std::string& text) {
  // The error number is a field of its own.
  if (text == to_text(Reason::local_error)) return Reason::local_error;
  const auto full = parse_reason(text);
  if (!full) refuse(text);
  return full->reason;
}

ScanHeader header_of(char** arguments) {
  ScanHeader header;
  header.version = "0.1.0";
  const auto ports = parse_ports(arguments[2], [](std::string_view) { return uint16_t{0}; });
  if (!ports) refuse(ports.error());
  header.ports = *ports;
  header.results_per_host = std::stoull(arguments[3]);
  header.show_all = arguments[4] == std::string("all");
  header.command_line = from_hex(arguments[5]);
  header.started_us = 1795361211000000;
  header.seed = 7;
  header.targets = 2;
  return header;
}

}  // namespace

int main(int argument_count, char** arguments) {
  if (argument_count != 6) refuse("the number of arguments");
  const OutputFormat* format = find_output_format(arguments[1]);
  if (format == nullptr) refuse(arguments[1]);
  const auto writer = format->make();
  std::string out;
  writer->begin(header_of(arguments), out);
  uint64_t results = 0;
  std::set<Address> hosts;
  for (std::string line; std::getline(std::cin, line);) {
    if (line == "end" || line == "stop") {
      ScanFooter footer;
      footer.finished_us = 1795361213250000;
      footer.hosts_total = hosts.size();
      footer.complete = line == "end";
      footer.summary = std::to_string(results) + " results";
      writer->end(footer, out);
      break;
    }
    const std::vector<std::string> fields = fields_of(line);
    if (fields.size() != 11) refuse(line);
    const std::string host = from_hex(fields[8]), service = from_hex(fields[9]), banner = from_hex(fields[10]);
    OutputResult result;
    result.probe.endpoint = {parse_address(fields[0]).value(), static_cast<uint16_t>(std::stoi(fields[1]))};
    result.probe.state = state_of(fields[2]);
    result.probe.reason = reason_of(fields[3]);
    result.probe.error_number = std::stoi(fields[4]);
    result.probe.rtt_us = std::stoull(fields[5]);
    result.probe.attempts = static_cast<uint32_t>(std::stoul(fields[6]));
    result.time_us = std::stoll(fields[7]);
    result.host_name = host;
    result.service = service;
    result.probe.banner = banner;
    writer->result(result, out);
    hosts.insert(result.probe.endpoint.address);
    ++results;
  }
  std::cout << out;
}
