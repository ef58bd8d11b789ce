// portloop_scan_set_batch_cb() and portloop_scan_set_progress_cb(): the results of a turn in one call, and a call at an
// interval.
#include <sys/wait.h>

#include <set>

#include "portloop/portloop.hpp"
#include "support/embedding.hpp"
#include "support/open_descriptors.hpp"
#include "support/speaking_server.hpp"

using namespace portloop::testing;

namespace {

constexpr size_t many = ManyClosed::count;
constexpr const char* many_ports = ManyClosed::ports;

portloop::Options options_of(const Engine& engine, const std::string& ports) {
  portloop::Options options;
  options.add_target("127.0.0.1").ports(ports).loops(engine.loops).connector(engine.connector);
  return options;
}

/// A scan whose batches are recorded.
struct Batches {
  explicit Batches(TestLoop& loop) : scan(loop.get()) {
    scan.on_batch([this](std::span<const portloop_result* const> results) {
      CHECK(done == 0);
      CHECK_FALSE(closed);
      REQUIRE_FALSE(results.empty());
      ++calls;
      for (const portloop_result* result : results) {
        CHECK(result->size == sizeof *result);
        CHECK(ports.insert(result->port).second);
        if (each) each(*result);
      }
      if (on_call) on_call();
    });
  }
  void start(const portloop::Options& options) {
    scan.start(
        options, [](const portloop_result&) { FAIL("a result of its own"); },
        [this](int with) {
          ++done;
          status = with;
        });
  }
  void close() {
    closed = true;
    scan.close();
  }

  portloop::Scan scan;
  std::set<uint16_t> ports;
  size_t calls = 0;
  int done = 0, status = 1;
  bool closed = false;
  std::function<void(const portloop_result&)> each;
  std::function<void()> on_call;
};

}  // namespace

TEST_CASE("each result is in one batch, and a turn of the loop has at most one") {
  for (const Engine& engine : engines) {
    CAPTURE(engine.loops);
    CAPTURE(engine.connector);
    TestLoop loop;
    size_t turn = 0, turn_of_last_call = 0, second_calls = 0;
    Batches batches(loop);
    batches.on_call = [&] {
      second_calls += turn == turn_of_last_call;
      turn_of_last_call = turn;
    };
    batches.start(options_of(engine, many_ports));
    while (batches.done == 0) {
      ++turn;
      uv_run(loop.get(), UV_RUN_ONCE);
    }
    CHECK(batches.status == 0);
    CHECK(batches.ports.size() == many);
    CHECK(batches.calls <= turn);
    CHECK(second_calls <= 1);  // what came in the last turn, before done
    batches.close();
    loop.run();
  }
}

TEST_CASE("results in a batch have their banner, and their connection can be taken over") {
  for (const Engine& engine : engines) {
    CAPTURE(engine.loops);
    CAPTURE(engine.connector);
    TestLoop loop;
    SpeakingServer first(loop, SpeakingServer::at_once, "first words"), other(loop, SpeakingServer::at_once, "others");
    std::vector<int> taken;
    Batches batches(loop);
    batches.each = [&](const portloop_result& result) {
      CHECK(portloop::banner_of(result) == (result.port == first.number() ? "first words" : "others"));
      taken.push_back(portloop::take_fd(result));
    };
    batches.start(options_of(engine, first.text() + ',' + other.text())
                      .keep_connections(true)
                      .banners(PORTLOOP_BANNERS_READ, 10'000, 6 + 5));
    loop.run_until([&] { return batches.done == 1; });
    REQUIRE(taken.size() == 2);
    for (const int fd : taken) {
      CHECK(fd >= 0);
      CHECK(send(fd, "x", 1, MSG_NOSIGNAL) == 1);
      ::close(fd);
    }
    batches.close();
    loop.run();
  }
}

TEST_CASE("after stop, what is known is still in a batch; after close in a batch, nothing follows") {
  for (const Engine& engine : engines) {
    for (const bool stop : {true, false}) {
      CAPTURE(engine.loops);
      CAPTURE(engine.connector);
      CAPTURE(stop);
      TestLoop loop;
      Batches batches(loop);
      size_t known = 0;
      batches.on_call = [&] {
        if (batches.calls != 3) return;
        known = batches.ports.size();
        stop ? batches.scan.stop() : batches.close();
      };
      batches.start(options_of(engine, many_ports));
      loop.run();
      CHECK(batches.done == 1);
      CHECK(batches.status == UV_ECANCELED);
      if (stop) CHECK(batches.ports.size() < many);
      if (!stop) CHECK(batches.ports.size() == known);
      batches.close();
      loop.run();
    }
  }
}

TEST_CASE("a scan that is closed between batches leaves no connection open") {
  std::vector<LocalPort> open;
  for (int i = 0; i < 40; ++i) open.emplace_back(LocalPort::open);
  for (const Engine& engine : engines) {
    size_t before = 0;
    {
      TestLoop loop;
      before = count_open_descriptors();
      Batches batches(loop);
      batches.start(options_of(engine, join(open)).keep_connections(true));
      loop.run_until([&] { return batches.scan.stats().open >= 3; });
      batches.close();
      loop.run();
      CHECK(batches.done == 1);
      CHECK(count_open_descriptors() <= before + 1);  // libuv's own, of the first stream
    }
  }
}

#if !defined(__SANITIZE_THREAD__)
TEST_CASE("a child that is forked in a batch leaves the parent's connections as they are") {
  for (const Engine& engine : engines) {
    const LocalPort open(LocalPort::open);
    TestLoop loop;
    Batches batches(loop);
    int fd = -1;
    pid_t child = -1;
    batches.each = [&](const portloop_result& result) {
      child = fork();
      // Before the loop polls again: until then its descriptors are the parent's as well, and what the child read from
      // them would never wake the parent.
      if (child == 0 && uv_loop_fork(loop.get()) != 0) _exit(1);
      if (child != 0) fd = portloop::take_fd(result);
    };
    batches.start(options_of(engine, open.text()).keep_connections(true));
    while (child < 0) uv_run(loop.get(), UV_RUN_ONCE);
    if (child == 0) {
      batches.close();
      uv_run(loop.get(), UV_RUN_DEFAULT);
      _exit(batches.ports.size() == 1 ? 0 : 2);
    }
    int exit_status = -1;
    CHECK(waitpid(child, &exit_status, 0) == child);
    CHECK(exit_status == 0);
    linger value{};
    socklen_t size = sizeof value;
    REQUIRE(getsockopt(fd, SOL_SOCKET, SO_LINGER, &value, &size) == 0);
    CHECK(value.l_onoff == 0);
    ::close(fd);
    batches.close();
    loop.run();
  }
}
#endif

TEST_CASE("progress is called at its interval, not after done, and does not keep the loop alive") {
  const LocalPort silent(LocalPort::silent);
  for (const Engine& engine : engines) {
    CAPTURE(engine.loops);
    CAPTURE(engine.connector);
    TestLoop loop;
    portloop::Scan scan(loop.get());
    int calls = 0, done = 0;
    scan.on_progress(1, [&] {
      CHECK(done == 0);
      CHECK(scan.stats().probes == 1);
      if (++calls == 5) scan.stop();
    });
    scan.start(options_of(engine, silent.text()).timeout_ms(600'000).adaptive(false), {}, [&](int) { ++done; });
    CHECK(calls == 0);
    loop.run();
    CHECK(calls >= 5);
    if (engine.loops == 1) CHECK(calls == 5);  // loop threads take a moment to stop
    CHECK(done == 1);
    scan.close();
    loop.run();

    portloop::Scan idle(loop.get());
    idle.on_progress(600'000, [] {});
    idle.unref();
    idle.start(options_of(engine, silent.text()).timeout_ms(600'000).adaptive(false), {});
    loop.run();  // returns at once
    idle.close();
    loop.run();
  }
}

TEST_CASE("both are set before the start") {
  TestLoop loop;
  portloop::Scan scan(loop.get());
  portloop::Options options = options_of(engines[0], "42001");
  CHECK_THROWS_AS(scan.on_progress(0, [] {}), portloop::Error);
  scan.on_progress(1, {});
  scan.on_batch({});
  int results = 0;
  scan.start(options, [&](const portloop_result&) { ++results; });
  CHECK_THROWS_AS(scan.on_batch([](auto) {}), portloop::Error);
  CHECK_THROWS_AS(scan.on_progress(1, [] {}), portloop::Error);
  loop.run();
  CHECK(results == 1);
  scan.close();
  CHECK_THROWS_AS(scan.on_batch([](auto) {}), portloop::Error);
  loop.run();
}
