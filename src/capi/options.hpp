// The definition of the opaque portloop_options.
#pragma once

#include <string>
#include <vector>

#include "core/port_set.hpp"
#include "core/probe_order.hpp"
#include "core/target_set.hpp"
#include "engine/scanner.hpp"
#include "portloop/portloop.h"

inline constexpr uint32_t max_in_flight = 1'000'000;
inline constexpr double max_rate_per_s = 1e9;

struct portloop_options {
  std::vector<portloop::AddressRange> included;
  std::vector<portloop::AddressRange> excluded;
  portloop::PortSet ports;
  bool ports_set = false;  // if false, the common ports are scanned
  portloop::PortSet excluded_ports;
  portloop::ScannerOptions scanner;
  portloop::Order order = portloop::Order::random;
  uint64_t seed = 0;
  portloop::Shard shard;
  std::vector<portloop::PositionRange> finished;  // positions that an earlier scan has finished
  portloop_all_open all_open = PORTLOOP_ALL_OPEN_IGNORE;
  uint32_t loops = 1;
  bool open_input = false;
  bool threaded = false;  // loop threads, even if there is only one
  portloop::ConnectorKind connector = portloop::ConnectorKind::fastest;
  portloop::ConnectorWrapper wrap_connector;  // empty, unless portloop compare records a run, or there is a script
  bool is_scripted = false;                   // there is no network: nothing is asked about it
  std::string error;
};
