// What follows a pass over the silent ports of a block: another pass, or the verdict that silence means filtered. Pure:
// a table of facts, tested as one.
#pragma once

#include <cstdint>

namespace portloop {

/// Further passes than this are not counted apart, and a block never has more.
inline constexpr uint32_t max_passes = 100;

/// What is known when a pass has ended.
struct PassFacts {
  uint32_t pass = 1;           ///< The one that has ended; 1 is the pass of fresh asks.
  bool fixed_retries = false;  ///< The user has set the number of retries.
  bool asked_any = true;       ///< This pass asked a silent port, or left one out because its host was suspended.
  bool skipped_some = false;   ///< Probes were in flight when this pass reached them.
  uint32_t found = 0;          ///< Ports that answered in this pass.
  uint32_t empty_passes = 0;   ///< Passes in a row that found nothing, this one included.
  uint64_t answers = 0;        ///< Ports that have answered in all passes.
  uint64_t silent = 0;         ///< Ports without a result.
  double first_pass_loss = 0;  ///< LossEstimate::first_pass_loss().
  double missing = 0;          ///< Answering ports that are expected to be missing, LossEstimate::missing_after().
};

enum class NextPass : uint8_t {
  sweep_all,      ///< Ask every silent port again.
  sweep_by_host,  ///< Ask those again whose host wants it: it lost more than the others, was away, or counts its
                  ///< retries.
  report,         ///< Silence is the verdict.
};

/// Why, for tests and for people who watch a scan.
enum class PassReason : uint8_t {
  second_ask,       ///< Every silent port is asked twice.
  nothing_left,     ///< What has no result belongs to hosts that are absent or lost.
  retries_set,      ///< The user's number of retries decides, host by host.
  found_some,       ///< What a retry pass found shows that there was something to find.
  skipped_some,     ///< Some ports have not had their ask of this pass.
  may_be_missing,   ///< Too many answers are expected to be missing.
  enough_asked,     ///< Fewer than one answer in a thousand blocks is expected to be missing.
  nothing_answers,  ///< A dead host or block: more passes would not measure anything.
  found_nothing,    ///< So many passes in a row found nothing.
  pass_limit,       ///< max_passes.
};

struct PassDecision {
  NextPass next;
  PassReason why;
  friend constexpr bool operator==(const PassDecision&, const PassDecision&) = default;
};

PassDecision decide_next_pass(const PassFacts& facts);

/// The expected number of missing answers below which silence is a verdict.
inline constexpr double missing_allowed = 0.001;

/// First-pass loss above which a block is measured more often, and judged more cautiously.
inline constexpr double heavy_loss = 0.2;

}  // namespace portloop
