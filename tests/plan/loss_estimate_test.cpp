#include "plan/loss_estimate.hpp"

#include <doctest/doctest.h>

#include "core/rtt_estimator.hpp"
#include "plan/probe_ledger.hpp"

using namespace portloop;

namespace {

void answers(LossEstimate& estimate, uint32_t pass, int count) {
  for (int i = 0; i < count; ++i) estimate.answer(pass);
}

}  // namespace

TEST_CASE("if a second pass rescues nothing, nothing is missing") {
  LossEstimate estimate;
  answers(estimate, 1, 5000);
  CHECK(estimate.missing_after(2) < 0.01);
}

TEST_CASE("if a second pass rescues 6 %, about 6 % of those are still missing") {
  LossEstimate estimate;
  answers(estimate, 1, 61600);
  answers(estimate, 2, 3700);
  CHECK(estimate.missing_after(2) == doctest::Approx(3700 * 0.06).epsilon(0.2));
  answers(estimate, 3, 222);
  CHECK(estimate.missing_after(3) == doctest::Approx(222 * 0.06).epsilon(0.2));
  CHECK(estimate.missing_after(7) < 0.001);
}

TEST_CASE("if all checks are answered, a later pass lost less than the first") {
  LossEstimate silent, checked;
  for (LossEstimate* estimate : {&silent, &checked}) {
    answers(*estimate, 1, 1000);
    answers(*estimate, 2, 500);
  }
  for (int i = 0; i < 200; ++i) checked.check(2, true);
  CHECK(checked.missing_after(2) < silent.missing_after(2) / 2);
}

TEST_CASE("the share of checks that are lost is the loss of the pass") {
  LossEstimate estimate;
  answers(estimate, 1, 1000);
  answers(estimate, 2, 10);
  const double before = estimate.missing_after(2);
  for (int i = 0; i < 50; ++i) estimate.check(2, false);
  CHECK(estimate.missing_after(2) > 10 * before);
}

TEST_CASE("if nothing answered, two asks may have missed a port; three hardly can") {
  CHECK(LossEstimate().missing_after(2) > 0.001);
  CHECK(LossEstimate().missing_after(3) < 0.0001);
}

TEST_CASE("the fewer answers, the less is known: five want a third pass where two are enough for five hundred") {
  LossEstimate few, many;
  answers(few, 1, 5);
  answers(many, 1, 500);
  CHECK(few.missing_after(2) > 0.001);
  CHECK(few.missing_after(3) < 0.001);
  CHECK(many.missing_after(2) < 0.001);
}

TEST_CASE("loops that share a block know the first pass's loss by the answers of all") {
  SharedAnswers shared;
  LossEstimate one, other, alone;
  for (LossEstimate* estimate : {&one, &other, &alone}) answers(*estimate, 1, 7);
  one.exchange(shared);
  CHECK(one.first_pass_loss() == alone.first_pass_loss());
  other.exchange(shared);
  CHECK(other.first_pass_loss() < alone.first_pass_loss());
  answers(other, 2, 2);
  for (int i = 0; i < 2; ++i) other.exchange(shared);  // what was published is published once
  one.exchange(shared);
  CHECK(one.first_pass_loss() == doctest::Approx(other.first_pass_loss()));
  CHECK(shared.all == 16);
  CHECK(shared.rescued == 2);
}

TEST_CASE("a host is judged by its own loss if it has many answers, by its block's if it has few") {
  LossEstimate block;
  answers(block, 1, 100'000);
  CHECK(block.first_pass_loss_of(3, 0) < 0.001);
  CHECK(block.first_pass_loss_of(1000, 300) == doctest::Approx(0.3).epsilon(0.02));
}

TEST_CASE("the ledger keeps the two probes of a byte apart, and counts to its limit") {
  ProbeLedger ledger(5);
  for (uint32_t probe = 0; probe < 5; ++probe) CHECK(ledger.finished(probe));
  ledger.draw(2);
  ledger.draw(3);
  for (int i = 0; i < 20; ++i) ledger.count_attempt(3);
  CHECK(ledger.attempts(2) == 0);
  CHECK(ledger.attempts(3) == ProbeLedger::max_attempts);
  CHECK_FALSE(ledger.finished(3));
  ledger.finish(2);
  CHECK(ledger.finished(2));
  CHECK(ledger.attempts(3) == ProbeLedger::max_attempts);
}

TEST_CASE("the round-trip estimate begins with its first sample and follows RFC 6298's gains") {
  RttEstimator rtt;
  CHECK_FALSE(rtt.has_sample());
  rtt.sample(80'000);
  CHECK(rtt.srtt_us() == 80'000);
  CHECK(rtt.rttvar_us() == 40'000);
  rtt.sample(160'000);
  CHECK(rtt.srtt_us() == 90'000);
  CHECK(rtt.rttvar_us() == 50'000);
  CHECK(rtt.deadline_us() == 290'000);
}

TEST_CASE("checks that are withdrawn count no more, the latest first") {
  LossEstimate withdrawn, without;
  for (LossEstimate* estimate : {&withdrawn, &without}) {
    answers(*estimate, 1, 10);
    for (int i = 0; i < 5; ++i) estimate->check(2, true);
    estimate->check(2, false);
  }
  withdrawn.check(2, false);
  withdrawn.check(3, false);
  withdrawn.check(3, false);
  CHECK(withdrawn.missing_after(3) > without.missing_after(3));
  withdrawn.withdraw_lost_checks(3, 3);
  CHECK(withdrawn.missing_after(3) == without.missing_after(3));
}
