// The attributes of the threads that only connect.
#pragma once

#include <pthread.h>

#include <cstddef>

namespace portloop {

/// Small stacks, so that as many threads as possible fit into the address space and into max_map_count: a connect needs
/// a few KiB. Only touched pages use memory. There is no guard page: with one, each stack would be two memory maps,
/// whereas adjacent stacks without one are a single map. Nothing here recurses deeply enough to need it.
class SmallStack {
 public:
  /// `detach_state`: PTHREAD_CREATE_DETACHED or PTHREAD_CREATE_JOINABLE.
  explicit SmallStack(int detach_state) {
    pthread_attr_init(&attributes_);
    pthread_attr_setdetachstate(&attributes_, detach_state);
    pthread_attr_setstacksize(&attributes_, bytes);
    pthread_attr_setguardsize(&attributes_, 0);
  }
  ~SmallStack() { pthread_attr_destroy(&attributes_); }
  SmallStack(const SmallStack&) = delete;
  SmallStack& operator=(const SmallStack&) = delete;
  const pthread_attr_t* get() const { return &attributes_; }

 private:
  static constexpr size_t bytes = 64 * 1024;
  pthread_attr_t attributes_;
};

}  // namespace portloop
