#include "engine/fork_mark.hpp"

#include <sys/mman.h>
#include <unistd.h>

namespace portloop {
namespace {

constexpr size_t page_length = 1;  // the kernel rounds it up

}  // namespace

ForkMark::ForkMark() : process_(getpid()) {
#ifdef MADV_WIPEONFORK
  void* page = mmap(nullptr, page_length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) return;
  // QEMU's user mode returns 0 for any advice, even for one that does not exist, and does nothing.
  if (madvise(page, page_length, -1) == 0 || madvise(page, page_length, MADV_WIPEONFORK) != 0) {
    munmap(page, page_length);
    return;
  }
  *static_cast<char*>(page) = 1;
  page_ = static_cast<const char*>(page);
#endif
}

ForkMark::~ForkMark() {
  if (page_ != nullptr) munmap(const_cast<char*>(page_), page_length);
}

bool ForkMark::is_other_process() const { return getpid() != process_; }

}  // namespace portloop
