// The policy of doubt as a table: the counts so far and one more inconclusive answer -> what to do, and the new counts.
#include "core/doubt.hpp"

#include <doctest/doctest.h>

#include <cerrno>

using namespace portloop;

namespace {

constexpr Verdict own_address{VerdictKind::confirm, PortState::open, Reason::syn_ack, 0};
constexpr Verdict anomaly(int error_number) {
  return {VerdictKind::ask_again, PortState::unknown, Reason::local_error, error_number};
}

struct Row {
  const char* name;
  DoubtCounts before;
  Verdict verdict;
  DoubtStep step;
  DoubtCounts after;
};

constexpr Row rows[] = {
    {"seen open once", {0, 0}, own_address, DoubtStep::ask_again, {1, 0}},
    {"seen open twice", {1, 0}, own_address, DoubtStep::ask_again, {2, 0}},
    {"seen open three times", {2, 0}, own_address, DoubtStep::believe_open, {3, 0}},
    {"anomalies confirm nothing", {1, 99}, own_address, DoubtStep::ask_again, {2, 99}},

    {"the first reset", {0, 0}, anomaly(ECONNRESET), DoubtStep::ask_again, {0, 1}},
    {"the second reset", {0, 1}, anomaly(ECONNRESET), DoubtStep::ask_again, {0, 2}},
    {"the third reset", {0, 2}, anomaly(ECONNRESET), DoubtStep::believe_open, {0, 3}},
    {"EPIPE is a reset, too", {0, 2}, anomaly(EPIPE), DoubtStep::believe_open, {0, 3}},
    {"a reset after other anomalies", {0, 98}, anomaly(ECONNRESET), DoubtStep::believe_open, {0, 99}},
    {"having been seen open is no reset", {2, 1}, anomaly(ECONNRESET), DoubtStep::ask_again, {2, 2}},

    {"the first self-connection", {0, 0}, anomaly(EADDRINUSE), DoubtStep::ask_again, {0, 1}},
    {"the third self-connection", {0, 2}, anomaly(EADDRINUSE), DoubtStep::ask_again, {0, 3}},
    {"the last self-connection but one", {0, 98}, anomaly(EADDRINUSE), DoubtStep::ask_again, {0, 99}},
    {"the last self-connection", {0, 99}, anomaly(EADDRINUSE), DoubtStep::report_unknown, {0, 100}},
    {"ECONNABORTED is no reset", {0, 2}, anomaly(ECONNABORTED), DoubtStep::ask_again, {0, 3}},
    {"ECONNABORTED for ever", {0, 99}, anomaly(ECONNABORTED), DoubtStep::report_unknown, {0, 100}},
    {"having been seen open does not make an anomaly open",
     {2, 99},
     anomaly(EADDRINUSE),
     DoubtStep::report_unknown,
     {2, 100}},
};

}  // namespace

TEST_CASE("each inconclusive answer has its next step") {
  for (const Row& row : rows) {
    CAPTURE(row.name);
    DoubtCounts counts = row.before;
    CHECK(resolve_doubt(counts, row.verdict) == row.step);
    CHECK(counts == row.after);
  }
}

TEST_CASE("no sequence of inconclusive answers goes on for ever") {
  const Verdict verdicts[] = {own_address, anomaly(ECONNRESET), anomaly(EADDRINUSE)};
  for (int first = 0; first < 3; ++first) {
    DoubtCounts counts;
    int answers = 1;
    const int max_answers = max_anomalies + min_open_sightings;
    while (resolve_doubt(counts, verdicts[(first + answers) % 3]) == DoubtStep::ask_again && answers <= max_answers)
      ++answers;
    CHECK(answers <= max_answers);
  }
}
