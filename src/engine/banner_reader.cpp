// Happy path: the connection is taken over from its slot; bytes arrive, then a short pause or the end of the stream;
// the connection is reset, and the result waits for its place in the turn of the loop to be reported with its banner.
//
// What goes wrong:
//   - nothing arrives: after the timeout a GET is sent, if that is wanted; then the result has no banner
//   - bytes arrive one by one for ever: the deadline is absolute
//   - more arrives than max_bytes: the rest is left unread
//   - the peer resets the connection: the banner is what has arrived so far
//   - the connection is to be kept: it is, unless it was reset
//   - the timer fires late, because a callback blocked the loop: bytes that are already in the kernel are read first
#include "engine/banner_reader.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <new>
#include <string>

#include "core/printer_ports.hpp"
#include "engine/duplicate_descriptor.hpp"
#include "sockets/kept_connection.hpp"

namespace portloop {
namespace {

// Servers send their banner in one go: after a pause of this length it is complete.
constexpr uint64_t quiet_ms = 100;

constexpr std::string_view get_request = "GET / HTTP/1.0\r\n\r\n";

/// Sends without waiting: a few bytes always fit into the buffer of a connection that has sent nothing yet. Not with
/// uv_write(), which raises SIGPIPE if the peer is gone: how the embedder handles signals is not ours to assume.
bool send_now(uv_tcp_t& tcp, std::string_view bytes) {
#ifdef MSG_NOSIGNAL
  uv_os_fd_t fd = -1;
  if (uv_fileno(reinterpret_cast<const uv_handle_t*>(&tcp), &fd) != 0) return false;
  return send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT) == static_cast<ssize_t>(bytes.size());
#else  // no SIGPIPE from libuv's sockets here: libuv sets SO_NOSIGPIPE, or the system has no signals
  uv_buf_t buffer = uv_buf_init(const_cast<char*>(bytes.data()), static_cast<unsigned>(bytes.size()));
  return uv_try_write(reinterpret_cast<uv_stream_t*>(&tcp), &buffer, 1) == static_cast<int>(bytes.size());
#endif
}

/// Returns whether bytes have arrived that libuv has not read yet.
bool has_unread_bytes(uv_tcp_t& tcp) {
  uv_os_fd_t fd = -1;
  char byte;
  return uv_fileno(reinterpret_cast<const uv_handle_t*>(&tcp), &fd) == 0 &&
         recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

}  // namespace

struct BannerReader::Reading {
  OwnedHandle<uv_tcp_t, Reading> tcp;
  OwnedHandle<uv_timer_t, Reading> timer;
  BannerReader* reader = nullptr;
  ProbeResult result;
  size_t place = 0;  // index in readings_
  Reading* next_ended = nullptr;
  KeptConnection connection;  // of a reading that has ended, if connections are kept
  bool delivered = false;
  std::string bytes;
  std::array<char, 1024> buffer;
  uint64_t deadline_ms = 0;
  bool get_sent = false;
  int open_handles = 2;

  /// Returns false if out of memory.
  bool append(size_t length) noexcept {
    try {
      bytes.append(buffer.data(), length);
      return true;
    } catch (const std::bad_alloc&) {
      return false;
    }
  }
};

BannerReader::BannerReader(uv_loop_t* loop, LoopTurn& turn, const BannerOptions& options, bool keep,
                           uint32_t max_at_once, std::function<void(const ProbeResult&)> on_read)
    : loop_(loop),
      turn_(turn),
      options_(options),
      keep_(keep),
      max_at_once_(max_at_once),
      on_read_(std::move(on_read)) {}

BannerReader::~BannerReader() = default;

void BannerReader::read(Connector& connector, uint32_t slot, const ProbeResult& result) {
  // After these allocations only the hand-over can fail.
  Reading* reading = nullptr;
  try {
    if (readings_.size() == readings_.capacity()) readings_.reserve(std::max<size_t>(16, 2 * readings_.size()));
    reading = new Reading;
  } catch (const std::bad_alloc&) {
    connector.release(slot, Connector::Keep::nothing);
    on_read_(result);
    return;
  }
  reading->reader = this;
  reading->place = readings_.size();
  reading->result = result;
  reading->tcp.owner = reading->timer.owner = reading;
  uv_tcp_init(loop_, reading->tcp.get());
  uv_timer_init(loop_, reading->timer.get());
  open_handles_ += 2;
  ++active_;
  readings_.push_back(reading);
  if (!referenced_) {
    uv_unref(reading->tcp.any());
    uv_unref(reading->timer.any());
  }
  const int fd = connector.detach(slot);
  int error = fd < 0 ? fd : uv_tcp_open(reading->tcp.get(), fd);
  if (fd >= 0 && error != 0) KeptConnection(fd).reset();
  if (error == 0) error = uv_read_start(reinterpret_cast<uv_stream_t*>(reading->tcp.get()), on_allocate, on_read);
  if (error != 0) {
    end(*reading);
    return;
  }
  reading->deadline_ms = uv_now(loop_) + options_.timeout_ms;
  uv_timer_start(reading->timer.get(), on_deadline, options_.timeout_ms, 0);
}

void BannerReader::on_allocate(uv_handle_t* handle, size_t, uv_buf_t* buffer) {
  Reading* reading = &decltype(Reading::tcp)::owner_of(handle);
  *buffer = uv_buf_init(reading->buffer.data(), static_cast<unsigned>(reading->buffer.size()));
}

void BannerReader::on_read(uv_stream_t* stream, ssize_t length, const uv_buf_t*) {
  Reading* reading = &decltype(Reading::tcp)::owner_of(reinterpret_cast<uv_tcp_t*>(stream));
  BannerReader* self = reading->reader;
  if (length < 0) {
    self->end(*reading);
    return;
  }
  const size_t room = self->options_.max_bytes - reading->bytes.size();
  if (!reading->append(std::min(static_cast<size_t>(length), room)) ||
      reading->bytes.size() >= self->options_.max_bytes) {
    self->end(*reading);
    return;
  }
  const uint64_t now_ms = uv_now(self->loop_);
  const uint64_t left_ms = reading->deadline_ms > now_ms ? reading->deadline_ms - now_ms : 0;
  uv_timer_start(reading->timer.get(), on_deadline, std::min(quiet_ms, left_ms), 0);
}

void BannerReader::on_deadline(uv_timer_t* timer) {
  Reading* reading = &decltype(Reading::timer)::owner_of(timer);
  BannerReader* self = reading->reader;
  if (self->turn_.is_forked()) return;  // it is ended before the loop polls
  // Timers run before the loop polls. With 0 ms this one would run again before the poll.
  if (reading->bytes.empty() && has_unread_bytes(reading->tcp.handle)) {
    uv_timer_start(timer, on_deadline, 1, 0);
    return;
  }
  const bool may_send = self->options_.printers || !is_printer_port(reading->result.endpoint.port);
  if (reading->bytes.empty() && self->options_.http && may_send && !reading->get_sent) {
    self->send_get(*reading);
  } else {
    self->end(*reading);
  }
}

void BannerReader::send_get(Reading& reading) {
  reading.get_sent = true;
  if (!send_now(reading.tcp.handle, get_request)) {
    end(reading);
    return;
  }
  reading.deadline_ms = uv_now(loop_) + options_.timeout_ms;
  uv_timer_start(reading.timer.get(), on_deadline, options_.timeout_ms, 0);
}

void BannerReader::end(Reading& reading) {
  readings_[reading.place] = readings_.back();
  readings_[reading.place]->place = reading.place;
  readings_.pop_back();
  (first_ended_ == nullptr ? first_ended_ : last_ended_->next_ended) = &reading;
  last_ended_ = &reading;
  turn_.queue_outcomes(delivery_);
  uv_timer_stop(reading.timer.get());
  const auto tcp_closed = [](uv_handle_t* handle) { handle_closed(&decltype(Reading::tcp)::owner_of(handle)); };
  KeptConnection& kept = reading.connection;
  if (keep_ && !turn_.is_forked()) kept = KeptConnection(duplicate_descriptor(reading.tcp.any()));
  if (!kept.is_connected()) kept.reset();
  // A plain close leaves a connection that is kept intact.
  if (turn_.is_forked() || kept || uv_tcp_close_reset(reading.tcp.get(), tcp_closed) != 0) {
    uv_close(reading.tcp.any(), tcp_closed);
  }
  uv_close(reading.timer.any(),
           [](uv_handle_t* handle) { handle_closed(&decltype(Reading::timer)::owner_of(handle)); });
}

/// In a child process nothing is reported, so it takes no time.
void BannerReader::deliver_some() {
  while (first_ended_ != nullptr) {
    Reading* reading = first_ended_;
    first_ended_ = reading->next_ended;
    --active_;
    turn_.count_step();
    ProbeResult result = reading->result;
    result.banner = reading->bytes;
    if (reading->connection) result.connection = &reading->connection;
    on_read_(result);
    if (turn_.is_forked()) reading->connection.abandon();
    reading->connection = {};  // reset, unless it was taken
    reading->delivered = true;
    forget_if_closed(reading);
    if (first_ended_ != nullptr && !turn_.is_forked() && turn_.is_over(uv_hrtime() / 1000)) {
      turn_.queue_outcomes(delivery_);
      return;
    }
  }
}

void BannerReader::handle_closed(Reading* reading) {
  BannerReader* self = reading->reader;
  --reading->open_handles;
  --self->open_handles_;
  self->forget_if_closed(reading);
  self->call_when_closed();
}

void BannerReader::forget_if_closed(Reading* reading) {
  if (reading->open_handles == 0 && reading->delivered) delete reading;
}

void BannerReader::call_when_closed() {
  if (open_handles_ > 0 || !on_closed_) return;
  const std::function<void()> on_closed = std::move(on_closed_);
  on_closed();  // may delete this
}

bool BannerReader::end_some(size_t max) {
  for (; max > 0 && !readings_.empty(); --max) end(*readings_.back());
  deliver_some();
  return idle();
}

void BannerReader::set_referenced(bool referenced) {
  referenced_ = referenced;
  for (Reading* reading : readings_) {
    for (uv_handle_t* handle : {reading->tcp.any(), reading->timer.any()}) {
      referenced ? uv_ref(handle) : uv_unref(handle);
    }
  }
}

void BannerReader::when_closed(std::function<void()> on_closed) {
  LoopTurn::cancel(delivery_);  // there is nothing to deliver
  on_closed_ = std::move(on_closed);
  call_when_closed();
}

}  // namespace portloop
