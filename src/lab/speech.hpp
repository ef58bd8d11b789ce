// What open ports say: static text, and how it is said.
#pragma once

#include <cstdint>
#include <string_view>

#include "lab/profile.hpp"

namespace portloop::lab {

struct Script {
  std::string_view text = {};      ///< Lives as long as the program.
  bool waits_for_request = false;  ///< Silent until an empty line ends the peer's request.
  bool closes = false;             ///< Sends FIN after the text.
  bool resets = false;             ///< Sends RST instead of anything else.
  uint64_t ns_per_byte = 0;        ///< Where not 0: the text one byte at a time, over and over.
};

const Script& script_of(Speech speech);

}  // namespace portloop::lab
