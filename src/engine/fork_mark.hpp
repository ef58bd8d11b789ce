// Whether this process is a child of the one that made the mark.
//
// Happy path: the mark is a page that the kernel clears in a child (Linux 4.14, MADV_WIPEONFORK), so that looking at it
// costs no system call, and can be done between any two steps of the work.
//
// What goes wrong:
//   - the kernel, or what stands in for it, does not know the advice: the process number is compared instead
#pragma once

#include <sys/types.h>

namespace portloop {

class ForkMark {
 public:
  ForkMark();
  ~ForkMark();
  ForkMark(const ForkMark&) = delete;
  ForkMark& operator=(const ForkMark&) = delete;

  bool is_in_child() const { return page_ != nullptr ? *page_ == 0 : is_other_process(); }

 private:
  bool is_other_process() const;

  pid_t process_;
  const volatile char* page_ = nullptr;
};

}  // namespace portloop
