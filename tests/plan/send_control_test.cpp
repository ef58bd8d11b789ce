#include "plan/send_control.hpp"

#include <doctest/doctest.h>

#include <vector>

using namespace portloop;

namespace {

SharedPace pace;
SendControl wide() { return SendControl({true, 100'000, 0}, pace); }

/// Sends as much as the window allows, and answers every `one_in`-th of them 20 ms later.
uint32_t round(SendControl& window, ProbeKind kind, uint64_t& now_us, uint32_t one_in, uint32_t most = 100'000) {
  std::vector<uint64_t> serials;
  window.advance(now_us);
  while (window.may_send(now_us) && serials.size() < most) serials.push_back(window.sent(kind, now_us));
  now_us += 20'000;
  for (size_t i = 0; i < serials.size(); i += one_in) {
    window.answered(serials[i]);
    window.rtt_sample(serials[i], 20'000, 20'000);
  }
  now_us += 200'000;
  window.advance(now_us);
  return static_cast<uint32_t>(serials.size());
}

}  // namespace

TEST_CASE("a window whose probes are answered doubles each round") {
  SendControl window = wide();
  uint64_t now_us = 1;
  const uint32_t first = round(window, ProbeKind::fresh, now_us, 1);
  const uint32_t second = round(window, ProbeKind::fresh, now_us, 1);
  CHECK(second == 2 * first);
}

TEST_CASE("what the path answers makes room at once, and its share may fall without a cut") {
  SendControl window = wide();
  uint64_t now_us = 1;
  const uint64_t in_a_round = 1000;
  for (const uint64_t one_in : {1, 1, 2, 10, 1000}) {  // the others are not answered either
    std::vector<uint64_t> serials;
    for (uint64_t i = 0; i < in_a_round; ++i) serials.push_back(window.sent(ProbeKind::retry, now_us));
    for (uint64_t i = 0; i < in_a_round; i += one_in) window.path_answered(serials[i]);
    if (one_in == 1) CHECK(window.has_room());
    now_us += 200'000;
    window.advance(now_us);
  }
  CHECK(window.learned_rate_per_s() == 0);
}

TEST_CASE("while answers wait to be taken a window does not grow, and then it does") {
  SendControl window = wide();
  uint64_t now_us = 1;
  window.answers_wait(true);
  const uint32_t first = round(window, ProbeKind::fresh, now_us, 1);
  CHECK(round(window, ProbeKind::fresh, now_us, 1) == first);
  window.answers_wait(false);
  CHECK(round(window, ProbeKind::fresh, now_us, 1) == first);  // it grows as this round is judged
  CHECK(round(window, ProbeKind::fresh, now_us, 1) == 2 * first);
}

TEST_CASE("a window does not grow while answers come far later than the first ones did: they wait in a queue") {
  SendControl window = wide();
  uint64_t now_us = 1;
  for (int i = 0; i < 1000; ++i) window.rtt_sample(0, 100'000, 20'000);
  const uint32_t first = round(window, ProbeKind::fresh, now_us, 1);
  CHECK(round(window, ProbeKind::fresh, now_us, 1) == first);
  uint32_t sent = 0;
  for (int i = 0; i < 4; ++i) sent = round(window, ProbeKind::fresh, now_us, 1);
  CHECK(sent > first);  // old news fades
}

TEST_CASE("whether a host is back is no question of speed: silent recovery checks teach no rate") {
  SendControl control = wide();
  uint64_t now_us = 1;
  for (int burst = 0; burst < 20; ++burst) round(control, ProbeKind::recovery, now_us, 1'000'000, 50);
  CHECK(control.learned_rate_per_s() == 0);
  for (int burst = 0; burst < 20; ++burst) round(control, ProbeKind::check, now_us, 1'000'000, 50);
  CHECK(control.learned_rate_per_s() > 0);
}

TEST_CASE("a small router may let less than one probe a second through") {
  Pacer pacer(0, pace);
  pacer.limit(0.5);
  pacer.sent(10'000'000);
  CHECK(pacer.next_send_us() == 12'000'000 - 2000);  // the burst of two milliseconds
}

TEST_CASE("rounds that are forgotten teach nothing") {
  SendControl control = wide();
  uint64_t now_us = 1;
  for (int burst = 0; burst < 4; ++burst) round(control, ProbeKind::check, now_us, 1);
  std::vector<uint64_t> silent;
  while (control.may_send(now_us)) silent.push_back(control.sent(ProbeKind::check, now_us));
  control.forget_rounds();
  now_us += 2'000'000;
  control.advance(now_us);
  CHECK(control.learned_rate_per_s() == 0);
}

TEST_CASE("a queue of our own is cut to what keeps it short, and the floor of first asks no longer holds") {
  Window window(15000);
  for (int i = 0; i < 16; ++i) window.rtt_sample(1'000'000, 20'000, true);
  CHECK(window.limit_queue());
  CHECK(window.size() == doctest::Approx(400 * 0.1));
  for (int i = 0; i < 64; ++i) window.rtt_sample(100'000, 20'000, true);
  CHECK(!window.limit_queue());
  Tally all, none;
  for (int i = 0; i < 100; ++i) all.add(true), none.add(false);
  window.fresh_round_ended(all, 1'000'000);
  CHECK(window.fresh_round_ended(none, 1'000'000));
  CHECK(window.size() < 40);
}

TEST_CASE("samples of probes that were sent before the cut say nothing about it") {
  Window window(15000);
  for (int i = 0; i < 16; ++i) window.rtt_sample(1'000'000, 20'000, true);
  REQUIRE(window.limit_queue());
  for (int i = 0; i < 64; ++i) window.rtt_sample(1'000'000, 20'000, false);
  CHECK(!window.limit_queue());
}

TEST_CASE("a queue that two cuts do not shorten is not ours: the window is what it was, and grows again") {
  Window window(15000);
  const auto wait_long = [&window] {
    for (int i = 0; i < 64; ++i) window.rtt_sample(500'000, 20'000, true);
    return window.limit_queue();
  };
  CHECK(wait_long());
  CHECK(wait_long());
  CHECK(!wait_long());
  CHECK(window.size() == 400);
  for (int i = 0; i < 20; ++i) window.begin_round();
  for (int i = 0; i < 64; ++i) window.rtt_sample(500'000, 20'000, true);
  CHECK(!window.limit_queue());
  window.was_full();
  window.grow();
  CHECK(window.size() > 400);
}

TEST_CASE("silence alone does not keep a window from growing: most ports of a filtered host are silent") {
  SendControl window = wide();
  uint64_t now_us = 1;
  uint32_t sent = 0;
  for (int i = 0; i < 4; ++i) sent = round(window, ProbeKind::fresh, now_us, 1000);
  CHECK(sent > 3000);
}

TEST_CASE("a fall of the share of answers shrinks the window") {
  SendControl window = wide();
  uint64_t now_us = 1;
  for (int i = 0; i < 4; ++i) round(window, ProbeKind::fresh, now_us, 1);
  const double before = window.window_size();
  round(window, ProbeKind::fresh, now_us, 3);
  CHECK(window.window_size() < 0.8 * before);
}

TEST_CASE("a round is judged by its first asks if it has enough of them") {
  for (const uint32_t fresh : {min_round - 1, min_round}) {
    SendControl control = wide();
    uint64_t now_us = 1;
    for (int i = 0; i < 3; ++i) round(control, ProbeKind::fresh, now_us, 1);
    const double before = control.window_size();
    for (uint32_t i = 0; i < fresh; ++i) control.sent(ProbeKind::fresh, now_us);
    for (double i = 0; i < before; ++i) control.sent(ProbeKind::recovery, now_us);  // ends the round, and is not judged
    now_us += 2'000'000;
    control.advance(now_us);
    CHECK((control.window_size() < before) == (fresh == min_round));
  }
}

TEST_CASE("a constant loss of 20 % is no overload") {
  SendControl window = wide();
  uint64_t now_us = 1;
  for (int i = 0; i < 6; ++i) round(window, ProbeKind::fresh, now_us, 5);
  CHECK(window.window_size() > 5000);
}

TEST_CASE("known answerers that are silent teach a rate, and answers let it grow again") {
  SendControl window = wide();
  uint64_t now_us = 1;
  round(window, ProbeKind::check, now_us, 20);
  const double learned = window.learned_rate_per_s();
  CHECK(learned > 0);
  for (int i = 0; i < 3; ++i) round(window, ProbeKind::check, now_us, 1);
  CHECK(window.learned_rate_per_s() >= learned);
}

TEST_CASE("a rate of 100/s spaces probes by 10 ms") {
  SharedPace own_pace;
  SendControl window({true, 1000, 100}, own_pace);
  uint64_t now_us = 1'000'000;
  uint32_t sent = 0;
  for (; now_us < 2'000'000; now_us += 1000) {
    window.advance(now_us);
    while (window.may_send(now_us)) {
      window.answered(window.sent(ProbeKind::fresh, now_us));
      ++sent;
    }
  }
  CHECK(sent >= 99);
  CHECK(sent <= 102);
}

TEST_CASE("an answer after its soft deadline, or a second one, changes no count") {
  SendControl window = wide();
  const uint64_t serial = window.sent(ProbeKind::fresh, 1);
  window.advance(10'000'000);
  window.answered(serial);
  window.answered(serial);
  CHECK(window.has_room());
  CHECK(window.next_judgement_us() == UINT64_MAX);
}

TEST_CASE("a window that does not adapt lets everything through") {
  SharedPace own_pace;
  SendControl window({false, 1'000'000, 0}, own_pace);
  for (int i = 0; i < 50'000; ++i) {
    REQUIRE(window.may_send(1));
    window.sent(ProbeKind::fresh, 1);
  }
}

TEST_CASE("a retry round that was interrupted teaches no rate, and the next one teaches the rate it was sent at") {
  struct Interruption {
    uint64_t us;
    bool judged;  // what was sent before is judged before it ends
  };
  for (const Interruption& interruption :
       {Interruption{90'000, false}, Interruption{600'000'000, false}, Interruption{600'000'000, true}}) {
    const uint64_t us = interruption.us;
    const bool judged = interruption.judged;
    CAPTURE(us);
    SharedPace own_pace;
    SendControl control({true, 100'000, 0}, own_pace);
    uint64_t now_us = 1;
    // Half a round of checks, none of them answered, and after the interruption more than a whole round.
    const auto send_unanswered = [&](uint32_t count) {
      for (uint32_t i = 0; i < count; ++i) {
        control.sent(ProbeKind::check, now_us);
        now_us += 100;
      }
    };
    send_unanswered(200);
    now_us += us;
    if (judged) control.advance(now_us);
    control.interrupted();
    CHECK(control.learned_rate_per_s() == 0);
    send_unanswered(2000);
    now_us += 1'000'000;
    control.advance(now_us);
    // A twentieth, because nothing was answered.
    CHECK(control.learned_rate_per_s() == doctest::Approx(500).epsilon(0.1));
  }
}
