// The scanner with a scripted connector: every outcome that a connect can have, and its result.
#include "engine/scanner.hpp"

#include <cerrno>

#include "doctest/doctest.h"
#include "support/scripted_connector.hpp"

using namespace portloop;
using portloop::testing::Scripted;
using portloop::testing::ScriptedConnector;

namespace {

/// A scan of one address with scripted outcomes. run() runs the loop to its end.
class Scripting : public ScanEvents, private LoopTurn::Member {
 public:
  Scripting() {
    REQUIRE(uv_loop_init(&loop_) == 0);
    turn_ = &LoopTurn::join(&loop_, *this);
    options.plan.timeout_ms = 20;
    options.plan.retries = 1;
  }
  ~Scripting() {
    uv_run(&loop_, UV_RUN_DEFAULT);
    CHECK(uv_loop_close(&loop_) == 0);
    CHECK(done == 1);
    CHECK(closed == 1);
    CHECK(log.closed);
    CHECK(log.in_use == 0);
    CHECK_FALSE(log.released_twice);
  }

  void plays(uint16_t port, std::deque<Scripted> script) {
    log.script[port] = std::move(script);
    ports_.add({port, port});
  }

  void run() {
    const Address host{Family::ipv4, 0, 0xc0000201};
    space_.emplace(TargetSet({{host, host}}, {}), ports_, Order::sequential, 0, Shard{});
    if (is_neighbour) space_->links.on_link = {{host, host}};
    scanner_ = std::make_unique<Scanner>(&loop_, *turn_, *space_, cursor_, options,
                                         std::make_unique<ScriptedConnector>(log), *this);
    REQUIRE(scanner_->start() == 0);
    CHECK(results.empty());
    // Ends the program if the loop does not end.
    uv_timer_t watchdog;
    uv_timer_init(&loop_, &watchdog);
    uv_timer_start(
        &watchdog, [](uv_timer_t*) { std::abort(); }, 60'000, 0);
    uv_unref(reinterpret_cast<uv_handle_t*>(&watchdog));
    uv_run(&loop_, UV_RUN_DEFAULT);
    uv_close(reinterpret_cast<uv_handle_t*>(&watchdog), nullptr);
    uv_run(&loop_, UV_RUN_DEFAULT);
  }

  const ProbeResult& only_result() {
    REQUIRE(results.size() == 1);
    return results[0];
  }

  ScannerOptions options;
  bool is_neighbour = false;  ///< The address is on an own link, and not resolved.
  ScriptedConnector::Log log;
  std::vector<ProbeResult> results;
  int done = 0;
  int status = 1;
  int closed = 0;
  uint64_t local_failures = 0;
  std::function<void(Scanner&)> at_result;

 private:
  void on_result(const ProbeResult& result) override {
    CHECK(done == 0);
    results.push_back(result);
    if (at_result) at_result(*scanner_);
  }
  void on_fork() noexcept override {}
  void on_done(int with_status) override {
    ++done;
    status = with_status;
    local_failures = scanner_->counters().local_failures;
    if (closing_) return;
    close(*scanner_);
  }

 public:
  void close(Scanner& scanner) {
    closing_ = true;
    scanner.close([this] {
      ++closed;
      scanner_.reset();
      turn_->leave(*this, [] {});
    });
  }

 private:
  uv_loop_t loop_{};
  LoopTurn* turn_ = nullptr;
  PortSet ports_;
  std::optional<ScanSpace> space_;
  ProbeCursor cursor_;
  std::unique_ptr<Scanner> scanner_;
  bool closing_ = false;
};

Scripted at_once(int error_number) { return {Scripted::in_call, {error_number, true, std::nullopt, Peer::other}}; }
Scripted later(int error_number, std::optional<IcmpError> icmp = std::nullopt, Peer peer = Peer::other) {
  return {Scripted::on_event, {error_number, false, icmp, peer}};
}
Scripted found_late(int error_number, std::optional<IcmpError> icmp = std::nullopt) {
  return {Scripted::when_late, {error_number, false, icmp, Peer::other}};
}
constexpr IcmpError port_unreachable{Family::ipv4, 3, 3};

}  // namespace

TEST_CASE("open and closed are reported at the first answer, once") {
  Scripting scan;
  scan.plays(1, {later(0)});
  scan.plays(2, {later(ECONNREFUSED)});
  scan.run();
  REQUIRE(scan.results.size() == 2);
  CHECK(scan.results[0].state == PortState::open);
  CHECK(scan.results[1].state == PortState::closed);
  CHECK(scan.log.connects[1] == 1);
  CHECK(scan.log.connects[2] == 1);
  CHECK(scan.log.released_whole == 2);
  CHECK(scan.status == 0);
}

TEST_CASE("out of descriptors, ports or memory: the probe is put back, and its result is the later answer") {
  for (const int error : {EMFILE, ENFILE, ENOBUFS, ENOMEM, EADDRNOTAVAIL, EADDRINUSE, EAGAIN, ENETDOWN, EINTR}) {
    CAPTURE(error);
    Scripting scan;
    scan.plays(1, {at_once(error), at_once(error), later(0)});
    scan.run();
    CHECK(scan.only_result().state == PortState::open);
    CHECK(scan.only_result().attempts == 1);
    CHECK(scan.local_failures == 2);
    CHECK(scan.log.released_odd == 2);
  }
}

TEST_CASE("a route that is there again: the probe is made again") {
  for (const int error : {ENETUNREACH, EHOSTUNREACH}) {
    Scripting scan;
    scan.log.has_route = true;
    scan.plays(1, {at_once(error), later(0)});
    scan.run();
    CHECK(scan.only_result().state == PortState::open);
    CHECK(scan.only_result().attempts == 1);
  }
}

TEST_CASE("a route that was used before and is away: the probe is made again when it is back") {
  Scripting scan;
  scan.plays(1, {later(ECONNREFUSED)});
  scan.plays(2, {at_once(ENETUNREACH), at_once(ENETUNREACH), later(0)});
  scan.run();
  REQUIRE(scan.results.size() == 2);
  for (const ProbeResult& result : scan.results) CHECK(result.state != PortState::unknown);
}

TEST_CASE("no route from the call itself, and none before: unknown, reported once, and not retried") {
  for (const int error : {ENETUNREACH, EHOSTUNREACH, EINVAL}) {
    Scripting scan;
    scan.plays(1, {at_once(error)});
    scan.run();
    CHECK(scan.only_result().state == PortState::unknown);
    CHECK(scan.only_result().reason == Reason::no_route);
    CHECK(scan.log.connects[1] == 1);
  }
}

TEST_CASE("a connect refused by local policy is unknown, with its errno") {
  for (const int error : {EACCES, EPERM, EAFNOSUPPORT}) {
    Scripting scan;
    scan.plays(1, {at_once(error)});
    scan.run();
    CHECK(scan.only_result().state == PortState::unknown);
    CHECK(scan.only_result().reason == Reason::local_error);
    CHECK(scan.only_result().error_number == error);
  }
}

TEST_CASE("errors from the path are answers: filtered, with the reason") {
  Scripting scan;
  scan.plays(1, {later(EHOSTUNREACH)});
  scan.plays(2, {later(ENETUNREACH)});
  scan.plays(3, {later(ECONNREFUSED, port_unreachable)});
  scan.run();
  REQUIRE(scan.results.size() == 3);
  const Reason reasons[] = {Reason::host_unreach, Reason::net_unreach, Reason::port_unreach};
  for (size_t i = 0; i < 3; ++i) {
    CHECK(scan.results[i].state == PortState::filtered);
    CHECK(scan.results[i].reason == reasons[i]);
    CHECK(scan.results[i].rtt_us > 0);
  }
  CHECK(scan.log.connects[3] == 1);
}

TEST_CASE("ICMP queued while the connect is pending is an answer, as an event and at the deadline") {
  Scripting scan;
  scan.plays(1, {later(EALREADY, port_unreachable)});
  scan.plays(2, {found_late(EALREADY, port_unreachable)});
  scan.run();
  REQUIRE(scan.results.size() == 2);
  for (const ProbeResult& result : scan.results) {
    CHECK(result.state == PortState::filtered);
    CHECK(result.reason == Reason::port_unreach);
    CHECK(result.attempts == 1);
  }
}

TEST_CASE("after the deadline the connector is polled first: an answer that has arrived counts") {
  Scripting scan;
  scan.plays(1, {found_late(0)});
  scan.plays(2, {found_late(ECONNREFUSED)});
  scan.run();
  REQUIRE(scan.results.size() == 2);
  CHECK(scan.results[0].state == PortState::open);
  CHECK(scan.results[1].state == PortState::closed);
  CHECK(scan.log.polled_late == 2);
  CHECK(scan.log.connects[1] == 1);
}

TEST_CASE("silence is filtered after the retries that were set, and no connect is left") {
  Scripting scan;
  scan.options.plan.retries = 2;
  scan.plays(1, {Scripted{}});
  scan.run();
  CHECK(scan.only_result().state == PortState::filtered);
  CHECK(scan.only_result().reason == Reason::no_response);
  CHECK(scan.only_result().attempts == 3);
  CHECK(scan.log.connects[1] == 3);
}

TEST_CASE("ETIMEDOUT is silence: it is retried, and a later answer counts") {
  Scripting scan;
  scan.plays(1, {later(ETIMEDOUT), later(0)});
  scan.run();
  CHECK(scan.only_result().state == PortState::open);
  CHECK(scan.only_result().attempts == 2);
}

TEST_CASE("a self-connection is not open: it is retried on a fresh socket") {
  Scripting scan;
  scan.plays(1, {later(0, std::nullopt, Peer::self), later(0, std::nullopt, Peer::self), later(ECONNREFUSED)});
  scan.run();
  CHECK(scan.only_result().state == PortState::closed);
  CHECK(scan.log.released_odd == 2);
}

TEST_CASE("a port that always gives self-connections is never open: unknown in the end") {
  Scripting scan;
  scan.plays(1, {later(0, std::nullopt, Peer::self)});
  scan.run();
  CHECK(scan.only_result().state == PortState::unknown);
  CHECK(scan.only_result().reason == Reason::local_error);
}

TEST_CASE("open on our own address is confirmed from other source ports; a simultaneous open is not open") {
  Scripting scan;
  scan.plays(1, {later(0, std::nullopt, Peer::own_address)});
  scan.plays(2, {later(0, std::nullopt, Peer::own_address), later(ECONNREFUSED)});
  scan.run();
  REQUIRE(scan.results.size() == 2);
  for (const ProbeResult& result : scan.results)
    CHECK(result.state == (result.endpoint.port == 1 ? PortState::open : PortState::closed));
  CHECK(scan.log.connects[1] == 3);
}

TEST_CASE("the counts of a probe in doubt are kept when it is put back, and dropped when it is silent") {
  const Scripted met_own_address = later(0, std::nullopt, Peer::own_address);
  Scripting scan;
  scan.options.plan.adaptive = false;  // otherwise open ports are probed once more, to check their host
  scan.plays(1, {met_own_address, at_once(EMFILE), met_own_address});
  scan.plays(2, {met_own_address, later(ETIMEDOUT), met_own_address});
  scan.run();
  REQUIRE(scan.results.size() == 2);
  for (const ProbeResult& result : scan.results) CHECK(result.state == PortState::open);
  CHECK(scan.log.connects[1] == 1 + 1 + 2);
  CHECK(scan.log.connects[2] == 1 + 1 + 3);
}

TEST_CASE("a reset is retried; a server that always resets after the handshake is open") {
  for (const int error : {ECONNRESET, EPIPE}) {
    Scripting scan;
    scan.plays(1, {later(error), later(ECONNREFUSED)});
    scan.plays(2, {later(error)});
    scan.run();
    REQUIRE(scan.results.size() == 2);
    for (const ProbeResult& result : scan.results)
      CHECK(result.state == (result.endpoint.port == 1 ? PortState::closed : PortState::open));
  }
}

TEST_CASE("ECONNABORTED proves nothing: unknown if it never passes") {
  Scripting scan;
  scan.plays(1, {later(ECONNABORTED)});
  scan.run();
  CHECK(scan.only_result().state == PortState::unknown);
  CHECK(scan.only_result().error_number == ECONNABORTED);
}

TEST_CASE("out of memory the scan ends with UV_ENOMEM and leaves nothing behind") {
  Scripting scan;
  for (uint16_t port = 1; port <= 300; ++port) scan.plays(port, {Scripted{}});
  int starts = 0;
  scan.log.on_start = [&] {
    if (++starts == 200) throw std::bad_alloc();
  };
  scan.run();
  CHECK(scan.status == UV_ENOMEM);
  CHECK(scan.results.empty());
}

TEST_CASE("after stop in a result, later outcomes are not passed on") {
  for (const bool close : {false, true}) {
    Scripting scan;
    for (uint16_t port = 1; port <= 40; ++port) scan.plays(port, {port % 2 == 0 ? later(0) : at_once(ECONNREFUSED)});
    scan.at_result = [&](Scanner& scanner) { close ? scan.close(scanner) : scanner.stop(); };
    scan.run();
    CHECK(scan.results.size() == 1);
    CHECK(scan.status == UV_ECANCELED);
  }
}

TEST_CASE(
    "a neighbour that does not exist: host-unreach without a round-trip time, and its other ports are not asked") {
  Scripting scan;
  scan.options.plan.adaptive = false;  // otherwise another host would have to prove that the link is there
  scan.is_neighbour = true;
  scan.plays(1, {later(EHOSTUNREACH)});
  scan.plays(2, {later(0)});
  scan.run();
  REQUIRE(scan.results.size() == 2);
  for (const ProbeResult& result : scan.results) {
    CHECK(result.state == PortState::filtered);
    CHECK(result.reason == Reason::host_unreach);
    CHECK(result.rtt_us == 0);
  }
  CHECK(scan.log.connects[2] == 0);
}

TEST_CASE("a neighbour that answers is asked for all its ports") {
  Scripting scan;
  scan.is_neighbour = true;
  scan.plays(1, {later(0)});
  scan.plays(2, {later(ECONNREFUSED)});
  scan.run();
  REQUIRE(scan.results.size() == 2);
  CHECK(scan.results[0].state == PortState::open);
  CHECK(scan.results[1].state == PortState::closed);
}

TEST_CASE("an open port whose socket can't be handed to the reader of banners is open, without a banner") {
  Scripting scan;
  scan.options.banners.wanted = true;
  scan.plays(1, {later(0)});
  scan.run();
  CHECK(scan.only_result().state == PortState::open);
  CHECK(scan.only_result().banner.empty());
}

TEST_CASE("thousands of connects are not started within the same 32 ms") {
  Scripting scan;
  for (uint16_t port = 1; port <= 4000; ++port) scan.plays(port, {});
  scan.options.plan.max_in_flight = 4000;
  scan.options.plan.adaptive = false;
  scan.options.plan.timeout_ms = 500;  // no slot is used twice in that time
  scan.options.plan.retries = 0;
  std::map<uint64_t, int> starts;
  scan.log.on_start = [&] { ++starts[uv_hrtime() / 32'000'000]; };
  scan.run();
  CHECK(scan.results.size() == 4000);
  // One that was late may be counted in the next window.
  for (const auto& [window, count] : starts) CHECK(count <= 1'501);
}
