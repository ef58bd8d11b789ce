// The definition of the opaque portloop_scan: one scanner on the caller's loop, or a pool of loop threads.
#pragma once

#include <memory>
#include <optional>

#include "capi/open_input.hpp"
#include "capi/options.hpp"
#include "capi/progress_timer.hpp"
#include "capi/result_batch.hpp"
#include "engine/loop_pool.hpp"

struct portloop_scan final : public portloop::ScanEvents, private portloop::LoopTurn::Member {
  explicit portloop_scan(uv_loop_t* on_loop) : loop(on_loop) {}

  int set_batch_callback(portloop_batch_cb callback);
  int set_progress_callback(portloop_progress_cb callback, uint32_t interval_ms);
  int set_host_callback(portloop_host_cb callback);
  int start(portloop_options* options, portloop_result_cb result_cb, portloop_done_cb done_cb);
  void stop();
  void set_paused(bool on);
  int set_in_flight(uint32_t connects);
  int set_rate(double connects_per_second);
  /// nullptr if nothing can be added any more, or never could.
  portloop::OpenInput* open_input();
  /// The loops look at the input again.
  void input_changed();
  const char* input_error() const { return input_ ? input_->error().c_str() : ""; }
  void close(portloop_close_cb close_cb);
  bool is_closing() const { return close_called_; }
  void set_referenced(bool on);
  void fill(portloop_stats& stats) const;

  uv_loop_t* loop;
  void* data = nullptr;

 private:
  // noexcept: an exception thrown by the caller's callback ends the program here, and does not unwind libuv's frames.
  void on_result(const portloop::ProbeResult& result) noexcept override;
  void on_host(const portloop::ProbePlan::HostVerdict& verdict) noexcept override;
  void on_done(int status) noexcept override {
    ending_ = true;
    progress_.stop();
    close_called_ ? batch_.drop() : batch_.report();
    if (on_done_ != nullptr) on_done_(this, status);
  }
  void on_fork() noexcept override {
    if (scanner_) scanner_->on_fork();
    if (pool_) pool_->on_fork();
  }
  int start_engine(const portloop_options& options);
  void set_limits(const portloop::ScanLimits& limits);
  const portloop::TargetSet& possible_targets() const { return input_ ? every_address_ : space_->targets; }
  void closed() noexcept;

  portloop_result_cb on_result_ = nullptr;
  portloop_done_cb on_done_ = nullptr;
  portloop_close_cb on_close_ = nullptr;
  portloop_host_cb on_host_ = nullptr;
  portloop::ResultBatch batch_{this};
  portloop::ProgressTimer progress_{this};
  bool start_called_ = false;
  bool close_called_ = false;
  bool started_ = false;
  bool ending_ = false;  // it was stopped, or is done
  bool referenced_ = true;
  portloop::ScanLimits limits_{};
  std::optional<portloop::ScanSpace> space_;
  std::optional<portloop::ProbeCursor> cursor_;
  std::optional<portloop::OpenInput> input_;                // if more can be added
  portloop::TargetSet every_address_;                       // of an open input
  std::unique_ptr<portloop::Scanner> scanner_;              // on the caller's loop
  std::unique_ptr<portloop::LoopPool> pool_;                // with loop threads
  portloop::LoopTurn* turn_ = nullptr;                      // of the loop, from the start on
  portloop::OwnedHandle<uv_idle_t, portloop_scan> closer_;  // closed instead, if neither exists
};
