// Sentences on a terminal.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace portloop {

/// The text in lines of at most `columns`, without a line end after the last one. Only longer words exceed that.
std::string folded(std::string_view text, size_t columns);

/// "1 host", "2,000 hosts".
std::string counted(uint64_t count, const char* one, const char* several);

}  // namespace portloop
