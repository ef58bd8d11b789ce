// Scans in a network of this process's own: without a route, and on a link whose neighbours come and go. Linux.
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "support/embedding.hpp"

using namespace portloop::testing;

namespace {

constexpr int skipped = 77;  // the exit status by which Meson recognises a skipped test

/// Moves the process into a network namespace without any link that is up.
void enter_own_network() {
  static const bool entered = unshare(CLONE_NEWNET) == 0 || unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0;
  if (entered) return;
  std::printf("skipped: network namespaces: %s\n", std::strerror(errno));
  std::exit(skipped);
}

/// A link 10.7.0.0/24 on which 10.7.0.2 exists: it answers ARP requests, and each SYN by a reset.
class Link {
 public:
  explicit Link(TestLoop& loop) {
    fd_ = ::open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);
    if (fd_ < 0) {
      std::printf("skipped: /dev/net/tun: %s\n", std::strerror(errno));
      std::exit(skipped);
    }
    ifreq request{};
    std::strcpy(request.ifr_name, "link");
    request.ifr_flags = IFF_TAP | IFF_NO_PI;
    REQUIRE(ioctl(fd_, TUNSETIFF, &request) == 0);
    const int control = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    set_address(control, request, SIOCSIFADDR, "10.7.0.1");
    set_address(control, request, SIOCSIFNETMASK, "255.255.255.0");
    request.ifr_flags = IFF_UP | IFF_RUNNING;
    REQUIRE(ioctl(control, SIOCSIFFLAGS, &request) == 0);
    ::close(control);
    REQUIRE(uv_poll_init(loop.get(), &poll_, fd_) == 0);
    poll_.data = this;
    uv_poll_start(&poll_, UV_READABLE, [](uv_poll_t* poll, int, int) { static_cast<Link*>(poll->data)->answer(); });
    uv_unref(as_handle(&poll_));
  }
  /// The loop has to run once more.
  void close() {
    uv_close(as_handle(&poll_), [](uv_handle_t* handle) { ::close(static_cast<Link*>(handle->data)->fd_); });
  }

 private:
  using Frame = std::array<uint8_t, 2048>;

  static void set_address(int control, ifreq& request, unsigned long call, const char* text) {
    sockaddr_in address{};
    REQUIRE(uv_ip4_addr(text, 0, &address) == 0);
    std::memcpy(&request.ifr_addr, &address, sizeof address);
    REQUIRE(ioctl(control, call, &request) == 0);
  }

  void answer() const {
    Frame frame{};
    while (read(fd_, frame.data(), frame.size()) > 0) {
      const bool is_arp = frame[12] == 8 && frame[13] == 6, is_ip = frame[12] == 8 && frame[13] == 0;
      const size_t size = is_arp ? answer_arp(frame) : is_ip ? answer_syn(frame) : 0;
      if (size == 0) continue;
      std::copy_n(&frame[6], 6, &frame[0]);
      std::copy_n(hardware_address.data(), 6, &frame[6]);
      CHECK(write(fd_, frame.data(), size) == static_cast<ssize_t>(size));
    }
  }

  /// Makes the request into its answer. Returns the size of the frame, or 0 if it has none.
  static size_t answer_arp(Frame& frame) {
    if (frame[21] != 1 || !std::equal(present.begin(), present.end(), &frame[38])) return 0;
    frame[21] = 2;
    std::copy_n(&frame[22], 10, &frame[32]);
    std::copy_n(hardware_address.data(), 6, &frame[22]);
    std::copy_n(present.data(), 4, &frame[28]);
    return 42;
  }

  /// Makes the SYN into a reset: IPv4 without options, RFC 9293, section 3.10.7.1.
  static size_t answer_syn(Frame& frame) {
    constexpr size_t ip = 14, tcp = ip + 20, end = tcp + 20;
    if (frame[ip + 9] != 6 || frame[tcp + 13] != 2) return 0;
    std::swap_ranges(&frame[ip + 12], &frame[ip + 16], &frame[ip + 16]);
    std::swap_ranges(&frame[tcp], &frame[tcp + 2], &frame[tcp + 2]);
    frame[ip + 2] = 0;
    frame[ip + 3] = 40;
    uint32_t sequence = 0;
    std::memcpy(&sequence, &frame[tcp + 4], 4);
    sequence = htonl(ntohl(sequence) + 1);
    std::fill(&frame[tcp + 4], &frame[tcp + 8], uint8_t{0});
    std::memcpy(&frame[tcp + 8], &sequence, 4);
    frame[tcp + 12] = 5 << 4;
    frame[tcp + 13] = 0x14;  // RST, ACK
    set_checksum(frame, ip, tcp, ip + 10, 0);
    set_checksum(frame, ip + 12, end, tcp + 16, 6 + 20);  // with the addresses, the protocol and the length
    return end;
  }

  static void set_checksum(Frame& frame, size_t begin, size_t end, size_t place, uint32_t sum) {
    frame[place] = frame[place + 1] = 0;
    for (size_t i = begin; i < end; i += 2) sum += static_cast<uint32_t>(frame[i] << 8 | frame[i + 1]);
    while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
    frame[place] = static_cast<uint8_t>(~sum >> 8);
    frame[place + 1] = static_cast<uint8_t>(~sum);
  }

  static constexpr std::array<uint8_t, 4> present = {10, 7, 0, 2};
  static constexpr std::array<uint8_t, 6> hardware_address = {2, 0, 0, 0, 0, 2};

  int fd_ = -1;
  uv_poll_t poll_{};
};

}  // namespace

TEST_CASE("without a route every port is unknown, and none is reported as filtered") {
  enter_own_network();
  for (const Engine& engine : engines) {
    CAPTURE(engine.loops);
    CAPTURE(engine.connector);
    TestLoop loop;
    TestOptions options("192.0.2.1-3", "1-5");
    set_engine(options, engine);
    Recorded scan(loop);
    close_when_done(scan);
    REQUIRE(scan.start(options) == 0);
    loop.run();
    CHECK(scan.results.size() == 15);
    CHECK(scan.status == 0);
    for (const auto& result : scan.results) {
      CHECK(result.state == PORTLOOP_UNKNOWN);
      CHECK(result.reason == PORTLOOP_NO_ROUTE);
    }
  }
}

TEST_CASE("on an own link, hosts that do not exist are host-unreach, and those that do are asked") {
  enter_own_network();
  for (const Engine& engine : {engines[0], engines[3]}) {  // the kernel looks for an absent host for 3 s
    CAPTURE(engine.loops);
    CAPTURE(engine.connector);
    TestLoop loop;
    Link link(loop);
    TestOptions options("10.7.0.2-6", "1-4");
    set_engine(options, engine);
    Recorded scan(loop);
    scan.on_done = [&](Recorded& self) {
      self.close();
      link.close();
    };
    REQUIRE(scan.start(options) == 0);
    loop.run();
    CHECK(scan.results.size() == 20);
    CHECK(scan.status == 0);
    for (const auto& result : scan.results) {
      CAPTURE(result.address);
      const bool exists = result.address == "10.7.0.2";
      CHECK(result.state == (exists ? PORTLOOP_CLOSED : PORTLOOP_FILTERED));
      CHECK(result.reason == (exists ? PORTLOOP_CONN_REFUSED : PORTLOOP_HOST_UNREACH));
    }
  }
}
