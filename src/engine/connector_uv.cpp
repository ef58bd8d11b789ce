// A fresh uv_tcp_t for each probe. Uses libuv alone, so it works wherever libuv does. A probe costs twice as much as
// with the epoll connector, because socket() and close() cost more than the connect.
//
// Happy path of a slot: uv_tcp_init(), uv_tcp_connect(), its callback with a status, after the poll the report of
// the outcome, uv_close(). A handle is never connected twice: libuv would report the old connection for the new port.
//
// What goes wrong:
//   - status 0 alone proves nothing (an ICMP error may wake the poller before it is set): it counts only if the peer's
//     address can be read. Otherwise the outcome is ETIMEDOUT, and the probe is retried.
//   - uv_tcp_connect() itself returns an error: it is classified as the connect call's own
//   - a thousand callbacks in one turn of the loop: they only store their status; the outcomes are reported in batches,
//     so that the embedder's handles run in between
//   - the slot is released before its connect ends: uv_close() calls the connect callback with UV_ECANCELED and then
//     the close callback; the connection belongs to no slot any more and frees itself
#include <cerrno>
#include <deque>
#include <new>
#include <vector>

#include "engine/connector.hpp"
#include "engine/duplicate_descriptor.hpp"
#include "sockets/socket_address.hpp"

namespace portloop {
namespace {

class UvConnector final : public Connector {
 public:
  UvConnector(LoopTurn& turn, const SocketSettings& settings) : turn_(turn), settings_(settings) {}
  int open(uv_loop_t* loop, ConnectorEvents* events) override;
  uint32_t kind_of(const Endpoint&) const override { return 0; }
  bool has_route(const Address& address) const override {
    return portloop::has_route(to_socket_address({address, 9}), settings_);
  }
  std::optional<ConnectOutcome> start(uint32_t slot, const Endpoint& endpoint) override;
  ConnectOutcome poll(uint32_t slot) override;
  void release(uint32_t slot, Keep keep) override;
  int detach(uint32_t slot) override;
  void set_referenced(bool referenced) override;
  void close(std::function<void()> on_closed) override;
  void abandon() noexcept override;

 private:
  /// One connect. Owned by its slot, and after release() by its close callback.
  struct Connection {
    OwnedHandle<uv_tcp_t, Connection> tcp;
    uv_connect_t request{};
    UvConnector* owner = nullptr;
    uint32_t slot = 0;
    bool ended = false;  // then `status` is set
    int status = 0;
    bool released = false;
  };

  static void on_connect_done(uv_connect_t* request, int status);
  static void on_tcp_closed(uv_handle_t* handle);
  void report_outcomes();
  static ConnectOutcome outcome_of(const Connection& connection, int status);
  int prepare(Connection& connection, Family family) const;
  void close_connection(Connection* connection) const;
  void connection_closed();

  uv_loop_t* loop_ = nullptr;
  ConnectorEvents* events_ = nullptr;
  LoopTurn& turn_;
  SocketSettings settings_;
  std::vector<Connection*> slots_;
  size_t alive_ = 0;            // connections whose close callback has not run
  std::deque<uint32_t> ended_;  // slots whose connect has ended; some may have been released since
  bool referenced_ = true;
  bool abandoned_ = false;
  LoopTurn::Work outcomes_{[](void* self) { static_cast<UvConnector*>(self)->report_outcomes(); }, this};
  OwnedHandle<uv_idle_t, UvConnector> closer_;  // its closing is the last part of close()
  std::function<void()> on_closed_;
};

int UvConnector::open(uv_loop_t* loop, ConnectorEvents* events) {
  loop_ = loop;
  events_ = events;
  return 0;
}

std::optional<ConnectOutcome> UvConnector::start(uint32_t slot, const Endpoint& endpoint) {
  if (slot >= slots_.size()) slots_.resize(slot + 1);
  const SocketAddress address = to_socket_address(endpoint);
  auto* connection = new Connection;
  connection->owner = this;
  connection->slot = slot;
  connection->tcp.owner = connection;
  connection->request.data = connection;
  // With a family the socket is created now, and running out of descriptors is reported now.
  int error = uv_tcp_init_ex(loop_, connection->tcp.get(), address.any.sa_family);
  if (error != 0) {
    delete connection;
    return ConnectOutcome::of_call(-error);
  }
  ++alive_;
  if (!referenced_) uv_unref(connection->tcp.any());
  slots_[slot] = connection;
  if (const int error_number = prepare(*connection, endpoint.address.family))
    return ConnectOutcome::of_call(error_number);
  error = uv_tcp_connect(&connection->request, connection->tcp.get(), &address.any, on_connect_done);
  if (error == 0) return std::nullopt;
  ConnectOutcome outcome = ConnectOutcome::of_call(-error);
  outcome.no_source = error == UV_EADDRNOTAVAIL && !has_source_address(address, settings_);
  return outcome;
}

/// Returns 0 or an errno.
int UvConnector::prepare(Connection& connection, Family family) const {
  uv_os_fd_t fd = -1;
  if (const int error = uv_fileno(connection.tcp.any(), &fd)) return -error;
  const std::optional<RefusedSetting> refused = apply_settings(fd, family, settings_);
  return refused ? refused->error_number : 0;
}

ConnectOutcome UvConnector::outcome_of(const Connection& connection, int status) {
  ConnectOutcome outcome;
  outcome.error_number = -status;
  if (status != 0) return outcome;
  uv_os_fd_t fd = -1;
  Endpoint local, remote;
  if (uv_fileno(reinterpret_cast<const uv_handle_t*>(&connection.tcp.handle), &fd) != 0 ||
      !find_peer(fd, local, remote)) {
    outcome.error_number = ETIMEDOUT;  // not connected after all, and the reason is lost
    return outcome;
  }
  if (local.address == remote.address) outcome.peer = local.port == remote.port ? Peer::self : Peer::own_address;
  return outcome;
}

void UvConnector::on_connect_done(uv_connect_t* request, int status) {
  auto* connection = static_cast<Connection*>(request->data);
  if (status == UV_ECANCELED || connection->released) return;  // its close callback follows
  UvConnector* self = connection->owner;
  connection->ended = true;
  connection->status = status;
  try {
    self->ended_.push_back(connection->slot);
  } catch (const std::bad_alloc&) {
    return;  // the slot's deadline will poll it
  }
  self->turn_.queue_outcomes(self->outcomes_);
}

void UvConnector::report_outcomes() {
  const uint64_t began_us = uv_hrtime() / 1000;
  // Twice the time, because the scanner starts two batches of connects in a turn. An outcome left for the next turn
  // costs one more system call: libuv disarms its descriptor before it polls again, because its handle is not closed
  // yet.
  for (uint64_t now_us = began_us; !ended_.empty() && now_us - began_us <= 2 * max_batch_us && !turn_.is_over(now_us);
       now_us = uv_hrtime() / 1000) {
    const uint32_t slot = ended_.front();
    ended_.pop_front();
    const Connection* connection = slots_[slot];
    // It may have been released meanwhile, or even be in use again; then that connect is added to the list when it
    // ends.
    if (connection == nullptr || !connection->ended) continue;
    events_->on_outcome(slot, outcome_of(*connection, connection->status));
  }
  if (!ended_.empty()) turn_.queue_outcomes(outcomes_);
  events_->on_batch_end(!ended_.empty());
}

/// libuv can't poll a pending connect, but if the peer's address can be read, it has succeeded.
ConnectOutcome UvConnector::poll(uint32_t slot) {
  const Connection& connection = *slots_[slot];
  if (connection.ended) return outcome_of(connection, connection.status);
  ConnectOutcome outcome = outcome_of(connection, 0);
  if (outcome.error_number != 0) outcome.error_number = EALREADY;
  return outcome;
}

void UvConnector::release(uint32_t slot, Keep) {
  Connection* connection = slots_[slot];
  if (connection == nullptr) return;
  slots_[slot] = nullptr;
  close_connection(connection);
}

void UvConnector::close_connection(Connection* connection) const {
  connection->released = true;
  // A reset leaves no TIME_WAIT. If it fails, it has closed nothing.
  if (abandoned_ || uv_tcp_close_reset(connection->tcp.get(), on_tcp_closed) != 0) {
    uv_close(connection->tcp.any(), on_tcp_closed);
  }
}

void UvConnector::on_tcp_closed(uv_handle_t* handle) {
  Connection* connection = &decltype(Connection::tcp)::owner_of(handle);
  UvConnector* self = connection->owner;
  delete connection;
  self->connection_closed();
}

int UvConnector::detach(uint32_t slot) {
  // A plain close (no reset) of the original leaves the connection intact.
  Connection* connection = slots_[slot];
  const int fd = duplicate_descriptor(connection->tcp.any());
  slots_[slot] = nullptr;
  connection->released = true;
  uv_close(connection->tcp.any(), on_tcp_closed);
  return fd;
}

void UvConnector::set_referenced(bool referenced) {
  referenced_ = referenced;
  for (Connection* connection : slots_) {
    if (connection == nullptr) continue;
    referenced ? uv_ref(connection->tcp.any()) : uv_unref(connection->tcp.any());
  }
}

void UvConnector::close(std::function<void()> on_closed) {
  LoopTurn::cancel(outcomes_);
  on_closed_ = std::move(on_closed);
  ++alive_;
  closer_.owner = this;
  uv_idle_init(loop_, closer_.get());  // even without a connection, on_closed_ is called from the loop
  uv_close(closer_.any(), [](uv_handle_t* handle) { decltype(closer_)::owner_of(handle).connection_closed(); });
}

void UvConnector::connection_closed() {
  if (--alive_ > 0 || !on_closed_) return;
  const std::function<void()> on_closed = std::move(on_closed_);
  on_closed();  // may delete this connector
}

/// No reset: it would set an option of a socket that is the parent's.
void UvConnector::abandon() noexcept {
  abandoned_ = true;
  LoopTurn::cancel(outcomes_);
  ended_.clear();
  for (uint32_t slot = 0; slot < slots_.size(); ++slot) release(slot, Keep::nothing);
}

}  // namespace

std::unique_ptr<Connector> make_uv_connector(LoopTurn& turn, const SocketSettings& settings) {
  return std::make_unique<UvConnector>(turn, settings);
}

}  // namespace portloop
