// Source address, interface, DSCP and mark: they are on each socket, and what the system refuses is an error of start.
#include <arpa/inet.h>
#include <net/if.h>

#include <algorithm>

#include "portloop/portloop.hpp"
#include "support/embedding.hpp"

using namespace portloop::testing;

namespace {

/// The connections that a scan of open ports has made, one for each of them.
class OpenConnections {
 public:
  ~OpenConnections() {
    for (const int fd : fds) ::close(fd);
  }
  std::vector<int> fds;

  template <class Value>
  void each_has(int level, int name, Value expected) const {
    for (const int fd : fds) {
      Value value{};
      socklen_t size = sizeof value;
      REQUIRE(getsockopt(fd, level, name, &value, &size) == 0);
      CHECK(value == expected);
    }
  }
};

std::string own_address(int fd) {
  sockaddr_storage own{};
  socklen_t size = sizeof own;
  char text[64];
  REQUIRE(getsockname(fd, reinterpret_cast<sockaddr*>(&own), &size) == 0);
  REQUIRE(portloop_format_address(reinterpret_cast<const sockaddr*>(&own), text, sizeof text) == 0);
  return text;
}

/// Scans open ports, more than there may be connects in flight, so that sockets are used again.
template <class Set>
void scan_open_ports(const Engine& engine, const char* address, OpenConnections& found, Set set) {
  std::vector<LocalPort> open;
  for (int i = 0; i < 8; ++i) open.emplace_back(LocalPort::open, address);
  const LocalPort closed(LocalPort::closed, address);
  TestLoop loop;
  portloop::Options options;
  options.add_target(address).ports(join(open) + ',' + closed.text()).in_flight(3).keep_connections(true);
  options.loops(engine.loops).connector(engine.connector);
  set(options);
  portloop::Scan scan(loop.get());
  int closed_ports = 0;
  scan.start(options, [&](const portloop_result& result) {
    if (result.state == PORTLOOP_OPEN) found.fds.push_back(portloop::take_fd(result));
    closed_ports += result.state == PORTLOOP_CLOSED;
  });
  loop.run();
  REQUIRE(found.fds.size() == open.size());
  CHECK(closed_ports == 1);
  scan.close();
  loop.run();
}

/// Root in a container may lack the capability.
bool may_set_mark() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const uint32_t mark = 7;
  const bool may = setsockopt(fd, SOL_SOCKET, SO_MARK, &mark, sizeof mark) == 0;
  ::close(fd);
  return may;
}

/// The reason why the scan can't be started.
std::string refusal(TestLoop& loop, const portloop::Options& options) {
  portloop::Scan scan(loop.get());
  try {
    scan.start(options, [](const portloop_result&) { FAIL("no scan"); });
  } catch (const portloop::Error& error) {
    CHECK(error.code() == UV_EINVAL);
    return error.what();
  }
  FAIL("it was started");
  return "";
}

portloop::Options one_port(const char* target = "127.0.0.1") {
  portloop::Options options;
  options.add_target(target).ports("1");
  return options;
}

}  // namespace

TEST_CASE("connects come from the source address of their family") {
  for (const Engine& engine : engines) {
    CAPTURE(engine.loops);
    CAPTURE(engine.connector);
    OpenConnections v4, v6;
    const auto set = [](portloop::Options& options) { options.source("127.9.8.7").source("::1"); };
    scan_open_ports(engine, "127.0.0.1", v4, set);
    for (const int fd : v4.fds) CHECK(own_address(fd) == "127.9.8.7");
    scan_open_ports(engine, "::1", v6, set);
    for (const int fd : v6.fds) CHECK(own_address(fd) == "::1");
  }
}

TEST_CASE("a source address that is a target does not make a connection to itself an open port") {
  for (const Engine& engine : engines) {
    TestLoop loop;
    TestOptions options("127.0.0.1", "32768-60999");  // the kernel's source ports
    set_engine(options, engine);
    REQUIRE(portloop_options_set_source(options, "127.0.0.1") == 0);
    Recorded scan(loop);
    close_when_done(scan);
    REQUIRE(scan.start(options) == 0);
    loop.run();
    CHECK(scan.status == 0);
    for (const auto& result : scan.results) CHECK(result.state != PORTLOOP_UNKNOWN);
    const auto open = std::count_if(scan.results.begin(), scan.results.end(),
                                    [](const auto& result) { return result.state == PORTLOOP_OPEN; });
    CHECK(open < 50);  // other tests listen there
  }
}

TEST_CASE("interface, DSCP and mark are on each socket") {
  const bool may_mark = may_set_mark();
  for (const Engine& engine : engines) {
    for (const char* address : {"127.0.0.1", "::1"}) {
      CAPTURE(engine.loops);
      CAPTURE(engine.connector);
      OpenConnections found;
      scan_open_ports(engine, address, found, [&](portloop::Options& options) {
        options.interface_name("lo").dscp(46);
        if (may_mark) options.mark(77);
      });
      for (const int fd : found.fds) {
        char name[IF_NAMESIZE] = "";
        socklen_t size = sizeof name;
        REQUIRE(getsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name, &size) == 0);
        CHECK(std::string(name) == "lo");
      }
      const bool v6 = address[0] == ':';
      found.each_has(v6 ? IPPROTO_IPV6 : IPPROTO_IP, v6 ? IPV6_TCLASS : IP_TOS, 46 << 2);
      if (may_mark) found.each_has(SOL_SOCKET, SO_MARK, 77);
    }
  }
}

TEST_CASE("what the system refuses is named when the scan starts, and may be corrected") {
  TestLoop loop;
  CHECK(refusal(loop, one_port().source("192.0.2.77")) == "source '192.0.2.77' is not an address of this machine");
  CHECK(refusal(loop, one_port().source("2001:db8::77")) == "source '2001:db8::77' is not an address of this machine");
  CHECK(refusal(loop, one_port().interface_name("nosuchif0")) ==
        "interface 'nosuchif0': this machine has none of that name");
  CHECK(refusal(loop, one_port("192.0.2.1").interface_name("lo")) == "interface 'lo' does not lead to '192.0.2.1'");
  if (!may_set_mark())
    CHECK(refusal(loop, one_port().mark(7)) == "mark '7': only root, or the capability CAP_NET_ADMIN, may set it");

  portloop::Options options = one_port();
  options.source("192.0.2.77");
  portloop::Scan scan(loop.get());
  int status = 1;
  CHECK_THROWS_AS(scan.start(options, {}), portloop::Error);
  options.source("");
  scan.start(options, {}, [&](int with) { status = with; });
  loop.run();
  CHECK(status == 0);
  scan.close();
  loop.run();
}

TEST_CASE("what is added to a running scan is refused if its interface does not lead there") {
  for (const Engine& engine : engines) {
    TestLoop loop;
    portloop::Options options;
    options.open_input(true).interface_name("lo").ports("1").exclude_target("126.255.255.0/24");
    options.loops(engine.loops).connector(engine.connector);
    portloop::Scan scan(loop.get());
    int closed_ports = 0;
    scan.start(options, [&](const portloop_result& result) { closed_ports += result.state == PORTLOOP_CLOSED; });
    const auto refused = [&](const char* target) {
      try {
        scan.add_target(target);
      } catch (const portloop::Error& error) {
        CHECK(error.code() == UV_EINVAL);
        return std::string(error.what());
      }
      return std::string();
    };
    CHECK(refused("192.0.2.1") == "interface 'lo' does not lead to '192.0.2.1'");
    CHECK(refused("2001:db8::1") == "interface 'lo' does not lead to '2001:db8::1'");
    CHECK(refused("127.255.255.0-128.0.0.1") == "interface 'lo' does not lead to all of '127.255.255.0-128.0.0.1'");
    CHECK(refused("126-127.0.0.1") == "interface 'lo' does not lead to '126.0.0.1'");  // none of both is added
    sockaddr_in address{};
    uv_ip4_addr("192.0.2.9", 0, &address);
    CHECK_THROWS_AS(
        scan.add_range(reinterpret_cast<const sockaddr&>(address), reinterpret_cast<const sockaddr&>(address)),
        portloop::Error);
    CHECK(refused("126.255.255.254-127.0.0.2").empty());  // what does not lie on it is excluded
    CHECK(refused("::1").empty());
    scan.finish_input();
    loop.run();
    CHECK(closed_ports == 4);
    scan.close();
    loop.run();
  }
}

TEST_CASE("what the system refuses is named when a scan without a target starts") {
  TestLoop loop;
  portloop::Options options;
  options.open_input(true).ports("1");
  CHECK(refusal(loop, options.interface_name("nosuchif0")) ==
        "interface 'nosuchif0': this machine has none of that name");
  options.interface_name("");
  if (!may_set_mark())
    CHECK(refusal(loop, options.mark(7)) == "mark '7': only root, or the capability CAP_NET_ADMIN, may set it");
}

TEST_CASE("the setters reject what can never be right, and keep what was set") {
  portloop::Options options;
  const auto refused = [&](auto set) {
    CHECK_THROWS_AS(set(), portloop::Error);
    return std::string(portloop_options_error(options.get()));
  };
  CHECK(refused([&] { options.source("here"); }) ==
        "source 'here': an address of this machine is accepted, such as 192.0.2.1");
  CHECK(refused([&] { options.source("10.0.0.0/8"); }).starts_with("source '10.0.0.0/8': "));
  CHECK(refused([&] { options.source("0.0.0.0"); }) == "source '0.0.0.0' is no address of this machine");
  CHECK(refused([&] { options.interface_name("a-name-of-16-byt"); }) ==
        "interface 'a-name-of-16-byt': a name has at most 15 bytes");
  CHECK(refused([&] { options.dscp(64); }) == "DSCP is 0-63, or -1 for none, not 64");
  CHECK(refused([&] { options.dscp(-2); }) == "DSCP is 0-63, or -1 for none, not -2");
  options.dscp(0).dscp(63).dscp(-1).interface_name("").source("").mark(0);
}
