#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <new>
#include <random>
#include <set>

#include "core/finished_set.hpp"
#include "core/record_line.hpp"

using namespace portloop;

namespace {

int64_t live_allocations = 0;

FinishedSet parsed(std::string_view text) {
  auto set = FinishedSet::parse(text);
  REQUIRE(set);
  return std::move(*set);
}

}  // namespace

void* operator new(size_t size) {
  void* memory = std::malloc(size > 0 ? size : 1);
  if (memory == nullptr) throw std::bad_alloc();
  ++live_allocations;
  return memory;
}

void operator delete(void* memory) noexcept {
  live_allocations -= memory != nullptr;
  std::free(memory);
}

void operator delete(void* memory, size_t) noexcept { operator delete(memory); }

TEST_CASE("a new set is empty") {
  const FinishedSet set;
  CHECK(set.size() == 0);
  CHECK(set.ranges().empty());
  CHECK(set.to_text() == "0");
}

TEST_CASE("a gap that is filled joins what is around it") {
  FinishedSet set;
  for (uint64_t position = 1; position < 20000; ++position) set.add(position);
  CHECK(set.to_text() == "0 1 19999");
  set.add(0);
  CHECK(set.ranges() == std::vector<PositionRange>{{0, 19999}});
}

TEST_CASE("a gap at the end of a chunk, and at the start of the next one") {
  for (const uint64_t last : {4094U, 4095U, 4096U, 8191U, 8192U}) {
    FinishedSet set;
    for (uint64_t position = 1; position < 10'000; ++position) {
      if (position != last) set.add(position);
    }
    set.add(0);
    INFO(last);
    CHECK(set.to_text() == std::to_string(last) + " 1 " + std::to_string(9999 - last));
    set.add(last);
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
  CHECK(set.size() == 5000 + 3 + 9000);
  set.add(5000);
  CHECK(set.to_text() == "5001 1 3 4095 9000");
  set.add(5001);
  CHECK(set.to_text() == "5005 4095 9000");
  for (uint64_t position = 5005; position < 9100; ++position) set.add(position);
  CHECK(set.to_text() == "18100");
}

TEST_CASE("the time for a long run does not depend on its length or place") {
  for (const char* text : {"9223372036854775000", "1 1 4000000000000000000", "0 1 4000000000000000000 7 1",
                           "1000000000000 1 4000000000000000000"}) {
    const FinishedSet set = parsed(text);
    CHECK(set.to_text() == text);
    CHECK(set.contains(3'999'999'999'999'999'999));
  }
}

TEST_CASE("a set that is filled in order takes no more memory the longer it gets") {
  FinishedSet set;
  for (uint64_t position = 0; position < 10'000; ++position) set.add(position);
  const int64_t live_before = live_allocations;
  for (uint64_t position = 10'000; position < 1'000'000; ++position) set.add(position);
  CHECK(live_allocations == live_before);
}

TEST_CASE("ranges, in any order and overlapping, agree with a std::set") {
  std::mt19937 random(7);
  for (int round = 0; round < 200; ++round) {
    FinishedSet set;
    std::set<uint64_t> plain;
    for (auto count = random() % 6; count > 0; --count) {
      const uint64_t first = random() % 20000;
      const PositionRange range{first, first + random() % (random() % 2 == 0 ? 20000 : 3)};
      set.add(range);
      for (uint64_t position = range.first; position <= range.last; ++position) plain.insert(position);
    }
    INFO("round ", round);
    REQUIRE(set.size() == plain.size());
    std::vector<uint64_t> out;
    uint64_t covered = 0;
    for (const PositionRange& range : set.ranges()) {
      covered += range.last - range.first + 1;
      for (uint64_t position = range.first; position <= range.last; ++position) {
        REQUIRE(plain.contains(position));
        if (random() % 97 == 0 || position == range.last) out.push_back(position);
      }
    }
    REQUIRE(covered == plain.size());
    const FinishedSet rest = set.without(out);
    REQUIRE(rest.size() == set.size() - out.size());
    for (const uint64_t position : plain)
      REQUIRE(rest.contains(position) == !std::binary_search(out.begin(), out.end(), position));
  }
}

TEST_CASE("a set without some of its positions, at the ends of its ranges or within them") {
  const FinishedSet set = parsed("10 5 10");
  CHECK(set.without({}).to_text() == "10 5 10");
  CHECK(set.without({0, 9}).to_text() == "0 1 8 6 10");
  CHECK(set.without({3, 20}).to_text() == "3 1 6 5 5 1 4");
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

TEST_CASE("many ranges with the same start are one") {
  // std::sort() runs past the end if equal elements are taken for ordered ones.
  const std::vector<PositionRange> same(1000, {UINT64_MAX, UINT64_MAX});
  CHECK(merged_ranges(same) == std::vector<PositionRange>{{UINT64_MAX, UINT64_MAX}});
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
