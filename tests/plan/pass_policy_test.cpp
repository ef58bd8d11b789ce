#include "plan/pass_policy.hpp"

#include <doctest/doctest.h>

#include "plan/loss_estimate.hpp"

using namespace portloop;

namespace {

/// A second pass of a block in which 1,000 ports have answered and 100 are silent; nothing is lost.
PassFacts ordinary() {
  PassFacts facts;
  facts.pass = 2;
  facts.empty_passes = 1;
  facts.answers = 1000;
  facts.silent = 100;
  facts.first_pass_loss = 0.0005;
  facts.missing = 0.0001;
  return facts;
}

template <class Change>
PassDecision decide(Change change) {
  PassFacts facts = ordinary();
  change(facts);
  return decide_next_pass(facts);
}

}  // namespace

TEST_CASE("what follows a pass") {
  using enum NextPass;
  using enum PassReason;
  struct Row {
    const char* facts;
    PassDecision expected;
    PassDecision decided;
  };
  const Row rows[] = {
      {"the first pass has ended", {sweep_all, second_ask}, decide([](PassFacts& f) {
         f.pass = 1, f.found = 1000, f.empty_passes = 0;
       })},
      {"the first pass, and nothing answered", {sweep_all, second_ask}, decide([](PassFacts& f) {
         f.pass = 1, f.answers = 0, f.silent = 60000;
       })},
      {"nothing is lost", {sweep_by_host, enough_asked}, decide([](PassFacts&) {})},
      {"the second pass found one port", {sweep_all, found_some}, decide([](PassFacts& f) {
         f.found = 1, f.empty_passes = 0;
       })},
      {"what is silent belongs to hosts that are not asked", {report, nothing_left}, decide([](PassFacts& f) {
         f.asked_any = false, f.missing = 1;
       })},
      {"it asked nothing, because all was in flight", {sweep_all, skipped_some}, decide([](PassFacts& f) {
         f.asked_any = false, f.skipped_some = true;
       })},
      {"some probes were in flight", {sweep_all, skipped_some}, decide([](PassFacts& f) { f.skipped_some = true; })},
      {"an answer in a thousand blocks may be missing", {sweep_all, may_be_missing}, decide([](PassFacts& f) {
         f.missing = 0.001;
       })},
      {"just below that", {sweep_by_host, enough_asked}, decide([](PassFacts& f) { f.missing = 0.00099; })},
      {"at heavy loss the margin is wider", {sweep_all, may_be_missing}, decide([](PassFacts& f) {
         f.first_pass_loss = 0.21, f.missing = 0.00099;
       })},
      {"nothing answers, of many ports", {sweep_by_host, nothing_answers}, decide([](PassFacts& f) {
         f.answers = 0, f.silent = 1025, f.missing = 0.01;
       })},
      {"nothing answers, of few ports", {sweep_all, may_be_missing}, decide([](PassFacts& f) {
         f.answers = 0, f.silent = 1024, f.missing = 0.01;
       })},
      {"ten passes found nothing", {report, found_nothing}, decide([](PassFacts& f) {
         f.pass = 11, f.empty_passes = 10, f.missing = 1;
       })},
      {"nine passes found nothing", {sweep_all, may_be_missing}, decide([](PassFacts& f) {
         f.pass = 10, f.empty_passes = 9, f.missing = 1;
       })},
      {"at heavy loss forty are needed", {sweep_all, may_be_missing}, decide([](PassFacts& f) {
         f.pass = 40, f.empty_passes = 39, f.missing = 1, f.first_pass_loss = 0.3;
       })},
      {"and forty are enough", {report, found_nothing}, decide([](PassFacts& f) {
         f.pass = 41, f.empty_passes = 40, f.missing = 1, f.first_pass_loss = 0.3;
       })},
      {"the number of retries is the user's", {sweep_by_host, retries_set}, decide([](PassFacts& f) {
         f.fixed_retries = true, f.found = 1, f.missing = 1;
       })},
      {"there is a limit, whatever was found", {report, pass_limit}, decide([](PassFacts& f) {
         f.pass = max_passes, f.found = 1, f.empty_passes = 0;
       })},
      {"also for the user's retries", {report, pass_limit}, decide([](PassFacts& f) {
         f.pass = max_passes, f.fixed_retries = true;
       })},
  };
  for (const Row& row : rows) {
    CAPTURE(row.facts);
    CHECK(row.decided == row.expected);
  }
}
