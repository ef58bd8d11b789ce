// The cost of the bare system calls: a connect scan of the closed ports of one address with raw epoll and recycled
// sockets. No timers, no results, no order, no ICMP, no check for self-connects: only connect(), epoll_wait() and the
// second connect() that returns the outcome of the first.
//
//   baseline_epoll ADDRESS FIRST LAST IN_FLIGHT
//
// Prints how many ports refused the connection, as evidence that they were probed.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <vector>

namespace {

struct Slot {
  int fd = -1;
  bool busy = false;  // an event may still come for a slot that is idle
  sockaddr_in target{};
};

class Baseline {
 public:
  Baseline(const char* address, unsigned first, unsigned last, size_t in_flight)
      : next_(first), last_(last), slots_(in_flight) {
    address_.sin_family = AF_INET;
    if (inet_pton(AF_INET, address, &address_.sin_addr) != 1) std::exit(2);
    epoll_ = epoll_create1(EPOLL_CLOEXEC);
  }

  void run() {
    for (size_t slot = 0; slot < slots_.size() && next_ <= last_; ++slot) begin(slot);
    epoll_event events[256];
    while (pending_ > 0) {
      const int count = epoll_wait(epoll_, events, 256, -1);
      for (int i = 0; i < count; ++i) ask(events[i].data.u32);
    }
    std::printf("%u refused\n", refused_);
  }

 private:
  void begin(size_t number) {
    Slot& slot = slots_[number];
    const bool fresh = slot.fd < 0;
    if (fresh) slot.fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    slot.target = address_;
    slot.target.sin_port = htons(static_cast<uint16_t>(next_++));
    slot.busy = true;
    ++pending_;
    // ask() gets the outcome.
    (void)connect(slot.fd, reinterpret_cast<sockaddr*>(&slot.target), sizeof slot.target);
    if (!fresh) return;
    epoll_event event{};
    event.events = EPOLLIN | EPOLLOUT | EPOLLET;
    event.data.u32 = static_cast<uint32_t>(number);
    epoll_ctl(epoll_, EPOLL_CTL_ADD, slot.fd, &event);
  }

  void ask(size_t number) {
    Slot& slot = slots_[number];
    if (!slot.busy) return;
    if (connect(slot.fd, reinterpret_cast<sockaddr*>(&slot.target), sizeof slot.target) != 0 && errno != EISCONN) {
      if (errno == EALREADY) return;
      refused_ += errno == ECONNREFUSED;
    } else {  // a listener, or a self-connect
      sockaddr nobody{};
      nobody.sa_family = AF_UNSPEC;
      (void)connect(slot.fd, &nobody, sizeof nobody);
    }
    slot.busy = false;
    --pending_;
    if (next_ <= last_) begin(number);
  }

  sockaddr_in address_{};
  unsigned next_;
  unsigned last_;
  std::vector<Slot> slots_;
  int epoll_ = -1;
  unsigned pending_ = 0;
  unsigned refused_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) {
    std::fprintf(stderr, "usage: baseline_epoll ADDRESS FIRST LAST IN_FLIGHT\n");
    return 2;
  }
  Baseline(argv[1], static_cast<unsigned>(std::atoi(argv[2])), static_cast<unsigned>(std::atoi(argv[3])),
           static_cast<size_t>(std::atoi(argv[4])))
      .run();
}
