#include "plan/round.hpp"

#include "doctest/doctest.h"

using namespace portloop;

TEST_CASE("a round counts fresh asks, retries and checks apart, and the time from its first to its last") {
  Round round;
  CHECK(round.asked() == 0);
  round.add(ProbeKind::fresh, true, 100);
  round.add(ProbeKind::retry, false, 200);
  round.add(ProbeKind::retry, true, 300);
  round.add(ProbeKind::check, false, 400);
  CHECK(round.asked() == 4);
  CHECK(round.fresh.asked == 1);
  CHECK(round.fresh.answered == 1);
  CHECK(round.retry.asked == 2);
  CHECK(round.retry.answered == 1);
  CHECK(round.check.asked == 1);
  CHECK(round.check.answered == 0);
  CHECK(round.first_sent_us == 100);
  CHECK(round.last_sent_us == 400);
  CHECK(round.retry.share() == 0.5);
  CHECK(Tally{}.share() == 0);
}

TEST_CASE("the history has the best of the last 16 shares") {
  ShareHistory history;
  CHECK(history.best() == 0);
  history.add(0.9);
  CHECK(history.best() == 0.9);
  for (int i = 0; i < 15; ++i) history.add(0.5);
  CHECK(history.best() == 0.9);
  history.add(0.6);
  CHECK(history.best() == 0.6);
  for (int i = 0; i < 15; ++i) history.add(0.4);
  CHECK(history.best() == 0.6);
  history.add(0.4);
  CHECK(history.best() == 0.4);
}

TEST_CASE("a cleared history has only what was added since") {
  ShareHistory history;
  for (int i = 0; i < 3; ++i) history.add(0.9);
  history.clear();
  CHECK(history.best() == 0);
  history.add(0.2);
  CHECK(history.best() == 0.2);
}

TEST_CASE("a share has fallen if it is below nine tenths of the best, by more than chance explains") {
  constexpr uint32_t many = 1'000'000;  // chance is small: what counts are the tenth and the 2 %
  CHECK_FALSE(has_fallen({many, 460'000}, 0.5));
  CHECK_FALSE(has_fallen({many, 450'000}, 0.5));
  CHECK(has_fallen({many, 449'000}, 0.5));
  CHECK_FALSE(has_fallen({many, 85'000}, 0.1));  // below nine tenths, but within 2 %
  CHECK(has_fallen({many, 78'000}, 0.1));
  // Of 100, three deviations are 15 %, and the best of 50 % becomes 17.3 % with the 2 %.
  CHECK_FALSE(has_fallen({100, 34}, 0.5));
  CHECK(has_fallen({100, 32}, 0.5));
  // A best of 100 % is not taken at its word: chance explains what a hundredth or two less would lose.
  CHECK_FALSE(has_fallen({100, 90}, 1));
  CHECK(has_fallen({100, 89}, 1));
  CHECK(has_fallen({40, 35}, 1));
  CHECK_FALSE(has_fallen({4, 2}, 1));
  CHECK(has_fallen({4, 1}, 1));
}
