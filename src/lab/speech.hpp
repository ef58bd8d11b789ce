// What open ports send: static text, and how it is sent.
#pragma once

#include <cstdint>
#include <string_view>

#include "lab/profile.hpp"

namespace portloop::lab {

struct Script {
  std::string_view text = {};      ///< Static.
  bool waits_for_request = false;  ///< Sends nothing until an empty line ends the peer's request.
  bool closes = false;             ///< Sends FIN after the text.
  bool resets = false;             ///< Sends RST instead of anything else.
  uint64_t ns_per_byte = 0;        ///< If not 0, the text is sent byte by byte, over and over.
};

const Script& script_of(Speech speech);

}  // namespace portloop::lab
