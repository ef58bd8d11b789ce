// Every concurrency model has the same results for the same ports, and copes with what the system refuses.
#include <doctest/doctest.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <fstream>
#include <functional>
#include <map>
#include <string>

#include "compare/loop_model.hpp"
#include "compare/process_state.hpp"
#include "models/model.hpp"
#include "support/all_models.hpp"
#include "support/owned_ports.hpp"
#include "support/sanitized.hpp"

using namespace portloop;
using namespace portloop::testing;

namespace {

/// Runs `body` in a child process, so that limits it sets end with it. Returns the wait status: 0 if `body` returned
/// true.
int in_child(const std::function<bool()>& body) {
  const pid_t child = fork();
  if (child == 0) _exit(body() ? 0 : 1);
  int status = 0;
  waitpid(child, &status, 0);
  return status;
}

uint64_t status_kib(const std::string& key) {
  std::ifstream file("/proc/self/status");
  for (std::string word; file >> word;) {
    uint64_t value = 0;
    if (word == key && file >> value) return value;
  }
  return 0;
}

void set_limit(__rlimit_resource_t resource, rlim_t value) {
  rlimit limit{};
  getrlimit(resource, &limit);
  limit.rlim_cur = value;
  setrlimit(resource, &limit);
}

}  // namespace

TEST_CASE("every model has the same results for open, closed and silent ports") {
  // No structured bindings: CAPTURE uses them in a lambda, which clang 14 does not support.
  for (const int family : {AF_INET, AF_INET6}) {
    const char* const address = family == AF_INET ? "127.0.0.1" : "::1";
    OwnedPorts owned(family);
    std::map<uint16_t, ProbeState> truth;
    for (int i = 0; i < 5; ++i) truth[owned.add_open()] = ProbeState::open;
    for (int i = 0; i < 60; ++i) truth[owned.add_closed()] = ProbeState::closed;
    truth[owned.add_silent()] = ProbeState::silent;
    if (truth.contains(0)) continue;  // no IPv6 here
    const PortSet ports = set_of(owned.all());
    for (const auto& named : models()) {
      CAPTURE(named.first);
      CAPTURE(address);
      const Scanned scanned = scan_with(named.second, address, ports);
      CHECK(scanned.states == truth);
      CHECK(scanned.run.connects >= ports.size());
      CHECK(scanned.run.peak_in_flight >= 1);
      CHECK(scanned.run.peak_descriptors >= scanned.run.peak_in_flight);
    }
  }
}

TEST_CASE("a silent port is probed again for each retry, the others only once") {
  OwnedPorts owned(AF_INET);
  owned.add_silent();
  for (int i = 0; i < 9; ++i) owned.add_closed();
  for (const auto& named : models()) {
    CAPTURE(named.first);
    CHECK(scan_with(named.second, "127.0.0.1", set_of(owned.all()), 2).run.connects == 10 + 2);
  }
}

TEST_CASE("a pool has as many connects in flight as threads; one thread has one") {
  OwnedPorts owned(AF_INET);
  for (int i = 0; i < 40; ++i) owned.add_silent();
  const PortSet ports = set_of(owned.all());
  CHECK(scan_with(run_sequential, "127.0.0.1", set_of({*owned.all().begin()})).run.peak_threads == 1);
  // However short the scan is: threads that have already ended count.
  for (const auto& expected : std::map<std::string, uint64_t>{{"loop", 1}, {"loop/uv", 1}, {"loops:2", 3}}) {
    CAPTURE(expected.first);
    const Scanned scanned = scan_with(models().at(expected.first), "127.0.0.1", set_of({*owned.all().begin()}));
    CHECK(scanned.run.peak_threads == expected.second);
  }
  const Scanned pool = scan_with(models().at("thread-pool:7"), "127.0.0.1", ports);
  CHECK(pool.run.peak_threads == 7);
  CHECK(pool.run.peak_in_flight == 7);
  const Scanned crowd = scan_with(run_thread_per_connection, "127.0.0.1", ports);
  CHECK(crowd.run.peak_threads > 1);
  CHECK(crowd.run.peak_threads <= 41);
}

// Not with a sanitizer: its runtime needs address space, too. refused_threads_test.cpp refuses threads in any build.
#if !PORTLOOP_IS_SANITIZED
TEST_CASE("thread-per-connection goes on when the system refuses threads") {
  OwnedPorts owned(AF_INET);
  for (int i = 0; i < 150; ++i) owned.add_silent();
  const PortSet ports = set_of(owned.all());
  const int status = in_child([&ports] {
    set_limit(RLIMIT_AS, (status_kib("VmSize:") + 4 * 1024) * 1024);  // room for about 60 stacks
    const Scanned scanned = scan_with(run_thread_per_connection, "127.0.0.1", ports);
    if (scanned.run.threads_refused == 0 || scanned.run.peak_threads > 149 || scanned.states.size() != 150)
      return false;
    for (const auto& [port, state] : scanned.states) {
      if (state != ProbeState::silent) return false;
    }
    return true;
  });
  CHECK(status == 0);
}

TEST_CASE("a pool gets all its threads where large stacks would not fit") {
  OwnedPorts owned(AF_INET);
  for (int i = 0; i < 80; ++i) owned.add_silent();
  const PortSet ports = set_of(owned.all());
  const int status = in_child([&ports] {
    set_limit(RLIMIT_AS, (status_kib("VmSize:") + 7 * 1024) * 1024);  // less than one stack of the default size
    const Scanned scanned =
        scan_with([](const ModelScan& scan, VerdictSheet& sheet) { return run_thread_pool(scan, sheet, 40); },
                  "127.0.0.1", ports);
    return scanned.run.threads_refused == 0 && scanned.run.peak_threads == 40;
  });
  CHECK(status == 0);
}
#endif

TEST_CASE("blocking models wait for descriptors instead of reporting a wrong state") {
  OwnedPorts owned(AF_INET);
  for (int i = 0; i < 20; ++i) owned.add_silent();
  for (int i = 0; i < 20; ++i) owned.add_closed();
  const PortSet ports = set_of(owned.all());
  for (const std::string name : {"thread-pool:7", "thread-per-connection"}) {
    CAPTURE(name);
    const int status = in_child([&ports, &name] {
      const int next = dup(0);
      close(next);
      set_limit(RLIMIT_NOFILE, static_cast<rlim_t>(next) + 3);
      const Scanned scanned = scan_with(models().at(name), "127.0.0.1", ports);
      if (scanned.run.peak_descriptors != 3) return false;
      if (scanned.run.peak_threads < 4 || scanned.run.peak_in_flight > 3) return false;  // threads without a descriptor
      uint64_t known = 0;
      for (const auto& [port, state] : scanned.states)
        known += state == ProbeState::silent || state == ProbeState::closed;
      return known == ports.size() && scanned.run.local_failures > 0;
    });
    CHECK(status == 0);
  }
}

TEST_CASE("the table of descriptors has grown before there are threads") {
  constexpr uint64_t wanted = 700;  // more than the next two doublings from its 64 to 256 descriptors
  const Address first = *parse_address("127.1.0.0"), last = *parse_address("127.1.2.187");
  const TargetSet targets({{first, last}}, {});
  REQUIRE(targets.size() == wanted);
  OwnedPorts owned(AF_INET);
  const PortSet ports = set_of({owned.add_closed()});
  const std::map<std::string, Model> threaded = {
      {"thread-per-connection", run_thread_per_connection},
      {"thread-pool", [](const ModelScan& scan, VerdictSheet& sheet) { return run_thread_pool(scan, sheet, wanted); }},
      {"loops:2",
       [](const ModelScan& scan, VerdictSheet& sheet) {
         compare::Contender contender;
         contender.loops = 2;
         contender.in_flight = wanted;
         ModelRun run;
         compare::run_loops(scan, sheet, contender, 7, Order::random, run);
         return run;
       }},
  };
  for (const auto& named : threaded) {
    CAPTURE(named.first);
    const int status = in_child([&] {
      if (status_kib("FDSize:") >= wanted) return false;  // then this test shows nothing
      const ModelScan scan{targets, ports, ProbeOrder(wanted, ports, Order::random, 7), timeout_ms};
      VerdictSheet sheet(scan.size());
      const uint64_t before = compare::descriptors_of_this_process();
      named.second(scan, sheet);
      return status_kib("FDSize:") >= wanted && compare::descriptors_of_this_process() == before;
    });
    CHECK(status == 0);
  }
}
