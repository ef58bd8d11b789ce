#include "compare/recording_connector.hpp"

#include <cerrno>
#include <utility>
#include <vector>

#include "models/blocking_connect.hpp"

namespace portloop::compare {
namespace {

class RecordingConnector final : public Connector, private ConnectorEvents {
 public:
  RecordingConnector(std::unique_ptr<Connector> inner, uint32_t loop, const ProbeNumbers& numbers, Recording& recording)
      : inner_(std::move(inner)), loop_(static_cast<uint16_t>(loop)), numbers_(numbers), recording_(recording) {}

  int open(uv_loop_t* loop, ConnectorEvents* events) override;
  uint32_t kind_of(const Endpoint& endpoint) const override { return inner_->kind_of(endpoint); }
  bool has_route(const Address& address) const override { return inner_->has_route(address); }
  std::optional<ConnectOutcome> start(uint32_t slot, const Endpoint& endpoint) override;
  ConnectOutcome poll(uint32_t slot) override;
  void release(uint32_t slot, Keep keep) override;
  int detach(uint32_t slot) override {
    record(slot);
    return inner_->detach(slot);
  }
  void set_referenced(bool referenced) override { inner_->set_referenced(referenced); }
  void close(std::function<void()> on_closed) override;
  void abandon() noexcept override { inner_->abandon(); }

 private:
  /// The connect of a slot.
  struct Live {
    bool busy = false;
    bool ended = false;
    RecordedConnect connect;
  };

  void on_outcome(uint32_t slot, const ConnectOutcome& outcome) override;
  void on_batch_end(bool more_wait) override { events_->on_batch_end(more_wait); }
  bool has_queued_turn() const override { return events_->has_queued_turn(); }
  void note(uint32_t slot, const ConnectOutcome& outcome);
  void record(uint32_t slot);
  void wake_up();
  void fall_asleep();
  static void on_handle_closed(uv_handle_t* handle);

  std::unique_ptr<Connector> inner_;
  uint16_t loop_;
  const ProbeNumbers& numbers_;
  Recording& recording_;
  ConnectorEvents* events_ = nullptr;
  std::vector<Live> slots_;
  bool awake_ = false;
  RecordedTurn turn_;
  uv_prepare_t before_wait_{};
  uv_check_t after_wait_{};
  int open_handles_ = 0;
  std::function<void()> on_closed_;
};

int RecordingConnector::open(uv_loop_t* loop, ConnectorEvents* events) {
  events_ = events;
  const int error = inner_->open(loop, this);
  if (error != 0) return error;
  uv_prepare_init(loop, &before_wait_);
  uv_check_init(loop, &after_wait_);
  before_wait_.data = after_wait_.data = this;
  open_handles_ = 2;
  uv_prepare_start(&before_wait_,
                   [](uv_prepare_t* handle) { static_cast<RecordingConnector*>(handle->data)->fall_asleep(); });
  uv_check_start(&after_wait_, [](uv_check_t* handle) { static_cast<RecordingConnector*>(handle->data)->wake_up(); });
  uv_unref(reinterpret_cast<uv_handle_t*>(&before_wait_));
  uv_unref(reinterpret_cast<uv_handle_t*>(&after_wait_));
  wake_up();
  return 0;
}

// ---- Turns ----

void RecordingConnector::wake_up() {
  if (awake_) return;
  awake_ = true;
  turn_ = {};
  turn_.start_us = recording_.now_us();
  turn_.loop = loop_;
}

/// Turns in which no connect starts or ends are not recorded.
void RecordingConnector::fall_asleep() {
  if (!awake_) return;
  awake_ = false;
  if (turn_.started == 0 && turn_.ended == 0) return;
  turn_.end_us = recording_.now_us();
  recording_.add(turn_);
}

// ---- Connects ----

std::optional<ConnectOutcome> RecordingConnector::start(uint32_t slot, const Endpoint& endpoint) {
  if (slot >= slots_.size()) slots_.resize(slot + 1);
  Live& live = slots_[slot];
  live = {};
  live.busy = true;
  live.connect.probe = static_cast<uint32_t>(numbers_.of(endpoint).value_or(0)) & 0xffffff;
  live.connect.thread = loop_;
  live.connect.slot = static_cast<uint16_t>(slot);
  live.connect.start_us = recording_.now_us();
  ++turn_.started;
  const std::optional<ConnectOutcome> outcome = inner_->start(slot, endpoint);
  if (outcome) note(slot, *outcome);
  return outcome;
}

void RecordingConnector::on_outcome(uint32_t slot, const ConnectOutcome& outcome) {
  wake_up();  // the outcomes are reported before the loop calls its check handles
  note(slot, outcome);
  events_->on_outcome(slot, outcome);
}

ConnectOutcome RecordingConnector::poll(uint32_t slot) {
  const ConnectOutcome outcome = inner_->poll(slot);
  note(slot, outcome);
  return outcome;
}

void RecordingConnector::note(uint32_t slot, const ConnectOutcome& outcome) {
  Live& live = slots_[slot];
  live.connect.end_us = recording_.now_us();
  live.connect.state = state_of_connect(classify(outcome));
  live.ended = true;
}

void RecordingConnector::release(uint32_t slot, Keep keep) {
  record(slot);
  inner_->release(slot, keep);
}

void RecordingConnector::record(uint32_t slot) {
  if (slot >= slots_.size() || !slots_[slot].busy) return;
  Live& live = slots_[slot];
  live.busy = false;
  if (!live.ended) live.connect.end_us = recording_.now_us();  // the scan was stopped
  ++turn_.ended;
  recording_.add(live.connect);
}

// ---- The end ----

void RecordingConnector::close(std::function<void()> on_closed) {
  fall_asleep();
  on_closed_ = std::move(on_closed);
  inner_->close([this] {
    uv_close(reinterpret_cast<uv_handle_t*>(&before_wait_), on_handle_closed);
    uv_close(reinterpret_cast<uv_handle_t*>(&after_wait_), on_handle_closed);
  });
}

void RecordingConnector::on_handle_closed(uv_handle_t* handle) {
  auto* self = static_cast<RecordingConnector*>(handle->data);
  if (--self->open_handles_ > 0) return;
  const std::function<void()> on_closed = std::move(self->on_closed_);
  on_closed();  // may delete this connector
}

}  // namespace

std::unique_ptr<Connector> make_recording_connector(std::unique_ptr<Connector> inner, uint32_t loop,
                                                    const ProbeNumbers& numbers, Recording& recording) {
  return std::make_unique<RecordingConnector>(std::move(inner), loop, numbers, recording);
}

}  // namespace portloop::compare
