// The connectors alone, against ports of this machine: what only their caller's circumstances can bring about.
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

/// Not one descriptor more than there are, while it lives.
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

const Address ipv4_loopback{Family::ipv4, 0, INADDR_LOOPBACK};
const Address ipv6_loopback{Family::ipv6, 0, 1};

}  // namespace

TEST_CASE("an idle socket of another kind gives up its descriptor when there is no other") {
  TestLoop loop;
  NoEvents events;
  LocalPort silent(LocalPort::silent);
  LocalPort closed(LocalPort::closed, "::1");
  const TargetSet targets({{ipv4_loopback, ipv4_loopback}, {ipv6_loopback, ipv6_loopback}}, {});
  const auto connector = make_connector(ConnectorKind::fastest, targets);
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
  bool told = false;
  connector->close([&told] { told = true; });
  loop.run();
  CHECK(told);
}
