// What the parsers of replies take and return. A parser is a pure function from the bytes that a service has sent to
// what they show; it does no I/O and accepts any bytes.
#pragma once

#include <cstdint>
#include <string_view>

#include "core/finding.hpp"

namespace portloop {

struct Reply {
  std::string_view bytes;  ///< All that has arrived on the connection since it was last asked.
  bool ended;              ///< Nothing more will arrive: the connection has ended, or the wait is over.
  uint16_t port;           ///< For greetings that several protocols have.
};

enum class Match : uint8_t {
  no,    ///< The bytes are not of this protocol.
  more,  ///< They may be: more are needed. Never if `ended`.
  yes,   ///< They are, and the finding is filled in.
};

/// Changes the finding only if it returns Match::yes.
using ReplyParser = Match (*)(const Reply& reply, Finding& finding);

/// `text` without what exceeds `max_bytes`, for strings of a finding.
constexpr size_t max_finding_bytes = 256;
inline std::string_view limited(std::string_view text, size_t max_bytes = max_finding_bytes) {
  return text.substr(0, max_bytes);
}

}  // namespace portloop
