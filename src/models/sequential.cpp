// One connect after the other. If targets answer within connect(), nothing is cheaper: one system call for each probe.
// If they do not, this spends all of that time waiting.
#include "models/blocking_connect.hpp"
#include "models/model.hpp"

namespace portloop {

ModelRun run_sequential(const ModelScan& scan, VerdictSheet& sheet) {
  InFlight in_flight;
  BlockingConnect connect(source_for(scan), scan.timeout_ms, in_flight);
  connect.record(scan.recording, 0);
  for (uint32_t pass = 0; pass <= scan.retries; ++pass) {
    bool asked = false;
    for (uint64_t i = 0; i < scan.size() && scan.goes_on(); ++i) {
      const ModelScan::Probe probe = scan.at(i);
      if (pass > 0 && sheet.state(probe.number) != ProbeState::silent) continue;
      connect.probe(probe, sheet);
      asked = true;
    }
    if (!asked) break;
  }
  ModelRun run;
  run.connects = connect.connects();
  run.local_failures = connect.local_failures();
  run.peak_in_flight = in_flight.peak();
  run.peak_descriptors = in_flight.peak_sockets();
  return run;
}

}  // namespace portloop
