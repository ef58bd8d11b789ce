// A target that this machine has no source address for: in a new network, loopback is down and there is no ::1.
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>
#include <sched.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "support/all_models.hpp"

using namespace portloop;
using namespace portloop::testing;

TEST_CASE("without a source address for the target, every model reports unknown at once") {
  for (const auto& named : models()) {
    CAPTURE(named.first);
    const Scanned scanned = scan_with(named.second, "::1", set_of({30'000}));
    CHECK(scanned.states.begin()->second == ProbeState::unknown);
    CHECK(scanned.run.local_failures == 0);
  }
}

int main(int argc, char** argv) {
  if (unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0) {
    constexpr int skipped = 77;  // as Meson takes it
    std::printf("skipped: no network namespace can be made here: %s\n", std::strerror(errno));
    return skipped;
  }
  return doctest::Context(argc, argv).run();
}
