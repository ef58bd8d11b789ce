// The happy path: the network is created, the command is started in it, packets are read, and answers are written when
// they are due; the command ends, and its exit status is ours.
//
// What can happen instead:
// - the network can't be created, or no process started: `error` has the cause, and nothing is left behind
// - a signal from the terminal: it has reached the command too, which decides what to do, as with a shell; a signal
// from
//   another process to us alone is passed on; a second such SIGINT or SIGTERM, half a second later or more, kills the
//   command
// - the kernel does not accept an answer: it is counted and lost
#include "lab/run_lab.hpp"

#include <poll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>

#include "lab/arrival_clock.hpp"
#include "lab/command_process.hpp"
#include "lab/ethernet.hpp"
#include "lab/own_network.hpp"
#include "lab/responder.hpp"

namespace portloop::lab {

namespace {

constexpr uint64_t ns_per_second = 1'000'000'000;
constexpr size_t packets_per_turn = 32;

uint64_t now_ns() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<uint64_t>(now.tv_sec) * ns_per_second + static_cast<uint64_t>(now.tv_nsec);
}

class AnsweringLoop {
 public:
  /// `link` is nullptr if the device has no Ethernet frames.
  AnsweringLoop(const OwnNetwork& network, const EthernetLink* link, Responder& responder,
                const CommandProcess& command, const BlockedSignals& signals)
      : device_(network.device.get()),
        mac_(network.mac),
        link_(link),
        responder_(responder),
        command_(command),
        signals_(signals) {}

  /// Returns the command's exit status.
  int run() {
    for (;;) {
      write_due();
      wait();
      if (signals_came_) {
        take_signals();
        if (const auto status = command_.ended()) return *status;
      }
      if (device_readable_) read_packets();
    }
  }

 private:
  void write_due() {
    while (const Packet* packet = responder_.take_due(now_ns())) {
      if (write_packet(*packet) < 0) ++responder_.counters().write_failures;
    }
  }

  ssize_t write_packet(const Packet& packet) const {
    const std::span<const uint8_t> head = packet.head();
    if (link_ == nullptr && packet.payload.empty()) return write(device_, head.data(), head.size());
    std::array<uint8_t, ethernet_header_bytes> header{};
    if (link_ != nullptr) header = frame_header(head, *link_, mac_);
    const iovec parts[] = {{header.data(), header.size()},
                           {const_cast<uint8_t*>(head.data()), head.size()},
                           {const_cast<char*>(packet.payload.data()), packet.payload.size()}};
    return link_ == nullptr ? writev(device_, parts + 1, 2) : writev(device_, parts, 3);
  }

  void wait() {
    pollfd sources[] = {{device_, POLLIN, 0}, {signals_.descriptor(), POLLIN, 0}};
    timespec timeout{};
    const uint64_t due_ns = responder_.next_due_ns();
    if (due_ns != Responder::never && !more_to_read_) {
      const uint64_t now = now_ns();
      const uint64_t left_ns = due_ns > now ? due_ns - now : 0;
      timeout.tv_sec = static_cast<time_t>(left_ns / ns_per_second);
      timeout.tv_nsec = static_cast<long>(left_ns % ns_per_second);
    }
    const bool without_end = due_ns == Responder::never && !more_to_read_;
    const int ready = ppoll(sources, 2, without_end ? nullptr : &timeout, nullptr);
    device_readable_ = ready > 0 && sources[0].revents != 0;
    signals_came_ = ready > 0 && sources[1].revents != 0;
  }

  void read_packets() {
    more_to_read_ = false;
    for (size_t i = 0; i < packets_per_turn; ++i) {
      const ssize_t length = read(device_, buffer_.data(), buffer_.size());
      if (length <= 0) {
        arrivals_.drained();
        return;
      }
      const std::span<const uint8_t> bytes(buffer_.data(), static_cast<size_t>(length));
      const auto frame = link_ == nullptr ? Frame{bytes} : parse_frame(bytes);
      if (!frame || arrivals_.take_mark(frame->packet)) continue;
      responder_.receive(frame->packet, arrivals_.arrival_ns(now_ns()), frame->broadcast);
    }
    more_to_read_ = true;
    arrivals_.mark(now_ns());
  }

  void take_signals() {
    signalfd_siginfo signal{};
    while (read(signals_.descriptor(), &signal, sizeof signal) == sizeof signal) {
      if (signal.ssi_signo == SIGCHLD || signal.ssi_code == SI_KERNEL) continue;
      const uint64_t now = now_ns();
      const bool ends = signal.ssi_signo == SIGINT || signal.ssi_signo == SIGTERM;
      if (!ends || end_requested_ns_ == 0) {
        command_.pass_on(static_cast<int>(signal.ssi_signo));
      } else if (now - end_requested_ns_ >= same_request_ns) {
        command_.pass_on(SIGKILL);
      }
      if (ends && end_requested_ns_ == 0) end_requested_ns_ = now;
    }
  }

  int device_;
  MacAddress mac_;
  const EthernetLink* link_;
  Responder& responder_;
  const CommandProcess& command_;
  const BlockedSignals& signals_;
  ArrivalClock arrivals_;
  std::array<uint8_t, 65536> buffer_{};
  bool device_readable_ = false;
  bool signals_came_ = false;
  bool more_to_read_ = false;
  uint64_t end_requested_ns_ = 0;  // by a process; 0: not yet
};

}  // namespace

LabRun run_lab(const Profile& profile, uint64_t luck_seed, char* const argv[]) {
  LabRun run;
  run.exit_status = 1;
  auto network = make_own_network(profile.link);
  if (!network) {
    run.error = network.error();
    return run;
  }
  if (!network->has_ipv6) std::fputs("portloop-lab: this kernel has no IPv6, only IPv4 is simulated\n", stderr);
  Responder responder(profile, luck_seed);
  const BlockedSignals signals;
  const auto command = CommandProcess::start(argv, signals);
  if (!command) {
    run.error = command.error();
    return run;
  }
  prctl(PR_SET_TIMERSLACK,
        1UL);  // answers are due to the microsecond; set after the fork, so that the command keeps its own value
  AnsweringLoop loop(*network, profile.link ? &*profile.link : nullptr, responder, *command, signals);
  run.exit_status = loop.run();
  run.started = true;
  run.counters = responder.counters();
  run.counters.device_drops = device_drops();
  return run;
}

}  // namespace portloop::lab
