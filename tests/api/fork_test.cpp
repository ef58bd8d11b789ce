// A process that forks while a scan runs: the parent's results stay right, whatever the child does with its copy.
#include <fcntl.h>
#include <sys/wait.h>

#include "support/embedding.hpp"

using namespace portloop::testing;

namespace {

#if defined(__SANITIZE_THREAD__)
constexpr bool may_fork_with_threads = false;  // ThreadSanitizer ends such a child
#else
constexpr bool may_fork_with_threads = true;
#endif

enum class ChildAction { close, stop, run, exit };

/// What the child saw of the scan. It must not use doctest: its report would be printed twice.
struct Child {
  int results = 0;
  int done = 0;
  int status = 1;
  int closed = 0;
};

Child& child_of(portloop_scan* scan) { return *static_cast<Child*>(portloop_scan_data(scan)); }

/// Runs in the child. Returns its exit status: 0, or the number of the expectation that failed.
int run_child(uv_loop_t* loop, Recorded& scan, ChildAction action) {
  if (action == ChildAction::exit) return 0;
  if (uv_loop_fork(loop) != 0) return 1;
  Child child;
  scan.on_result = [&](Recorded&) { ++child.results; };
  scan.on_done = [&](Recorded& self) {
    ++child.done;
    child.status = self.status;
    portloop_scan_close(self.scan, nullptr);
  };
  if (action == ChildAction::close) portloop_scan_close(scan.scan, nullptr);
  if (action == ChildAction::stop) portloop_scan_stop(scan.scan);
  uv_run(loop, UV_RUN_DEFAULT);
  if (child.results != 0) return 2;
  if (child.done != 1) return 3;
  if (child.status != (action == ChildAction::run ? UV_ENOTSUP : UV_ECANCELED)) return 4;
  return 0;
}

int exit_status_of(pid_t child) {
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 100 + WTERMSIG(status);
}

}  // namespace

TEST_CASE("a child that runs, stops or closes its copy of a scan does not change the parent's results") {
  constexpr size_t silent_ports = 40;
  for (const Engine& engine : engines) {
    if (engine.loops > 1 && !may_fork_with_threads) continue;
    for (const ChildAction action : {ChildAction::close, ChildAction::stop, ChildAction::run, ChildAction::exit}) {
      CAPTURE(engine.loops);
      CAPTURE(engine.connector);
      CAPTURE(static_cast<int>(action));
      std::vector<LocalPort> silent, open, closed;
      for (size_t i = 0; i < silent_ports; ++i) silent.emplace_back(LocalPort::silent);
      for (int i = 0; i < 5; ++i) open.emplace_back(LocalPort::open);
      for (int i = 0; i < 5; ++i) closed.emplace_back(LocalPort::closed);
      TestLoop loop;
      TestOptions options("127.0.0.1", join(silent) + ',' + join(open) + ',' + join(closed));
      set_engine(options, engine);
      portloop_options_set_timeout_ms(options, 200);
      portloop_options_set_adaptive(options, 0);
      portloop_options_set_retries(options, 1);
      portloop_options_set_banners(options, PORTLOOP_BANNERS_HTTP, 300, 10);
      Recorded scan(loop);
      REQUIRE(scan.start(options) == 0);
      // Everything is pending, and the banners of the open ports are awaited.
      loop.poll_until([&] { return scan.stats().in_flight >= silent_ports; });
      const pid_t child = fork();
      REQUIRE(child >= 0);
      if (child == 0) _exit(run_child(loop.get(), scan, action));
      CHECK(exit_status_of(child) == 0);
      close_when_done(scan);
      loop.run();
      CHECK(scan.status == 0);
      CHECK(scan.results.size() == silent.size() + open.size() + closed.size());
      for (const auto& port : silent) CHECK(scan.find(port.number())->state == PORTLOOP_FILTERED);
      for (const auto& port : open) CHECK(scan.find(port.number())->state == PORTLOOP_OPEN);
      for (const auto& port : closed) CHECK(scan.find(port.number())->state == PORTLOOP_CLOSED);
    }
  }
}

TEST_CASE("a child may start a scan of its own, on the parent's loop beside the parent's scan") {
  const LocalPort silent(LocalPort::silent), open(LocalPort::open);
  for (const auto connector : {PORTLOOP_CONNECTOR_FASTEST, PORTLOOP_CONNECTOR_PORTABLE}) {
    TestLoop loop;
    TestOptions waiting("127.0.0.1", silent.text()), options("127.0.0.1", open.text());
    for (portloop_options* each : {static_cast<portloop_options*>(waiting), static_cast<portloop_options*>(options)})
      portloop_options_set_connector(each, connector);
    portloop_options_set_timeout_ms(waiting, 100);
    portloop_options_set_retries(waiting, 0);
    Recorded scan(loop);
    REQUIRE(scan.start(waiting) == 0);
    loop.poll_until([&] { return scan.stats().in_flight == 1; });
    const pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      if (uv_loop_fork(loop.get()) != 0) _exit(1);
      Child seen;
      portloop_scan* own = nullptr;
      if (portloop_scan_init(loop.get(), &own) != 0) _exit(2);
      portloop_scan_set_data(own, &seen);
      const int error = portloop_scan_start(
          own, options,
          [](portloop_scan* self, const portloop_result* result) {
            child_of(self).results += result->state == PORTLOOP_OPEN;
          },
          [](portloop_scan* self, int status) {
            child_of(self).status = status;
            portloop_scan_close(self, [](portloop_scan* closed) { ++child_of(closed).closed; });
          });
      portloop_scan_close(scan.scan, nullptr);
      uv_run(loop.get(), UV_RUN_DEFAULT);
      _exit(error == 0 && seen.results == 1 && seen.status == 0 && seen.closed == 1 ? 0 : 3);
    }
    CHECK(exit_status_of(child) == 0);
    close_when_done(scan);
    loop.run();
    CHECK(scan.results.size() == 1);
    CHECK(scan.results[0].state == PORTLOOP_FILTERED);
  }
}

TEST_CASE("a child that was forked in a result callback and returns from it gets no further result") {
  constexpr size_t ports = 3000;  // closed, and more than a turn of the loop can probe
  for (const Engine& engine : engines) {
    if (engine.loops > 1 && !may_fork_with_threads) continue;
    CAPTURE(engine.loops);
    CAPTURE(engine.connector);
    TestLoop loop;
    TestOptions options("127.0.0.1", "42001-45000");
    set_engine(options, engine);
    Recorded scan(loop);
    close_when_done(scan);
    constexpr size_t forked_at = 100;
    pid_t child = -1;
    uint64_t connects = 0;
    scan.on_result = [&](Recorded& self) {
      if (self.results.size() != forked_at) return;
      child = fork();
      connects = self.stats().connects;
      if (child == 0 && uv_loop_fork(loop.get()) != 0) _exit(1);
    };
    scan.on_done = [&, close = scan.on_done](Recorded& self) {
      if (child == 0 && self.stats().connects != connects) _exit(2);
      close(self);
    };
    REQUIRE(scan.start(options) == 0);
    loop.run();
    if (child == 0)
      _exit(scan.results.size() != forked_at ? 3 : scan.status != UV_ENOTSUP ? 4 : scan.closed != 1 ? 5 : 0);
    REQUIRE(child > 0);
    CHECK(exit_status_of(child) == 0);
    CHECK(scan.results.size() == ports);
    CHECK(scan.status == 0);
  }
}

TEST_CASE("a program that a scan's process starts inherits none of its descriptors") {
  const LocalPort silent(LocalPort::silent);
  for (const Engine& engine : engines) {
    if (engine.loops > 1 && !may_fork_with_threads) continue;
    CAPTURE(engine.loops);
    CAPTURE(engine.connector);
    TestLoop loop;
    TestOptions options("127.0.0.1", silent.text());
    set_engine(options, engine);
    Recorded scan(loop);
    // Those that the test program itself was started with have no such flag.
    const auto count_inherited = [] {
      int count = 0;
      for (int fd = 0; fd < 1024; ++fd) {
        const int flags = fcntl(fd, F_GETFD);
        count += flags >= 0 && (flags & FD_CLOEXEC) == 0;
      }
      return count;
    };
    const int before = count_inherited();
    REQUIRE(scan.start(options) == 0);
    loop.poll_until([&] { return scan.stats().in_flight == 1; });
    CHECK(count_inherited() == before);
    scan.close();
    loop.run();
  }
}
