#include "cli/watch/change_filter.hpp"

#include <doctest/doctest.h>

using namespace portloop;

namespace {

using Changes = std::vector<ConfirmedChange>;
constexpr auto none = WatchedState::none, open = WatchedState::open, closed = WatchedState::closed,
               filtered = WatchedState::filtered;

/// One round with one endpoint. `again`: what probing again finds, if it is probed.
Changes round(ChangeFilter& filter, WatchedState seen, WatchedState again) {
  filter.observe(0, seen);
  for (const uint64_t index : filter.suspects()) filter.confirm(index, again);
  return filter.end_round();
}

}  // namespace

TEST_CASE("what is there at first is learned, not reported") {
  for (const WatchedState state : {open, closed, filtered}) {
    ChangeFilter filter(1);
    CHECK(round(filter, state, state).empty());
    CHECK(filter.reported(0) == state);
    CHECK(round(filter, state, state).empty());
  }
}

TEST_CASE("a lost answer in the first round does not become an opened port in the second") {
  ChangeFilter filter(1);
  CHECK(round(filter, filtered, open).empty());
  CHECK(filter.reported(0) == open);
  CHECK(round(filter, open, open).empty());
}

TEST_CASE("an answer that was seen twice is reported in its round") {
  for (const auto& [before, after] : {std::pair{closed, open}, {open, closed}, {filtered, open}, {filtered, closed}}) {
    ChangeFilter filter(1);
    filter.restore(0, before, none);
    CHECK(round(filter, after, after) == Changes{{0, before, after}});
    CHECK(round(filter, after, after).empty());
  }
}

TEST_CASE("an answer that is not seen again is not reported") {
  ChangeFilter filter(1);
  filter.restore(0, closed, none);
  CHECK(round(filter, open, closed).empty());
  CHECK(round(filter, open, filtered).empty());
  CHECK(filter.reported(0) == closed);
}

TEST_CASE("silence is reported when the next round sees it again, and not before") {
  ChangeFilter filter(1);
  filter.restore(0, open, none);
  CHECK(round(filter, filtered, filtered).empty());
  CHECK(filter.pending(0) == filtered);
  CHECK(round(filter, filtered, filtered) == Changes{{0, open, filtered}});
  CHECK(filter.reported(0) == filtered);
}

TEST_CASE("silence in two rounds that an answer lies between is not reported") {
  ChangeFilter filter(1);
  filter.restore(0, open, none);
  CHECK(round(filter, filtered, filtered).empty());
  CHECK(round(filter, open, open).empty());
  CHECK(filter.pending(0) == none);
  CHECK(round(filter, filtered, filtered).empty());
  CHECK(round(filter, filtered, open).empty());  // the answer comes when it is probed again
  CHECK(round(filter, filtered, filtered).empty());
}

TEST_CASE("a result that is unknown, or missing, changes nothing") {
  ChangeFilter filter(1);
  filter.restore(0, open, none);
  CHECK(round(filter, none, none).empty());
  CHECK(filter.suspects().empty());
  CHECK(round(filter, filtered, filtered).empty());
  CHECK(round(filter, none, none).empty());
  CHECK(filter.pending(0) == filtered);
  CHECK(round(filter, filtered, none).empty());
  CHECK(filter.pending(0) == filtered);
  CHECK(round(filter, filtered, filtered) == Changes{{0, open, filtered}});
}

TEST_CASE("a round that is abandoned leaves everything as it was") {
  ChangeFilter filter(1);
  filter.restore(0, open, filtered);
  filter.observe(0, filtered);
  filter.confirm(0, filtered);
  filter.abandon_round();
  CHECK(filter.end_round().empty());
  CHECK(filter.reported(0) == open);
  CHECK(filter.pending(0) == filtered);
}
