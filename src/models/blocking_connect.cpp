#include "models/blocking_connect.hpp"

#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <thread>

#include "core/doubt.hpp"
#include "sockets/socket_address.hpp"

namespace portloop {
namespace {

using Clock = std::chrono::steady_clock;

// The pauses when a local resource is exhausted are 1, 2, 4, ... 64 ms, about 30 s in all.
constexpr int max_local_waits = 480;
constexpr std::chrono::milliseconds max_local_wait{64};

void pause_after(int failures) {
  const auto wait = std::chrono::milliseconds(1) * (1 << (failures < 7 ? failures - 1 : 6));
  std::this_thread::sleep_for(std::min<std::chrono::milliseconds>(wait, max_local_wait));
}

ProbeState probe_state_of(const Verdict& verdict) {
  switch (verdict.state) {
    case PortState::open: return ProbeState::open;
    case PortState::closed: return ProbeState::closed;
    case PortState::filtered: return ProbeState::filtered;
    case PortState::unknown: break;
  }
  return ProbeState::unknown;
}

}  // namespace

ProbeState state_of_connect(const Verdict& verdict) {
  switch (verdict.kind) {
    case VerdictKind::answer: return probe_state_of(verdict);
    case VerdictKind::pending:
    case VerdictKind::silent: return ProbeState::silent;
    case VerdictKind::confirm: return ProbeState::open;  // though it is repeated
    default: return ProbeState::unknown;                 // it is repeated, or can't be made
  }
}

std::optional<Address> source_for(const ModelScan& scan) {
  return spare_loopback_address(scan.targets, static_cast<uint64_t>(Clock::now().time_since_epoch().count()));
}

BlockingConnect::~BlockingConnect() { close_socket(); }

void BlockingConnect::close_socket() {
  if (fd_ < 0) return;
  if (left_ == Left::connection) dissolve(fd_);  // sends a RST; close() alone would leave TIME_WAIT
  in_flight_.socket_closed();                    // before another thread can get the descriptor
  close(fd_);
  fd_ = -1;
  left_ = Left::nothing;
}

int BlockingConnect::make_ready(const Endpoint& endpoint) {
  const SocketKind kind = socket_kind(endpoint.address, source_);
  if (fd_ >= 0 && (kind != kind_ || uses_ >= max_socket_uses)) close_socket();
  if (fd_ >= 0 && left_ != Left::nothing && !dissolve(fd_)) close_socket();
  left_ = Left::nothing;
  ++uses_;
  if (fd_ >= 0) return 0;
  const int error_number = open_probe_socket(kind, source_, 0, fd_);
  if (error_number != 0) return error_number;
  in_flight_.socket_opened();
  kind_ = kind;
  uses_ = 1;
  const timeval timeout{static_cast<time_t>(timeout_ms_ / 1000), static_cast<suseconds_t>(timeout_ms_ % 1000 * 1000)};
  return setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout) == 0 ? 0 : errno;
}

/// Called after the timeout: the connect was still pending, but an answer may have arrived since.
ConnectOutcome BlockingConnect::poll_once() {
  ConnectOutcome outcome;
  outcome.icmp = read_error_queue(fd_);
  Endpoint local, remote;
  int error_number = 0;
  socklen_t size = sizeof error_number;
  if (find_peer(fd_, local, remote)) {
    outcome.peer = peer_of(fd_, kind_);
  } else if (getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error_number, &size) == 0 && error_number != 0) {
    outcome.error_number = error_number;
  } else {
    outcome.error_number = EALREADY;
  }
  return outcome;
}

void BlockingConnect::record_connect(uint64_t probe, Clock::time_point started, Clock::time_point ended,
                                     const Verdict& verdict) {
  RecordedConnect connect;
  connect.start_us = recording_->at_us(started);
  connect.end_us = recording_->at_us(ended);
  connect.probe = static_cast<uint32_t>(probe) & 0xffffff;
  connect.state = state_of_connect(verdict);
  connect.thread = thread_;
  recording_->add(connect);
}

ConnectOutcome BlockingConnect::connect_once(const Endpoint& endpoint) {
  if (const int not_ready = make_ready(endpoint)) return ConnectOutcome::of_call(not_ready);
  const SocketAddress target = to_socket_address(endpoint);
  ++connects_;
  in_flight_.enter();
  const bool connected = connect(fd_, &target.any, target.size()) == 0;
  const int error_number = errno;
  in_flight_.leave();
  if (connected) {
    left_ = Left::connection;
    return {0, false, std::nullopt, peer_of(fd_, kind_)};
  }
  if (error_number == EINPROGRESS) {
    const ConnectOutcome outcome = poll_once();
    left_ = outcome.error_number == 0 ? Left::connection : Left::pending;
    return outcome;
  }
  ConnectOutcome outcome{error_number, false, std::nullopt, Peer::other};
  outcome.icmp = read_error_queue(fd_);
  // IP_RECVERR queues errors from the network; an error that is not in the queue is a local one.
  outcome.from_call = !outcome.icmp;
  outcome.no_source = error_number == EADDRNOTAVAIL && !has_source_address(target);
  return outcome;
}

void BlockingConnect::probe(const ModelScan::Probe& probe, VerdictSheet& sheet) {
  DoubtCounts doubt;
  int local_waits = 0;
  for (;;) {
    const auto started = Clock::now();
    const ConnectOutcome outcome = connect_once(probe.endpoint);
    const auto ended = Clock::now();
    const auto waited = std::chrono::duration_cast<std::chrono::microseconds>(ended - started);
    const uint64_t rtt_us = waited.count() < 1 ? 1 : static_cast<uint64_t>(waited.count());
    const Verdict verdict = classify(outcome);
    if (recording_ != nullptr) record_connect(probe.number, started, ended, verdict);
    const bool reusable =
        outcome.error_number == 0 || outcome.error_number == ECONNREFUSED || outcome.error_number == EALREADY;
    if (!reusable || outcome.icmp) close_socket();
    switch (verdict.kind) {
      case VerdictKind::answer: sheet.set(probe.number, probe_state_of(verdict), rtt_us); return;
      case VerdictKind::pending:
      case VerdictKind::silent: sheet.set(probe.number, ProbeState::silent, 0); return;
      case VerdictKind::confirm:
      case VerdictKind::ask_again: {
        const DoubtStep step = resolve_doubt(doubt, verdict);
        if (step == DoubtStep::ask_again) {
          close_socket();
          break;
        }
        const bool open = step == DoubtStep::believe_open;
        sheet.set(probe.number, open ? ProbeState::open : ProbeState::unknown, open ? rtt_us : 0);
        return;
      }
      case VerdictKind::local_limit:
      case VerdictKind::local_wait:
        ++local_failures_;
        if (++local_waits > max_local_waits) {
          sheet.set(probe.number, ProbeState::unknown, 0);
          return;
        }
        pause_after(local_waits);
        break;
      case VerdictKind::cannot_ask: sheet.set(probe.number, ProbeState::unknown, 0); return;
    }
  }
}

}  // namespace portloop
