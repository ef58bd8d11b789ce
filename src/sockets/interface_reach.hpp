// Which targets an interface can lead to, as far as that is certain before anything is sent. A connect that leaves by
// an interface that can't lead to its target gets no answer, and that is no state of the port.
#pragma once

#include <string>

#include "core/target_set.hpp"
#include "sockets/socket_settings.hpp"

namespace portloop {

/// Safe to read from any thread.
class InterfaceReach {
 public:
  /// If the settings name no interface, everything is reached.
  explicit InterfaceReach(const SocketSettings& settings);

  /// Returns a line that names the interface and the target that it does not lead to, or "". Throws std::bad_alloc.
  std::string refusal(const AddressRange& range) const;

 private:
  std::string name_;
  uint32_t number_ = 0;
  bool is_loopback_ = false;
};

}  // namespace portloop
