// Resolves host names beside what else runs on a loop, many at a time.
//
// Happy path: the constructor starts the resolver (name_resolver.hpp); watch() takes the loop; add() a name; its result
// is passed to the function of watch(), in any order.
//
// What goes wrong:
//   - a name does not resolve: its result has the reason. It holds up only the names behind it that wait for one of 64
//     places
//   - the resolver can't be started: CannotRun from the constructor
//   - the resolver dies: every name without a result gets that for a reason
//   - the memory is used up: the function for that is called, once, and no result comes any more
#pragma once

#include <uv.h>

#include <deque>
#include <functional>
#include <string>
#include <unordered_map>
#include <vector>

#include "cli/targets/name_resolver.hpp"
#include "cli/targets/target_words.hpp"
#include "core/address.hpp"

namespace portloop {

struct FoundName {
  std::string name;
  std::vector<Address> addresses;  ///< In the resolver's order, each once; empty if there is none.
  std::string error;               ///< Why there is none.
  bool all_taken = false;          ///< All of them are the target, as for localhost.
};

class NameLookup {
 public:
  using OnFound = std::function<void(FoundName)>;

  /// Forks: before there are threads, and before the process is confined. Throws CannotRun.
  explicit NameLookup(WantedFamily family) : family_(family) { resolver_.start(family); }
  ~NameLookup() { close(); }
  NameLookup(const NameLookup&) = delete;
  NameLookup& operator=(const NameLookup&) = delete;

  /// Keeps the loop alive until close(). Both functions may close it. Throws CannotRun.
  void watch(uv_loop_t* loop, OnFound on_found, std::function<void()> on_out_of_memory);
  /// Idempotent. No result comes afterwards.
  void close();

  void add(std::string name);
  /// Names without a result.
  size_t waiting() const { return waiting_.size() + asked_.size(); }

 private:
  void on_readable();
  void ask();
  void end_asked(FoundName found);
  void fail_all();
  FoundName result_of(std::string name, NameResolver::Answer answer) const;
  void add_loopback(FoundName& found) const;

  const WantedFamily family_;
  NameResolver resolver_;
  bool resolver_died_ = false;
  OnFound on_found_;
  std::function<void()> on_out_of_memory_;
  uv_poll_t* poll_ = nullptr;  // frees itself when it is closed
  std::deque<std::string> waiting_;
  std::unordered_map<uint32_t, std::string> asked_;
  uint32_t next_number_ = 0;
};

/// Runs `loop` until every name has its result. Results are in the order of `names`, each name once. On a terminal,
/// `shows_progress` draws a line after a while. Throws CannotRun.
std::vector<FoundName> look_up_names(const std::vector<std::string>& names, WantedFamily family, bool shows_progress,
                                     uv_loop_t* loop);

}  // namespace portloop
