// One question to the kernel's routing socket, and its answer (rtnetlink(7)).
#pragma once

#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <span>

#include "core/address.hpp"

namespace portloop {

/// Opens a routing socket that receives `groups` (RTMGRP_...). Returns 0 and the descriptor, or an errno.
int open_netlink(uint32_t groups, int flags, int& fd);

/// The attributes that follow a message's header of type `Header`.
class NetlinkAttributes {
 public:
  template <class Header>
  NetlinkAttributes(const nlmsghdr& message, const Header&)
      : NetlinkAttributes(
            reinterpret_cast<const char*>(&message) + NLMSG_LENGTH(NLMSG_ALIGN(sizeof(Header))),
            message.nlmsg_len - std::min<size_t>(message.nlmsg_len, NLMSG_LENGTH(NLMSG_ALIGN(sizeof(Header))))) {}
  explicit NetlinkAttributes(std::span<const char> bytes) : NetlinkAttributes(bytes.data(), bytes.size()) {}

  /// The payload of an attribute; empty if it isn't there.
  std::span<const char> find(uint16_t type) const;
  bool has(uint16_t type) const { return find(type).data() != nullptr; }
  /// 0 if it isn't there, or is shorter.
  template <class Number>
  Number number(uint16_t type) const {
    Number value{};
    const std::span<const char> bytes = find(type);
    if (bytes.size() >= sizeof value) std::memcpy(&value, bytes.data(), sizeof value);
    return value;
  }

 private:
  NetlinkAttributes(const char* data, size_t size) : data_(data), size_(size) {}

  const char* data_;
  size_t size_;
};

/// An address of `family` (AF_INET, AF_INET6) as an attribute carries it; nullopt if the length is wrong.
std::optional<Address> netlink_address(uint8_t family, std::span<const char> bytes);

/// Asks for all objects of a kind (a dump) and passes each message to `each`. `request` is the kind's header, family
/// filled in. Returns false if the kernel refused or the answer was cut.
bool netlink_dump(uint16_t type, const void* request, size_t request_size,
                  const std::function<void(const nlmsghdr&)>& each);

/// Passes each message of a received datagram to `each`. Returns false at the end of a dump; `done`, if not nullptr, is
/// then set to whether it was a regular end.
bool for_each_message(std::span<const char> datagram, const std::function<void(const nlmsghdr&)>& each,
                      bool* done = nullptr);

}  // namespace portloop
