#include "cli/system/descriptor_limit.hpp"

#include <dirent.h>
#include <sys/resource.h>

#include <algorithm>
#include <cstdio>

namespace portloop {
namespace {

// For each loop: libuv's backend, async, signal and spare descriptors, and our epoll set. For the process: a few files
// and the resolver's sockets.
constexpr uint32_t descriptors_per_loop = 8;
constexpr uint32_t descriptors_to_spare = 8;

// More connects in flight make no scan faster on common networks, and each costs 5 KiB of kernel memory.
constexpr uint32_t max_in_flight_by_default = 16384;

uint32_t open_descriptors() {
  DIR* directory = opendir("/proc/self/fd");
  if (directory == nullptr) directory = opendir("/dev/fd");
  if (directory == nullptr) return 16;
  uint32_t count = 0;
  while (readdir(directory) != nullptr) ++count;
  closedir(directory);
  return count;  // three too many, which does no harm: ".", ".." and the directory's own
}

/// The first number of net.ipv4.tcp_mem, in pages: below it TCP is under no memory pressure. 0 if unknown.
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
  uint64_t in_flight = std::min(free_descriptors, max_in_flight_by_default);
  // A socket in SYN_SENT takes one page. Three quarters are left for the rest of the machine.
  const uint64_t pages = tcp_memory_pages();
  if (pages > 0) in_flight = std::min(in_flight, std::max<uint64_t>(pages / 4, 64));
  return static_cast<uint32_t>(in_flight);
}

}  // namespace portloop
