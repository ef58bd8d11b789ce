// How many times each probe of a block was asked, and whether it has its result.
#pragma once

#include <cstdint>
#include <vector>

namespace portloop {

/// Half a byte for each probe: 0 to 14 asks, or finished. A probe that this loop has not drawn counts as finished.
class ProbeLedger {
 public:
  static constexpr uint32_t max_attempts = 14;

  /// All are finished: nothing has been drawn.
  explicit ProbeLedger(uint32_t probes) : halves_((probes + 1) / 2, 0xff), probes_(probes) {}

  uint32_t size() const { return probes_; }
  /// More probes, that nobody has drawn. `probes` >= size().
  void grow(uint32_t probes) {
    halves_.resize((probes + 1) / 2, 0xff);
    probes_ = probes;
  }
  bool finished(uint32_t probe) const { return get(probe) == finished_mark; }
  uint32_t attempts(uint32_t probe) const { return get(probe); }

  void draw(uint32_t probe) { set(probe, 0); }
  void finish(uint32_t probe) { set(probe, finished_mark); }
  /// Increments the count, saturating at max_attempts, and returns it.
  uint32_t count_attempt(uint32_t probe) {
    const uint32_t before = get(probe);
    if (before < max_attempts) set(probe, before + 1);
    return before < max_attempts ? before + 1 : before;
  }

 private:
  static constexpr uint32_t finished_mark = 15;

  uint32_t get(uint32_t probe) const { return halves_[probe / 2] >> (probe % 2 * 4) & 15; }
  void set(uint32_t probe, uint32_t value) {
    const uint32_t shift = probe % 2 * 4;
    uint8_t& byte = halves_[probe / 2];
    byte = static_cast<uint8_t>((byte & ~(15U << shift)) | value << shift);
  }

  std::vector<uint8_t> halves_;
  uint32_t probes_;
};

}  // namespace portloop
