// Options that people type out of habit from nmap, and what they are here.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace portloop {

/// If one of `words` is an option of nmap that portloop lacks or spells differently: one line that quotes it and has
/// the spelling of portloop. Words behind "--" are not looked at. `words`: without the command's name.
std::optional<std::string> nmap_hint(const std::vector<std::string>& words);

}  // namespace portloop
