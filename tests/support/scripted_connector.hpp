// A scripted connector: each connect to a port gets the next outcome in the port's script.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <vector>

#include "engine/connector.hpp"

namespace portloop::testing {

/// The outcome of one connect, and when it becomes known.
struct Scripted {
  enum When {
    in_call,    ///< start() returns it.
    on_event,   ///< It is reported in a later turn of the loop.
    when_late,  ///< Only poll() returns it, after the deadline: the event has not been seen.
    never,
  };
  When when = never;
  portloop::ConnectOutcome outcome;
};

class ScriptedConnector final : public portloop::Connector {
 public:
  /// The script, and what the connector was called for. Outlives it.
  struct Log {
    std::map<uint16_t, std::deque<Scripted>> script;  // by port; the last entry is repeated
    std::map<uint16_t, int> connects;
    int polled_late = 0;
    int released_whole = 0;  // Keep::socket
    int released_odd = 0;    // Keep::nothing
    size_t in_use = 0;
    bool released_twice = false;
    bool has_route = false;
    bool closed = false;
    std::function<void()> on_start;
  };

  explicit ScriptedConnector(Log& log) : log_(log) {}

  int open(uv_loop_t* loop, portloop::ConnectorEvents* events) override {
    events_ = events;
    uv_idle_init(loop, &turns_);
    turns_.data = this;
    return 0;
  }
  uint32_t kind_of(const portloop::Endpoint&) const override { return 0; }
  bool has_route(const portloop::Address&) const override { return log_.has_route; }

  std::optional<portloop::ConnectOutcome> start(uint32_t slot, const portloop::Endpoint& endpoint) override {
    ++log_.connects[endpoint.port];
    if (log_.on_start) log_.on_start();
    auto& script = log_.script[endpoint.port];
    const Scripted now = script.empty() ? Scripted{} : script.front();
    if (script.size() > 1) script.pop_front();
    if (slot >= slots_.size()) slots_.resize(slot + 1);
    slots_[slot] = {now, true};
    ++log_.in_use;
    if (now.when == Scripted::in_call) return now.outcome;
    if (now.when == Scripted::on_event) {
      due_.push_back(slot);
      uv_idle_start(&turns_, [](uv_idle_t* idle) { static_cast<ScriptedConnector*>(idle->data)->report(); });
    }
    return std::nullopt;
  }

  portloop::ConnectOutcome poll(uint32_t slot) override {
    ++log_.polled_late;
    if (slots_[slot].scripted.when == Scripted::when_late) return slots_[slot].scripted.outcome;
    portloop::ConnectOutcome pending;
    pending.error_number = EALREADY;
    return pending;
  }

  void release(uint32_t slot, Keep keep) override {
    if (!slots_[slot].in_use) log_.released_twice = true;
    slots_[slot].in_use = false;
    --log_.in_use;
    ++(keep == Keep::socket ? log_.released_whole : log_.released_odd);
  }

  int detach(uint32_t slot) override {
    release(slot, Keep::nothing);
    return UV_ENOTSUP;
  }
  void set_referenced(bool referenced) override {
    referenced ? uv_ref(reinterpret_cast<uv_handle_t*>(&turns_)) : uv_unref(reinterpret_cast<uv_handle_t*>(&turns_));
  }

  void abandon() noexcept override {}

  void close(std::function<void()> on_closed) override {
    on_closed_ = std::move(on_closed);
    uv_close(reinterpret_cast<uv_handle_t*>(&turns_), [](uv_handle_t* handle) {
      auto* self = static_cast<ScriptedConnector*>(handle->data);
      self->log_.closed = true;
      const auto closed = std::move(self->on_closed_);
      closed();
    });
  }

 private:
  struct Slot {
    Scripted scripted;
    bool in_use = false;
  };

  void report() {
    uv_idle_stop(&turns_);
    const std::vector<uint32_t> due = std::move(due_);
    due_.clear();
    for (const uint32_t slot : due) {
      if (slots_[slot].in_use) events_->on_outcome(slot, slots_[slot].scripted.outcome);
    }
    events_->on_batch_end(false);
  }

  Log& log_;
  portloop::ConnectorEvents* events_ = nullptr;
  uv_idle_t turns_{};
  std::vector<Slot> slots_;
  std::vector<uint32_t> due_;
  std::function<void()> on_closed_;
};

}  // namespace portloop::testing
