// Numbers with thousands separators, for people.
#pragma once

#include <cstdint>
#include <string>

namespace portloop {

/// 65,535.
std::string grouped(uint64_t number);

}  // namespace portloop
