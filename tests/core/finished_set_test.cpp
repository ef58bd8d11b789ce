#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <set>

#include "core/finished_set.hpp"
#include "core/record_line.hpp"

using namespace portloop;

namespace {

FinishedSet parsed(std::string_view text) {
  auto set = FinishedSet::parse(text);
  REQUIRE(set);
  return std::move(*set);
}

}  // namespace

TEST_CASE("a new set is empty and its mark is the first position") {
  const FinishedSet set;
  CHECK(set.mark() == 0);
  CHECK(set.size() == 0);
  CHECK(set.ranges().empty());
  CHECK(set.to_text() == "0");
}

TEST_CASE("the mark stops at a gap and jumps to the next one when the gap is filled") {
  FinishedSet set;
  for (uint64_t position = 1; position < 20000; ++position) set.add(position);
  CHECK(set.mark() == 0);
  CHECK(set.to_text() == "0 1 19999");
  set.add(0);
  CHECK(set.mark() == 20000);
  CHECK(set.ranges() == std::vector<PositionRange>{{0, 19999}});
}

TEST_CASE("the mark passes from one chunk into the next") {
  for (const uint64_t last : {4094U, 4095U, 4096U, 8191U, 8192U}) {
    FinishedSet set;
    for (uint64_t position = 1; position < 10'000; ++position) {
      if (position != last) set.add(position);
    }
    set.add(0);
    INFO(last);
    CHECK(set.mark() == last);
    CHECK(set.to_text() == std::to_string(last) + " 1 " + std::to_string(9999 - last));
    set.add(last);
    CHECK(set.mark() == 10'000);
    CHECK(set.to_text() == "10000");
  }
}

TEST_CASE("a position that is added twice counts once") {
  FinishedSet set;
  set.add(7);
  set.add(7);
  set.add(0);
  set.add(0);
  CHECK(set.size() == 2);
  CHECK(set.to_text() == "1 6 1");
}

TEST_CASE("the set agrees with a std::set in any order of adding") {
  for (uint32_t seed = 1; seed <= 20; ++seed) {
    std::mt19937 random(seed);
    std::vector<uint64_t> order(seed * 1500);
    for (size_t i = 0; i < order.size(); ++i) order[i] = i;
    // Shuffled within windows, as results arrive; one in 50 is left out.
    for (size_t start = 0; start < order.size(); start += 700) {
      std::shuffle(order.begin() + static_cast<long>(start),
                   order.begin() + static_cast<long>(std::min(order.size(), start + 9000)), random);
    }
    FinishedSet set;
    std::set<uint64_t> plain;
    for (const uint64_t position : order) {
      if (seed % 2 == 0 && random() % 50 == 0) continue;  // only for even seeds
      set.add(position);
      plain.insert(position);
      if (plain.size() % 64 != 0) continue;
      uint64_t covered = 0;
      for (const PositionRange& range : parsed(set.to_text()).ranges()) covered += range.last - range.first + 1;
      INFO("seed ", seed, " after ", plain.size());
      REQUIRE(covered == plain.size());
    }
    INFO("seed ", seed);
    REQUIRE(set.size() == plain.size());
    for (const uint64_t position : order) REQUIRE(set.contains(position) == plain.contains(position));
    uint64_t mark = 0;
    while (plain.contains(mark)) ++mark;
    REQUIRE(set.mark() == mark);
    uint64_t covered = 0;
    for (const PositionRange& range : set.ranges()) covered += range.last - range.first + 1;
    REQUIRE(covered == plain.size());
    const FinishedSet again = parsed(set.to_text());
    REQUIRE(again.to_text() == set.to_text());
    REQUIRE(again.ranges() == set.ranges());
    REQUIRE(again.size() == set.size());
  }
}

TEST_CASE("a parsed set continues like the one that was written") {
  FinishedSet set = parsed("5000 2 3 4095 9000");
  CHECK(set.mark() == 5000);
  CHECK(set.size() == 5000 + 3 + 9000);
  set.add(5000);
  CHECK(set.mark() == 5001);
  set.add(5001);
  CHECK(set.mark() == 5005);
  for (uint64_t position = 5005; position < 9100; ++position) set.add(position);
  CHECK(set.mark() == 18100);
  CHECK(set.to_text() == "18100");
}

TEST_CASE("the time for a long run at the start does not depend on its length") {
  const FinishedSet set = parsed("9223372036854775000");
  CHECK(set.mark() == 9223372036854775000U);
}

TEST_CASE("text that to_text() does not write is refused") {
  for (const char* text : {"", " ", "x", "1 ", "1 2", "1  2 3", "1 0 3", "1 2 0", "-1", "1 2 3x", "1,2,3",
                           "18446744073709551615", "9223372036854775808 1 1", "1 2 3 4"}) {
    INFO(text);
    CHECK(!FinishedSet::parse(text));
  }
}

TEST_CASE("ranges that touch or overlap are merged") {
  CHECK(merged_ranges({{5, 9}, {0, 1}, {2, 3}, {7, 20}, {22, 22}}) ==
        std::vector<PositionRange>{{0, 3}, {5, 20}, {22, 22}});
  CHECK(merged_ranges({{0, UINT64_MAX}, {3, 4}}) == std::vector<PositionRange>{{0, UINT64_MAX}});
}

TEST_CASE("words with any bytes are parsed back") {
  std::string every;
  for (int byte = 0; byte < 256; ++byte) every += static_cast<char>(byte);
  std::string line = "key";
  append_word(line, every);
  append_word(line, "");
  append_word(line, "plain");
  CHECK(line.find('\n') == std::string::npos);
  CHECK(read_words(line) == std::vector<std::string>{"key", every, "", "plain"});
  CHECK(!read_words("key \\x4"));
  CHECK(!read_words("key \\q41"));
  CHECK(!read_words("key \\xg1"));
}
