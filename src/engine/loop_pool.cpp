#include "engine/loop_pool.hpp"

#include <algorithm>
#include <cassert>
#include <csignal>
#include <new>

#include "engine/descriptor_check.hpp"
#include "sockets/descriptor_table.hpp"

namespace portloop {
namespace {

// A lane hands its results over when it has this many, or when its loop is about to poll.
constexpr size_t batch_size = 128;
// Results that wait for the caller, 10 MiB at most without their banners; if there are more, the lanes wait.
constexpr size_t max_queued = 65536;
constexpr size_t deliveries_per_turn = 256;

/// Blocks all signals in this thread while it lives. A new thread inherits the mask: no handler of the embedder's may
/// run on our threads.
class SignalsBlocked {
 public:
  SignalsBlocked() {
#ifndef _WIN32
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before_);
#endif
  }
  ~SignalsBlocked() {
#ifndef _WIN32
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
#endif
  }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

 private:
#ifndef _WIN32
  sigset_t before_{};
#endif
};

}  // namespace

/// One thread. The pool's thread creates and joins it; between start_thread() and join() it may call only
/// wake() and counters().
class LoopPool::Lane final : public ScanEvents, private LoopTurn::Member {
 public:
  Lane(LoopPool& pool, uint32_t number, const ScannerOptions& options)
      : pool_(pool),
        number_(number),
        options_(options),
        max_in_flight_(options.plan.max_in_flight),
        rate_per_s_(options.plan.rate_per_s) {}
  ~Lane() {
    if (joinable_) uv_thread_join(&thread_);
    scanner_.reset();
    if (loop_made_) {
      [[maybe_unused]] const int error = uv_loop_close(&loop_);
      assert(error == 0);
    }
  }

  int open() noexcept {
    int error = check_descriptors(descriptors_of_loop);
    if (error == 0) error = uv_loop_init(&loop_);
    if (error != 0) return error;
    loop_made_ = true;
    try {
      batch_.reserve(batch_size);
      turn_ = &LoopTurn::join(&loop_, *this);
    } catch (const std::bad_alloc&) {
      return UV_ENOMEM;
    }
    error = make_scanner();
    if (error == 0) {
      error = uv_async_init(&loop_, request_.get(),
                            [](uv_async_t* async) { decltype(request_)::owner_of(async).on_request(); });
    }
    if (error != 0) {
      turn_->leave(*this, [] {});
      uv_run(&loop_, UV_RUN_DEFAULT);
      return error;
    }
    request_.owner = before_sleep_.owner = this;
    uv_prepare_init(&loop_, before_sleep_.get());
    uv_prepare_start(before_sleep_.get(),
                     [](uv_prepare_t* prepare) { decltype(before_sleep_)::owner_of(prepare).flush(); });
    error = scanner_->start();
    if (error != 0) {
      close_own_handles();
      uv_run(&loop_, UV_RUN_DEFAULT);
      return error;
    }
    error = scanner_->join_budget();
    if (error != 0) unwind();
    return error;
  }

  int start_thread() {
    const int error = uv_thread_create(
        &thread_, [](void* lane) { uv_run(&static_cast<Lane*>(lane)->loop_, UV_RUN_DEFAULT); }, this);
    joinable_ = error == 0;
    return error;
  }

  /// Closes a lane that is open but has no thread.
  void unwind() {
    scanner_->stop();
    uv_run(&loop_, UV_RUN_DEFAULT);
  }

  void set_limits(const ScanLimits& limits) {
    max_in_flight_.store(limits.max_in_flight, std::memory_order_relaxed);
    rate_per_s_.store(limits.rate_per_s, std::memory_order_relaxed);
  }

  /// The lane does what lanes_stop_, lanes_pause_ and its limits ask for.
  void wake() {
    const std::lock_guard lock(ending_);
    if (!ended_) uv_async_send(request_.get());
  }

  void join() {
    if (!joinable_) return;
    uv_thread_join(&thread_);
    joinable_ = false;
  }

  const ScanCounters& counters() const { return scanner_->counters(); }

 private:
  /// In a child process there is no thread that could notice.
  void on_fork() noexcept override {}

  int make_scanner() noexcept {
    try {
      auto connector = make_connector(pool_.connector_kind_, pool_.possible_targets_, *turn_, options_.sockets);
      if (pool_.wrap_connector_) connector = pool_.wrap_connector_(std::move(connector), number_);
      scanner_ = std::make_unique<Scanner>(&loop_, *turn_, pool_.space_, pool_.cursor_, options_, std::move(connector),
                                           *this, pool_.input_);
      return 0;
    } catch (const std::bad_alloc&) {
      return UV_ENOMEM;
    }
  }

  void on_request() {
    if (pool_.lanes_stop_) {
      scanner_->stop();
      return;
    }
    scanner_->set_limits({max_in_flight_.load(std::memory_order_relaxed), rate_per_s_.load(std::memory_order_relaxed)});
    scanner_->set_paused(pool_.lanes_pause_);
    scanner_->input_changed();
  }

  void on_result(const ProbeResult& result) override {
    batch_.emplace_back(result);
    // A connection at once, so that those that wait can be counted.
    if (batch_.size() >= batch_size || batch_.back().result().connection != nullptr) flush();
  }

  void on_host(const ProbePlan::HostVerdict& verdict) override {
    batch_.emplace_back(verdict);
    if (batch_.size() >= batch_size) flush();
  }

  void on_done(int status) override {
    if (status != 0 && status != UV_ECANCELED) pool_.note_failure(status);
    scanner_->close([this] {
      flush();
      close_own_handles();
    });
  }

  void flush() {
    if (!batch_.empty()) pool_.hand_over(batch_);
  }

  void close_own_handles() {
    {
      const std::lock_guard lock(ending_);
      ended_ = true;
    }
    turn_->leave(*this, [] {});
    uv_close(before_sleep_.any(), nullptr);
    uv_close(request_.any(), [](uv_handle_t* handle) { decltype(request_)::owner_of(handle).pool_.lane_ended(); });
  }

  LoopPool& pool_;
  uint32_t number_;
  ScannerOptions options_;
  std::atomic<uint32_t> max_in_flight_;  // what on_request() sets
  std::atomic<double> rate_per_s_;
  uv_loop_t loop_{};
  bool loop_made_ = false;
  LoopTurn* turn_ = nullptr;
  uv_thread_t thread_{};
  bool joinable_ = false;
  std::unique_ptr<Scanner> scanner_;
  std::vector<StoredResult> batch_;
  OwnedHandle<uv_prepare_t, Lane> before_sleep_;
  OwnedHandle<uv_async_t, Lane> request_;
  std::mutex ending_;  // guards ended_: uv_async_send() must not be called on a closed handle
  bool ended_ = false;
};

LoopPool::LoopPool(uv_loop_t* loop, LoopTurn& turn, const ScanSpace& space, ScanInput* input,
                   const TargetSet& possible_targets, const ScannerOptions& options, ConnectorKind connector,
                   uint32_t loops, ScanEvents& events, ConnectorWrapper wrap_connector)
    : loop_(loop),
      turn_(turn),
      space_(space),
      input_(input),
      possible_targets_(possible_targets),
      options_(options),
      connector_kind_(connector),
      wrap_connector_(std::move(wrap_connector)),
      events_(events),
      cursor_(space, loops) {
  const uint32_t lanes = std::clamp(loops, 1U, std::max(1U, options.plan.max_in_flight));
  lanes_.resize(lanes);
  for (uint32_t lane = 0; lane < lanes; ++lane) {
    const ScanLimits share = share_of({options.plan.max_in_flight, options.plan.rate_per_s}, lane);
    options_.plan.max_in_flight = share.max_in_flight;
    options_.plan.rate_per_s = share.rate_per_s;
    lanes_[lane] = std::make_unique<Lane>(*this, lane, options_);
  }
  options_ = options;
}

/// The first lanes get the remainder, so that the sum is exact.
ScanLimits LoopPool::share_of(const ScanLimits& limits, size_t lane) const {
  const auto lanes = static_cast<uint32_t>(lanes_.size());
  return {limits.max_in_flight / lanes + (lane < limits.max_in_flight % lanes), limits.rate_per_s / lanes};
}

LoopPool::~LoopPool() = default;

const ScanCounters& LoopPool::counters(size_t lane) const { return lanes_[lane]->counters(); }

int LoopPool::start() {
  static_assert((max_queued + batch_size) * sizeof(StoredResult) <= 10 << 20);
  queue_.reserve(max_queued + batch_size);
  delivering_.reserve(max_queued + batch_size);  // the two are swapped; untouched pages cost nothing
  int error = uv_async_init(loop_, results_ready_.get(), [](uv_async_t* async) {
    LoopPool& self = decltype(results_ready_)::owner_of(async);
    self.turn_.queue_outcomes(self.work_);
  });
  if (error != 0) return error;
  results_ready_.owner = this;
  holds_loop_ = true;
  turn_.ref();
  size_t opened = 0;
  while (error == 0 && opened < lanes_.size()) {
    error = lanes_[opened]->open();
    if (error == 0) ++opened;
  }
  // Before a lane takes the last descriptor.
  if (error == 0) error = check_descriptors(opened * descriptors_of_first_connect(connector_kind_));
  size_t running = 0;
  {
    const SignalsBlocked inherited_by_the_lanes;
    grow_descriptor_table(options_.plan.max_in_flight);
    while (error == 0 && running < opened) {
      error = lanes_[running]->start_thread();
      if (error == 0) ++running;
    }
  }
  if (error == 0) {
    started_ = true;
    return 0;
  }
  {
    const std::lock_guard lock(mutex_);
    discarding_ = true;
  }
  room_.notify_all();
  lanes_stop_ = true;
  for (size_t lane = 0; lane < opened; ++lane) {
    lane < running ? lanes_[lane]->wake() : lanes_[lane]->unwind();
    lanes_[lane]->join();
  }
  lanes_.clear();
  done_ = true;
  apply_reference(false);
  return error;
}

void LoopPool::hand_over(std::vector<StoredResult>& batch) {
  {
    std::unique_lock lock(mutex_);
    room_.wait(lock, [this] {
      return discarding_ || (queue_.size() < max_queued && kept_connections_ < options_.plan.max_in_flight);
    });
    if (!discarding_) {
      kept_connections_ += batch.back().result().connection != nullptr;  // no other one of the batch has one
      std::move(batch.begin(), batch.end(), std::back_inserter(queue_));
    }
  }
  batch.clear();
  uv_async_send(results_ready_.get());
}

void LoopPool::note_failure(int status) {
  const std::lock_guard lock(mutex_);
  if (failure_ == 0) failure_ = status;
  // The other lanes go on: their results are valid, and on_done() reports that the scan is incomplete.
}

void LoopPool::lane_ended() {
  {
    const std::lock_guard lock(mutex_);
    ++lanes_ended_;
  }
  uv_async_send(results_ready_.get());
}

void LoopPool::deliver_some() {
  if (forked_ && !done_) {
    finish();
    return;
  }
  if (done_) {
    if (on_closed_) close_handles();
    return;
  }
  if (paused_) return;
  if (delivered_ == delivering_.size()) {
    delivering_.clear();
    delivered_ = 0;
    const std::lock_guard lock(mutex_);
    delivering_.swap(queue_);
    room_.notify_all();
  }
  const size_t begin = delivered_;
  const size_t end = std::min(delivering_.size(), begin + deliveries_per_turn);
  while (delivered_ < end && !on_closed_ && !paused_) {
    if (delivered_ > begin && turn_.is_over(uv_hrtime() / 1000)) break;
    deliver(delivering_[delivered_++]);
  }
  // By on_result(). In a child, a thread that is not there may hold the lock.
  if (paused_ || turn_.is_forked()) return;
  if (on_closed_) drop_some();
  bool ended = false;
  bool more = delivered_ < delivering_.size();
  {
    const std::lock_guard lock(mutex_);
    ended = lanes_ended_ == lanes_.size();
    more = more || !queue_.empty();
  }
  if (more) {
    turn_.queue_turn(work_);
  } else if (ended) {
    finish();
  }
}

void LoopPool::deliver(const StoredResult& stored) {
  if (const auto verdict = stored.host_verdict()) {
    events_.on_host(*verdict);
    return;
  }
  KeptConnection* connection = stored.result().connection;
  events_.on_result(stored.result());
  if (connection == nullptr) return;
  if (turn_.is_forked()) {
    connection->abandon();
    return;
  }
  connection->reset();
  const std::lock_guard lock(mutex_);
  --kept_connections_;
  room_.notify_all();
}

/// After close(): the connections of results that are not delivered any more are closed, some in each turn.
void LoopPool::drop_some() {
  const size_t end = std::min(delivering_.size(), delivered_ + deliveries_per_turn);
  for (; delivered_ < end && !turn_.is_over(uv_hrtime() / 1000); ++delivered_) {
    if (KeptConnection* connection = delivering_[delivered_].result().connection) connection->reset();
  }
}

void LoopPool::finish() {
  int status = stopped_ ? UV_ECANCELED : 0;
  if (forked_) {
    status = stopped_ ? UV_ECANCELED : UV_ENOTSUP;
  } else {
    for (auto& lane : lanes_) lane->join();
    if (failure_ != 0) status = failure_;
  }
  done_ = true;
  if (!on_closed_) apply_reference(false);  // a scan that is done does not keep the loop alive
  events_.on_done(status);
  if (on_closed_) close_handles();
}

void LoopPool::stop() {
  if (!started_ || stopped_ || done_) return;
  stopped_ = true;
  if (turn_.is_forked()) return;
  paused_ = false;
  lanes_stop_ = true;
  wake_lanes();
  turn_.queue_turn(work_);  // what was kept while it was paused
}

void LoopPool::set_paused(bool paused) {
  if (!started_ || stopped_ || done_ || paused == paused_ || turn_.is_forked()) return;
  paused_ = paused;
  lanes_pause_ = paused;
  wake_lanes();
  if (!paused) turn_.queue_turn(work_);
}

void LoopPool::set_limits(const ScanLimits& limits) {
  if (!started_ || stopped_ || done_ || turn_.is_forked()) return;
  assert(limits.max_in_flight >= lanes_.size());
  for (size_t lane = 0; lane < lanes_.size(); ++lane) lanes_[lane]->set_limits(share_of(limits, lane));
  wake_lanes();
}

void LoopPool::input_changed() {
  if (!turn_.is_forked()) wake_lanes();
}

void LoopPool::wake_lanes() {
  for (auto& lane : lanes_) lane->wake();
}

void LoopPool::close(std::function<void()> on_closed) {
  assert(!on_closed_ && holds_loop_);
  stop();
  apply_reference(true);  // or uv_run() could return before everything is closed
  on_closed_ = std::move(on_closed);
  turn_.queue_turn(work_);
  if (turn_.is_forked()) return;
  {
    const std::lock_guard lock(mutex_);
    discarding_ = true;  // drop_some() empties the queue
  }
  room_.notify_all();
}

void LoopPool::on_fork() noexcept {
  forked_ = true;
  turn_.queue_turn(work_);
}

void LoopPool::close_handles() {
  LoopTurn::cancel(work_);
  uv_close(results_ready_.any(), [](uv_handle_t* handle) {
    LoopPool& self = decltype(results_ready_)::owner_of(handle);
    self.turn_.unref();
    const std::function<void()> on_closed = std::move(self.on_closed_);
    on_closed();  // may delete this pool
  });
}

void LoopPool::set_referenced(bool referenced) {
  if (!on_closed_ && !done_) apply_reference(referenced);
}

void LoopPool::apply_reference(bool referenced) {
  if (referenced == referenced_) return;
  referenced_ = referenced;
  referenced ? turn_.ref() : turn_.unref();
  referenced ? uv_ref(results_ready_.any()) : uv_unref(results_ready_.any());
}

}  // namespace portloop
