// Sets of ports by number: many targets have the same ports, so that a target needs only the number.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/port_set.hpp"

namespace portloop {

/// Each set is stored once, as long as something holds it.
class PortSets {
 public:
  using Number = uint32_t;

  /// Returns the number of a set, which has one more holder then.
  Number hold(const PortSet& ports);
  void hold(Number number) { ++entries_[number].holders; }
  void release(Number number);

  const PortSet& set(Number number) const { return entries_[number].set; }
  const std::string& text(Number number) const { return entries_[number].text; }

 private:
  struct Entry {
    PortSet set;
    std::string text;
    uint64_t holders = 0;
  };

  std::vector<Entry> entries_;
  std::vector<Number> free_;
  std::unordered_map<std::string, Number> number_of_;  // by text
};

}  // namespace portloop
