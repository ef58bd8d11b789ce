// String literals that may contain NUL.
#pragma once

#include <cstddef>
#include <string_view>

namespace portloop {

/// All bytes of a literal but the NUL that ends it.
template <size_t size>
constexpr std::string_view bytes_of(const char (&literal)[size]) {
  return {literal, size - 1};
}

}  // namespace portloop
