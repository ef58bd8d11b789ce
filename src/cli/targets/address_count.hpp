// How many different addresses there were, such as those that have answered.
#pragma once

#include <cstdint>

#include "cli/targets/asked_ports.hpp"

namespace portloop {

/// Memory: that of AskedPorts.
class AddressCount {
 public:
  AddressCount() {
    PortSet any;
    any.add({1, 1});
    mark_ = sets_.hold(any);
  }
  AddressCount(const AddressCount&) = delete;
  AddressCount& operator=(const AddressCount&) = delete;

  void add(const Address& address) {
    asked_.add({address, address}, mark_, [](const AddressRange&, PortSets::Number) {});
  }
  uint64_t count() const { return asked_.addresses(); }

 private:
  PortSets sets_;
  PortSets::Number mark_;  // the one set of ports that addresses have here
  AskedPorts asked_{sets_};
};

}  // namespace portloop
