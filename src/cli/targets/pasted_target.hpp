// Targets as people paste them, with the port in the same word: 10.0.0.1:80, [::1]:80, https://example.org/.
#pragma once

#include <string>
#include <string_view>

namespace portloop {

/// How such a word is to be written, "-p 80 10.0.0.1"; "-p 80" for a port alone; empty for any other word.
std::string with_port_apart(std::string_view word);

}  // namespace portloop
