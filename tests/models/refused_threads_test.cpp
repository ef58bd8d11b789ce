// The models with threads go on with those that they have if the system refuses more.
//
// The linker replaces pthread_create() by the function below (--wrap), which refuses threads as the system does. A
// limit on the address space makes the system itself refuse them (models_test.cpp), but a sanitizer's runtime allocates
// from the same address space, and ends the process if it gets none.
#include <doctest/doctest.h>
#include <pthread.h>

#include <atomic>
#include <cerrno>
#include <functional>
#include <memory>

#include "models/model.hpp"
#include "support/owned_ports.hpp"

using namespace portloop;
using portloop::testing::OwnedPorts;

namespace {

constexpr uint32_t ports_scanned = 150;
constexpr int no_limit = 1'000'000;

std::atomic<int> max_threads{no_limit};  // besides the calling one
std::atomic<int> threads{0};

struct Start {
  void* (*body)(void*);
  void* argument;
};

void* run_counted(void* argument) {
  const std::unique_ptr<Start> start(static_cast<Start*>(argument));
  void* const result = start->body(start->argument);
  --threads;
  return result;
}

/// Scans silent ports. Returns whether each of them was found silent.
bool all_silent(const std::function<ModelRun(const ModelScan&, VerdictSheet&)>& model, const OwnedPorts& owned,
                ModelRun& run) {
  PortSet ports;
  for (const uint16_t port : owned.all()) ports.add({port, port});
  const Address target = *parse_address("127.0.0.1");
  const TargetSet targets({{target, target}}, {});
  const ModelScan scan{targets, ports, ProbeOrder(1, ports, Order::random, 7), 100};
  VerdictSheet sheet(scan.size());
  run = model(scan, sheet);
  for (uint64_t i = 0; i < sheet.size(); ++i) {
    if (sheet.state(i) != ProbeState::silent) return false;
  }
  return sheet.size() == ports_scanned;
}

}  // namespace

extern "C" {

int __real_pthread_create(pthread_t*, const pthread_attr_t*, void* (*)(void*), void*);
int __wrap_pthread_create(pthread_t* thread, const pthread_attr_t* attributes, void* (*body)(void*), void* argument);

int __wrap_pthread_create(pthread_t* thread, const pthread_attr_t* attributes, void* (*body)(void*), void* argument) {
  if (++threads > max_threads) {
    --threads;
    return EAGAIN;
  }
  auto start = std::make_unique<Start>(Start{body, argument});
  const int error = __real_pthread_create(thread, attributes, run_counted, start.get());
  if (error == 0) (void)start.release();  // run_counted() owns it
  return error;
}
}

TEST_CASE("thread-per-connection goes on when the system refuses threads") {
  OwnedPorts owned(AF_INET);
  for (uint32_t i = 0; i < ports_scanned; ++i) owned.add_silent();
  ModelRun run;
  max_threads = 60;
  CHECK(all_silent(run_thread_per_connection, owned, run));
  max_threads = no_limit;
  CHECK(run.threads_refused > 0);
  CHECK(run.peak_threads <= 60 + 1 + 1);  // the calling thread; one may end while another is made, and both count
  CHECK(run.connects == ports_scanned);
}
