#include "cli/explain/observed_connect.hpp"

#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#include <algorithm>
#include <cerrno>
#include <utility>
#include <vector>

#include "sockets/probe_socket.hpp"
#include "sockets/socket_address.hpp"

namespace portloop {
namespace {

const char* icmp4_name(const IcmpError& icmp) {
  if (icmp.type != 3) return "not destination unreachable";
  constexpr const char* names[] = {"network unreachable",
                                   "host unreachable",
                                   "protocol unreachable",
                                   "port unreachable",
                                   "fragmentation needed",
                                   "source route failed",
                                   "network unknown",
                                   "host unknown",
                                   "source host isolated",
                                   "network administratively prohibited",
                                   "host administratively prohibited",
                                   "network unreachable for the type of service",
                                   "host unreachable for the type of service",
                                   "communication administratively prohibited",
                                   "host precedence violation",
                                   "precedence cutoff"};
  return icmp.code < std::size(names) ? names[icmp.code] : "unknown code";
}

const char* icmp6_name(const IcmpError& icmp) {
  if (icmp.type == 4) return "parameter problem";
  if (icmp.type != 1) return "not destination unreachable";
  constexpr const char* names[] = {"no route to the destination",
                                   "communication administratively prohibited",
                                   "beyond the scope of the source address",
                                   "address unreachable",
                                   "port unreachable",
                                   "source address failed the policy",
                                   "route rejected"};
  return icmp.code < std::size(names) ? names[icmp.code] : "unknown code";
}

std::string verdict_text(const Verdict& verdict) {
  const std::string state(to_text(verdict.state));
  const std::string reason = reason_text(verdict.reason, verdict.error_number);
  switch (verdict.kind) {
    case VerdictKind::answer: return "an answer: " + state + ", " + reason;
    case VerdictKind::pending:
    case VerdictKind::silent: return "silent: no answer to this connect";
    case VerdictKind::ask_again: return "not conclusive (" + reason + "): asked again on a new socket";
    case VerdictKind::confirm: return "open, if a connect from another source port finds the same";
    case VerdictKind::local_limit:
    case VerdictKind::local_wait: return "a shortage of this machine (" + reason + "): asked again after a pause";
    case VerdictKind::cannot_ask: return "unknown: this machine can't ask (" + reason + ')';
  }
  return state;
}

const char* peer_text(Peer peer) {
  switch (peer) {
    case Peer::other: return "connected; the other end is not this socket";
    case Peer::own_address: return "connected; both ends have the same address: a listener, or another socket of ours";
    case Peer::self: break;
  }
  return "connected to itself";
}

class Observation {
 public:
  Observation(const Endpoint& endpoint, const std::optional<Address>& source, uint32_t timeout_ms,
              const std::function<void(const ConnectStep&)>& on_step)
      : endpoint_(endpoint),
        target_(to_socket_address(endpoint)),
        source_(source),
        kind_(socket_kind(endpoint.address, source)),
        timeout_ms_(timeout_ms),
        on_step_(on_step) {}

  ~Observation() {
    if (fd_ < 0) return;
    dissolve(fd_);  // sends a RST; close() alone would leave TIME_WAIT
    close(fd_);
  }
  Observation(const Observation&) = delete;
  Observation& operator=(const Observation&) = delete;

  ObservedConnect run() {
    connect_and_wait();
    seen_.verdict = classify(seen_.outcome);
    step("verdict", verdict_text(seen_.verdict));
    hand_out_steps();
    return seen_;
  }

 private:
  void connect_and_wait() {
    if (const int error = open_probe_socket(kind_, source_, SOCK_NONBLOCK, fd_)) {
      step("socket", errno_text(error));
      seen_.outcome = ConnectOutcome::of_call(error);
      return;
    }
    const char* family = endpoint_.address.family == Family::ipv4 ? "TCP over IPv4" : "TCP over IPv6";
    step("socket", kind_ == SocketKind::loopback
                       ? std::string(family) + ", from " + to_text(*source_) + ", so that it can't connect to itself"
                       : family);
    started_ns_ = uv_hrtime();
    const int error = connect(fd_, &target_.any, target_.size()) == 0 ? 0 : errno;
    seen_.call_error = error;
    step("connect", error == EINPROGRESS ? "EINPROGRESS: a SYN is on its way" : errno_text(error));
    if (error == 0 || error == EINPROGRESS) {
      read_own_end();
      wait_for_answer();
      ask_socket();
      return;
    }
    seen_.took_us = std::max<uint64_t>(1, now_us());
    seen_.outcome = ConnectOutcome::of_call(error);
    seen_.outcome.from_call = error != ECONNREFUSED;
    read_queue();
    seen_.outcome.no_source = error == EADDRNOTAVAIL && !has_source_address(target_);
    if (error == EADDRNOTAVAIL)
      step("source",
           seen_.outcome.no_source ? "this machine has no source address for the target" : "no source port is free");
  }

  void wait_for_answer() {
    const uint64_t end_us = uint64_t{timeout_ms_} * 1000;
    pollfd waiting{fd_, POLLOUT, 0};
    int ready = 0;
    for (uint64_t now = now_us(); ready <= 0 && now < end_us; now = now_us()) {
      // A person reads the first steps while nothing happens; a quick answer is not delayed by printing them.
      constexpr uint64_t quick_us = 50'000;
      if (now >= quick_us) hand_out_steps();
      const uint64_t until_us = now < quick_us ? std::min(end_us, quick_us) : end_us;
      ready = poll(&waiting, 1, static_cast<int>((until_us - now + 999) / 1000));  // rounded up
      if (ready < 0 && errno != EINTR) break;
    }
    seen_.took_us = std::max<uint64_t>(1, now_us());
    seen_.timed_out = ready <= 0;
    tcp_info info{};
    socklen_t size = sizeof info;
    if (getsockopt(fd_, IPPROTO_TCP, TCP_INFO, &info, &size) == 0) seen_.retransmissions = info.tcpi_retransmits;
    if (seen_.retransmissions > 0)
      step("kernel", "the SYN was sent again, retransmissions: " + std::to_string(seen_.retransmissions));
    step(seen_.timed_out ? "timer" : "event",
         seen_.timed_out ? "no answer in " + std::to_string(timeout_ms_) + " ms: the socket is asked once more"
                         : "the socket is ready");
  }

  /// A second connect() returns how the first one has ended, or EALREADY.
  void ask_socket() {
    const int error = connect(fd_, &target_.any, target_.size()) == 0 || errno == EISCONN ? 0 : errno;
    seen_.outcome.error_number = error;
    if (error == 0) {
      seen_.outcome.peer = peer_of(fd_, kind_);
      step("result", peer_text(seen_.outcome.peer));
      return;
    }
    step("result", error == EALREADY ? "EALREADY: still no answer" : errno_text(error));
    read_queue();
    // IP_RECVERR queues errors from the network; an error that is not in the queue is a local one.
    seen_.outcome.from_call = !seen_.outcome.icmp;
  }

  void read_queue() {
    seen_.outcome.icmp = read_error_queue(fd_, &seen_.icmp_sender);
    std::string text = "empty: no ICMP error";
    if (seen_.outcome.icmp) {
      text = icmp_text(*seen_.outcome.icmp, seen_.icmp_sender);
      if (seen_.outcome.icmp->from_own_address) text += ", which is this machine";
    }
    step("errors", text);
  }

  /// Before the answer is read: a refused socket has no port any more.
  void read_own_end() {
    SocketAddress own{};
    socklen_t size = sizeof own;
    if (getsockname(fd_, &own.any, &size) != 0) return;
    const auto local = to_endpoint(own.any);
    if (!local || local->port == 0) return;
    seen_.local = local;
    step("own end", to_text(local->address, local->port));
  }

  uint64_t now_us() const { return started_ns_ == 0 ? 0 : (uv_hrtime() - started_ns_) / 1000; }
  void step(const char* name, std::string text) { steps_.push_back({now_us(), name, std::move(text)}); }
  void hand_out_steps() {
    for (const ConnectStep& step : std::exchange(steps_, {})) on_step_(step);
  }

  const Endpoint endpoint_;
  const SocketAddress target_;
  const std::optional<Address> source_;
  const SocketKind kind_;
  const uint32_t timeout_ms_;
  const std::function<void(const ConnectStep&)>& on_step_;
  int fd_ = -1;
  uint64_t started_ns_ = 0;
  std::vector<ConnectStep> steps_;  // not handed out yet
  ObservedConnect seen_;
};

}  // namespace

std::string errno_name(int error_number) {
  if (error_number == EINPROGRESS) return "EINPROGRESS";  // libuv never returns it
  const char* name = uv_err_name(uv_translate_sys_error(error_number));
  return name[0] == 'E' ? name : 'E' + std::to_string(error_number);
}

std::string errno_text(int error_number) {
  if (error_number == 0) return "none";
  return errno_name(error_number) + " (" + uv_strerror(uv_translate_sys_error(error_number)) + ')';
}

std::string icmp_text(const IcmpError& icmp, const std::optional<Address>& sender) {
  const bool v4 = icmp.family == Family::ipv4;
  return std::string(v4 ? "ICMP" : "ICMPv6") + " type " + std::to_string(icmp.type) + " code " +
         std::to_string(icmp.code) + " (" + (v4 ? icmp4_name(icmp) : icmp6_name(icmp)) + ')' +
         (sender ? " from " + to_text(*sender) : "");
}

ObservedConnect observe_connect(const Endpoint& endpoint, const std::optional<Address>& source, uint32_t timeout_ms,
                                const std::function<void(const ConnectStep&)>& on_step) {
  return Observation(endpoint, source, timeout_ms, on_step).run();
}

}  // namespace portloop
