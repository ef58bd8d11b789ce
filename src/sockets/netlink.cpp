#include "sockets/netlink.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace portloop {
namespace {

/// Room for the largest datagram of a dump (NLMSG_GOODSIZE is at most 16 KiB).
using Datagram = std::array<char, 32768>;

constexpr uint32_t sequence = 1;  // each socket asks one question

}  // namespace

int open_netlink(uint32_t groups, int flags, int& fd) {
  fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | flags, NETLINK_ROUTE);
  if (fd < 0) return errno;
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  address.nl_groups = groups;
  if (bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return 0;
  const int error_number = errno;
  close(fd);
  fd = -1;
  return error_number;
}

std::span<const char> NetlinkAttributes::find(uint16_t type) const {
  size_t at = 0;
  while (at + sizeof(rtattr) <= size_) {
    rtattr attribute;
    std::memcpy(&attribute, data_ + at, sizeof attribute);
    if (attribute.rta_len < sizeof attribute || at + attribute.rta_len > size_) break;
    if ((attribute.rta_type & NLA_TYPE_MASK) == type)
      return {data_ + at + RTA_LENGTH(0), attribute.rta_len - RTA_LENGTH(0)};
    at += RTA_ALIGN(attribute.rta_len);
  }
  return {};
}

std::optional<Address> netlink_address(uint8_t family, std::span<const char> bytes) {
  const size_t length = family == AF_INET ? 4 : 16;
  if (bytes.size() < length) return std::nullopt;
  Address address;
  address.family = family == AF_INET ? Family::ipv4 : Family::ipv6;
  for (size_t i = 0; i < length; ++i) address.value = address.value << 8 | static_cast<unsigned char>(bytes[i]);
  return address;
}

bool for_each_message(std::span<const char> datagram, const std::function<void(const nlmsghdr&)>& each, bool* done) {
  size_t at = 0;
  while (at + sizeof(nlmsghdr) <= datagram.size()) {
    // Netlink aligns messages to four bytes, and the datagram's buffer is aligned.
    const auto& message = *reinterpret_cast<const nlmsghdr*>(datagram.data() + at);
    if (message.nlmsg_len < sizeof message || at + message.nlmsg_len > datagram.size()) return false;
    if (message.nlmsg_type == NLMSG_DONE || message.nlmsg_type == NLMSG_ERROR) {
      if (done != nullptr) *done = message.nlmsg_type == NLMSG_DONE;
      return false;
    }
    each(message);
    at += NLMSG_ALIGN(message.nlmsg_len);
  }
  return true;
}

bool netlink_dump(uint16_t type, const void* request, size_t request_size,
                  const std::function<void(const nlmsghdr&)>& each) {
  int fd = -1;
  if (open_netlink(0, 0, fd) != 0) return false;
  alignas(nlmsghdr) std::array<char, 128> question{};
  nlmsghdr header{};
  header.nlmsg_len = static_cast<uint32_t>(NLMSG_LENGTH(request_size));
  header.nlmsg_type = type;
  header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  header.nlmsg_seq = sequence;
  std::memcpy(question.data(), &header, sizeof header);
  std::memcpy(question.data() + NLMSG_LENGTH(0), request, request_size);
  bool complete = false;
  if (send(fd, question.data(), header.nlmsg_len, 0) == static_cast<ssize_t>(header.nlmsg_len)) {
    alignas(nlmsghdr) Datagram datagram;
    for (;;) {
      const ssize_t length = recv(fd, datagram.data(), datagram.size(), MSG_TRUNC);
      if (length < 0 && errno == EINTR) continue;
      if (length <= 0 || static_cast<size_t>(length) > datagram.size()) break;
      if (for_each_message({datagram.data(), static_cast<size_t>(length)}, each, &complete)) continue;
      break;
    }
  }
  close(fd);
  return complete;
}

}  // namespace portloop
