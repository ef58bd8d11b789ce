// portloop.hpp: who owns what, what is thrown, and what a destroyed scan still calls: nothing.
#include "portloop/portloop.hpp"

#include <optional>

#include "support/embedding.hpp"

using namespace portloop_test;

TEST_CASE("setters chain, and throw what portloop_options_error() says") {
  portloop::Options options;
  options.add_target("127.0.0.1").ports("30000").in_flight(5).rate(0).timeout_ms(100).adaptive(false).retries(0).seed(1).shard(1, 1).loops(1);
  try {
    options.add_target("no such word");
    FAIL("not thrown");
  } catch (const portloop::Error& error) {
    CHECK(error.code() == UV_EINVAL);
    CHECK(std::string(error.what()).find("'no such word'") != std::string::npos);
  }
  CHECK_THROWS_AS(options.timeout_ms(0), portloop::Error);
}

TEST_CASE("a scan by lambdas: results, done, closed") {
  const LocalPort open(LocalPort::open), closed(LocalPort::closed);
  TestLoop loop;
  portloop::Scan scan(loop.get());
  int opened = 0, results = 0, status = 1, closed_calls = 0;
  scan.start(portloop::Options().add_target("127.0.0.1").ports(open.text() + ',' + closed.text()),
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

TEST_CASE("a start that fails throws and leaves the scan for another start or its end") {
  TestLoop loop;
  portloop::Scan scan(loop.get());
  CHECK_THROWS_AS(scan.start(portloop::Options(), [](const portloop_result&) {}), portloop::Error);
  const LocalPort open(LocalPort::open);
  int results = 0;
  scan.start(portloop::Options().add_target("127.0.0.1").ports(open.text()), [&](const portloop_result&) { ++results; });
  loop.run();
  CHECK(results == 1);
}

TEST_CASE("a scan that is destroyed calls nothing more: before, during and inside its callbacks") {
  std::vector<LocalPort> ports;
  for (int i = 0; i < 10; ++i) ports.emplace_back(LocalPort::open);
  for (const uint32_t loops : {1U, 2U}) {
    TestLoop loop;
    const portloop::Options options = std::move(portloop::Options().add_target("127.0.0.1").ports(join(ports)).loops(loops));
    int calls = 0;
    {
      portloop::Scan never_started(loop.get());
      portloop::Scan at_once(loop.get());
      at_once.start(options, [&](const portloop_result&) { ++calls; }, [&](int) { ++calls; });
    }
    std::optional<portloop::Scan> inside(loop.get());
    int results = 0;
    // The callback's own captures outlive the object that it destroys.
    inside->start(options, [&, text = std::string(100, 'x')](const portloop_result&) {
      inside.reset();
      ++results;
      CHECK(text.size() == 100);
    }, [&](int) { ++calls; });
    loop.run();
    CHECK(results == 1);
    CHECK(calls == 0);
  }
}

TEST_CASE("a moved scan goes on under its new name; assigning over one ends it") {
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
