// portloop.hpp: ownership, exceptions, and that a destroyed scan calls nothing.
#include "portloop/portloop.hpp"

#include <sys/wait.h>

#include <optional>

#include "support/embedding.hpp"

using namespace portloop::testing;

TEST_CASE("setters chain, and throw the message of portloop_options_error()") {
  sockaddr_in first{}, last{};
  uv_ip4_addr("127.0.0.2", 0, &first);
  uv_ip4_addr("127.0.0.3", 0, &last);
  portloop::Options options;
  options.add_target("127.0.0.1")
      .add_range(reinterpret_cast<sockaddr&>(first), reinterpret_cast<sockaddr&>(last))
      .exclude_target("127.0.0.3");
  options.ports("30000-30002")
      .exclude_ports("30001")
      .in_flight(5)
      .rate(1e9)
      .timeout_ms(100)
      .adaptive(false)
      .stop_after(9)
      .retries(0);
  options.order(PORTLOOP_ORDER_SEQUENTIAL).seed(1).shard(1, 1).skip_positions(0, 0).loops(1);
  options.connector(PORTLOOP_CONNECTOR_PORTABLE).banners(PORTLOOP_BANNERS_READ, 10, 20);
  try {
    options.add_target("no such word");
    FAIL("not thrown");
  } catch (const portloop::Error& error) {
    CHECK(error.code() == UV_EINVAL);
    CHECK(std::string(error.what()).find("'no such word'") != std::string::npos);
  }
  CHECK_THROWS_AS(options.timeout_ms(0), portloop::Error);
  // All settings have reached the scan: two addresses, two ports, one position skipped.
  TestLoop loop;
  portloop::Scan scan(loop.get());
  std::vector<std::string> results;
  scan.start(options, [&](const portloop_result& result) {
    results.push_back(portloop::address_text(result) + ':' + std::to_string(result.port));
  });
  CHECK(scan.stats().probes == 4);
  CHECK(scan.stats().skipped == 1);
  scan.unref();
  scan.ref();
  loop.run();
  CHECK(results == std::vector<std::string>{"127.0.0.1:30002", "127.0.0.2:30000", "127.0.0.2:30002"});
}

TEST_CASE("lambdas as callbacks: results, done, closed") {
  const LocalPort open(LocalPort::open), closed(LocalPort::closed);
  TestLoop loop;
  portloop::Scan scan(loop.get());
  int opened = 0, results = 0, status = 1, closed_calls = 0;
  scan.start(
      portloop::Options().add_target("127.0.0.1").ports(open.text() + ',' + closed.text()),
      [&](const portloop_result& result) {
        ++results;
        CHECK(portloop::address_text(result) == "127.0.0.1");
        CHECK(portloop::banner_of(result).empty());
        opened += result.state == PORTLOOP_OPEN;
      },
      [&](int with_status) {
        status = with_status;
        CHECK(scan.stats().probes == 2);
        scan.close([&] { ++closed_calls; });
        CHECK_FALSE(scan);
      });
  loop.run();
  CHECK(results == 2);
  CHECK(opened == 1);
  CHECK(status == 0);
  CHECK(closed_calls == 1);
}

TEST_CASE("a start that fails throws, and the scan can be started again or closed") {
  TestLoop loop;
  portloop::Scan scan(loop.get());
  CHECK_THROWS_AS(scan.start(portloop::Options(), [](const portloop_result&) {}), portloop::Error);
  const LocalPort open(LocalPort::open);
  int results = 0;
  scan.start(portloop::Options().add_target("127.0.0.1").ports(open.text()),
             [&](const portloop_result&) { ++results; });
  loop.run();
  CHECK(results == 1);
}

TEST_CASE("a scan that is destroyed calls nothing more: before, during and inside its callbacks") {
  std::vector<LocalPort> ports;
  for (int i = 0; i < 10; ++i) ports.emplace_back(LocalPort::open);
  for (const uint32_t loops : {1U, 2U}) {
    TestLoop loop;
    const portloop::Options options =
        std::move(portloop::Options().add_target("127.0.0.1").ports(join(ports)).loops(loops));
    int calls = 0;
    {
      portloop::Scan never_started(loop.get());
      portloop::Scan at_once(loop.get());
      at_once.start(
          options, [&](const portloop_result&) { ++calls; }, [&](int) { ++calls; });
    }
    std::optional<portloop::Scan> inside(loop.get());
    int results = 0;
    // The callback's captures outlive the object that it destroys.
    inside->start(
        options,
        [&, text = std::string(100, 'x')](const portloop_result&) {
          inside.reset();
          ++results;
          CHECK(text.size() == 100);
        },
        [&](int) { ++calls; });
    loop.run();
    CHECK(results == 1);
    CHECK(calls == 0);
  }
}

TEST_CASE("the quick start's done, which closes, is harmless while a close elsewhere is under way") {
  std::vector<LocalPort> ports;
  for (int i = 0; i < 10; ++i) ports.emplace_back(LocalPort::open);
  for (const uint32_t loops : {1U, 2U}) {
    TestLoop loop;
    portloop::Scan scan(loop.get());
    int results = 0, done = 0, closed = 0;
    scan.start(
        portloop::Options().add_target("127.0.0.1").ports(join(ports)).loops(loops),
        [&](const portloop_result&) {
          ++results;
          scan.close([&] { ++closed; });
        },
        [&](int) {
          ++done;
          scan.close([&] { closed += 100; });
        });
    loop.run();
    CHECK(results == 1);
    CHECK(done == 1);
    CHECK(closed == 1);
  }
}

TEST_CASE("an empty scan: stop, ref, unref, stats and close are harmless, start throws") {
  const LocalPort open(LocalPort::open);
  TestLoop loop;
  portloop::Scan closed(loop.get()), source(loop.get());
  closed.close();
  const portloop::Scan target = std::move(source);
  for (portloop::Scan* empty : {&closed, &source}) {  // NOLINT(bugprone-use-after-move): that is the question
    CHECK_FALSE(*empty);
    empty->stop();
    empty->pause();
    empty->resume();
    empty->ref();
    empty->unref();
    CHECK(empty->stats().probes == 0);
    empty->close([] { FAIL("called by an empty scan"); });
    CHECK_THROWS_AS(empty->start(portloop::Options().add_target("127.0.0.1").ports(open.text()), {}), portloop::Error);
  }
  CHECK(target);
  loop.run();
}

TEST_CASE("a moved scan continues in the new object; assigning to a scan ends it") {
  const LocalPort open(LocalPort::open);
  TestLoop loop;
  const portloop::Options options = std::move(portloop::Options().add_target("127.0.0.1").ports(open.text()));
  int first_results = 0, second_results = 0;
  portloop::Scan first(loop.get()), second(loop.get());
  first.start(options, [&](const portloop_result&) { ++first_results; });
  second.start(options, [&](const portloop_result&) { ++second_results; });
  first = std::move(second);
  CHECK_FALSE(second);
  CHECK(first);
  loop.run();
  CHECK(first_results == 0);
  CHECK(second_results == 1);
}

namespace {

constexpr int ended_by_terminate = 7, came_through = 8;

/// Runs a scan of one open port in a child process that throws in a callback, and returns how the process ended.
int ends_with(const std::function<void(uv_loop_t*, const portloop::Options&)>& start) {
  const LocalPort open(LocalPort::open);
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    std::set_terminate([] { _exit(ended_by_terminate); });
    try {
      uv_loop_t loop;
      uv_loop_init(&loop);
      const portloop::Options options = std::move(portloop::Options().add_target("127.0.0.1").ports(open.text()));
      start(&loop, options);
      uv_run(&loop, UV_RUN_DEFAULT);
    } catch (...) {
      _exit(came_through);
    }
    _exit(0);
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

[[noreturn]] void throw_something() { throw std::runtime_error("thrown by a callback"); }

}  // namespace

TEST_CASE("a callback that throws ends the program, and no exception leaves the loop") {
  using namespace portloop;
  CHECK(ends_with([](uv_loop_t* loop, const Options& options) {
          (new Scan(loop))->start(options, [](const portloop_result&) { throw_something(); });
        }) == ended_by_terminate);
  CHECK(ends_with([](uv_loop_t* loop, const Options& options) {
          (new Scan(loop))->start(options, {}, [](int) { throw_something(); });
        }) == ended_by_terminate);
  CHECK(ends_with([](uv_loop_t* loop, const Options&) { Scan(loop).close([] { throw_something(); }); }) ==
        ended_by_terminate);
  const auto by_c = [](portloop_result_cb on_result, portloop_done_cb on_done, portloop_close_cb on_closed) {
    return ends_with([=](uv_loop_t* loop, const Options& options) {
      portloop_scan* scan = nullptr;
      portloop_scan_init(loop, &scan);
      portloop_scan_start(scan, options.get(), on_result, on_done);
      if (on_closed != nullptr) portloop_scan_close(scan, on_closed);
    });
  };
  CHECK(by_c([](portloop_scan*, const portloop_result*) { throw_something(); }, nullptr, nullptr) ==
        ended_by_terminate);
  CHECK(by_c(
            nullptr, [](portloop_scan*, int) { throw_something(); }, nullptr) == ended_by_terminate);
  CHECK(by_c(nullptr, nullptr, [](portloop_scan*) { throw_something(); }) == ended_by_terminate);
}
