// How a connection on which a known protocol is spoken in plain becomes one with TLS: STARTTLS and its relatives.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "core/finding.hpp"

namespace portloop {

enum class UpgradeReply : uint8_t {
  more,      ///< The reply is not complete.
  refused,   ///< There is no TLS here.
  accepted,  ///< The next step, or the TLS handshake if this was the last one.
};

/// One request. It is no login and changes nothing.
struct UpgradeStep {
  std::string_view request;
  /// A pure function of all bytes that have arrived since the request was sent. nullptr if the protocol has no reply
  /// to it: the TLS handshake follows at once.
  UpgradeReply (*parse)(std::string_view bytes);
};

struct TlsUpgrade {
  std::string_view protocol;  ///< Of the finding.
  /// Whether the bytes by which the protocol was recognised offer TLS; nullptr if they do not show that.
  bool (*offered)(std::string_view bytes);
  std::span<const UpgradeStep> steps;
};

/// nullptr if the protocol has no such way, or `bytes`, by which it was recognised, do not offer it.
const TlsUpgrade* find_tls_upgrade(const Finding& finding, std::string_view bytes);

}  // namespace portloop
