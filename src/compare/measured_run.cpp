#include "compare/measured_run.hpp"

#include <sys/resource.h>
#include <uv.h>

#include <chrono>
#include <utility>

#include "compare/loop_model.hpp"
#include "compare/process_state.hpp"

namespace portloop::compare {
namespace {

uint64_t in_us(const timeval& time) {
  return static_cast<uint64_t>(time.tv_sec) * 1'000'000 + static_cast<uint64_t>(time.tv_usec);
}

ModelRun run_model(const ModelScan& scan, VerdictSheet& sheet, const Contender& contender, uint64_t seed, Order order,
                   std::string& error) {
  switch (contender.kind) {
    case ModelKind::sequential: return run_sequential(scan, sheet);
    case ModelKind::thread_per_connection: return run_thread_per_connection(scan, sheet);
    case ModelKind::thread_pool: return run_thread_pool(scan, sheet, contender.threads);
    case ModelKind::loop:
    case ModelKind::guest: break;  // a guest is a program of its own
  }
  ModelRun run;
  if (const int code = run_loops(scan, sheet, contender, seed, order, run)) error = uv_strerror(code);
  return run;
}

}  // namespace

RunRecord measure_run(const ModelScan& scan, const Contender& contender, uint64_t seed, Order order,
                      std::string& error) {
  RunRecord record;
  VerdictSheet sheet(scan.size());
  rusage before{}, after{};
  getrusage(RUSAGE_SELF, &before);
  const uint64_t delay_before_us = run_delay_us();
  const auto started = std::chrono::steady_clock::now();
  record.model = run_model(scan, sheet, contender, seed, order, error);
  const auto wall = std::chrono::steady_clock::now() - started;
  getrusage(RUSAGE_SELF, &after);
  record.run_delay_us = run_delay_us() - delay_before_us;
  record.memory_kib = peak_resident_kib();

  record.wall_us = static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(wall).count());
  record.user_us = in_us(after.ru_utime) - in_us(before.ru_utime);
  record.system_us = in_us(after.ru_stime) - in_us(before.ru_stime);
  record.switches_voluntary = static_cast<uint64_t>(after.ru_nvcsw - before.ru_nvcsw);
  record.switches_involuntary = static_cast<uint64_t>(after.ru_nivcsw - before.ru_nivcsw);
  std::vector<uint32_t> answered;
  record.states.reserve(scan.size());
  for (uint64_t i = 0; i < scan.size(); ++i) {
    record.states.push_back(sheet.state(i));
    if (sheet.rtt_us(i) > 0) answered.push_back(sheet.rtt_us(i));
  }
  record.set_latencies(std::move(answered));
  return record;
}

RecordedRun record_run(const ModelScan& scan, const Contender& contender, uint64_t seed, Order order,
                       std::string& error) {
  constexpr size_t max_connects = 4 * max_recorded_probes, max_turns = 4 * max_recorded_probes;
  Recording recording(max_connects, max_turns, std::chrono::milliseconds(max_recorded_ms));
  VerdictSheet sheet(scan.order.size());
  ModelScan recorded = scan;
  recorded.max_probes = max_recorded_probes;
  recorded.recording = &recording;
  recording.begin();
  run_model(recorded, sheet, contender, seed, order, error);
  return recorded_run(recording, recording.now_us());
}

}  // namespace portloop::compare
