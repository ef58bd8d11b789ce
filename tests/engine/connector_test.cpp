// The connectors alone, with ports of this machine: cases that depend on how the process is set up.
#include "engine/connector.hpp"

#include <netinet/in.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>

#include "doctest/doctest.h"
#include "support/embedding.hpp"

using namespace portloop;
using portloop::testing::LocalPort;
using portloop::testing::TestLoop;

namespace {

class NoEvents final : public ConnectorEvents {
 public:
  void on_outcome(uint32_t, const ConnectOutcome&) override {}
  void on_batch_end(bool) override {}
};

/// While it lives, the process can open no further descriptor.
class NoDescriptorLeft {
 public:
  NoDescriptorLeft() {
    REQUIRE(getrlimit(RLIMIT_NOFILE, &before_) == 0);
    const int lowest_free = dup(0);
    REQUIRE(lowest_free >= 0);
    close(lowest_free);
    rlimit tight = before_;
    tight.rlim_cur = static_cast<rlim_t>(lowest_free);
    REQUIRE(setrlimit(RLIMIT_NOFILE, &tight) == 0);
  }
  ~NoDescriptorLeft() { setrlimit(RLIMIT_NOFILE, &before_); }
  NoDescriptorLeft(const NoDescriptorLeft&) = delete;

 private:
  rlimit before_{};
};

/// What a connector needs of its loop.
struct Turns final : LoopTurn::Member {
  explicit Turns(uv_loop_t* loop) : turn(LoopTurn::join(loop, *this)) {}
  void on_fork() noexcept override {}
  LoopTurn& turn;
};

const Address ipv4_loopback{Family::ipv4, 0, INADDR_LOOPBACK};
const Address ipv6_loopback{Family::ipv6, 0, 1};

}  // namespace

TEST_CASE("an idle socket of another kind is closed if there is no other descriptor") {
  TestLoop loop;
  NoEvents events;
  LocalPort silent(LocalPort::silent);
  LocalPort closed(LocalPort::closed, "::1");
  const TargetSet targets({{ipv4_loopback, ipv4_loopback}, {ipv6_loopback, ipv6_loopback}}, {});
  Turns turns(loop.get());
  const auto connector = make_connector(ConnectorKind::fastest, targets, turns.turn);
  REQUIRE(connector->open(loop.get(), &events) == 0);
  REQUIRE_FALSE(connector->start(0, {ipv4_loopback, silent.number()}));
  {
    const NoDescriptorLeft tight;
    SUBCASE("a socket that is in use keeps it") {
      const auto outcome = connector->start(1, {ipv6_loopback, closed.number()});
      REQUIRE(outcome);
      CHECK(outcome->error_number == EMFILE);
    }
    SUBCASE("a socket that waits for its next probe does not") {
      connector->release(0, Connector::Keep::socket);
      const auto outcome = connector->start(1, {ipv6_loopback, closed.number()});
      REQUIRE(outcome);
      CHECK(outcome->error_number == ECONNREFUSED);
    }
  }
  for (const uint32_t slot : {0U, 1U}) connector->release(slot, Connector::Keep::nothing);
  bool closed_called = false;
  turns.turn.ref();
  connector->close([&] {
    closed_called = true;
    turns.turn.leave(turns, [] {});
  });
  loop.run();
  CHECK(closed_called);
}
