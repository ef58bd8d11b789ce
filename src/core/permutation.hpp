// A keyed bijection of 0..n-1 in O(1) memory with random access: a four-round Feistel network over the
// bits of n, with cycle-walking (Black and Rogaway, "Ciphers with Arbitrary Finite Domains", 2002).
#pragma once

#include <bit>
#include <cstdint>

namespace portloop {

/// Mixes 64 bits so that each input bit changes about half of the output's (Steele et al., SplitMix64, 2014).
constexpr uint64_t mix64(uint64_t x) {
  x += 0x9e3779b97f4a7c15;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

class Permutation {
 public:
  /// `n` >= 1 and at most 2^63.
  Permutation(uint64_t n, uint64_t key) : n_(n), key_(mix64(key)) {
    const unsigned bits = n <= 4 ? 2 : static_cast<unsigned>(std::bit_width(n - 1));
    right_bits_ = bits / 2;
    right_mask_ = (uint64_t{1} << right_bits_) - 1;
    left_mask_ = (uint64_t{1} << (bits - right_bits_)) - 1;
  }

  /// Returns the image of `i` < n. Takes fewer than two encryptions on average: the network's domain is less than 2 n
  /// (for n > 2).
  uint64_t at(uint64_t i) const {
    do i = encrypt(i);
    while (i >= n_);
    return i;
  }

  /// The inverse of at(). `image` < n.
  uint64_t index_of(uint64_t image) const {
    do image = decrypt(image);
    while (image >= n_);
    return image;
  }

  uint64_t size() const { return n_; }

 private:
  uint64_t encrypt(uint64_t value) const {
    uint64_t left = value >> right_bits_;
    uint64_t right = value & right_mask_;
    for (uint64_t round = 0; round < 4; round += 2) {
      left ^= mix64(right ^ key_ ^ round << 60) & left_mask_;
      right ^= mix64(left ^ key_ ^ (round + 1) << 60) & right_mask_;
    }
    return left << right_bits_ | right;
  }

  uint64_t decrypt(uint64_t value) const {
    uint64_t left = value >> right_bits_;
    uint64_t right = value & right_mask_;
    for (uint64_t round = 4; round > 0; round -= 2) {
      right ^= mix64(left ^ key_ ^ (round - 1) << 60) & right_mask_;
      left ^= mix64(right ^ key_ ^ (round - 2) << 60) & left_mask_;
    }
    return left << right_bits_ | right;
  }

  uint64_t n_;
  uint64_t key_;
  unsigned right_bits_ = 0;
  uint64_t right_mask_ = 0;
  uint64_t left_mask_ = 0;
};

}  // namespace portloop
