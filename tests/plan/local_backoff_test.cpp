#include "plan/local_backoff.hpp"

#include <doctest/doctest.h>

#include <cerrno>

using namespace portloop;

TEST_CASE("a local failure pauses for 50 ms, keeps three quarters in flight, and keeps the ask") {
  LocalBackoff backoff(1000);
  Ask ask;
  ask.probe = 7;
  backoff.failed(ask, true, ENOBUFS, false, 400, 1'000'000);
  CHECK(backoff.limit() == 300);
  CHECK(backoff.paused(1'049'999));
  CHECK(!backoff.paused(1'050'000));
  CHECK(backoff.last().error_number == ENOBUFS);
  CHECK(!backoff.gives_up(backoff.last()));
  CHECK(backoff.take_last().ask.probe == 7);
  CHECK(backoff.empty());
}

TEST_CASE("when descriptors run out, sixteen are left to the rest of the process") {
  LocalBackoff backoff(1000);
  backoff.failed({}, true, EMFILE, true, 400, 0);
  CHECK(backoff.limit() == 384);
  backoff.failed({}, true, EMFILE, true, 10, 0);
  CHECK(backoff.limit() == 1);
}

TEST_CASE("a hundred asks that end allow one more in flight, up to the limit") {
  LocalBackoff backoff(302);
  backoff.failed({}, true, ENOBUFS, false, 400, 0);
  REQUIRE(backoff.limit() == 300);
  for (int i = 0; i < 101; ++i) backoff.ask_ended();
  CHECK(backoff.limit() == 301);
  for (int i = 0; i < 1000; ++i) backoff.ask_ended();
  CHECK(backoff.limit() == 302);
}

TEST_CASE("with nothing else in flight each pause is twice as long, up to 3.2 s, and the ninth failure is the last") {
  LocalBackoff backoff(1000);
  Ask ask;
  uint64_t now_us = 0;
  for (int failure = 1; failure <= 9; ++failure) {
    backoff.failed(ask, true, ENOBUFS, false, 0, now_us);
    const uint64_t pause_us = 50'000ULL << (failure < 7 ? failure - 1 : 6);
    CHECK(backoff.pause_until_us() == now_us + pause_us);
    CHECK(backoff.gives_up(backoff.last()) == (failure == 9));
    now_us = backoff.pause_until_us();
    ask = backoff.take_last().ask;
  }
  CHECK(now_us == 12'750'000);
}

TEST_CASE("while others are in flight a failure does not count: they will make room") {
  LocalBackoff backoff(1000);
  Ask ask;
  for (int i = 0; i < 100; ++i) {
    backoff.failed(ask, true, ENOBUFS, false, 1, 0);
    ask = backoff.take_last().ask;
  }
  CHECK(ask.local_failures == 0);
}

TEST_CASE("a check that failed is not made again, and an ask that is only repeated pauses nothing") {
  LocalBackoff backoff(1000);
  backoff.failed({}, false, ENOBUFS, false, 8, 0);
  CHECK(backoff.empty());
  LocalBackoff repeating(1000);
  repeating.keep({});
  CHECK(!repeating.paused(0));
  CHECK(repeating.limit() == 1000);
  CHECK(repeating.last().error_number == 0);
}

TEST_CASE("when one was given up, each further one has a failure less, and all of them end within 40 seconds") {
  LocalBackoff backoff(1000);
  uint64_t now_us = 0;
  for (int probe = 0; probe < 65'535; ++probe) {
    backoff.keep({});
    while (!backoff.gives_up(backoff.last())) {
      const Ask ask = backoff.take_last().ask;
      backoff.failed(ask, true, EMFILE, true, 0, now_us);
      now_us = backoff.pause_until_us();
    }
    backoff.take_last();
  }
  CHECK(now_us > 34'000'000);
  CHECK(now_us < 40'000'000);

  backoff.ask_ended();  // one could be made: patience is back
  backoff.failed({}, true, EMFILE, true, 0, now_us);
  CHECK(!backoff.gives_up(backoff.last()));
  CHECK(backoff.pause_until_us() == now_us + 50'000);
}
