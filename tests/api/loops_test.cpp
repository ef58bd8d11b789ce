// Loop threads: none for one loop, N for N loops, and every result on the caller's loop.
#include <dirent.h>
#include <sys/resource.h>

#include <algorithm>
#include <csignal>
#include <set>
#include <thread>

#include "support/embedding.hpp"

using namespace portloop::testing;

namespace {

int threads_of_this_process() {
  DIR* directory = opendir("/proc/self/task");
  REQUIRE(directory != nullptr);
  int count = 0;
  while (const dirent* entry = readdir(directory)) count += entry->d_name[0] != '.';
  closedir(directory);
  return count;
}

/// The entries in /proc/self/task.
std::set<std::string> thread_ids() {
  DIR* directory = opendir("/proc/self/task");
  REQUIRE(directory != nullptr);
  std::set<std::string> ids;
  while (const dirent* entry = readdir(directory)) {
    if (entry->d_name[0] != '.') ids.insert(entry->d_name);
  }
  closedir(directory);
  return ids;
}

}  // namespace

TEST_CASE("one loop starts no thread; N loops start N threads, and none is left when the scan is done") {
  const LocalPort silent(LocalPort::silent);
  std::thread([] {}).join();  // the first thread makes a sanitizer start one of its own
  int before = threads_of_this_process();
  for (int again = 0; again != before; again = threads_of_this_process()) before = again == 0 ? before : again;
  for (const uint32_t loops : {1U, 2U, 5U}) {
    TestLoop loop;
    TestOptions options("127.0.0.0/16", silent.text());  // enough for every loop to have a share
    portloop_options_set_loops(options, loops);
    Recorded scan(loop);
    scan.on_result = [&](Recorded&) {
      CHECK(threads_of_this_process() <= before + (loops == 1 ? 0 : static_cast<int>(loops)));
    };
    scan.on_done = [&](Recorded& self) { self.close(); };
    REQUIRE(scan.start(options) == 0);
    CHECK(threads_of_this_process() == before + (loops == 1 ? 0 : static_cast<int>(loops)));
    loop.run_until([&] { return !scan.results.empty(); });
    scan.stop();
    loop.run();
    CHECK(scan.done == 1);
  }
  // A joined thread may remain in /proc for a moment.
  while (threads_of_this_process() != before) std::this_thread::yield();
}

TEST_CASE("results, done and closed are called on the thread that runs the caller's loop") {
  TestLoop loop;
  TestOptions options("127.0.0.1", "43000-43999");
  portloop_options_set_loops(options, 3);
  Recorded scan(loop);
  const auto here = std::this_thread::get_id();
  int elsewhere = 0;
  const auto look = [&](Recorded&) { elsewhere += std::this_thread::get_id() != here; };
  scan.on_result = look;
  scan.on_done = [&](Recorded& self) {
    look(self);
    self.close();
  };
  scan.on_closed = look;
  REQUIRE(scan.start(options) == 0);
  loop.run();
  CHECK(scan.results.size() == 1000);
  CHECK(elsewhere == 0);
}

TEST_CASE("loop threads block every signal: the embedder's handlers run on its own threads") {
  const LocalPort silent(LocalPort::silent);
  TestLoop loop;
  TestOptions options("127.0.0.0/16", silent.text());
  portloop_options_set_loops(options, 2);
  const auto before = thread_ids();
  Recorded scan(loop);
  REQUIRE(scan.start(options) == 0);
  int looked_at = 0;
  for (const std::string& id : thread_ids()) {
    if (before.contains(id)) continue;
    FILE* file = std::fopen(("/proc/self/task/" + id + "/status").c_str(), "r");
    REQUIRE(file != nullptr);
    char line[256];
    unsigned long long mask = 0;
    while (std::fgets(line, sizeof line, file) != nullptr) std::sscanf(line, "SigBlk: %llx", &mask);
    std::fclose(file);
    CHECK((mask & (1ULL << (SIGINT - 1))) != 0);
    CHECK((mask & (1ULL << (SIGPROF - 1))) != 0);
    ++looked_at;
  }
  CHECK(looked_at == 2);
  scan.close();
  loop.run();
}

TEST_CASE("loop threads wait for a slow caller, and no result is lost") {
  // 150,000 probes; the queue holds 65,536 results, then the threads wait.
  TestLoop loop;
  TestOptions options("127.80.0.1-100", "44000-45499");
  portloop_options_set_loops(options, 2);
  Recorded scan(loop);
  REQUIRE(scan.start(options) == 0);
  const auto results = [&] {
    const portloop_stats now = scan.stats();
    return now.open + now.closed + now.filtered + now.unknown;
  };
  while (results() < 65'536) std::this_thread::yield();
  uint64_t last = 0;
  for (int same = 0; same < 20;) {  // wait until the count stops changing; on a busy machine this only takes longer
    uv_sleep(5);
    const uint64_t now = results();
    same = now == last ? same + 1 : 0;
    last = now;
  }
  CHECK(last < 65'536 + 2 * 128 + 2 * 64 + 1);
  SUBCASE("then comes, and gets all") {
    close_when_done(scan);
    loop.run();
    CHECK(scan.results.size() == 150'000);
    CHECK(scan.status == 0);
  }
  SUBCASE("then stops: what was found is still delivered") {
    close_when_done(scan);
    scan.stop();
    loop.run();
    CHECK(scan.results.size() >= 65'536);
    CHECK(scan.results.size() < 150'000);
    CHECK(scan.status == UV_ECANCELED);
  }
  SUBCASE("then closes: nothing more is delivered, and no thread hangs") {
    scan.close();
    loop.run();
    CHECK(scan.results.empty());
    CHECK(scan.status == UV_ECANCELED);
  }
}

TEST_CASE("a scan is closed in a result while the threads still deliver") {
  TestLoop loop;
  TestOptions options("127.81.0.1-20", "44000-45499");
  portloop_options_set_loops(options, 4);
  Recorded scan(loop);
  scan.on_result = [](Recorded& self) {
    if (self.results.size() == 1000) self.close();
  };
  REQUIRE(scan.start(options) == 0);
  loop.run();
  CHECK(scan.results.size() == 1000);
  CHECK(scan.done == 1);
}

TEST_CASE("if threads can't be created, start fails, nothing is called, and close works") {
  // Each loop needs several descriptors, so the limit of this process is lowered for a moment.
  rlimit before{};
  REQUIRE(getrlimit(RLIMIT_NOFILE, &before) == 0);
  TestLoop loop;
  TestOptions options("127.0.0.1-9", "44000-45499");
  portloop_options_set_loops(options, 200);
  Recorded scan(loop);
  rlimit tight = before;
  tight.rlim_cur = 100;
  REQUIRE(setrlimit(RLIMIT_NOFILE, &tight) == 0);
  CHECK(scan.start(options) == UV_EMFILE);
  REQUIRE(setrlimit(RLIMIT_NOFILE, &before) == 0);
  loop.run();
  CHECK(scan.done == 0);
  CHECK(portloop_scan_start(scan.scan, options, nullptr, nullptr) == UV_EALREADY);
  scan.close();
  CHECK(scan.closed == 0);
  loop.run();
  CHECK(scan.done == 0);
}

TEST_CASE("with too few descriptors on one loop, start fails or every port has its correct result") {
  rlimit before{};
  REQUIRE(getrlimit(RLIMIT_NOFILE, &before) == 0);
  std::vector<LocalPort> ports;
  for (int i = 0; i < 40; ++i) ports.emplace_back(i % 2 == 0 ? LocalPort::open : LocalPort::closed);
  TestOptions options("127.0.0.1", join(ports));
  for (const auto connector : {PORTLOOP_CONNECTOR_FASTEST, PORTLOOP_CONNECTOR_PORTABLE}) {
    portloop_options_set_connector(options, connector);
    TestLoop loop;
    Recorded scan(loop);
    close_when_done(scan);
    const int highest = dup(0);  // the lowest free number
    ::close(highest);
    rlimit tight = before;
    tight.rlim_cur = static_cast<rlim_t>(highest) + 6;
    REQUIRE(setrlimit(RLIMIT_NOFILE, &tight) == 0);
    REQUIRE(scan.start(options) == 0);
    loop.run();
    REQUIRE(setrlimit(RLIMIT_NOFILE, &before) == 0);
    CHECK(scan.results.size() == 40);
    for (size_t i = 0; i < ports.size(); ++i) {
      REQUIRE(scan.find(ports[i].number()) != nullptr);
      CHECK(scan.find(ports[i].number())->state == (i % 2 == 0 ? PORTLOOP_OPEN : PORTLOOP_CLOSED));
    }
  }
}
