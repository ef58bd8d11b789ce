// Every setter: what it accepts and rejects, and that the message quotes the offending word.
#include <cmath>
#include <utility>

#include "support/embedding.hpp"

using namespace portloop::testing;

namespace {

struct Options {
  portloop_options* o = portloop_options_new();
  ~Options() { portloop_options_free(o); }
  std::string error() const { return portloop_options_error(o); }
};

/// A number that is not an enumerator, which a caller in C may pass.
template <class Enum>
__attribute__((no_sanitize("enum"))) Enum out_of_range(int number) {
  Enum value;
  static_assert(sizeof value == sizeof number);
  std::memcpy(&value, &number, sizeof value);
  return value;
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("targets are numeric; anything else is rejected with the word in quotes") {
  Options options;
  CHECK(options.error().empty());
  for (const char* good : {"127.0.0.1", "10.0.0.0/8", "10.0.0.1-9", "10.0.0.1-10.0.0.9", "::1", "2001:db8::/64"}) {
    CHECK(portloop_options_add_target(options.o, good) == 0);
    CHECK(options.error().empty());
  }
  for (const char* bad :
       {"", "localhost", "10.0.0.300", "10.0.0.9-1", "0.0.0.0", "::", "10.0.0.0/33", "1.2.3.4 ", "fe80::1%nosuchif"}) {
    CAPTURE(bad);
    CHECK(portloop_options_add_target(options.o, bad) == UV_EINVAL);
    CHECK(contains(options.error(), std::string(1, '\'').append(bad)));
    CHECK(portloop_options_exclude_target(options.o, bad) == UV_EINVAL);
  }
  CHECK(portloop_options_add_target(options.o, "\x1b[31m\n") == UV_EINVAL);
  CHECK_FALSE(contains(options.error(), "\x1b"));
  CHECK_FALSE(contains(options.error(), "\n"));
  CHECK(portloop_options_add_target(options.o, "127.0.0.1") == 0);
  CHECK(options.error().empty());
}

TEST_CASE("a range has two addresses of one family, ascending, without the unspecified one") {
  Options options;
  sockaddr_in low{}, high{}, zero{};
  sockaddr_in6 v6{};
  uv_ip4_addr("127.0.0.1", 1, &low);
  uv_ip4_addr("127.0.0.9", 2, &high);
  uv_ip4_addr("0.0.0.0", 0, &zero);
  uv_ip6_addr("::1", 0, &v6);
  const auto add = [&](const auto& first, const auto& last) {
    return portloop_options_add_range(options.o, reinterpret_cast<const sockaddr*>(&first),
                                      reinterpret_cast<const sockaddr*>(&last));
  };
  CHECK(add(low, high) == 0);
  CHECK(add(v6, v6) == 0);
  CHECK(add(high, low) == UV_EINVAL);
  CHECK(contains(options.error(), "'127.0.0.9-127.0.0.1'"));
  CHECK(add(low, v6) == UV_EINVAL);
  CHECK(add(zero, high) == UV_EINVAL);
  CHECK(contains(options.error(), "'0.0.0.0'"));
  sockaddr_storage odd{};
  odd.ss_family = AF_UNIX;
  CHECK(add(odd, odd) == UV_EINVAL);
}

TEST_CASE("ports are numbers, ranges, names, common or all; never 0") {
  Options options;
  for (const char* good : {"22", "1-65535", "-", "all", "http,ssh", "common", "22,80,8000-8100", "60000-", "-1023"})
    CHECK(portloop_options_set_ports(options.o, good) == 0);
  for (const char* bad : {"0", "65536", "9-1", "nosuchservice", "22,,80", "", "1--", "-0"}) {
    CAPTURE(bad);
    CHECK(portloop_options_set_ports(options.o, bad) == UV_EINVAL);
    CHECK(contains(options.error(), "'"));
    CHECK(portloop_options_exclude_ports(options.o, bad) == UV_EINVAL);
  }
}

TEST_CASE("numbers have ranges, and the message contains the number and the range") {
  Options options;
  const auto refused = [&](int error, const char* number, const char* range) {
    CHECK(error == UV_EINVAL);
    CAPTURE(options.error());
    CHECK(contains(options.error(), number));
    CHECK(contains(options.error(), range));
  };
  refused(portloop_options_set_in_flight(options.o, 0), "not 0", "1-1000000 connects");
  refused(portloop_options_set_in_flight(options.o, 1'000'001), "not 1000001", "1-1000000 connects");
  CHECK(portloop_options_set_in_flight(options.o, 1'000'000) == 0);
  refused(portloop_options_set_rate(options.o, -1), "not -1", "0-1000000000");
  refused(portloop_options_set_rate(options.o, std::nan("")), "nan", "0-1000000000");
  refused(portloop_options_set_rate(options.o, INFINITY), "inf", "0-1000000000");
  CHECK(portloop_options_set_rate(options.o, 0.5) == 0);
  refused(portloop_options_set_timeout_ms(options.o, 0), "not 0", "1-600000 milliseconds");
  refused(portloop_options_set_timeout_ms(options.o, 600'001), "not 600001", "1-600000");
  refused(portloop_options_set_retries(options.o, -2), "not -2", "0-13, or -1");
  refused(portloop_options_set_retries(options.o, 14), "not 14", "0-13, or -1");
  CHECK(portloop_options_set_retries(options.o, -1) == 0);
  CHECK(portloop_options_set_retries(options.o, 13) == 0);
  refused(portloop_options_set_order(options.o, out_of_range<portloop_order>(2)), "not 2",
          "0 (random) or 1 (sequential)");
  refused(portloop_options_set_shard(options.o, 0, 3), "'0/3'", "1 <= K <= N");
  refused(portloop_options_set_shard(options.o, 4, 3), "'4/3'", "1 <= K <= N");
  refused(portloop_options_set_loops(options.o, 0), "not 0", "1-1024");
  refused(portloop_options_set_loops(options.o, 1025), "not 1025", "1-1024");
  refused(portloop_options_set_connector(options.o, out_of_range<portloop_connector>(7)), "not 7",
          "0 (fastest) or 1 (portable)");
  refused(portloop_options_set_banners(options.o, out_of_range<portloop_banners>(4), 1, 1), "not 4",
          "0 (none), 1 (read), 2 (HTTP) or 3 (HTTP, also to printers)");
  refused(portloop_options_set_banners(options.o, PORTLOOP_BANNERS_READ, 0, 1), "not 0", "1-600000 milliseconds");
  refused(portloop_options_set_banners(options.o, PORTLOOP_BANNERS_READ, 1, 65'537), "not 65537", "1-65536 bytes");
  CHECK(portloop_options_set_banners(options.o, PORTLOOP_BANNERS_NONE, 0, 0) == 0);
  CHECK(portloop_options_set_adaptive(options.o, 0) == 0);
  CHECK(portloop_options_set_seed(options.o, UINT64_MAX) == 0);
  CHECK(options.error().empty());
  portloop_options_free(nullptr);
}

TEST_CASE("a start without addresses, without ports, or with too many probes is rejected, and can be repeated") {
  TestLoop loop;
  Recorded scan(loop);
  Options options;
  CHECK(scan.start(options.o) == UV_EINVAL);
  CHECK(contains(options.error(), "no address"));
  REQUIRE(portloop_options_add_target(options.o, "127.0.0.1") == 0);
  REQUIRE(portloop_options_exclude_target(options.o, "127.0.0.0/8") == 0);
  CHECK(scan.start(options.o) == UV_EINVAL);
  CHECK(contains(options.error(), "no address"));
  const LocalPort open(LocalPort::open, "::1");
  REQUIRE(portloop_options_add_target(options.o, "::1") == 0);
  REQUIRE(portloop_options_set_ports(options.o, open.text().c_str()) == 0);
  REQUIRE(portloop_options_exclude_ports(options.o, open.text().c_str()) == 0);
  CHECK(scan.start(options.o) == UV_EINVAL);
  CHECK(contains(options.error(), "no port"));
  Options many;
  REQUIRE(portloop_options_add_target(many.o, "2001:db8::/32") == 0);
  CHECK(scan.start(many.o) == UV_EINVAL);
  CHECK(contains(many.error(), "2^63"));
  Options right;
  REQUIRE(portloop_options_add_target(right.o, "::1") == 0);
  REQUIRE(portloop_options_set_ports(right.o, open.text().c_str()) == 0);
  close_when_done(scan);
  REQUIRE(scan.start(right.o) == 0);
  loop.run();
  CHECK(scan.results.size() == 1);
}

TEST_CASE("names and addresses as text") {
  CHECK(std::string(portloop_state_name(PORTLOOP_OPEN)) == "open");
  CHECK(std::string(portloop_state_name(out_of_range<portloop_state>(99))) == "unknown");
  CHECK(std::string(portloop_reason_name(PORTLOOP_ADMIN_PROHIBITED)) == "admin-prohibited");
  CHECK(std::string(portloop_service_name(22)) == "ssh");
  CHECK(std::string(portloop_service_name(1)).size() < 16);
  char version[32];
  std::snprintf(version, sizeof version, "%d.%d.%d", PORTLOOP_VERSION_MAJOR, PORTLOOP_VERSION_MINOR,
                PORTLOOP_VERSION_PATCH);
  CHECK(std::string(portloop_version()) == version);
  sockaddr_in6 address{};
  uv_ip6_addr("fe80::1", 80, &address);
  address.sin6_scope_id = 2;
  char text[64];
  CHECK(portloop_format_address(reinterpret_cast<sockaddr*>(&address), text, sizeof text) == 0);
  CHECK(std::string(text) == "fe80::1%2");
  CHECK(portloop_format_address(reinterpret_cast<sockaddr*>(&address), text, 9) == UV_ENOSPC);
  CHECK(portloop_format_address(reinterpret_cast<sockaddr*>(&address), text, 10) == 0);
  address.sin6_family = AF_UNIX;
  CHECK(portloop_format_address(reinterpret_cast<sockaddr*>(&address), text, sizeof text) == UV_EINVAL);
}

TEST_CASE("skipped positions have no result and are counted as skipped") {
  const LocalPort one(LocalPort::open, "127.0.0.1");
  const LocalPort two(LocalPort::open, "127.0.0.1");
  const auto scan_all = [&](std::initializer_list<std::pair<uint64_t, uint64_t>> skipped, uint32_t loops) {
    TestLoop loop;
    Recorded scan(loop);
    Options options;
    REQUIRE(portloop_options_add_target(options.o, "127.0.0.1") == 0);
    REQUIRE(portloop_options_set_ports(options.o, (one.text() + ',' + two.text()).c_str()) == 0);
    REQUIRE(portloop_options_set_loops(options.o, loops) == 0);
    for (const auto& [first, last] : skipped) REQUIRE(portloop_options_skip_positions(options.o, first, last) == 0);
    close_when_done(scan);
    REQUIRE(scan.start(options.o) == 0);
    loop.run();
    return std::move(scan.results);
  };
  for (const uint32_t loops : {1U, 2U}) {
    const auto all = scan_all({}, loops);
    REQUIRE(all.size() == 2);
    CHECK(all[0].position + all[1].position == 1);
    for (const uint64_t skipped : {0U, 1U}) {
      const auto rest = scan_all({{skipped, skipped}}, loops);
      REQUIRE(rest.size() == 1);
      CHECK(rest[0].position == 1 - skipped);
      const auto& same = all[all[0].position == rest[0].position ? 0 : 1];
      CHECK(rest[0].port == same.port);
    }
    CHECK(scan_all({{0, 0}, {0, UINT64_MAX}, {1, 5}}, loops).empty());
  }
  Options options;
  CHECK(portloop_options_skip_positions(options.o, 5, 4) == UV_EINVAL);
  CHECK(contains(options.error(), "5..4"));
}
