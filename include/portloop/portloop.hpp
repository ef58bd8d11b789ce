// The C++20 interface of portloop: portloop.h with destructors, exceptions, and callbacks of any callable type.
// Header-only; link the same library.
//
// Threads, units, ranges and defaults are as documented in portloop.h. The differences:
//   - Setters and start() throw portloop::Error on failure.
//   - Callbacks must not throw: they are called from C code. If one does, std::terminate() is called.
//   - Destroying a Scan closes it. After that none of its callbacks is called, not even on_done. The loop frees
//     its memory, so it must run once more before it can be closed itself. A Scan may be destroyed inside its own
//     callbacks.
//   - A Scan that was closed or moved from is empty: stop(), pause(), resume(), set_in_flight(), set_rate(),
//     finish_input(), ref(), unref() and close() have no effect, stats() returns zeros, start() throws
//     Error(UV_EALREADY), and add_target() and add_range() throw Error(UV_ESHUTDOWN).
#ifndef PORTLOOP_PORTLOOP_HPP
#define PORTLOOP_PORTLOOP_HPP

#include <functional>
#include <memory>
#include <new>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "portloop/portloop.h"

namespace portloop {

/// Thrown by setters and start(). what() is one line and quotes the offending word, if there is one.
class Error : public std::runtime_error {
 public:
  Error(int code, const std::string& what) : std::runtime_error(what), code_(code) {}
  /// A negative libuv code.
  int code() const noexcept { return code_; }

 private:
  int code_;
};

/// Scans that share limits. Movable. Its scans go on when it is destroyed. See portloop_group_new().
class Group {
 public:
  /// Throws std::bad_alloc.
  Group() : handle_(portloop_group_new()) {
    if (!handle_) throw std::bad_alloc();
  }

  Group& in_flight(uint32_t connects) { return check(portloop_group_set_in_flight(get(), connects)); }
  Group& rate(double connects_per_second) { return check(portloop_group_set_rate(get(), connects_per_second)); }

  /// Owned by this object.
  portloop_group* get() const noexcept { return handle_.get(); }

 private:
  struct Free {
    void operator()(portloop_group* group) const noexcept { portloop_group_free(group); }
  };

  Group& check(int error) {
    if (error != 0) throw Error(error, uv_strerror(error));
    return *this;
  }

  std::unique_ptr<portloop_group, Free> handle_;
};

/// What to scan and how. Movable. Each setter returns *this, so that calls can be chained, and throws Error.
/// See portloop.h for ranges and defaults. May be used on any thread, but not on two at once.
class Options {
 public:
  /// Throws std::bad_alloc.
  Options() : handle_(portloop_options_new()) {
    if (!handle_) throw std::bad_alloc();
  }

  Options& add_target(const std::string& text) { return check(portloop_options_add_target(get(), text.c_str())); }
  Options& add_range(const sockaddr& first, const sockaddr& last) {
    return check(portloop_options_add_range(get(), &first, &last));
  }
  Options& exclude_target(const std::string& text) {
    return check(portloop_options_exclude_target(get(), text.c_str()));
  }
  Options& ports(const std::string& text) { return check(portloop_options_set_ports(get(), text.c_str())); }
  Options& exclude_ports(const std::string& text) { return check(portloop_options_exclude_ports(get(), text.c_str())); }
  Options& in_flight(uint32_t connects) { return check(portloop_options_set_in_flight(get(), connects)); }
  Options& rate(double connects_per_second) { return check(portloop_options_set_rate(get(), connects_per_second)); }
  Options& timeout_ms(uint32_t milliseconds) { return check(portloop_options_set_timeout_ms(get(), milliseconds)); }
  Options& adaptive(bool on) { return check(portloop_options_set_adaptive(get(), on ? 1 : 0)); }
  Options& stop_after(uint32_t open_ports) { return check(portloop_options_set_stop_after(get(), open_ports)); }
  Options& all_open(portloop_all_open use) { return check(portloop_options_set_all_open(get(), use)); }
  /// -1: adaptive.
  Options& retries(int times) { return check(portloop_options_set_retries(get(), times)); }
  Options& order(portloop_order order) { return check(portloop_options_set_order(get(), order)); }
  Options& seed(uint64_t seed) { return check(portloop_options_set_seed(get(), seed)); }
  Options& shard(uint32_t number, uint32_t count) { return check(portloop_options_set_shard(get(), number, count)); }
  /// Inclusive: positions that an earlier scan has finished.
  Options& skip_positions(uint64_t first, uint64_t last) {
    return check(portloop_options_skip_positions(get(), first, last));
  }
  Options& loops(uint32_t threads) { return check(portloop_options_set_loops(get(), threads)); }
  Options& group(const Group& group) { return check(portloop_options_set_group(get(), group.get())); }
  Options& open_input(bool on) { return check(portloop_options_set_open_input(get(), on ? 1 : 0)); }
  Options& threaded(bool on) { return check(portloop_options_set_threaded(get(), on ? 1 : 0)); }
  Options& connector(portloop_connector connector) { return check(portloop_options_set_connector(get(), connector)); }
  Options& banners(portloop_banners banners, uint32_t timeout_ms = 2000, uint32_t max_bytes = 512) {
    return check(portloop_options_set_banners(get(), banners, timeout_ms, max_bytes));
  }

  Options& source(const std::string& address) { return check(portloop_options_set_source(get(), address.c_str())); }
  Options& interface_name(const std::string& name) {
    return check(portloop_options_set_interface(get(), name.c_str()));
  }
  /// -1: the system's.
  Options& dscp(int value) { return check(portloop_options_set_dscp(get(), value)); }
  Options& mark(uint32_t value) { return check(portloop_options_set_mark(get(), value)); }
  /// `data` must be valid until on_done; nullptr: the network.
  Options& script(portloop_script_cb script_cb, void* data) {
    return check(portloop_options_set_script(get(), script_cb, data));
  }
  /// Open ports' connections may be taken over: see take_fd().
  Options& keep_connections(bool on) { return check(portloop_options_set_keep_connections(get(), on ? 1 : 0)); }

  /// Owned by this object.
  portloop_options* get() const noexcept { return handle_.get(); }

 private:
  struct Free {
    void operator()(portloop_options* options) const noexcept { portloop_options_free(options); }
  };

  Options& check(int error) {
    if (error == 0) return *this;
    const std::string why = portloop_options_error(get());
    throw Error(error, why.empty() ? uv_strerror(error) : why);
  }

  std::unique_ptr<portloop_options, Free> handle_;
};

/// One scan on the caller's loop, which must outlive it. Movable. Use it only on the loop's thread, except stats().
class Scan {
 public:
  /// The result and what it points to are valid only during the call.
  using OnResult = std::function<void(const portloop_result&)>;
  /// 0 if complete; UV_ECANCELED after stop() or close(); UV_ENOMEM.
  using OnDone = std::function<void(int status)>;

  /// Throws std::bad_alloc or Error if out of memory.
  explicit Scan(uv_loop_t* loop) : state_(new State) {
    const int error = portloop_scan_init(loop, &state_->scan);
    if (error != 0) {
      delete state_;
      throw Error(error, uv_strerror(error));
    }
    portloop_scan_set_data(state_->scan, state_);
  }
  ~Scan() { abandon(); }
  Scan(Scan&& other) noexcept : state_(std::exchange(other.state_, nullptr)) {}
  Scan& operator=(Scan&& other) noexcept {
    if (this != &other) {
      abandon();
      state_ = std::exchange(other.state_, nullptr);
    }
    return *this;
  }

  /// All results of one turn of the loop; they are valid only during the call.
  using OnBatch = std::function<void(std::span<const portloop_result* const>)>;
  /// Before start(), whose on_result is not called then. Throws Error once started or closed.
  void on_batch(OnBatch call) {
    if (state_ == nullptr) throw Error(UV_EALREADY, "the scan is closed");
    check(portloop_scan_set_batch_cb(state_->scan, call ? State::batch : nullptr));
    state_->on_batch = std::move(call);
  }
  /// Calls `call` every `interval_ms` while the scan runs. Before start(). Throws Error once started or closed, and if
  /// the interval is 0.
  void on_progress(uint32_t interval_ms, std::function<void()> call) {
    if (state_ == nullptr) throw Error(UV_EALREADY, "the scan is closed");
    check(portloop_scan_set_progress_cb(state_->scan, call ? State::progress : nullptr, interval_ms));
    state_->on_progress = std::move(call);
  }

  using OnHost = std::function<void(const sockaddr& address, portloop_host_event event)>;
  /// Before start(). Throws Error once started or closed.
  void on_host(OnHost call) {
    if (state_ == nullptr) throw Error(UV_EALREADY, "the scan is closed");
    check(portloop_scan_set_host_cb(state_->scan, call ? State::host : nullptr));
    state_->on_host = std::move(call);
  }

  /// Starts the scan; a scan runs only once. Copies the options. If it throws Error, no callback is called.
  void start(const Options& options, OnResult on_result, OnDone on_done = {}) {
    if (state_ == nullptr) throw Error(UV_EALREADY, "the scan is closed");
    State::Callbacks before = std::exchange(state_->callbacks, {std::move(on_result), std::move(on_done), {}});
    const int error = portloop_scan_start(state_->scan, options.get(), State::result, State::done);
    if (error == 0) return;
    std::swap(state_->callbacks, before);
    const std::string why = portloop_options_error(options.get());
    throw Error(error, why.empty() ? uv_strerror(error) : why);
  }

  /// Stops the scan early; on_done follows.
  void stop() noexcept {
    if (state_ != nullptr) portloop_scan_stop(state_->scan);
  }

  /// While a running scan is paused, it starts no connect. See portloop_scan_pause().
  void pause() noexcept {
    if (state_ != nullptr) portloop_scan_pause(state_->scan);
  }
  void resume() noexcept {
    if (state_ != nullptr) portloop_scan_resume(state_->scan);
  }

  /// Adds to a running scan whose input is open. `ports`: nullptr for the options'. See portloop_scan_add_target().
  void add_target(const std::string& text, const char* ports = nullptr, uint64_t tag = 0) {
    check_input(state_ == nullptr ? UV_ESHUTDOWN : portloop_scan_add_target(state_->scan, text.c_str(), ports, tag));
  }
  void add_range(const sockaddr& first, const sockaddr& last, const char* ports = nullptr, uint64_t tag = 0) {
    check_input(state_ == nullptr ? UV_ESHUTDOWN : portloop_scan_add_range(state_->scan, &first, &last, ports, tag));
  }
  /// Nothing more will be added.
  void finish_input() noexcept {
    if (state_ != nullptr) portloop_scan_finish_input(state_->scan);
  }

  /// Change the limits of a running scan. See portloop_scan_set_in_flight().
  void set_in_flight(uint32_t connects) {
    if (state_ != nullptr) check(portloop_scan_set_in_flight(state_->scan, connects));
  }
  void set_rate(double connects_per_second) {
    if (state_ != nullptr) check(portloop_scan_set_rate(state_->scan, connects_per_second));
  }

  /// Stops the scan if it is running (on_done is called first), frees it, then calls `on_closed` from the loop. This
  /// object is empty at once, so that on_done may close it again: that has no effect.
  void close(std::function<void()> on_closed = {}) noexcept {
    State* state = std::exchange(state_, nullptr);
    if (state == nullptr) return;
    state->callbacks.on_closed = std::move(on_closed);
    portloop_scan_close(state->scan, State::closed);
  }

  /// Whether the running scan keeps the loop alive. It does by default.
  void ref() noexcept {
    if (state_ != nullptr) portloop_scan_ref(state_->scan);
  }
  void unref() noexcept {
    if (state_ != nullptr) portloop_scan_unref(state_->scan);
  }

  /// May be called on any thread between a successful start() and the call of close() or of the destructor.
  portloop_stats stats() const noexcept {
    portloop_stats now{};
    if (state_ != nullptr) portloop_scan_stats(state_->scan, &now, sizeof now);
    return now;
  }

  /// False after close() or after being moved from.
  explicit operator bool() const noexcept { return state_ != nullptr; }

 private:
  /// Lives until the loop has closed the scan: longer than the Scan, and longer than a callback that destroys it.
  struct State {
    struct Callbacks {
      OnResult on_result;
      OnDone on_done;
      std::function<void()> on_closed;
    };

    static State& of(portloop_scan* scan) noexcept { return *static_cast<State*>(portloop_scan_data(scan)); }
    static void result(portloop_scan* scan, const portloop_result* result) noexcept {
      State& state = of(scan);
      if (!state.abandoned && state.callbacks.on_result) state.callbacks.on_result(*result);
    }
    static void batch(portloop_scan* scan, const portloop_result* const* results, size_t count) noexcept {
      State& state = of(scan);
      if (!state.abandoned) state.on_batch({results, count});
    }
    static void host(portloop_scan* scan, const sockaddr* address, portloop_host_event event) noexcept {
      State& state = of(scan);
      if (!state.abandoned) state.on_host(*address, event);
    }
    static void progress(portloop_scan* scan) noexcept {
      State& state = of(scan);
      if (!state.abandoned) state.on_progress();
    }
    static void done(portloop_scan* scan, int status) noexcept {
      State& state = of(scan);
      if (!state.abandoned && state.callbacks.on_done) state.callbacks.on_done(status);
    }
    static void closed(portloop_scan* scan) noexcept {
      const std::unique_ptr<State> state(&of(scan));
      if (!state->abandoned && state->callbacks.on_closed) state->callbacks.on_closed();
    }

    portloop_scan* scan = nullptr;
    Callbacks callbacks;
    OnBatch on_batch;
    std::function<void()> on_progress;
    OnHost on_host;
    bool abandoned = false;
  };

  static void check(int error) {
    if (error != 0) throw Error(error, uv_strerror(error));
  }

  void check_input(int error) {
    if (error == 0) return;
    const std::string why = state_ == nullptr ? "" : portloop_scan_input_error(state_->scan);
    throw Error(error, why.empty() ? uv_strerror(error) : why);
  }

  void abandon() noexcept {
    if (state_ == nullptr) return;
    state_->abandoned = true;
    portloop_scan_close(std::exchange(state_, nullptr)->scan, State::closed);
  }

  State* state_;
};

/// The result's address, without its port: "10.0.0.1", "fe80::1%2". Thread-safe.
inline std::string address_text(const portloop_result& result) {
  char text[64];
  const int error = portloop_format_address(reinterpret_cast<const sockaddr*>(&result.address), text, sizeof text);
  if (error != 0) throw Error(error, uv_strerror(error));
  return text;
}

/// The result's banner: raw bytes from the network, empty if none were read. Valid as long as the result.
inline std::string_view banner_of(const portloop_result& result) {
  return result.banner == nullptr ? std::string_view() : std::string_view(result.banner, result.banner_length);
}

/// Takes over the connection to an open port; only in the callback of its result. Returns its descriptor, which the
/// caller closes: connected, non-blocking, close-on-exec. -1 if there is none. See portloop_result_take_fd().
inline int take_fd(const portloop_result& result) noexcept {
  const int fd = portloop_result_take_fd(&result);
  return fd < 0 ? -1 : fd;
}

}  // namespace portloop

#endif
