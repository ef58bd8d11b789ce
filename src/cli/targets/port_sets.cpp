#include "cli/targets/port_sets.hpp"

namespace portloop {

PortSets::Number PortSets::hold(const PortSet& ports) {
  std::string text = ports.to_text();
  const auto known = number_of_.find(text);
  if (known != number_of_.end()) {
    hold(known->second);
    return known->second;
  }
  if (free_.empty()) {
    free_.reserve(entries_.size() + 1);  // so that release() needs no memory
    entries_.emplace_back();
    free_.push_back(static_cast<Number>(entries_.size() - 1));
  }
  const Number number = free_.back();
  number_of_.emplace(text, number);
  entries_[number] = {ports, std::move(text), 1};
  free_.pop_back();
  return number;
}

void PortSets::release(Number number) {
  Entry& entry = entries_[number];
  if (--entry.holders > 0) return;
  number_of_.erase(entry.text);
  entry = {};
  free_.push_back(number);
}

}  // namespace portloop
