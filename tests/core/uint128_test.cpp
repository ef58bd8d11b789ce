// The class that takes the place of the compiler's 128-bit integers gives the same results.
#include "core/uint128.hpp"

#include <doctest/doctest.h>

#include <array>

using namespace portloop;

namespace {

constexpr uint64_t ones = ~uint64_t{0};
constexpr std::array<uint64_t, 7> halves{0, 1, 2, 0x7fff'ffff'ffff'ffff, 0x8000'0000'0000'0000, ones - 1, ones};

template <class Wide>
Wide made_of(uint64_t high, uint64_t low) {
  return (Wide{high} << 64) | Wide{low};
}

}  // namespace

TEST_CASE("sums and differences carry, and wrap around") {
  const WideUnsigned edge = made_of<WideUnsigned>(0, ones);
  CHECK(edge + 1 == made_of<WideUnsigned>(1, 0));
  CHECK(made_of<WideUnsigned>(1, 0) - 1 == edge);
  CHECK(WideUnsigned{0} - 1 == ~WideUnsigned{0});
  CHECK(~WideUnsigned{0} + 2 == 1);
  CHECK(WideUnsigned{-1} == ~WideUnsigned{0});
  WideUnsigned counted = edge;
  CHECK(++counted == made_of<WideUnsigned>(1, 0));
  CHECK(--counted == edge);
}

TEST_CASE("an integer that it is converted to has the lowest bits") {
  const WideUnsigned value = made_of<WideUnsigned>(5, 0x1234'5678'9abc'def0);
  CHECK(static_cast<uint64_t>(value) == 0x1234'5678'9abc'def0);
  CHECK(static_cast<uint32_t>(value) == 0x9abc'def0);
  CHECK(static_cast<uint8_t>(value) == 0xf0);
  CHECK(static_cast<bool>(made_of<WideUnsigned>(1, 0)));
  CHECK_FALSE(static_cast<bool>(WideUnsigned{}));
}

#ifdef __SIZEOF_INT128__
namespace {

bool same(const WideUnsigned& ours, uint128 expected) {
  return static_cast<uint64_t>(ours >> 64) == static_cast<uint64_t>(expected >> 64) &&
         static_cast<uint64_t>(ours) == static_cast<uint64_t>(expected);
}

}  // namespace

TEST_CASE("every operator gives what the compiler's type gives") {
  for (const uint64_t high : halves) {
    for (const uint64_t low : halves) {
      const auto a = made_of<WideUnsigned>(high, low);
      const auto expected = made_of<uint128>(high, low);
      CHECK(same(~a, ~expected));
      for (unsigned bits = 0; bits < 128; ++bits) {
        CHECK(same(a << bits, expected << bits));
        CHECK(same(a >> bits, expected >> bits));
      }
      for (const uint64_t other_high : halves) {
        for (const uint64_t other_low : halves) {
          const auto b = made_of<WideUnsigned>(other_high, other_low);
          const auto other = made_of<uint128>(other_high, other_low);
          CHECK(same(a + b, expected + other));
          CHECK(same(a - b, expected - other));
          CHECK(same(a & b, expected & other));
          CHECK(same(a | b, expected | other));
          CHECK(same(a ^ b, expected ^ other));
          CHECK((a == b) == (expected == other));
          CHECK((a < b) == (expected < other));
          CHECK((a >= b) == (expected >= other));
        }
      }
    }
  }
}
#endif
