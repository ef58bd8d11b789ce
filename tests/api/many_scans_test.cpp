// Many small scans in one process, one after the other on one loop: descriptors, threads, allocations and memory are as
// many after the last one as after the first ones. PORTLOOP_SCANS is their number, by default 400.
#include <dirent.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <new>
#include <string>
#include <thread>

#include "support/embedding.hpp"
#include "support/sanitized.hpp"

namespace {

std::atomic<int64_t> allocations{0};

void* allocate(size_t size) noexcept {
  void* memory = std::malloc(size > 0 ? size : 1);
  allocations += memory != nullptr;
  return memory;
}

void* allocate_or_throw(size_t size) {
  void* memory = allocate(size);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

void release(void* memory) noexcept {
  if (memory != nullptr) --allocations;
  std::free(memory);
}

}  // namespace

void* operator new(size_t size) { return allocate_or_throw(size); }
void* operator new[](size_t size) { return allocate_or_throw(size); }
void* operator new(size_t size, const std::nothrow_t&) noexcept { return allocate(size); }
void* operator new[](size_t size, const std::nothrow_t&) noexcept { return allocate(size); }
void operator delete(void* memory) noexcept { release(memory); }
void operator delete[](void* memory) noexcept { release(memory); }
void operator delete(void* memory, size_t) noexcept { release(memory); }
void operator delete[](void* memory, size_t) noexcept { release(memory); }

using namespace portloop::testing;

namespace {

int entries_of(const char* path) {
  DIR* directory = opendir(path);
  REQUIRE(directory != nullptr);
  int count = 0;
  while (const dirent* entry = readdir(directory)) count += entry->d_name[0] != '.';
  closedir(directory);
  return count;
}

uint64_t resident_kib() {
  std::ifstream file("/proc/self/statm");
  uint64_t total = 0, resident = 0;
  file >> total >> resident;
  return resident * static_cast<uint64_t>(sysconf(_SC_PAGESIZE)) / 1024;
}

struct Used {
  int descriptors = entries_of("/proc/self/fd");
  int threads = entries_of("/proc/self/task");
  int64_t allocated = allocations;
  uint64_t resident = resident_kib();
};

/// A joined thread may remain in /proc for a moment.
Used measure(int max_threads) {
  while (entries_of("/proc/self/task") > max_threads) std::this_thread::yield();
  return Used{};
}

}  // namespace

TEST_CASE("many scans in one process leave nothing behind") {
  const char* text = std::getenv("PORTLOOP_SCANS");
  const long count = text == nullptr ? 400 : std::atol(text);
  REQUIRE(count >= 100);
  const LocalPort open(LocalPort::open), closed(LocalPort::closed);
  TestLoop loop;
  std::thread([] {}).join();  // the first thread makes a sanitizer start one of its own
  int threads = entries_of("/proc/self/task");
  for (int again = 0; again != threads; again = entries_of("/proc/self/task")) threads = again == 0 ? threads : again;
  Used first{};
  for (long i = 0; i < count; ++i) {
    scan_both(loop, engines[static_cast<size_t>(i) % std::size(engines)], open, closed);
    open.empty_queue();
    if (i == count / 10) first = measure(threads);
  }
  const Used last = measure(threads);
  CHECK(last.descriptors == first.descriptors);
  CHECK(last.threads == first.threads);
  CHECK(last.allocated == first.allocated);
  if (PORTLOOP_IS_SANITIZED == 0) CHECK(last.resident <= first.resident + 512);
  std::printf("%ld scans: %d descriptors, %d threads, %lld allocations, %llu KiB; after a tenth %llu KiB\n", count,
              last.descriptors, last.threads, static_cast<long long>(last.allocated),
              static_cast<unsigned long long>(last.resident), static_cast<unsigned long long>(first.resident));
}
