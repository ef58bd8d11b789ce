#include "lab/arrival_clock.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstring>
#include <string>

namespace portloop::lab {

namespace {

constexpr uint64_t interval_ns = 250'000;
constexpr uint16_t discard_port = 9;
constexpr size_t ipv4_header_bytes = 20;
constexpr size_t udp_header_bytes = 8;
constexpr size_t mark_bytes = ipv4_header_bytes + udp_header_bytes + sizeof(uint64_t);
constexpr uint8_t protocol_udp = 17;

}  // namespace

ArrivalClock::ArrivalClock() {
  Descriptor udp(socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(discard_port);
  inet_pton(AF_INET, std::string(mark_address).c_str(), &address.sin_addr);
  if (!udp || connect(udp.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return;
  socklen_t length = sizeof address;
  if (getsockname(udp.get(), reinterpret_cast<sockaddr*>(&address), &length) != 0) return;
  port_ = address.sin_port;
  socket_ = std::move(udp);
}

void ArrivalClock::mark(uint64_t now_ns) {
  const bool full = next_ - oldest_ == sent_ns_.size();
  if (!socket_ || full || now_ns < last_sent_ns_ + interval_ns) return;
  last_sent_ns_ = now_ns;
  sent_ns_[next_ % sent_ns_.size()] = now_ns;
  if (send(socket_.get(), &next_, sizeof next_, 0) == sizeof next_) ++next_;
}

bool ArrivalClock::take_mark(std::span<const uint8_t> packet) {
  if (packet.size() != mark_bytes || packet[0] != 0x45 || packet[9] != protocol_udp) return false;
  if (std::memcmp(&packet[ipv4_header_bytes], &port_, sizeof port_) != 0) return false;
  uint64_t number = 0;
  std::memcpy(&number, &packet[ipv4_header_bytes + udp_header_bytes], sizeof number);
  if (number < oldest_ || number >= next_) return false;
  oldest_ = number + 1;  // earlier marks were dropped because the queue was full
  return true;
}

}  // namespace portloop::lab
