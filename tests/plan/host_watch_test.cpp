#include "plan/host_watch.hpp"

#include <doctest/doctest.h>

using namespace portloop;

namespace {

constexpr uint64_t second_us = 1'000'000;

/// Twelve expected answers that do not come.
void fall_silent(HostWatch& watch, uint32_t host, uint64_t now_us) {
  for (int i = 0; i < 12; ++i) watch.silent(host, 1, now_us);
}

/// One host that answered at 1 s and was suspended at 3 s.
HostWatch suspended_host() {
  HostWatch watch(1);
  watch.answered(0, 1, second_us);
  fall_silent(watch, 0, 3 * second_us);
  REQUIRE(watch[0].state == HostState::suspended);
  return watch;
}

}  // namespace

TEST_CASE("a host is fresh until its first answer") {
  HostWatch watch(2);
  CHECK(watch[0].state == HostState::fresh);
  watch.answered(1, 1, 5);
  CHECK(watch[0].state == HostState::fresh);
  CHECK(watch[1].state == HostState::alive);
}

TEST_CASE("the silence of a host that never answered is no sign that it went away") {
  HostWatch watch(1);
  fall_silent(watch, 0, 10 * second_us);
  CHECK(watch[0].state == HostState::fresh);
  CHECK(!watch.any_suspended());
}

TEST_CASE("a host is suspended after twelve expected answers, if a second has passed since its last one") {
  HostWatch watch(1);
  watch.answered(0, 1, second_us);
  for (int i = 0; i < 11; ++i) watch.silent(0, 1, 3 * second_us);
  CHECK(watch[0].state == HostState::alive);
  watch.silent(0, 1, 2 * second_us - 1);
  CHECK(watch[0].state == HostState::alive);
  watch.silent(0, 0, 2 * second_us);
  CHECK(watch[0].state == HostState::suspended);
  CHECK(!watch[0].is_fresh_or_alive());
}

TEST_CASE("an answer takes the doubt away") {
  HostWatch watch(1);
  watch.answered(0, 1, second_us);
  for (int i = 0; i < 11; ++i) watch.silent(0, 1, 3 * second_us);
  watch.answered(0, 1, 3 * second_us);
  for (int i = 0; i < 11; ++i) watch.silent(0, 1, 9 * second_us);
  CHECK(watch[0].state == HostState::alive);
}

TEST_CASE("a slow host has four of its own deadlines to answer") {
  HostWatch watch(1);
  watch[0].rtt.sample(400'000);  // srtt 0.4 s, rttvar 0.2 s: a deadline of 1.2 s
  watch.answered(0, 1, second_us);
  fall_silent(watch, 0, 5 * second_us);
  CHECK(watch[0].state == HostState::alive);
  watch.silent(0, 0, second_us + 4'800'000);
  CHECK(watch[0].state == HostState::suspended);
}

TEST_CASE("recovery checks are 1, 2, 4 and 8 s apart, and the host is lost 8 s after the last") {
  HostWatch watch = suspended_host();
  uint64_t now_us = 3 * second_us;
  for (const uint64_t wait_us : {1, 2, 4, 8}) {
    const uint64_t due_us = now_us + wait_us * second_us;
    CHECK(watch.next_recovery_check_us() == due_us);
    CHECK(!watch.due_for_recovery_check(due_us - 1));
    REQUIRE(watch.due_for_recovery_check(due_us) == 0);
    CHECK(watch.due_for_recovery_check(due_us) == 0);  // until it is sent
    watch.recovery_check_sent(0, due_us);
    now_us = due_us;
  }
  CHECK(watch.next_recovery_check_us() == now_us + 8 * second_us);
  CHECK(!watch.due_for_recovery_check(now_us + 8 * second_us));
  CHECK(watch[0].state == HostState::lost);
  CHECK(!watch.any_suspended());
  CHECK(watch.next_recovery_check_us() == UINT64_MAX);
}

TEST_CASE("a suspended host that answers is alive, and its passes so far are void") {
  HostWatch watch = suspended_host();
  watch.answered(0, 3, 5 * second_us);
  CHECK(watch[0].state == HostState::alive);
  CHECK(watch[0].void_passes == 3);
  CHECK(!watch.any_suspended());
}

TEST_CASE("a host that may stand behind a full table has two checks more") {
  HostWatch watch(1);
  watch.answered(0, 1, second_us);
  watch.silent(0, 12, 3 * second_us, RecoverySchedule::checks_of_full_table);
  uint32_t checks = 0;
  for (; watch.any_suspended(); ++checks) {
    const uint64_t now_us = watch.next_recovery_check_us();
    if (watch.due_for_recovery_check(now_us)) watch.recovery_check_sent(0, now_us);
  }
  CHECK(checks == 6 + 1);  // the last look finds it lost
}

TEST_CASE("time in which nobody checked is not time waited for a host") {
  HostWatch watch = suspended_host();
  CHECK(watch.due_for_recovery_check(3600 * second_us) == 0);
  CHECK(watch[0].state == HostState::suspended);
}

TEST_CASE("when the path is back, suspended hosts are alive, and no pass so far counts") {
  HostWatch watch(4);
  for (const uint32_t host : {0U, 1U}) watch.answered(host, 1, second_us);
  fall_silent(watch, 0, 3 * second_us);
  watch[3].state = HostState::absent;
  watch.path_is_back(2, 5 * second_us);
  CHECK(!watch.any_suspended());
  CHECK(watch[0].state == HostState::alive);
  CHECK(watch[0].doubt == 0);
  CHECK(watch[1].state == HostState::alive);
  CHECK(watch[2].state == HostState::fresh);
  CHECK(watch[3].state == HostState::absent);
  for (const uint32_t host : {0U, 1U, 2U}) CHECK(watch[host].void_passes == 2);
}

TEST_CASE("with the path all its hosts are lost, but for those that are decided") {
  HostWatch watch(5);
  for (const uint32_t host : {0U, 1U, 4U}) watch.answered(host, 1, second_us);
  fall_silent(watch, 0, 3 * second_us);
  watch[3].state = HostState::absent;
  watch.stop(4);
  watch.path_is_lost();
  CHECK(!watch.any_suspended());
  for (const uint32_t host : {0U, 1U, 2U}) CHECK(watch[host].state == HostState::lost);
  CHECK(watch[3].state == HostState::absent);
  CHECK(watch[4].state == HostState::stopped);
}

TEST_CASE("an answer of a lost host comes too late") {
  HostWatch watch = suspended_host();
  while (watch.any_suspended()) {
    const uint64_t now_us = watch.next_recovery_check_us();
    if (watch.due_for_recovery_check(now_us)) watch.recovery_check_sent(0, now_us);
  }
  REQUIRE(watch[0].state == HostState::lost);
  watch.answered(0, 1, 24 * second_us);
  CHECK(watch[0].state == HostState::lost);
}

TEST_CASE("a host with enough open ports is stopped, and neither silence nor answers change that") {
  HostWatch watch(1);
  watch.answered(0, 1, second_us);
  watch.stop(0);
  fall_silent(watch, 0, 9 * second_us);
  watch.answered(0, 1, 9 * second_us);
  CHECK(watch[0].state == HostState::stopped);
  CHECK(!watch[0].is_fresh_or_alive());
}

TEST_CASE("of two suspended hosts each has its own checks") {
  HostWatch watch(3);
  for (const uint32_t host : {0U, 2U}) watch.answered(host, 1, second_us);
  fall_silent(watch, 2, 3 * second_us);
  fall_silent(watch, 0, 4 * second_us);
  CHECK(watch.due_for_recovery_check(4 * second_us) == 2);
  watch.recovery_check_sent(2, 4 * second_us);
  CHECK(watch.due_for_recovery_check(5 * second_us) == 0);
  watch.answered(0, 1, 5 * second_us);
  CHECK(watch.next_recovery_check_us() == 6 * second_us);
}

TEST_CASE("an unresolved host becomes fresh when its neighbour is found, and what came before does not count") {
  HostWatch watch(2);
  watch[0].state = HostState::unresolved;
  CHECK(!watch[0].is_fresh_or_alive());
  watch.resolved(0, 2);
  CHECK(watch[0].state == HostState::fresh);
  CHECK(watch[0].void_passes == 2);
  watch.resolved(0, 5);  // again: nothing changes
  CHECK(watch[0].void_passes == 2);
}

TEST_CASE("only an unresolved host can turn out to be absent, and only its answer proves that wrong") {
  HostWatch watch(3);
  watch[0].state = HostState::unresolved;
  watch.answered(2, 1, second_us);
  for (const uint32_t host : {0U, 1U, 2U}) watch.has_no_neighbour(host);
  CHECK(watch[0].state == HostState::absent);
  CHECK(watch[1].state == HostState::fresh);
  CHECK(watch[2].state == HostState::alive);
  watch.resolved(0, 1);
  CHECK(watch[0].state == HostState::absent);
  watch.answered(0, 2, second_us);
  CHECK(watch[0].state == HostState::alive);
  CHECK(watch[0].void_passes == 2);  // so that its other ports are asked
}

TEST_CASE("after three waits without any news a host counts as resolved") {
  HostWatch watch(1);
  watch[0].state = HostState::unresolved;
  CHECK(!watch.wait_failed(0, 1));
  CHECK(!watch.wait_failed(0, 2));
  CHECK(watch[0].state == HostState::unresolved);
  CHECK(watch.wait_failed(0, 3));
  CHECK(watch[0].state == HostState::fresh);
  CHECK(watch[0].void_passes == 3);
}

TEST_CASE("only a host that has not answered can be looked for again, or be lost for want of a next hop") {
  HostWatch watch(2);
  watch.answered(1, 1, 1);
  for (const uint32_t host : {0U, 1U}) watch.look_again(host);
  CHECK(watch[0].state == HostState::unresolved);
  CHECK(watch[1].state == HostState::alive);
  for (const uint32_t host : {0U, 1U}) watch.lose(host, Loss::no_route);
  CHECK(watch[0].state == HostState::lost);
  CHECK(watch[1].state == HostState::alive);
}

TEST_CASE("a check that is wanted is made once, and not if its host has answered meanwhile or is away") {
  HostWatch hosts(3);
  for (uint32_t host = 0; host < 3; ++host) {
    hosts.answered(host, 1, 1);
    hosts[host].failed_checks = 1;
    hosts.want_check(host);
  }
  hosts[1].failed_checks = 0;
  hosts[2].state = HostState::lost;
  CHECK(hosts.any_check_wanted());
  CHECK(hosts.take_wanted_check() == 0);
  CHECK(!hosts.take_wanted_check());
  CHECK(!hosts.any_check_wanted());
}

TEST_CASE("a verdict on a host is handed out once, when it is made and when it is withdrawn") {
  HostWatch watch(4);
  watch.answered(0, 1, second_us);
  CHECK_FALSE(watch.take_verdict());
  watch[1].state = HostState::unresolved;
  watch.has_no_neighbour(1);
  watch.has_no_neighbour(1);
  CHECK(watch.take_verdict() == 1);
  CHECK_FALSE(watch.take_verdict());
  watch.answered(1, 1, 2 * second_us);
  watch.answered(1, 1, 2 * second_us);
  CHECK(watch.take_verdict() == 1);
  CHECK(watch[1].state == HostState::alive);
  CHECK_FALSE(watch.take_verdict());

  fall_silent(watch, 0, 9 * second_us);
  for (uint64_t now_us = 9 * second_us; watch[0].state != HostState::lost; now_us += second_us) {
    CHECK_FALSE(watch.take_verdict());
    if (const auto due = watch.due_for_recovery_check(now_us)) watch.recovery_check_sent(*due, now_us);
    REQUIRE(now_us < 100 * second_us);
  }
  CHECK(watch.take_verdict() == 0);
  CHECK_FALSE(watch.take_verdict());

  watch.ban(0);
  watch.ban(0);
  CHECK(watch.take_verdict() == 0);
  CHECK_FALSE(watch.take_verdict());

  watch.path_is_lost();
  watch.path_is_lost();
  int verdicts = 0;
  while (const auto host = watch.take_verdict()) {
    CHECK(watch[*host].state == HostState::lost);
    CHECK(*host != 0);  // it was lost before
    ++verdicts;
  }
  CHECK(verdicts == 3);
}
