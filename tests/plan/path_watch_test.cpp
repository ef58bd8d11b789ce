#include "plan/path_watch.hpp"

#include <doctest/doctest.h>

#include <set>

using namespace portloop;

namespace {

constexpr uint64_t second_us = 1'000'000;

Witness witness(uint32_t number, Answerer kind = Answerer::closed) {
  return {{{Family::ipv4, 0, 0x0a000000 + number}, 80}, number, {}, kind};
}

/// Eight hosts have answered, the last of them at 1 s.
PathWatch watched_path() {
  PathWatch path;
  for (uint32_t host = 0; host < 8; ++host) path.add_witness(witness(host));
  path.heard(second_us);
  return path;
}

/// As watched_path(), and suspended at 3 s.
PathWatch suspended_path() {
  PathWatch path = watched_path();
  for (int host = 0; host < 4; ++host) path.silent(4, 3 * second_us);
  REQUIRE(path.suspended());
  return path;
}

/// Sends the checks that are due; returns how many there were.
uint32_t send_checks(PathWatch& path, uint64_t now_us) {
  uint32_t sent = 0;
  for (; path.due_check(now_us, sent); ++sent) path.check_sent(now_us);
  return sent;
}

}  // namespace

TEST_CASE("a path is suspended after sixteen expected answers, if a second has passed since the last one") {
  PathWatch path = watched_path();
  path.silent(15.9, 3 * second_us);
  CHECK(!path.suspended());
  path.silent(1, 2 * second_us - 1);
  CHECK(!path.suspended());
  path.silent(0, 2 * second_us);
  CHECK(path.suspended());
}

TEST_CASE("an answer from anywhere takes the doubt away") {
  PathWatch path = watched_path();
  path.silent(15.9, 3 * second_us);
  CHECK(!path.heard(3 * second_us));
  path.silent(15.9, 9 * second_us);
  CHECK(!path.suspended());
}

TEST_CASE("one host's silence is never enough") {
  PathWatch path = watched_path();
  CHECK(path.max_doubt_of_one_host() == 4);
  PathWatch pair;
  pair.add_witness(witness(1));
  pair.add_witness(witness(2));
  CHECK(pair.max_doubt_of_one_host() == 8);
}

TEST_CASE("with fewer than two witnesses there is no path to judge, and nothing to prove") {
  PathWatch path;
  path.add_witness(witness(1));
  path.add_witness(witness(1, Answerer::open));  // the same host
  path.heard(second_us);
  path.silent(100, 9 * second_us);
  CHECK(!path.suspended());
  CHECK(path.is_proven_since(5 * second_us));
}

TEST_CASE("a slow path has two of its slowest witness's deadlines to answer") {
  PathWatch path = watched_path();
  Witness slow = witness(9);
  slow.rtt.sample(400'000);  // a deadline of 1.2 s
  path.add_witness(slow);
  path.silent(100, second_us + 2'300'000);
  CHECK(!path.suspended());
  path.silent(0, second_us + 2'400'000);
  CHECK(path.suspended());
}

TEST_CASE("a suspended path has four witnesses checked 1, 2, 4 and 8 s apart, and is lost 8 s after the last") {
  PathWatch path = suspended_path();
  uint64_t now_us = 3 * second_us;
  for (const uint64_t wait_us : {1, 2, 4, 8}) {
    now_us += wait_us * second_us;
    CHECK(path.next_check_us() == now_us);
    CHECK(send_checks(path, now_us - 1) == 0);
    CHECK(send_checks(path, now_us) == 4);
    for (int check = 0; check < 4; ++check) path.check_failed(now_us);
  }
  CHECK(!path.due_check(now_us + 8 * second_us - 1, 0));
  CHECK(!path.lost());
  CHECK(!path.due_check(now_us + 8 * second_us, 0));
  CHECK(path.lost());
  CHECK(!path.suspended());
  CHECK(path.next_check_us() == UINT64_MAX);
}

TEST_CASE("time in which nobody checked is not time waited") {
  PathWatch path = suspended_path();
  const uint64_t much_later_us = 3600 * second_us;
  CHECK(send_checks(path, much_later_us) == 4);
  CHECK(!path.lost());
}

TEST_CASE("a path that has worked for an hour is checked for ten minutes") {
  PathWatch path = watched_path();
  path.heard(3600 * second_us);
  path.silent(100, 3602 * second_us);
  REQUIRE(path.suspended());
  uint64_t now_us = 3602 * second_us;
  while (!path.lost()) {
    now_us = path.next_check_us();
    send_checks(path, now_us);
  }
  CHECK(now_us - 3602 * second_us > 550 * second_us);
  CHECK(now_us - 3602 * second_us < 650 * second_us);
}

TEST_CASE("an answer ends a suspension, once, and a lost path stays lost") {
  PathWatch path = suspended_path();
  CHECK(path.heard(4 * second_us));
  CHECK(!path.suspended());
  CHECK(!path.heard(4 * second_us));

  PathWatch lost = suspended_path();
  while (!lost.lost()) send_checks(lost, lost.next_check_us());
  CHECK(!lost.heard(99 * second_us));
  CHECK(lost.lost());
  CHECK(!lost.due_check(99 * second_us, 0));
}

TEST_CASE("a proof is asked of one witness at a time, and any answer gives it") {
  PathWatch path = watched_path();
  CHECK(path.is_proven_since(second_us));
  CHECK(!path.is_proven_since(2 * second_us));
  CHECK(!path.due_check(2 * second_us, 0));
  CHECK(path.want_proof());
  REQUIRE(path.due_check(2 * second_us, 0));
  path.check_sent(2 * second_us);
  CHECK(!path.want_proof());
  CHECK(!path.due_check(2 * second_us, 0));
  path.check_withdrawn();
  CHECK(path.due_check(2 * second_us, 0));
  path.heard(3 * second_us);
  CHECK(!path.due_check(3 * second_us, 0));
  CHECK(path.is_proven_since(2 * second_us));
}

TEST_CASE("proofs that do not come suspend the path") {
  PathWatch path = watched_path();
  for (uint64_t second = 2; !path.suspended(); ++second) {
    REQUIRE(second < 7);
    path.want_proof();
    REQUIRE(path.due_check(second * second_us, second));
    path.check_sent(second * second_us);
    path.check_failed(second * second_us + 900'000);
  }
}

TEST_CASE("a host's closed port is a better witness than its open one") {
  PathWatch path;
  path.add_witness(witness(1, Answerer::open));
  path.add_witness(witness(2, Answerer::closed));
  Witness better = witness(1, Answerer::closed);
  better.endpoint.port = 81;
  path.add_witness(better);
  Witness worse = witness(2, Answerer::open);
  worse.endpoint.port = 82;
  path.add_witness(worse);
  path.want_proof();
  std::set<uint16_t> ports;
  for (uint64_t random = 0; random < 64; ++random) {
    const auto chosen = path.due_check(second_us, random);
    REQUIRE(chosen);
    CHECK(chosen->kind == Answerer::closed);
    ports.insert(chosen->endpoint.port);
  }
  CHECK(ports == std::set<uint16_t>{80, 81});
}

TEST_CASE("a proof is asked of a closed port, if any is known") {
  PathWatch path;
  for (uint32_t host = 0; host < 8; ++host)
    path.add_witness(witness(host, host == 5 ? Answerer::closed : Answerer::open));
  path.heard(second_us);
  path.want_proof();
  for (uint64_t random = 0; random < 32; ++random) CHECK(path.due_check(2 * second_us, random)->target == 5);
}

TEST_CASE("while neighbours are looked for, a witness is due a second and a half after the last answer") {
  CHECK(watched_path().quiet_from_us() == second_us * 5 / 2);
}

TEST_CASE("a neighbour is absent only if something has answered between the first request and the last") {
  PathWatch path = watched_path();
  CHECK(path.was_alive(second_us, 3 * second_us));
  CHECK(!path.was_alive(second_us + 1, 3 * second_us));
  path.heard(3 * second_us);  // in time for the last request
  CHECK(path.was_alive(second_us + 1, 3 * second_us));
  path = watched_path();
  path.heard(3 * second_us + 1);  // the link came back after it
  CHECK(!path.was_alive(second_us + 1, 3 * second_us));
  CHECK(path.was_alive(second_us, 3 * second_us));
  path.heard(4 * second_us);
  CHECK(!path.was_alive(second_us + 1, 3 * second_us));
  CHECK(path.was_alive(2 * second_us, 4 * second_us));
}

TEST_CASE("an open port is asked for a proof every twelve seconds at most") {
  PathWatch path;
  for (uint32_t host = 0; host < 3; ++host) path.add_witness(witness(host, Answerer::open));
  path.heard(second_us);
  CHECK(!path.can_always_ask());
  for (uint64_t second = 10; second <= 14; second += 2) {  // each is asked once
    CHECK(path.quiet_from_us() <= second * second_us);
    path.want_proof();
    REQUIRE(path.due_check(second * second_us, 1));
    path.check_sent(second * second_us);
    path.check_answered();
    path.heard(second * second_us);
  }
  CHECK(path.quiet_from_us() == 22 * second_us);
  for (uint32_t host = 3; host < 8; ++host) path.add_witness(witness(host, Answerer::open));
  CHECK(path.can_always_ask());
  CHECK(path.quiet_from_us() == 14 * second_us + second_us * 3 / 2);
}

TEST_CASE("a lone witness that does not answer is not asked without end") {
  PathWatch path;
  path.add_witness(witness(1, Answerer::open));
  path.heard(second_us);
  path.want_proof();
  REQUIRE(path.due_check(9 * second_us, 0));
  path.check_sent(9 * second_us);
  path.check_failed(10 * second_us);
  CHECK(!path.due_check(10 * second_us, 0));
  CHECK(path.quiet_from_us() == 21 * second_us);
}

TEST_CASE("a neighbour that is found shows that the link works, and nothing of the path beyond") {
  PathWatch path = watched_path();
  path.found_neighbour(3 * second_us);
  CHECK(path.was_alive(2 * second_us, 4 * second_us));
  CHECK(path.quiet_from_us() == second_us * 9 / 2);
  CHECK(!path.is_proven_since(2 * second_us));
  path.silent(100, 3 * second_us);
  CHECK(path.suspended());
}

TEST_CASE("a path that is lost has nothing due, whatever is looked for") {
  PathWatch path = watched_path();
  path.give_up();
  CHECK(path.lost());
  CHECK(path.quiet_from_us() == UINT64_MAX);
  path.want_proof();
  CHECK(path.next_check_us() == UINT64_MAX);
}
