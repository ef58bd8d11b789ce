// A network namespace of this process's own, with one TUN device that every route leads to. Linux only.
#pragma once

#include <cstdint>
#include <string_view>

#include "core/spec_error.hpp"
#include "lab/descriptor.hpp"

namespace portloop::lab {

/// The addresses that the command's packets come from; a profile's prefixes should not hold them.
inline constexpr std::string_view own_ipv4_address = "100.64.0.1";
inline constexpr std::string_view own_ipv6_address = "fdff::1";

struct OwnNetwork {
  Descriptor device;  ///< Non-blocking; one IP packet for each read and write.
  bool has_ipv6 = false;
};

/// Moves the calling process, which must have one thread, into a new network namespace (without root into a
/// new user namespace as well, in which it stays who it was), and makes the device, its addresses and its
/// routes there. Everything goes with the last process inside. The error is one line that says what the
/// system forbids and how to allow it.
Parsed<OwnNetwork> make_own_network();

/// How many packets the device dropped because nobody read them in time.
uint64_t device_drops();

}  // namespace portloop::lab
