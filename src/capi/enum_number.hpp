// The enums of the C ABI, as a caller in C passes them.
#pragma once

#include <cstring>

namespace portloop {

/// The number of `value`, which need not be an enumerator: in C it may be any int, but reading such a value as an enum
/// of C++ is undefined.
template <class Enum>
int enum_number(const Enum& value) {
  int number;
  static_assert(sizeof number == sizeof value);
  std::memcpy(&number, &value, sizeof number);
  return number;
}

}  // namespace portloop
