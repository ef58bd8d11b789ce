// Recycled sockets in one epoll set, which one uv_poll_t watches. A probe costs two system calls; a fresh socket for
// each would need socket() and close() as well, which cost more than the connect.
//
// Happy path of a slot: connect() returns EINPROGRESS. The socket is added to the epoll set, once in its life (edge
// triggered). When an event arrives, a second connect() to the same address yields the outcome: 0 or EISCONN is open,
// EALREADY is pending, anything else is the error. (A writable socket whose SO_ERROR is 0 proves nothing: the kernel
// wakes the poller before it sets the error.) A refused socket is reused as it is; an open or silent one is dissolved
// with connect(AF_UNSPEC), which sends a RST and leaves no TIME_WAIT.
//
// What goes wrong:
//   - a stale event, of the previous probe or of an idle socket: the second connect() returns EALREADY, or the slot is
//     idle, and nothing happens. An event alone is never an outcome.
//   - ICMP: the error is queued (IP_RECVERR), even if the connect stays pending because connect() held the socket's
//     lock. The socket is never reused, because connect(AF_UNSPEC) does not empty the queue.
//   - a target on this machine: the kernel may choose the target port as the source port, and the socket connects to
//     itself. Sockets for 127.0.0.0/8 are bound to a loopback address that is not a target, unless a source is set; for
//     others the addresses of both ends are compared.
//   - a connect ends at the first router, because that was wanted: its socket is closed afterwards
//   - out of descriptors: an idle socket of another kind is closed, if there is one, and its descriptor used
//   - out of descriptors still, of ports or of memory: the call returns the error, and nothing is kept
#include <fcntl.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <vector>

#include "engine/connector.hpp"
#include "sockets/probe_socket.hpp"
#include "sockets/socket_address.hpp"

namespace portloop {
namespace {

// Events are taken from the set a few at a time, until the batch has lasted long enough. All that were taken must be
// handled, because an edge is reported only once.
constexpr int events_at_once = 16;

// Descriptors closed in one turn of the loop while everything is closed.
constexpr size_t closes_per_turn = 128;

class EpollConnector final : public Connector {
 public:
  EpollConnector(const TargetSet& targets, LoopTurn& turn, const SocketSettings& settings)
      : turn_(turn),
        settings_(settings),
        loopback_source_(settings.source_v4 ? std::nullopt : spare_loopback_address(targets, uv_hrtime())) {}
  ~EpollConnector() override;

  int open(uv_loop_t* loop, ConnectorEvents* events) override;
  uint32_t kind_of(const Endpoint& endpoint) const override;
  bool has_route(const Address& address) const override {
    return portloop::has_route(to_socket_address({address, 9}), settings_);
  }
  std::optional<ConnectOutcome> start(uint32_t slot, const Endpoint& endpoint) override {
    return start(slot, endpoint, false);
  }
  bool can_limit_hops() const override { return true; }
  std::optional<ConnectOutcome> start_to_first_hop(uint32_t slot, const Endpoint& endpoint) override {
    return start(slot, endpoint, true);
  }
  ConnectOutcome poll(uint32_t slot) override;
  void release(uint32_t slot, Keep keep) override;
  int detach(uint32_t slot) override;
  void set_referenced(bool referenced) override;
  void close(std::function<void()> on_closed) override;
  void abandon() noexcept override;

 private:
  struct Socket {
    int fd = -1;
    SocketKind kind = SocketKind::ipv4;
    uint32_t uses = 0;
    bool watched = false;  // in the epoll set
    bool busy = false;     // its slot has a probe
    bool refused = false;  // there is nothing to dissolve
    bool odd = false;      // must not be reused
    bool to_first_hop = false;
    SocketAddress target{};
  };

  std::optional<ConnectOutcome> start(uint32_t slot, const Endpoint& endpoint, bool to_first_hop);
  void report_outcomes();
  void close_some();
  static void on_poll_closed(uv_handle_t* handle);
  int make_socket(Socket& socket, SocketKind kind) const;
  int watch(uint32_t slot);
  ConnectOutcome poll_socket(Socket& socket) const;
  bool close_idle_socket();
  static void close_socket(Socket& socket);

  LoopTurn& turn_;
  ConnectorEvents* events_ = nullptr;
  SocketSettings settings_;
  std::optional<Address> loopback_source_;
  int epoll_fd_ = -1;
  OwnedHandle<uv_poll_t, EpollConnector> poll_;
  LoopTurn::Work outcomes_{[](void* self) { static_cast<EpollConnector*>(self)->report_outcomes(); }, this};
  LoopTurn::Work closing_{[](void* self) { static_cast<EpollConnector*>(self)->close_some(); }, this};
  std::vector<Socket> sockets_;
  size_t closed_sockets_ = 0;
  std::function<void()> on_closed_;
};

EpollConnector::~EpollConnector() {
  for (Socket& socket : sockets_) close_socket(socket);
  if (epoll_fd_ >= 0) ::close(epoll_fd_);
}

int EpollConnector::open(uv_loop_t* loop, ConnectorEvents* events) {
  events_ = events;
  epoll_fd_ = epoll_create1(EPOLL_CLOEXEC);
  if (epoll_fd_ < 0) return uv_translate_sys_error(errno);
  const int error = uv_poll_init(loop, poll_.get(), epoll_fd_);
  if (error != 0) {
    ::close(epoll_fd_);
    epoll_fd_ = -1;
    return error;
  }
  poll_.owner = this;
  // An epoll set has no errors of its own.
  uv_poll_start(poll_.get(), UV_READABLE, [](uv_poll_t* poll, int status, int) {
    EpollConnector& self = decltype(poll_)::owner_of(poll);
    if (status == 0) self.turn_.queue_outcomes(self.outcomes_);
  });
  return 0;
}

uint32_t EpollConnector::kind_of(const Endpoint& endpoint) const {
  return static_cast<uint32_t>(socket_kind(endpoint.address, loopback_source_));
}

int EpollConnector::make_socket(Socket& socket, SocketKind kind) const {
  socket = {};
  socket.kind = kind;
  return open_probe_socket(kind, loopback_source_, SOCK_NONBLOCK, socket.fd, settings_);
}

std::optional<ConnectOutcome> EpollConnector::start(uint32_t slot, const Endpoint& endpoint, bool to_first_hop) {
  if (slot >= sockets_.size()) sockets_.resize(slot + 1);
  Socket& socket = sockets_[slot];
  const SocketKind kind = socket_kind(endpoint.address, loopback_source_);
  if (socket.fd >= 0 && (socket.kind != kind || socket.uses >= max_socket_uses)) close_socket(socket);
  if (socket.fd < 0) {
    int error_number = make_socket(socket, kind);
    // Idle sockets of another kind may hold all the descriptors there are.
    if ((error_number == EMFILE || error_number == ENFILE) && close_idle_socket())
      error_number = make_socket(socket, kind);
    if (error_number != 0) return ConnectOutcome::of_call(error_number);
  }
  ++socket.uses;
  socket.target = to_socket_address(endpoint);
  socket.busy = true;
  socket.refused = false;
  if (to_first_hop) {
    socket.to_first_hop = true;
    if (const int error_number = limit_to_first_hop(socket.fd, kind)) return ConnectOutcome::of_call(error_number);
  }
  if (connect(socket.fd, &socket.target.any, socket.target.size()) != 0 && errno != EINPROGRESS) {
    ConnectOutcome outcome = ConnectOutcome::of_call(errno);
    outcome.from_call = outcome.error_number != ECONNREFUSED;
    // A blocked route, or a local firewall's REJECT on the way out, fails at once and may queue an ICMP error.
    outcome.icmp = read_error_queue(socket.fd);
    outcome.no_source = outcome.error_number == EADDRNOTAVAIL && !has_source_address(socket.target, settings_);
    socket.odd = true;
    return outcome;
  }
  // A target on this machine has answered already: the loopback device delivers within the call.
  if (is_loopback(endpoint.address)) {
    const ConnectOutcome outcome = poll_socket(socket);
    if (outcome.error_number != EALREADY || outcome.icmp) return outcome;
  }
  if (!socket.watched) {
    const int error_number = watch(slot);
    if (error_number != 0) return ConnectOutcome::of_call(error_number);
  }
  return std::nullopt;
}

int EpollConnector::watch(uint32_t slot) {
  epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
  event.data.u32 = slot;
  if (epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, sockets_[slot].fd, &event) != 0) {
    sockets_[slot].odd = true;
    return errno;
  }
  sockets_[slot].watched = true;
  return 0;
}

ConnectOutcome EpollConnector::poll(uint32_t slot) { return poll_socket(sockets_[slot]); }

ConnectOutcome EpollConnector::poll_socket(Socket& socket) const {
  ConnectOutcome outcome;
  if (connect(socket.fd, &socket.target.any, socket.target.size()) != 0 && errno != EISCONN)
    outcome.error_number = errno;
  if (outcome.error_number == 0) {
    outcome.peer = peer_of(socket.fd, socket.kind);
    return outcome;
  }
  outcome.icmp = read_error_queue(socket.fd);
  // IP_RECVERR queues errors from the network; an error that is not in the queue is a local one.
  outcome.from_call = !outcome.icmp;
  socket.refused = outcome.error_number == ECONNREFUSED;
  socket.odd = outcome.icmp || (outcome.error_number != ECONNREFUSED && outcome.error_number != EALREADY);
  return outcome;
}

void EpollConnector::report_outcomes() {
  std::array<epoll_event, events_at_once> events;
  const uint64_t began_us = uv_hrtime() / 1000;
  int count = events_at_once;
  for (uint64_t now_us = began_us;
       count == events_at_once && now_us - began_us <= max_batch_us && !turn_.is_over(now_us);
       now_us = uv_hrtime() / 1000) {
    count = epoll_wait(epoll_fd_, events.data(), events_at_once, 0);
    for (int i = 0; i < count; ++i) {
      const uint32_t slot = events[static_cast<size_t>(i)].data.u32;
      if (!sockets_[slot].busy) continue;
      const ConnectOutcome outcome = poll(slot);
      if (outcome.error_number == EALREADY && !outcome.icmp) continue;
      events_->on_outcome(slot, outcome);
      if (turn_.is_forked()) return;  // in a callback: the other sockets are the parent's
    }
  }
  events_->on_batch_end(count == events_at_once);
}

void EpollConnector::release(uint32_t slot, Keep keep) {
  Socket& socket = sockets_[slot];
  if (!socket.busy) return;
  socket.busy = false;
  if (keep == Keep::nothing || socket.odd || socket.to_first_hop) {
    close_socket(socket);
    return;
  }
  if (socket.refused) return;
  // An ICMP error that has arrived since the last poll would be taken for the next port's: dissolving keeps the queue.
  if (!dissolve(socket.fd) || read_error_queue(socket.fd)) close_socket(socket);
}

int EpollConnector::detach(uint32_t slot) {
  Socket& socket = sockets_[slot];
  if (socket.watched) epoll_ctl(epoll_fd_, EPOLL_CTL_DEL, socket.fd, nullptr);
  ignore_icmp_errors(socket.fd, socket.kind);
  const int fd = socket.fd;
  socket = {};
  return fd;
}

void EpollConnector::close_socket(Socket& socket) {
  if (socket.fd >= 0) ::close(socket.fd);
  socket = {};
}

/// Returns whether there was one.
bool EpollConnector::close_idle_socket() {
  for (Socket& socket : sockets_) {
    if (socket.fd < 0 || socket.busy) continue;
    close_socket(socket);
    return true;
  }
  return false;
}

void EpollConnector::set_referenced(bool referenced) { referenced ? uv_ref(poll_.any()) : uv_unref(poll_.any()); }

void EpollConnector::close(std::function<void()> on_closed) {
  on_closed_ = std::move(on_closed);
  uv_poll_stop(poll_.get());
  LoopTurn::cancel(outcomes_);
  turn_.queue_turn(closing_);
}

void EpollConnector::close_some() {
  for (size_t i = 0; i < closes_per_turn && closed_sockets_ < sockets_.size(); ++i) {
    if (i > 0 && turn_.is_over(uv_hrtime() / 1000)) break;
    close_socket(sockets_[closed_sockets_++]);
  }
  if (closed_sockets_ < sockets_.size()) {
    turn_.queue_turn(closing_);
  } else {
    uv_close(poll_.any(), on_poll_closed);
  }
}

void EpollConnector::on_poll_closed(uv_handle_t* handle) {
  const std::function<void()> on_closed = std::move(decltype(poll_)::owner_of(handle).on_closed_);
  on_closed();  // may delete this connector
}

/// close() alone: the epoll set is shared, too, and connect(AF_UNSPEC) would end the parent's connect.
void EpollConnector::abandon() noexcept {
  uv_poll_stop(poll_.get());
  LoopTurn::cancel(outcomes_);
  for (Socket& socket : sockets_) close_socket(socket);
}

}  // namespace

std::unique_ptr<Connector> make_epoll_connector(const TargetSet& targets, LoopTurn& turn,
                                                const SocketSettings& settings) {
  return std::make_unique<EpollConnector>(targets, turn, settings);
}

}  // namespace portloop
