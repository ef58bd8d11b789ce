// portloop_options_set_script(): a scan without a network, for the tests of programs that embed portloop.
#include <fcntl.h>
#include <netinet/in.h>

#include <algorithm>
#include <map>
#include <mutex>

#include "portloop/portloop.hpp"
#include "support/embedding.hpp"
#include "support/open_descriptors.hpp"

using namespace portloop::testing;

namespace {

/// What each port answers; ports that are not listed are closed. Thread-safe.
struct Script {
  std::map<uint16_t, portloop_script_answer> answers;
  std::map<uint16_t, int> connects;
  std::mutex mutex;
  int slow_every = 0;  // one call of so many takes long; 0: none
  int calls = 0;

  void set(uint16_t port, int error, uint64_t delay_us = 0, int fd = -1) { answers[port] = {0, error, delay_us, fd}; }

  /// Longer than the work of a turn may take.
  static void take_long() {
    const uint64_t until_ns = uv_hrtime() + 600'000;
    while (uv_hrtime() < until_ns) {
    }
  }

  static void call(void* data, const sockaddr* endpoint, portloop_script_answer* answer) {
    auto& self = *static_cast<Script*>(data);
    const std::lock_guard lock(self.mutex);
    const uint16_t port = ntohs(reinterpret_cast<const sockaddr_in*>(endpoint)->sin_port);
    ++self.connects[port];
    if (self.slow_every != 0 && ++self.calls % self.slow_every == 0) take_long();
    answer->error = UV_ECONNREFUSED;
    if (const auto found = self.answers.find(port); found != self.answers.end()) {
      answer->error = found->second.error;
      answer->delay_us = found->second.delay_us;
      answer->fd = found->second.fd;
    }
  }
};

struct Seen {
  uint16_t port;
  portloop_state state;
  portloop_reason reason;
  int error;
  uint32_t attempts;
  bool operator==(const Seen&) const = default;
};

/// Scans 192.0.2.1, which no test could reach.
std::vector<Seen> scan(Script& script, const std::string& ports,
                       const std::function<void(portloop::Options&)>& set = {},
                       const std::function<void(const portloop_result&)>& each = {}) {
  TestLoop loop;
  portloop::Scan scan(loop.get());
  portloop::Options options;
  options.add_target("192.0.2.1").ports(ports).script(Script::call, &script);
  if (set) set(options);
  std::vector<Seen> seen;
  int status = 1;
  scan.start(
      options,
      [&](const portloop_result& result) {
        seen.push_back({result.port, result.state, result.reason, result.error, result.attempts});
        if (each) each(result);
      },
      [&](int with) { status = with; });
  loop.run();
  CHECK(status == 0);
  scan.close();
  loop.run();
  return seen;
}

void in_order(portloop::Options& options) { options.adaptive(false).retries(1).order(PORTLOOP_ORDER_SEQUENTIAL); }

}  // namespace

TEST_CASE("each answer of a script is its port's result") {
  struct Row {
    int error;
    Seen seen;
  };
  const Row rows[] = {
      {0, {0, PORTLOOP_OPEN, PORTLOOP_SYN_ACK, 0, 1}},
      {UV_ECONNREFUSED, {0, PORTLOOP_CLOSED, PORTLOOP_CONN_REFUSED, 0, 1}},
      {UV_ETIMEDOUT, {0, PORTLOOP_FILTERED, PORTLOOP_NO_RESPONSE, 0, 2}},
      {UV_EHOSTUNREACH, {0, PORTLOOP_FILTERED, PORTLOOP_HOST_UNREACH, 0, 1}},
      {UV_ENETUNREACH, {0, PORTLOOP_FILTERED, PORTLOOP_NET_UNREACH, 0, 1}},
      {UV_EPERM, {0, PORTLOOP_UNKNOWN, PORTLOOP_LOCAL_ERROR, UV_EPERM, 1}},
  };
  for (const uint32_t loops : {1U, 3U}) {
    CAPTURE(loops);
    Script script;
    uint16_t port = 1;
    for (const Row& row : rows) script.set(port++, row.error);
    std::vector<Seen> seen = scan(script, "1-" + std::to_string(port - 1), [&](portloop::Options& options) {
      in_order(options);
      options.loops(loops);
    });
    std::sort(seen.begin(), seen.end(), [](const Seen& a, const Seen& b) { return a.port < b.port; });
    REQUIRE(seen.size() == std::size(rows));
    for (size_t i = 0; i < seen.size(); ++i) {
      CAPTURE(i);
      Seen expected = rows[i].seen;
      expected.port = static_cast<uint16_t>(i + 1);
      CHECK((seen[i] == expected));
    }
    CHECK(script.connects[3] == 2);
  }
}

TEST_CASE("answers come in the order of their delays, which cost no time") {
  Script script;
  script.set(1, 0, 3'600'000'000);
  script.set(2, 0, 1'000);
  script.set(3, 0, 2'000);
  script.set(4, 0, 0);
  script.set(5, 0, 2'000);
  std::vector<uint16_t> ports;
  for (const Seen& seen : scan(script, "1-5", in_order)) ports.push_back(seen.port);
  CHECK(ports == std::vector<uint16_t>{4, 2, 3, 5, 1});
}

TEST_CASE("the order is the same on a slow machine") {
  Script script;
  for (uint16_t port = 1; port <= 2000; ++port) {
    const int kind = port * 7919 % 5;
    script.set(port, kind == 0 ? 0 : kind < 3 ? UV_ECONNREFUSED : UV_ETIMEDOUT, port * 104'729 % 1000);
  }
  const auto set = [](portloop::Options& options) {
    options.adaptive(false).retries(2).seed(5).in_flight(150).timeout_ms(600'000);
  };
  const std::vector<Seen> quick = scan(script, "1-2000", set);
  REQUIRE(quick.size() == 2000);
  script.slow_every = 50;
  int results = 0;
  const std::vector<Seen> slow = scan(script, "1-2000", set, [&](const portloop_result&) {
    if (++results % 50 == 0) Script::take_long();
  });
  CHECK((slow == quick));
}

TEST_CASE("a scripted connection has a banner, and can be taken over") {
  for (const bool banners : {true, false}) {
    const size_t before = count_open_descriptors();
    {
      int ends[2];
      REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) == 0);
      if (banners) REQUIRE(send(ends[1], "SSH-2.0", 7, MSG_NOSIGNAL) == 7);
      Script script;
      script.set(22, 0, 0, ends[0]);
      int taken = -1;
      scan(
          script, "22",
          [&](portloop::Options& options) {
            options.keep_connections(true);
            if (banners) options.banners(PORTLOOP_BANNERS_READ, 60'000, 7);
          },
          [&](const portloop_result& result) {
            CHECK(portloop::banner_of(result) == (banners ? "SSH-2.0" : ""));
            taken = portloop::take_fd(result);
          });
      REQUIRE(taken >= 0);
      CHECK(send(taken, "x", 1, MSG_NOSIGNAL) == 1);
      char byte = 0;
      CHECK(recv(ends[1], &byte, 1, 0) == 1);
      ::close(taken);
      ::close(ends[1]);
    }
    CHECK(count_open_descriptors() <= before + 1);  // libuv's own, of the first stream
  }
}

TEST_CASE("a scripted connection that is not taken is closed, and one that was never made is none") {
  int ends[2];
  REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) == 0);
  Script script;
  script.set(22, 0, 0, ends[0]);
  script.set(23, 0);
  scan(script, "22-23", {}, [](const portloop_result& result) { CHECK(result.connection == nullptr); });
  char byte;
  CHECK(recv(ends[1], &byte, 1, 0) == 0);
  ::close(ends[1]);
  scan(
      script, "23", [](portloop::Options& options) { options.keep_connections(true); },
      [](const portloop_result& result) { CHECK(portloop_result_take_fd(&result) == UV_ENOTCONN); });
}

TEST_CASE("stopping and closing a scripted scan ends it once, with every connection closed") {
  for (const uint32_t loops : {1U, 3U}) {
    for (const bool stop : {true, false}) {
      const size_t before = count_open_descriptors();
      {
        Script script;
        for (uint16_t port = 1; port <= 500; ++port) script.set(port, 0, port, open("/dev/null", O_RDWR | O_CLOEXEC));
        const size_t loaded = count_open_descriptors();
        CHECK(loaded > before);
        TestLoop loop;
        portloop::Scan scan(loop.get());
        int results = 0, done = 0;
        scan.start(
            portloop::Options()
                .add_target("192.0.2.1")
                .ports("1-500")
                .script(Script::call, &script)
                .loops(loops)
                .in_flight(600),
            [&](const portloop_result&) {
              if (++results == 100) stop ? scan.stop() : scan.close();
            },
            [&](int) { ++done; });
        loop.run();
        CHECK(done == 1);
        CHECK(results >= 100);
        scan.close();
        loop.run();
        for (const auto& [port, answer] : script.answers) {
          if (script.connects[port] == 0) ::close(answer.fd);  // the library never had it
        }
      }
      CHECK(count_open_descriptors() <= before + 1);
    }
  }
}
