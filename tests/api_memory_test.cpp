// Memory that runs out: each allocation that the library makes for a call fails once, in turn. The call says
// UV_ENOMEM, or does without; whatever it leaves can be closed, and no exception crosses the C ABI.
#include <cstdlib>
#include <new>

#include "support/embedding.hpp"

namespace {

// Of this thread's allocations, the one that fails: 1 is the next, 0 none. Loop threads have none of their own.
thread_local uint64_t failing = 0;
thread_local bool failed = false;

void* allocate(size_t size) noexcept {
  if (failing > 0 && --failing == 0) {
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

using namespace portloop_test;

namespace {

constexpr portloop_connector connectors[] = {PORTLOOP_CONNECTOR_FASTEST, PORTLOOP_CONNECTOR_PORTABLE};

/// What `call` answers when its n-th allocation fails; `failed` says whether it made so many.
template <class Call>
auto with_failure_at(uint64_t n, Call call) {
  failed = false;
  failing = n;
  const auto answer = call();
  failing = 0;
  return answer;
}

/// Tries each n until the call makes no n-th allocation any more; answers how many there were.
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

TEST_CASE("options and scans that cannot be made are NULL") {
  CHECK(with_failure_at(1, [] { return portloop_options_new(); }) == nullptr);
  TestLoop loop;
  portloop_scan* scan = nullptr;
  CHECK(with_failure_at(1, [&] { return portloop_scan_init(loop.get(), &scan); }) == UV_ENOMEM);
  CHECK(scan == nullptr);
}

TEST_CASE("a setter without memory says UV_ENOMEM, has no message, and works when it is called again") {
  sockaddr_in6 first{}, last{};
  uv_ip6_addr("2001:db8::1", 0, &first);
  uv_ip6_addr("2001:db8::ffff", 0, &last);
  const std::string long_word(100, 'x');
  const std::function<int(portloop_options*)> setters[] = {
      [](auto* o) { return portloop_options_add_target(o, "2001:db8:1:2:3:4:5:6"); },
      [](auto* o) { return portloop_options_exclude_target(o, "127.0.0.1-9"); },
      [&](auto* o) { return portloop_options_add_range(o, reinterpret_cast<sockaddr*>(&first), reinterpret_cast<sockaddr*>(&last)); },
      [](auto* o) { return portloop_options_set_ports(o, "22,80,443,8000-8100,http"); },
      [](auto* o) { return portloop_options_exclude_ports(o, "22,80,443,8000-8100"); },
      [](auto* o) { return portloop_options_skip_positions(o, 1, 2); },
      [&](auto* o) { return portloop_options_set_ports(o, long_word.c_str()); },  // the message is what is refused memory
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

TEST_CASE("a start that runs out of memory says so, calls nothing, and leaves a scan that can be closed") {
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
