// What is added to a scan while it runs, on its way from the caller to the loops that scan it.
//
// Happy path: add() keeps an addition. A loop that has nothing left to draw asks for the next part: the first one that
// does so makes it, of what has been added meanwhile, and the others find it. After finish() and the last part a loop
// is at the end. Parts are kept by whoever still uses them.
//
// What goes wrong:
//   - much is added at once: a part is made of so much of it that this takes less than a millisecond
//   - little is added often: the scanner waits between two parts, the longer the more of them it has in hand
//   - a loop does not get on: it keeps the parts that it has not come to, until it is destroyed
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>

#include "plan/additions.hpp"

namespace portloop {

/// Thread-safe.
class ScanInput {
 public:
  struct Options {
    TargetSet excluded;
    Order order = Order::random;
    uint64_t seed = 0;
    uint32_t loops = 1;
  };

  /// `first` is what the scan starts with, which is numbered before the additions. It outlives this.
  ScanInput(Options options, const ScanSpace& first);

  enum class Added : uint8_t {
    wake,      ///< Loops may be waiting for it.
    queued,    ///< More was waiting before.
    too_many,  ///< It was not added: the scan would have more than 2^63 probes.
  };
  /// Adds the addresses of `range` that are not excluded. Precondition: finish() was not called. Throws std::bad_alloc;
  /// then nothing was added.
  Added add(const AddressRange& range, const std::shared_ptr<const PortSet>& ports, uint64_t tag);
  /// Nothing more will be added.
  void finish();

  /// How far a loop has come.
  struct Node;
  class Reader {
    friend class ScanInput;
    std::shared_ptr<Node> at;
  };
  Reader begin() const;
  /// Returns the part after the reader's last one, or nullptr if there is none now. Throws std::bad_alloc; then
  /// additions may be lost, and the scan must end.
  std::shared_ptr<ScanPart> next(Reader& reader);
  bool has_next(const Reader& reader) const;
  /// Whether next() has returned all that there will ever be.
  bool is_at_end(const Reader& reader) const;

  /// Of the scan, including what it started with.
  uint64_t probes() const;
  /// Additions that no loop has begun with.
  uint64_t waiting() const;

 private:
  void make_parts();

  const Options options_;
  const ScanSpace& first_;

  mutable std::mutex mutex_;  // guards all that follows
  std::deque<Addition> waiting_;
  std::shared_ptr<Node> last_;
  bool finished_ = false;
  uint64_t probes_;
  uint64_t next_position_, next_target_;
};

/// Every address: any may be added.
TargetSet every_address();

}  // namespace portloop
