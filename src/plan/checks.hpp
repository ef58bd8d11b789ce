// Checks of a block: known answerers that are asked again in a retry pass, to measure what the pass loses.
#pragma once

#include <cstdint>

#include "plan/host_watch.hpp"
#include "plan/probe_sample.hpp"

namespace portloop {

/// Not thread-safe.
class Checks {
 public:
  /// A probe was answered by its port.
  void add_answerer(uint32_t probe, Answerer kind) { (kind == Answerer::closed ? closed_ : open_).add(probe); }

  /// A pass begins: the first check comes after `asks_to_first` asks.
  void begin_pass(HostWatch& hosts, uint32_t asks_to_first);
  /// Whether a check should come before the next ask; if so, the one after it comes `interval` asks later.
  bool due(uint32_t interval);
  /// An ask of the pass is made.
  void ask_made() { asks_to_next_ -= asks_to_next_ > 0; }
  void check_made() { missing_ -= missing_ > 0; }
  /// Whether the pass has had too few checks to end.
  bool too_few() const { return missing_ > 0; }

  /// A probe that should be answered, with an ask of `host`; Host::no_probe if there is none. Of many hosts only this
  /// one's own will do (`only_host` is false), because loss is the path's. `at_end`: the pass has asked all ports.
  uint32_t pick(Host& host, bool only_host, bool at_end, uint64_t random) const;
  /// A probe of any host that should be answered; Host::no_probe if there is none.
  uint32_t pick_any(uint64_t random) const;
  /// Whether pick_any() returns an open port.
  bool any_is_open() const { return closed_.size() == 0; }

 private:
  uint32_t asks_to_next_ = 0;
  uint32_t missing_ = 0;  // before the pass may end
  ProbeSample open_, closed_;
};

}  // namespace portloop
