#include "cli/system/descriptor_limit.hpp"

#include <dirent.h>
#include <sys/resource.h>

#include <algorithm>
#include <cstdio>

namespace portloop {
namespace {

// For each loop: libuv's backend, its async and signal descriptors and the spare one that it keeps, our epoll
// set; and for the process a few files, the resolver's sockets.
constexpr uint32_t descriptors_per_loop = 8;
constexpr uint32_t descriptors_to_spare = 8;

// Beyond this more connects in flight buy nothing on networks that people have, and cost 5 KiB of kernel
// memory each.
constexpr uint32_t max_in_flight_by_default = 16384;

uint32_t open_descriptors() {
  DIR* directory = opendir("/proc/self/fd");
  if (directory == nullptr) directory = opendir("/dev/fd");
  if (directory == nullptr) return 16;
  uint32_t count = 0;
  while (readdir(directory) != nullptr) ++count;
  closedir(directory);
  return count;  // with . and .. and the directory's own: three too many, on the safe side
}

/// net.ipv4.tcp_mem's first number, in pages: below it TCP is under no memory pressure. 0 where unknown.
uint64_t tcp_memory_pages() {
  unsigned long long pages = 0;
  if (FILE* file = std::fopen("/proc/sys/net/ipv4/tcp_mem", "r")) {
    if (std::fscanf(file, "%llu", &pages) != 1) pages = 0;
    std::fclose(file);
  }
  return pages;
}

}  // namespace

uint32_t raise_descriptor_limit(uint32_t loops) {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 64;
  if (limit.rlim_cur != limit.rlim_max) {
    rlimit raised = limit;
    raised.rlim_cur = raised.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &raised) == 0) limit = raised;
  }
  const uint64_t allowed = limit.rlim_cur == RLIM_INFINITY ? 1'000'000 : std::min<uint64_t>(limit.rlim_cur, 1'000'000);
  const uint64_t taken = open_descriptors() + uint64_t{descriptors_per_loop} * loops + descriptors_to_spare;
  return static_cast<uint32_t>(allowed > taken ? allowed - taken : 1);
}

uint32_t default_in_flight(uint32_t free_descriptors) {
  uint64_t most = std::min(free_descriptors, max_in_flight_by_default);
  // A socket in SYN_SENT takes one page of it; a quarter leaves the rest of the machine alone.
  if (const uint64_t pages = tcp_memory_pages(); pages > 0) most = std::min(most, std::max<uint64_t>(pages / 4, 64));
  return static_cast<uint32_t>(most);
}

}  // namespace portloop
