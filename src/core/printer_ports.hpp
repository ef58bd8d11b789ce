// Ports whose services act on whatever they are sent.
#pragma once

#include <cstdint>

namespace portloop {

/// Printers print what arrives on these ports (JetDirect and its copies).
constexpr bool is_printer_port(uint16_t port) { return port >= 9100 && port <= 9107; }

}  // namespace portloop
