// Out of memory: each allocation that the library makes in a call fails once, in turn. The call returns UV_ENOMEM or
// does without; what it leaves behind can be closed, and no exception crosses the C ABI.
#include <atomic>
#include <cstdlib>
#include <new>
#include <thread>

#include "support/speaking_server.hpp"

namespace {

// Which allocation of the caller's thread, or of all loop threads, fails: 1 is the next one, 0 is none.
const std::thread::id caller = std::this_thread::get_id();
uint64_t failing = 0;
std::atomic<uint64_t> failing_in_lanes{0};
std::atomic<bool> failed{false};

bool has_come(std::atomic<uint64_t>& count) noexcept {
  uint64_t left = count;
  while (left > 0 && !count.compare_exchange_weak(left, left - 1)) {
  }
  return left == 1;
}

void* allocate(size_t size) noexcept {
  const bool in_lane = std::this_thread::get_id() != caller;
  if (in_lane ? has_come(failing_in_lanes) : failing > 0 && --failing == 0) {
    failed = true;
    return nullptr;
  }
  return std::malloc(size > 0 ? size : 1);
}

}  // namespace

void* operator new(size_t size) {
  void* memory = allocate(size);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}
void* operator new(size_t size, const std::nothrow_t&) noexcept { return allocate(size); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, size_t) noexcept { std::free(memory); }

using namespace portloop::testing;

namespace {

constexpr portloop_connector connectors[] = {PORTLOOP_CONNECTOR_FASTEST, PORTLOOP_CONNECTOR_PORTABLE};

/// Returns what `call` returns if its n-th allocation fails. Sets `failed` if it made that many.
template <class Call>
auto with_failure_at(uint64_t n, Call call) {
  failed = false;
  failing = n;
  const auto answer = call();
  failing = 0;
  return answer;
}

/// Tries each n until the call makes fewer than n allocations. Returns how many it makes.
template <class Try>
uint64_t for_each_allocation(Try attempt) {
  uint64_t n = 1;
  for (;; ++n) {
    attempt(n);
    if (!failed) return n - 1;
    REQUIRE(n < 10'000);
  }
}

}  // namespace

TEST_CASE("options, scans and groups that can't be created are NULL") {
  for_each_allocation([](uint64_t n) {
    portloop_group* group = with_failure_at(n, [] { return portloop_group_new(); });
    CHECK((group == nullptr) == failed);
    portloop_group_free(group);
  });
  CHECK(with_failure_at(1, [] { return portloop_options_new(); }) == nullptr);
  TestLoop loop;
  portloop_scan* scan = nullptr;
  CHECK(with_failure_at(1, [&] { return portloop_scan_init(loop.get(), &scan); }) == UV_ENOMEM);
  CHECK(scan == nullptr);
}

TEST_CASE("a setter without memory returns UV_ENOMEM, has no message, and works when it is called again") {
  sockaddr_in6 first{}, last{};
  uv_ip6_addr("2001:db8::1", 0, &first);
  uv_ip6_addr("2001:db8::ffff", 0, &last);
  const std::string long_word(100, 'x');
  const std::function<int(portloop_options*)> setters[] = {
      [](auto* o) { return portloop_options_add_target(o, "2001:db8:1:2:3:4:5:6"); },
      [](auto* o) { return portloop_options_exclude_target(o, "127.0.0.1-9"); },
      [&](auto* o) {
        return portloop_options_add_range(o, reinterpret_cast<sockaddr*>(&first), reinterpret_cast<sockaddr*>(&last));
      },
      [](auto* o) { return portloop_options_set_ports(o, "22,80,443,8000-8100,http"); },
      [](auto* o) { return portloop_options_exclude_ports(o, "22,80,443,8000-8100"); },
      [](auto* o) { return portloop_options_skip_positions(o, 1, 2); },
      [](auto* o) { return portloop_options_set_source(o, "no address at all"); },
      [](auto* o) { return portloop_options_set_interface(o, "no-such-interface-at-all"); },
      [](auto* o) { return portloop_options_set_dscp(o, 64); },
      [&](auto* o) {
        return portloop_options_set_ports(o, long_word.c_str());
      },  // it is the message that can't be allocated
      [](auto* o) { return portloop_options_set_in_flight(o, 0); },
      [](auto* o) { return portloop_options_set_rate(o, -1); },
      [](auto* o) { return portloop_options_set_shard(o, 5, 4); },
      [](auto* o) { return portloop_options_set_banners(o, PORTLOOP_BANNERS_READ, 0, 1); },
  };
  for (const auto& set : setters) {
    const uint64_t allocations = for_each_allocation([&](uint64_t n) {
      portloop_options* options = portloop_options_new();
      const int error = with_failure_at(n, [&] { return set(options); });
      if (failed) {
        CHECK(error == UV_ENOMEM);
        CHECK(std::string(portloop_options_error(options)).empty());
      }
      const int again = set(options);
      CHECK((again == 0 || again == UV_EINVAL));
      portloop_options_free(options);
    });
    CHECK(allocations > 0);
  }
}

TEST_CASE("a start that runs out of memory returns UV_ENOMEM, calls nothing, and leaves a scan that can be closed") {
  const LocalPort open(LocalPort::open);
  for (const auto connector : connectors) {
    for (const uint32_t loops : {1U, 2U}) {
      CAPTURE(connector);
      CAPTURE(loops);
      const uint64_t allocations = for_each_allocation([&](uint64_t n) {
        CAPTURE(n);
        TestLoop loop;
        TestOptions options("127.0.0.1", open.text());
        portloop_options_set_connector(options, connector);
        portloop_options_set_loops(options, loops);
        portloop_group* group = portloop_group_new();
        REQUIRE(group != nullptr);
        portloop_options_set_group(options, group);
        portloop_group_free(group);
        Recorded scan(loop);
        close_when_done(scan);
        const int error = with_failure_at(n, [&] { return scan.start(options); });
        if (failed) CHECK(error == UV_ENOMEM);
        if (error != 0) {
          CHECK(scan.stats().loops == 0);
          scan.close();
        }
        loop.run();
        CHECK(scan.done == (error == 0 ? 1 : 0));
        CHECK(scan.results.size() == (error == 0 ? 1 : 0));
      });
      CHECK(allocations > 5);
    }
  }
}

TEST_CASE(
    "a scan that runs out of memory reports nothing wrong, and is done once: with UV_ENOMEM, or with every result") {
  const LocalPort open(LocalPort::open), other(LocalPort::open), closed(LocalPort::closed);
  for (const auto connector : connectors) {
    for (const int variant : {0, 1, 2, 3}) {
      const bool banners = variant % 2 == 1, in_batches = variant >= 2;
      CAPTURE(connector);
      CAPTURE(banners);
      CAPTURE(in_batches);
      const uint64_t allocations = for_each_allocation([&](uint64_t n) {
        CAPTURE(n);
        TestLoop loop;
        TestOptions options("127.0.0.1", open.text() + ',' + other.text() + ',' + closed.text());
        portloop_options_set_connector(options, connector);
        if (banners) portloop_options_set_banners(options, PORTLOOP_BANNERS_READ, 1, 16);
        // Counts the callbacks without allocating.
        struct Counts {
          int open = 0, closed = 0, other = 0, done = 0, status = 1;
          void add(portloop_state state) {
            ++(state == PORTLOOP_OPEN ? open : state == PORTLOOP_CLOSED ? closed : other);
          }
        } counts;
        portloop_scan* scan = nullptr;
        REQUIRE(portloop_scan_init(loop.get(), &scan) == 0);
        portloop_scan_set_data(scan, &counts);
        if (in_batches) {
          portloop_options_set_keep_connections(options, 1);
          portloop_scan_set_batch_cb(scan,
                                     [](portloop_scan* self, const portloop_result* const* results, size_t count) {
                                       for (size_t i = 0; i < count; ++i)
                                         static_cast<Counts*>(portloop_scan_data(self))->add(results[i]->state);
                                     });
        }
        REQUIRE(portloop_scan_start(
                    scan, options,
                    [](portloop_scan* self, const portloop_result* result) {
                      static_cast<Counts*>(portloop_scan_data(self))->add(result->state);
                    },
                    [](portloop_scan* self, int status) {
                      auto& seen = *static_cast<Counts*>(portloop_scan_data(self));
                      ++seen.done;
                      seen.status = status;
                      portloop_scan_close(self, nullptr);
                    }) == 0);
        with_failure_at(n, [&] { return uv_run(loop.get(), UV_RUN_DEFAULT); });
        CHECK(counts.done == 1);
        CHECK((counts.status == 0 || (failed && counts.status == UV_ENOMEM)));
        CHECK(counts.open <= 2);
        CHECK(counts.closed <= 1);
        CHECK(counts.other == 0);
        if (counts.status == 0) CHECK(counts.open + counts.closed == 3);
      });
      CHECK(allocations > 5);
    }
  }
}

TEST_CASE("an open scan that runs out of memory at the start fails, or does without the neighbour tables") {
  const LocalPort open(LocalPort::open);
  for (const uint32_t loops : {1U, 2U}) {
    CAPTURE(loops);
    const uint64_t allocations = for_each_allocation([&](uint64_t n) {
      CAPTURE(n);
      TestLoop loop;
      TestOptions options("127.0.0.1", open.text());
      portloop_options_set_loops(options, loops);
      portloop_options_set_open_input(options, 1);
      Recorded scan(loop);
      close_when_done(scan);
      const int error = with_failure_at(n, [&] { return scan.start(options); });
      CHECK((error == 0 || (failed && error == UV_ENOMEM)));
      portloop_scan_finish_input(scan.scan);
      if (error != 0) scan.close();
      loop.run();
      CHECK(scan.done == (error == 0 ? 1 : 0));
      CHECK(scan.results.size() == (error == 0 ? 1 : 0));
    });
    CHECK(allocations > 5);
  }
}

TEST_CASE("an addition without memory is not made and can be made again; a scan without memory for it ends") {
  const LocalPort open(LocalPort::open), closed(LocalPort::closed);
  const std::string ports = open.text() + ',' + closed.text();
  for (const uint32_t loops : {1U, 2U}) {
    CAPTURE(loops);
    for (const bool while_adding : {true, false}) {
      CAPTURE(while_adding);
      const uint64_t allocations = for_each_allocation([&](uint64_t n) {
        CAPTURE(n);
        TestLoop loop;
        TestOptions options("127.0.0.1", open.text());
        portloop_options_set_open_input(options, 1);
        portloop_options_set_loops(options, loops);
        Recorded scan(loop);
        close_when_done(scan);
        scan.results.reserve(16);
        REQUIRE(scan.start(options) == 0);
        const auto add = [&] { return portloop_scan_add_target(scan.scan, "127.0.0.1", ports.c_str(), 7); };
        if (while_adding) {
          const int error = with_failure_at(n, add);
          if (error != 0) {
            CHECK(error == UV_ENOMEM);
            CHECK(std::string(portloop_scan_input_error(scan.scan)).empty());
            REQUIRE(add() == 0);
          }
          portloop_scan_finish_input(scan.scan);
          loop.run();
          CHECK(scan.status == 0);
        } else {
          REQUIRE(add() == 0);
          portloop_scan_finish_input(scan.scan);
          failed = false;
          if (loops > 1) failing_in_lanes = n;
          with_failure_at(loops > 1 ? 0 : n, [&] { return uv_run(loop.get(), UV_RUN_DEFAULT); });
          failing_in_lanes = 0;
          CHECK(scan.done == 1);
          CHECK((scan.status == 0 || scan.status == UV_ENOMEM));
        }
        CHECK(scan.results.size() <= 3);
        if (scan.status == 0) CHECK(scan.results.size() == 3);
        for (const auto& result : scan.results)
          CHECK(result.state == (result.port == open.number() ? PORTLOOP_OPEN : PORTLOOP_CLOSED));
      });
      CHECK(allocations > 3);
    }
  }
}

TEST_CASE("if loop threads run out of memory, the scan ends with UV_ENOMEM, and the results so far are correct") {
  const std::string words(40, 'w');
  for (const auto connector : connectors) {
    CAPTURE(connector);
    const uint64_t allocations = for_each_allocation([&](uint64_t n) {
      CAPTURE(n);
      failed = false;
      TestLoop loop;
      SpeakingServer first(loop, SpeakingServer::then_closes, words), second(loop, SpeakingServer::then_closes, words);
      TestOptions options("127.0.0.1", first.text() + ',' + second.text());
      portloop_options_set_connector(options, connector);
      portloop_options_set_loops(options, 2);
      portloop_options_set_banners(options, PORTLOOP_BANNERS_READ, 10'000, 100);
      Recorded scan(loop);
      close_when_done(scan);
      failing_in_lanes = n;
      REQUIRE(scan.start(options) == 0);
      loop.run();
      failing_in_lanes = 0;
      CHECK(scan.done == 1);
      CHECK((scan.status == 0 || (failed && scan.status == UV_ENOMEM)));
      CHECK(scan.results.size() <= 2);
      if (scan.status == 0) CHECK(scan.results.size() == 2);
      for (const auto& result : scan.results) {
        CHECK(result.state == PORTLOOP_OPEN);
        if (!failed) CHECK(result.banner == words);
      }
    });
    CHECK(allocations > 5);
  }
}
