#include "plan/checks.hpp"

#include <doctest/doctest.h>

using namespace portloop;

namespace {

Host answering(Answerer kind, uint32_t probe) {
  Host host;
  host.answerer = probe;
  host.answerer_kind = kind;
  return host;
}

}  // namespace

TEST_CASE("a check is due at intervals of asks") {
  HostWatch hosts(1);
  Checks checks;
  checks.begin_pass(hosts, 2);
  CHECK(!checks.due(8));
  checks.ask_made();
  CHECK(!checks.due(8));
  checks.ask_made();
  CHECK(checks.due(1));
  CHECK(!checks.due(1));
  checks.ask_made();
  CHECK(checks.due(1));
}

TEST_CASE("a pass has too few checks until eight were made") {
  HostWatch hosts(1);
  Checks checks;
  checks.begin_pass(hosts, 0);
  for (int i = 0; i < 8; ++i) {
    CHECK(checks.too_few());
    checks.check_made();
  }
  CHECK(!checks.too_few());
}

TEST_CASE("checks go to closed ports, as often as wanted; to an open port only four times in a pass") {
  HostWatch hosts(2);
  Checks checks;
  checks.begin_pass(hosts, 0);
  checks.add_answerer(1, Answerer::closed);
  Host closed = answering(Answerer::closed, 1);
  for (int i = 0; i < 20; ++i) CHECK(checks.pick(closed, false, false, 0) == 1);
  Host open = answering(Answerer::open, 2);
  open.open_checks_left = hosts[0].open_checks_left;
  for (int i = 0; i < 4; ++i) CHECK(checks.pick(open, false, false, 0) == 2);
  CHECK(checks.pick(open, false, false, 0) == Host::no_probe);
}

TEST_CASE("a host without an answer has no check") {
  HostWatch hosts(1);
  Checks checks;
  CHECK(checks.pick(hosts[0], true, false, 0) == Host::no_probe);
  CHECK(checks.pick_any(0) == Host::no_probe);
}

TEST_CASE("a single host is checked at any of its answerers, each open port four times") {
  HostWatch hosts(1);
  Checks checks;
  for (const uint32_t probe : {10U, 11U, 12U}) checks.add_answerer(probe, Answerer::open);
  checks.begin_pass(hosts, 0);
  CHECK(hosts[0].open_checks_left == 12);
  CHECK(checks.any_is_open());
  hosts[0].answerer = 12;
  hosts[0].answerer_kind = Answerer::open;
  CHECK(checks.pick(hosts[0], true, false, 0) == 10);
  CHECK(checks.pick(hosts[0], true, false, 1) == 11);
  checks.add_answerer(13, Answerer::closed);
  CHECK(checks.pick_any(5) == 13);
  CHECK(!checks.any_is_open());
}

TEST_CASE("of a single host's open ports, the last check comes at the end of the pass; of a lone one, the only one") {
  HostWatch hosts(1);
  Checks checks;
  Host& host = hosts[0];
  host.answers = 1;
  host.answerer = 10;
  host.answerer_kind = Answerer::open;
  checks.add_answerer(10, Answerer::open);
  checks.begin_pass(hosts, 0);
  CHECK(checks.pick(host, true, false, 0) == Host::no_probe);
  CHECK(checks.pick(host, true, true, 0) == 10);
  CHECK(checks.pick(host, true, true, 0) == Host::no_probe);
  checks.add_answerer(11, Answerer::open);
  host.answers = 2;
  checks.begin_pass(hosts, 0);
  for (int i = 0; i < 7; ++i) CHECK(checks.pick(host, true, false, 0) != Host::no_probe);
  CHECK(checks.pick(host, true, false, 0) == Host::no_probe);
  CHECK(checks.pick(host, true, true, 0) != Host::no_probe);
}
