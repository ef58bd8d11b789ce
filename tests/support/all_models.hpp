// Every model by its name, and a scan with one of them, for tests.
#pragma once

#include <doctest/doctest.h>

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>

#include "compare/contender.hpp"
#include "compare/loop_model.hpp"
#include "models/model.hpp"

namespace portloop::testing {

constexpr uint32_t timeout_ms = 100;

struct Scanned {
  ModelRun run;
  std::map<uint16_t, ProbeState> states;
};

using Model = std::function<ModelRun(const ModelScan&, VerdictSheet&)>;

inline ModelRun loops(const ModelScan& scan, VerdictSheet& sheet, uint32_t count, bool portable) {
  compare::Contender contender;
  contender.loops = count;
  contender.in_flight = 64;
  contender.portable = portable;
  ModelRun run;
  REQUIRE(compare::run_loops(scan, sheet, contender, 7, Order::random, run) == 0);
  return run;
}

inline const std::map<std::string, Model>& models() {
  static const std::map<std::string, Model> all = {
      {"sequential", run_sequential},
      {"thread-per-connection", run_thread_per_connection},
      {"thread-pool:1", [](const ModelScan& scan, VerdictSheet& sheet) { return run_thread_pool(scan, sheet, 1); }},
      {"thread-pool:7", [](const ModelScan& scan, VerdictSheet& sheet) { return run_thread_pool(scan, sheet, 7); }},
      {"loop", [](const ModelScan& scan, VerdictSheet& sheet) { return loops(scan, sheet, 1, false); }},
      {"loops:2", [](const ModelScan& scan, VerdictSheet& sheet) { return loops(scan, sheet, 2, false); }},
      {"loop/uv", [](const ModelScan& scan, VerdictSheet& sheet) { return loops(scan, sheet, 1, true); }},
  };
  return all;
}

inline PortSet set_of(const std::set<uint16_t>& numbers) {
  PortSet ports;
  for (const uint16_t number : numbers) ports.add({number, number});
  return ports;
}

inline Scanned scan_with(const Model& model, const char* address, const PortSet& ports, uint32_t retries = 0) {
  const Address target = *parse_address(address);
  const TargetSet targets({{target, target}}, {});
  const ModelScan scan{targets, ports, ProbeOrder(1, ports, Order::random, 7), timeout_ms, retries};
  VerdictSheet sheet(scan.size());
  Scanned result;
  result.run = model(scan, sheet);
  for (uint32_t i = 0; i < ports.size(); ++i) result.states[ports.at(i)] = sheet.state(i);
  return result;
}

}  // namespace portloop::testing
