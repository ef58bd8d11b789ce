#include "sockets/descriptor_table.hpp"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>

namespace portloop {

void grow_descriptor_table(uint64_t descriptors) {
  rlimit limit{};
  if (descriptors == 0 || getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  const int lowest_free = eventfd(0, EFD_CLOEXEC);
  if (lowest_free < 0) return;
  const uint64_t wanted = static_cast<uint64_t>(lowest_free) + descriptors;
  const uint64_t last = std::min<uint64_t>({wanted, limit.rlim_cur, uint64_t{1} << 30}) - 1;
  const int copy = fcntl(lowest_free, F_DUPFD_CLOEXEC, static_cast<int>(last));
  if (copy >= 0) close(copy);
  close(lowest_free);
}

}  // namespace portloop
