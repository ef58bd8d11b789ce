// Outcomes come in the order of a virtual clock, which stands still while the scan makes connects, and then goes on to
// the next outcome: a delay costs no time, and a slow machine or callback changes no order.
//
// Happy path of a slot: start() gets the answer and its due time; a turn of the loop in which nothing was started, and
// after which the scan has no work queued, reports the answers that are due first.
//
// What goes wrong:
//   - the slot's timer fires first, because a callback took long: poll() returns the answer at once
//   - the slot is released before its answer is due: the answer is dropped, by its serial number
//   - the process forks: the child reports nothing, and only closes the connections
#include "engine/connector_scripted.hpp"

#include <algorithm>
#include <cerrno>
#include <queue>
#include <utility>
#include <vector>

#include "engine/owned_handle.hpp"

namespace portloop {
namespace {

// Then the embedder's other handles have their turn.
constexpr size_t max_answers_per_turn = 64;

/// Whether it is about the path or the target, and not about this machine.
bool came_by_packet(int error_number) {
  switch (error_number) {
    case ECONNREFUSED:
    case ETIMEDOUT:
    case EHOSTUNREACH:
    case ENETUNREACH: return true;
    default: return false;
  }
}

class ScriptedConnector final : public Connector {
 public:
  explicit ScriptedConnector(ConnectScript script) : script_(std::move(script)) {}

  int open(uv_loop_t* loop, ConnectorEvents* events) override {
    events_ = events;
    turns_.owner = this;
    return uv_idle_init(loop, turns_.get());
  }
  uint32_t kind_of(const Endpoint&) const override { return 0; }
  /// An error of the script's is final.
  bool has_route(const Address&) const override { return false; }
  std::optional<ConnectOutcome> start(uint32_t slot, const Endpoint& endpoint) override;
  ConnectOutcome poll(uint32_t slot) override { return slots_[slot].outcome; }
  void release(uint32_t slot, Keep) override { slots_[slot] = {}; }
  int detach(uint32_t slot) override {
    const int fd = std::exchange(slots_[slot], {}).connection.take();
    return fd < 0 ? UV_ENOTCONN : fd;
  }
  void set_referenced(bool referenced) override { referenced ? uv_ref(turns_.any()) : uv_unref(turns_.any()); }
  void close(std::function<void()> on_closed) override {
    on_closed_ = std::move(on_closed);
    uv_close(turns_.any(), [](uv_handle_t* handle) {
      const std::function<void()> closed = std::move(decltype(turns_)::owner_of(handle).on_closed_);
      closed();  // may delete this connector
    });
  }
  void abandon() noexcept override {
    uv_idle_stop(turns_.get());
    for (Slot& slot : slots_) slot.connection.abandon();
  }

 private:
  struct Slot {
    uint64_t serial = 0;  // of its connect, from 1 on; 0: it is free
    ConnectOutcome outcome;
    KeptConnection connection;
  };
  struct Due {
    uint64_t at_us;
    uint64_t serial;
    uint32_t slot;
    bool operator>(const Due& other) const {
      return at_us != other.at_us ? at_us > other.at_us : serial > other.serial;
    }
  };

  void on_turn();

  ConnectScript script_;
  ConnectorEvents* events_ = nullptr;
  OwnedHandle<uv_idle_t, ScriptedConnector> turns_;  // active while answers are due
  std::vector<Slot> slots_;
  std::priority_queue<Due, std::vector<Due>, std::greater<>> due_;
  uint64_t now_us_ = 0;  // of the virtual clock
  uint64_t serial_ = 0;
  bool has_started_ = false;  // a connect, since the last turn
  std::function<void()> on_closed_;
};

std::optional<ConnectOutcome> ScriptedConnector::start(uint32_t slot, const Endpoint& endpoint) {
  if (slot >= slots_.size()) slots_.resize(slot + 1);
  ScriptedAnswer answer = script_(endpoint);
  due_.push({now_us_ + answer.delay_us, serial_ + 1, slot});
  slots_[slot] = {++serial_, {}, std::move(answer.connection)};
  slots_[slot].outcome.error_number = answer.error_number;
  slots_[slot].outcome.from_call = answer.error_number != 0 && !came_by_packet(answer.error_number);
  has_started_ = true;
  uv_idle_start(turns_.get(), [](uv_idle_t* idle) { decltype(turns_)::owner_of(idle).on_turn(); });
  return std::nullopt;
}

void ScriptedConnector::on_turn() {
  if (std::exchange(has_started_, false) || events_->has_queued_turn()) return;
  std::vector<Due> now;
  while (!due_.empty() && now.size() < max_answers_per_turn && (now.empty() || due_.top().at_us == now.back().at_us)) {
    if (slots_[due_.top().slot].serial == due_.top().serial) now.push_back(due_.top());
    due_.pop();
  }
  if (due_.empty()) uv_idle_stop(turns_.get());
  if (now.empty()) return;
  now_us_ = std::max(now_us_, now.back().at_us);
  for (const Due& answer : now) {
    // An earlier one of this turn may have ended the scan.
    if (slots_[answer.slot].serial != answer.serial) continue;
    const ConnectOutcome outcome = slots_[answer.slot].outcome;
    events_->on_outcome(answer.slot, outcome);
  }
  events_->on_batch_end(!due_.empty() && due_.top().at_us == now_us_);
}

}  // namespace

std::unique_ptr<Connector> make_scripted_connector(ConnectScript script) {
  return std::make_unique<ScriptedConnector>(std::move(script));
}

}  // namespace portloop
