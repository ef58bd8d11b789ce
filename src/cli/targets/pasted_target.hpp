// Targets as people paste them, with the port in the same word: 10.0.0.1:80, [::1]:80, https://example.org/.
#pragma once

#include <string>
#include <string_view>

namespace portloop {

/// The accepted spelling of such a word: "-p 80 10.0.0.1", or "-p 80" for a port alone. Empty for any other word.
std::string split_port_spelling(std::string_view word);

}  // namespace portloop
