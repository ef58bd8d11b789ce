// One side of a comparison: the results of a file, and what the file reveals about the ports that it does not list.
//
// A file of results does not record what was scanned. A checkpoint does: its targets, its ports, and which of them have
// a result. Without one, a file that lists closed ports lists every port that was scanned (--show all); a file of open
// ports alone leaves it open.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/merge/merge_inputs.hpp"
#include "core/probe_order.hpp"

namespace portloop {

/// What is known of one endpoint.
enum class Standing : uint8_t {
  open,
  closed,
  filtered,
  unknown,
  not_open,     ///< Not listed, but scanned: the file lists open ports only.
  not_scanned,  ///< Not listed, and the file lists everything that was scanned, or its checkpoint shows it.
  not_listed,   ///< Not listed, and nothing is known about it.
};

class ResultSet {
 public:
  /// `complete`: the user asserts that every port of interest was scanned, so that one that is not listed is not open.
  ResultSet(MergeInputs inputs, bool complete);

  const auto& results() const { return inputs_.results; }
  /// nullptr if the endpoint is not listed.
  const ReadResult* find(const Endpoint& endpoint) const;
  Standing standing(const Endpoint& endpoint) const;

  bool has_banners() const { return has_banners_; }
  /// Whether a port that is not listed may have been scanned or not.
  bool leaves_scope_open() const;
  const MergeInputs& inputs() const { return inputs_; }

 private:
  Standing standing_if_unlisted(const Endpoint& endpoint) const;

  MergeInputs inputs_;
  bool complete_;
  bool lists_all_states_ = false;
  bool has_banners_ = false;
  std::optional<ProbeOrder> order_;  // of the checkpoint's scan
};

}  // namespace portloop
