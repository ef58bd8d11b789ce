#include "plan/ban_watch.hpp"

#include <doctest/doctest.h>

#include <vector>

using namespace portloop;

namespace {

using Key = BanWatch::Key;
constexpr Key host{3, 5};
constexpr uint32_t none = Host::no_probe;
constexpr uint64_t second = 1'000'000;

BanWatch::Held refusal(uint64_t answered_us, uint32_t probe, Reason reason = Reason::conn_refused) {
  return {answered_us, probe, 300, 1, reason};
}

/// Holds `count` results, at times from `first_us` on.
void hold(BanWatch& watch, uint32_t count, uint64_t first_us, Reason reason = Reason::conn_refused,
          uint32_t closed = none) {
  for (uint32_t i = 0; i < count; ++i)
    CHECK(watch.hold(host, refusal(first_us + i, static_cast<uint32_t>(first_us) + i, reason), closed));
}

std::vector<Reason> released(BanWatch& watch) {
  std::vector<Reason> reasons;
  while (watch.any_released()) {
    const BanWatch::Released released = watch.take_released();
    CHECK(released.of == host);
    reasons.push_back(released.result.reason);
  }
  return reasons;
}

/// The port of the next proof.
uint32_t asked(BanWatch& watch, uint64_t now_us) {
  const auto proof = watch.take_due(now_us);
  REQUIRE(proof);
  CHECK(proof->of == host);
  CHECK_FALSE(watch.take_due(now_us));
  return proof->probe;
}

void answer(BanWatch& watch, uint32_t probe, Reason reason, uint64_t sent_us) {
  watch.proof_answered(host);
  watch.answered_again(host, probe, reason, sent_us, sent_us + 1);
}

HostWatch hosts_of(HostState state) {
  HostWatch hosts(6);
  hosts[5].state = state;
  return hosts;
}

}  // namespace

TEST_CASE("nothing is held of a host without an open port, and no ICMP error of a router far from the host") {
  BanWatch watch;
  CHECK_FALSE(watch.hold(host, refusal(1, 1), none));
  CHECK_FALSE(watch.hold(host, refusal(1, 1, Reason::port_unreach), none));
  watch.accepted(host, 9, 2);
  CHECK_FALSE(watch.hold(host, refusal(3, 2, Reason::host_unreach), none));
  CHECK_FALSE(watch.hold({3, 4}, refusal(3, 2), none));  // another host
  CHECK(watch.hold(host, refusal(3, 2), none));
}

TEST_CASE("an open port that is found proves what was answered before it was asked") {
  BanWatch watch;
  watch.accepted(host, 9, 1);
  hold(watch, 10, 100);
  watch.accepted(host, 10, 104);
  CHECK(released(watch).size() == 5);
  CHECK(watch.next_due_us() == UINT64_MAX);
}

TEST_CASE("proofs come after 128 results, then after 256, and ask the open ports in turn") {
  BanWatch watch;
  watch.accepted(host, 9, 1);
  watch.accepted(host, 10, 1);
  hold(watch, 127, 100);
  CHECK_FALSE(watch.take_due(300));
  hold(watch, 1, 300);
  CHECK(asked(watch, 400) == 9);
  hold(watch, 10, 401);
  answer(watch, 9, Reason::syn_ack, 400);
  CHECK(released(watch).size() == 128);
  hold(watch, 245, 500);
  CHECK_FALSE(watch.take_due(1000));
  hold(watch, 1, 1000);
  CHECK(asked(watch, 1000) == 10);
}

TEST_CASE("at the end a proof is asked for what is left, unless it is little") {
  const HostWatch hosts = hosts_of(HostState::alive);
  for (const uint32_t held : {15U, 16U}) {
    BanWatch watch;
    CHECK_FALSE(watch.finish(3, hosts));
    watch.accepted(host, 9, 1);
    hold(watch, held, 100);
    CHECK(watch.finish(3, hosts));
    if (held == 16) {
      CHECK(asked(watch, 200) == 9);
      CHECK(watch.finish(3, hosts));  // it waits
      CHECK_FALSE(watch.take_due(second));
      answer(watch, 9, Reason::syn_ack, 200);
    }
    CHECK(released(watch) == std::vector(held, Reason::conn_refused));
    CHECK_FALSE(watch.finish(3, hosts));
  }
}

TEST_CASE("all open ports refuse: what was refused in that manner is unknown, and what is refused from then on") {
  BanWatch watch;
  watch.accepted(host, 9, 1);
  watch.accepted(host, 10, 1);
  hold(watch, 2, 90, Reason::port_unreach);
  hold(watch, 126, 100);
  const uint32_t first = asked(watch, 300);
  answer(watch, first, Reason::conn_refused, 300);
  CHECK_FALSE(watch.take_ban());
  CHECK(released(watch).empty());
  const uint32_t other = asked(watch, 301);
  CHECK(other != first);
  answer(watch, other, Reason::conn_refused, 301);
  CHECK(watch.is_suspect(host));
  CHECK_FALSE(watch.take_ban());
  CHECK_FALSE(watch.take_due(second));
  answer(watch, asked(watch, second + 301), Reason::conn_refused, second + 301);
  CHECK(watch.take_ban() == host);
  CHECK_FALSE(watch.take_ban());
  CHECK_FALSE(watch.is_suspect(host));
  std::vector<Reason> expected(2, Reason::port_unreach);
  expected.insert(expected.end(), 126, Reason::banned);
  CHECK(released(watch) == expected);
  CHECK(watch.hold(host, refusal(400, 400), none));
  CHECK(watch.hold(host, refusal(401, 401, Reason::port_unreach), none));
  CHECK(released(watch) == std::vector{Reason::banned, Reason::port_unreach});
  CHECK_FALSE(watch.take_due(UINT64_MAX - 1));
}

TEST_CASE("a port that has stopped is no ban if another one accepts") {
  BanWatch watch;
  watch.accepted(host, 9, 1);
  watch.accepted(host, 10, 1);
  hold(watch, 128, 100);
  answer(watch, asked(watch, 300), Reason::conn_refused, 300);
  const uint32_t other = asked(watch, 301);
  answer(watch, other, Reason::syn_ack, 301);
  CHECK(released(watch) == std::vector(128, Reason::conn_refused));
  CHECK_FALSE(watch.take_ban());
  hold(watch, 256, 400);
  CHECK(asked(watch, 1000) == other);  // the one that has stopped is not asked any more
}

TEST_CASE("the only open port is asked again after a second; an open port that is found meanwhile will do") {
  for (const bool finds_another : {false, true}) {
    BanWatch watch;
    watch.accepted(host, 9, 1);
    hold(watch, 128, 100);
    answer(watch, asked(watch, 300), Reason::conn_refused, 300);
    CHECK_FALSE(watch.take_due(second));
    if (finds_another) {
      watch.accepted(host, 11, 400);
      CHECK(released(watch).size() == 128);
      CHECK_FALSE(watch.take_due(2 * second));
    } else {
      CHECK(asked(watch, second + 301) == 9);
      answer(watch, 9, Reason::conn_refused, second + 301);
      CHECK(watch.take_ban() == host);
    }
  }
}

TEST_CASE("after an ICMP error a closed port that still refuses shows a limit of the port's own") {
  BanWatch watch;
  watch.accepted(host, 9, 1);
  hold(watch, 128, 100, Reason::conn_refused, 55);
  answer(watch, asked(watch, 300), Reason::port_unreach, 300);
  CHECK(asked(watch, 301) == 55);
  answer(watch, 55, Reason::conn_refused, 301);
  CHECK(released(watch).size() == 128);
  CHECK_FALSE(watch.take_ban());
  CHECK_FALSE(watch.hold(host, refusal(400, 400), none));  // no open port is left to prove it
}

TEST_CASE("of a host that only refuses, a closed port proves ICMP errors, or shows the ban") {
  for (const Reason reason : {Reason::conn_refused, Reason::admin_prohibited}) {
    BanWatch watch;
    hold(watch, 128, 100, Reason::admin_prohibited, 55);
    CHECK_FALSE(watch.hold(host, refusal(250, 250), 55));
    CHECK(asked(watch, 300) == 55);
    answer(watch, 55, reason, 300);
    if (reason == Reason::conn_refused) {
      CHECK(released(watch) == std::vector(128, Reason::admin_prohibited));
    } else {
      CHECK(asked(watch, second + 301) == 55);
      answer(watch, 55, reason, second + 301);
      CHECK(released(watch) == std::vector(128, Reason::banned));
    }
  }
}

TEST_CASE("three silent proofs in a row end the watch; of a suspect they are a ban") {
  for (const bool is_suspect : {false, true}) {
    BanWatch watch;
    watch.accepted(host, 9, 1);
    hold(watch, 128, 100);
    uint64_t now_us = 300;
    if (is_suspect) {
      answer(watch, asked(watch, now_us), Reason::conn_refused, now_us);
      now_us += 2 * second;
    }
    for (int i = 0; i < 3; ++i, now_us += 2 * second) {
      CHECK(released(watch).empty());
      asked(watch, now_us);
      watch.silent(host, now_us);
    }
    CHECK(watch.take_ban().has_value() == is_suspect);
    CHECK(released(watch) == std::vector(128, is_suspect ? Reason::banned : Reason::conn_refused));
    CHECK(watch.hold(host, refusal(now_us, 400), none) == is_suspect);
  }
}

TEST_CASE("of a host that is lost, RSTs are right, and ICMP errors are unknown") {
  BanWatch watch;
  watch.accepted(host, 9, 1);
  hold(watch, 5, 100);
  hold(watch, 4, 200, Reason::port_unreach);
  CHECK(watch.finish(3, hosts_of(HostState::lost)));
  std::vector<Reason> expected(5, Reason::conn_refused);
  expected.insert(expected.end(), 4, Reason::host_lost);
  CHECK(released(watch) == expected);
  CHECK_FALSE(watch.take_ban());
}

TEST_CASE("a proof that was not made is made later, and a host that is forgotten needs none") {
  BanWatch watch;
  watch.accepted(host, 9, 1);
  hold(watch, 128, 100);
  asked(watch, 300);
  watch.withdrawn(host, 500);
  CHECK_FALSE(watch.take_due(499));
  CHECK(watch.next_due_us() == 500);
  watch.forget(3);
  CHECK_FALSE(watch.take_due(500));
  CHECK_FALSE(watch.finish(3, hosts_of(HostState::alive)));
}

TEST_CASE("an answer to a connect that was sent before the last proof shows nothing") {
  BanWatch watch;
  watch.accepted(host, 9, 1000);
  hold(watch, 20, 2000);
  watch.answered_again(host, 9, Reason::conn_refused, 999, 2100);
  CHECK(watch.next_due_us() == UINT64_MAX);
  watch.answered_again(host, 9, Reason::conn_refused, 1001, 2100);
  CHECK(watch.next_due_us() != UINT64_MAX);
}

TEST_CASE("a port that was forgotten and accepts again is asked again, and never none") {
  BanWatch watch;
  watch.accepted(host, 9, 1);
  watch.accepted(host, 10, 1);
  hold(watch, 20, 100);
  watch.answered_again(host, 9, Reason::port_unreach, 200, 201);
  CHECK(asked(watch, 300) == 10);
  answer(watch, 10, Reason::syn_ack, 300);  // 9 is forgotten
  hold(watch, 20, 400);
  watch.answered_again(host, 10, Reason::port_unreach, 500, 501);
  watch.answered_again(host, 9, Reason::syn_ack, 510, 520);  // 10 is forgotten, and 9 is not
  hold(watch, 20, 600);
  watch.answered_again(host, 10, Reason::port_unreach, 700, 701);
  CHECK(asked(watch, 2 * second) == 9);
}

TEST_CASE("a suspicion that began while a proof was in flight gets another proof") {
  BanWatch watch;
  watch.accepted(host, 9, 1);
  hold(watch, 128, 100);
  CHECK(asked(watch, 300) == 9);
  watch.answered_again(host, 9, Reason::port_unreach, 310, 320);  // a check
  CHECK(watch.is_suspect(host));
  answer(watch, 9, Reason::syn_ack, 300);
  CHECK(watch.is_suspect(host));
  CHECK(watch.next_due_us() == 320 + second);
}

TEST_CASE("a host that could not be proved, and refuses later, is a suspect that is asked") {
  BanWatch watch;
  watch.accepted(host, 9, 1);
  hold(watch, 128, 100);
  for (int i = 0; i < 3; ++i) {
    CHECK(asked(watch, second) == 9);
    watch.silent(host, second);
  }
  CHECK(released(watch).size() == 128);
  watch.answered_again(host, 9, Reason::port_unreach, 2 * second, 2 * second);
  CHECK(watch.is_suspect(host));
  CHECK(watch.next_due_us() == 3 * second);
}

TEST_CASE(
    "a witness that refuses makes its host a suspect, and all of its open ports are asked before it has banned us") {
  BanWatch watch;
  watch.accepted(host, 9, 1);
  watch.accepted(host, 10, 1);
  hold(watch, 20, 100);
  watch.answered_again(host, none, Reason::port_unreach, 200, 201);
  CHECK(watch.is_suspect(host));
  for (const uint32_t port : {9U, 10U}) {
    CHECK(asked(watch, 300 + port) == port);
    answer(watch, port, Reason::port_unreach, 300);
  }
  CHECK_FALSE(watch.take_ban());
  answer(watch, asked(watch, 2 * second), Reason::port_unreach, 2 * second);
  CHECK(watch.take_ban() == host);
}

TEST_CASE("a proof that can never be made is not waited for") {
  BanWatch watch;
  watch.accepted(host, 9, 1);
  hold(watch, 128, 100);
  uint64_t now_us = second;
  for (; !watch.any_released() && now_us < 1000 * second; now_us += second) {
    CHECK(asked(watch, now_us) == 9);
    watch.withdrawn(host, now_us);
  }
  CHECK(released(watch).size() == 128);
}
