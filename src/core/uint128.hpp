// Unsigned integers of 128 bits: the compiler's own, or, as 32-bit processors have none, a class with the operators
// that addresses need.
#pragma once

#include <compare>
#include <concepts>
#include <cstdint>

namespace portloop {

/// Wraps around like every unsigned type. The class is compiled everywhere, so that its test compares it with the
/// compiler's type.
class WideUnsigned {
 public:
  constexpr WideUnsigned() = default;
  /// Implicit, as between integers; negative numbers are sign-extended.
  template <std::integral Integer>
  constexpr WideUnsigned(Integer value)
      : high_(value < Integer{} ? ~uint64_t{0} : 0), low_(static_cast<uint64_t>(value)) {}

  /// The lowest bits.
  template <std::integral Integer>
  constexpr explicit operator Integer() const {
    return static_cast<Integer>(low_);
  }
  constexpr explicit operator bool() const { return high_ != 0 || low_ != 0; }

  friend constexpr bool operator==(const WideUnsigned&, const WideUnsigned&) = default;
  /// Written out: clang-tidy 14 takes the 0 in a defaulted one for a null pointer.
  friend constexpr std::strong_ordering operator<=>(const WideUnsigned& a, const WideUnsigned& b) {
    return a.high_ != b.high_ ? a.high_ <=> b.high_ : a.low_ <=> b.low_;
  }

  friend constexpr WideUnsigned operator+(const WideUnsigned& a, const WideUnsigned& b) {
    const uint64_t low = a.low_ + b.low_;
    return {a.high_ + b.high_ + (low < a.low_), low};
  }
  friend constexpr WideUnsigned operator-(const WideUnsigned& a, const WideUnsigned& b) {
    return {a.high_ - b.high_ - (a.low_ < b.low_), a.low_ - b.low_};
  }
  friend constexpr WideUnsigned operator&(const WideUnsigned& a, const WideUnsigned& b) {
    return {a.high_ & b.high_, a.low_ & b.low_};
  }
  friend constexpr WideUnsigned operator|(const WideUnsigned& a, const WideUnsigned& b) {
    return {a.high_ | b.high_, a.low_ | b.low_};
  }
  friend constexpr WideUnsigned operator^(const WideUnsigned& a, const WideUnsigned& b) {
    return {a.high_ ^ b.high_, a.low_ ^ b.low_};
  }
  constexpr WideUnsigned operator~() const { return {~high_, ~low_}; }

  /// Precondition, as for the compiler's type: bits < 128.
  friend constexpr WideUnsigned operator<<(const WideUnsigned& a, unsigned bits) {
    if (bits == 0) return a;
    if (bits >= 64) return {a.low_ << (bits - 64), 0};
    return {a.high_ << bits | a.low_ >> (64 - bits), a.low_ << bits};
  }
  friend constexpr WideUnsigned operator>>(const WideUnsigned& a, unsigned bits) {
    if (bits == 0) return a;
    if (bits >= 64) return {0, a.high_ >> (bits - 64)};
    return {a.high_ >> bits, a.low_ >> bits | a.high_ << (64 - bits)};
  }

  constexpr WideUnsigned& operator+=(const WideUnsigned& other) { return *this = *this + other; }
  constexpr WideUnsigned& operator-=(const WideUnsigned& other) { return *this = *this - other; }
  constexpr WideUnsigned& operator&=(const WideUnsigned& other) { return *this = *this & other; }
  constexpr WideUnsigned& operator|=(const WideUnsigned& other) { return *this = *this | other; }
  constexpr WideUnsigned& operator^=(const WideUnsigned& other) { return *this = *this ^ other; }
  constexpr WideUnsigned& operator<<=(unsigned bits) { return *this = *this << bits; }
  constexpr WideUnsigned& operator>>=(unsigned bits) { return *this = *this >> bits; }
  constexpr WideUnsigned& operator++() { return *this += 1; }
  constexpr WideUnsigned& operator--() { return *this -= 1; }

 private:
  constexpr WideUnsigned(uint64_t high, uint64_t low) : high_(high), low_(low) {}

  uint64_t high_ = 0;  // first, for the comparison
  uint64_t low_ = 0;
};

#ifdef __SIZEOF_INT128__
__extension__ typedef unsigned __int128 uint128;
#else
using uint128 = WideUnsigned;
#endif

}  // namespace portloop
