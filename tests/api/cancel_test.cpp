// Cancellation in every phase: whatever a scan is waiting for, stop and close end it, on one loop and on several, with
// either connector. Each time done and closed are called once, no result follows close, and the loop is left empty.
#include <sys/resource.h>

#include <algorithm>
#include <optional>

#include "support/speaking_server.hpp"

using namespace portloop::testing;

namespace {

/// Two servers that never send anything, and ports that never answer.
struct Targets {
  explicit Targets(TestLoop& loop) : first(loop, SpeakingServer::never, ""), second(loop, SpeakingServer::never, "") {
    for (int i = 0; i < 40; ++i) silent.emplace_back(LocalPort::silent);
  }
  SpeakingServer first, second;
  std::vector<LocalPort> silent;
};

/// Changes this process's descriptor limit; the destructor restores it.
class DescriptorLimit {
 public:
  DescriptorLimit() { REQUIRE(getrlimit(RLIMIT_NOFILE, &before_) == 0); }
  ~DescriptorLimit() { CHECK(setrlimit(RLIMIT_NOFILE, &before_) == 0); }
  DescriptorLimit(const DescriptorLimit&) = delete;
  void set(rlim_t limit) {
    rlimit now = before_;
    now.rlim_cur = limit;
    REQUIRE(setrlimit(RLIMIT_NOFILE, &now) == 0);
  }

 private:
  rlimit before_{};
};

/// Starts the scan with hardly more descriptors than the start itself needs. Raises the limit in steps of two, because
/// uv_loop_init() of libuv 1.44 leaks a descriptor when it fails.
void start_with_few_left(DescriptorLimit& limit, TestLoop& loop, std::optional<Recorded>& scan,
                         portloop_options* options) {
  const int lowest = dup(0);
  ::close(lowest);
  for (int room = 0;; room += 2) {
    limit.set(static_cast<rlim_t>(lowest + room));
    const int error = scan->start(options);
    if (error == 0) return;
    REQUIRE(error == UV_EMFILE);
    scan->close();
    loop.run();
    REQUIRE(scan->done == 0);
    scan.emplace(loop);
  }
}

struct Phase {
  const char* name;
  const char* address;
  bool few_descriptors;
  std::string (*ports)(const Targets&);
  void (*set)(portloop_options*);
  bool (*reached)(const Recorded&, const Targets&, portloop_connector);
};

const Phase phases[] = {
    {"just started", "127.0.0.1", false, [](const Targets& targets) { return join(targets.silent); },
     [](portloop_options*) {}, [](const Recorded&, const Targets&, portloop_connector) { return true; }},
    {"connects are pending", "127.0.0.1", false, [](const Targets& targets) { return join(targets.silent); },
     [](portloop_options*) {},
     [](const Recorded& scan, const Targets&, portloop_connector) { return scan.stats().in_flight == 40; }},
    // An address of its own: the kernel may have given one of these ports to a silent one of Targets, and the only
    // connect that the rate allows would wait for that.
    {"the rate allows no further connect", "127.91.0.1", false,
     [](const Targets&) { return std::string("43000-43999"); },
     [](portloop_options* options) { REQUIRE(portloop_options_set_rate(options, 0.001) == 0); },
     [](const Recorded& scan, const Targets&, portloop_connector) {
       return !scan.results.empty() && scan.stats().in_flight == 0;
     }},
    {"descriptors run out", "127.0.0.1", true, [](const Targets& targets) { return join(targets.silent); },
     [](portloop_options*) {},
     [](const Recorded& scan, const Targets&, portloop_connector) { return scan.stats().local_failures > 0; }},
    {"banners are awaited", "127.0.0.1", false,
     [](const Targets& targets) { return targets.first.text() + ',' + targets.second.text(); },
     [](portloop_options* options) {
       REQUIRE(portloop_options_set_banners(options, PORTLOOP_BANNERS_HTTP, 600'000, 512) == 0);
     },
     [](const Recorded& scan, const Targets& targets, portloop_connector connector) {
       // libuv's sockets have the target's own address: a port must be seen open three times (core/doubt.hpp).
       const size_t asks = connector == PORTLOOP_CONNECTOR_PORTABLE ? 3 : 1;
       return std::min(targets.first.visitors(), targets.second.visitors()) >= asks && scan.stats().in_flight == 0;
     }},
};

struct Way {
  const char* name;
  void (*end)(TestLoop&, Recorded&);
};

void turn(TestLoop& loop) { uv_run(loop.get(), UV_RUN_NOWAIT); }
void close_once(Recorded& scan) {
  if (!scan.close_called) scan.close();
}

const Way ways[] = {
    {"stop", [](TestLoop&, Recorded& scan) { scan.stop(); }},
    {"close", [](TestLoop&, Recorded& scan) { scan.close(); }},
    {"stop, then close at once",
     [](TestLoop&, Recorded& scan) {
       scan.stop();
       scan.close();
     }},
    {"stop, and close while it stops",
     [](TestLoop& loop, Recorded& scan) {
       scan.stop();
       turn(loop);
       close_once(scan);
     }},
    {"close, and everything else that is legal while it closes",
     [](TestLoop& loop, Recorded& scan) {
       scan.close();
       scan.stop();
       turn(loop);
       if (scan.closed == 1) return;
       scan.stop();
       portloop_scan_unref(scan.scan);
       portloop_scan_ref(scan.scan);
       CHECK(portloop_scan_data(scan.scan) == &scan);
       CHECK(scan.stats().probes > 0);
     }},
};

}  // namespace

TEST_CASE("cancelled in every phase") {
  for (const Phase& phase : phases) {
    for (const auto connector : {PORTLOOP_CONNECTOR_FASTEST, PORTLOOP_CONNECTOR_PORTABLE}) {
      for (const uint32_t loops : {1U, 3U}) {
        for (const Way& way : ways) {
          CAPTURE(phase.name);
          CAPTURE(connector);
          CAPTURE(loops);
          CAPTURE(way.name);
          TestLoop loop;
          const Targets targets(loop);
          TestOptions options(phase.address, phase.ports(targets));
          REQUIRE(portloop_options_set_connector(options, connector) == 0);
          REQUIRE(portloop_options_set_loops(options, loops) == 0);
          REQUIRE(portloop_options_set_timeout_ms(options, 600'000) == 0);
          REQUIRE(portloop_options_set_adaptive(options, 0) == 0);
          phase.set(options);
          std::optional<Recorded> scan(std::in_place, loop);
          DescriptorLimit limit;
          if (phase.few_descriptors) {
            start_with_few_left(limit, loop, scan, options);
          } else {
            REQUIRE(scan->start(options) == 0);
          }
          scan->on_done = close_once;
          loop.poll_until([&] { return phase.reached(*scan, targets, connector); });
          way.end(loop, *scan);
          loop.run();
          CHECK(scan->done == 1);
          CHECK(scan->status == UV_ECANCELED);
          CHECK(scan->closed == 1);
        }
      }
    }
  }
}

TEST_CASE("stopped in its first result: on one loop the last, on several what had been found; then done") {
  for (const auto connector : {PORTLOOP_CONNECTOR_FASTEST, PORTLOOP_CONNECTOR_PORTABLE}) {
    for (const uint32_t loops : {1U, 3U}) {
      CAPTURE(connector);
      CAPTURE(loops);
      TestLoop loop;
      TestOptions options("127.90.0.0/16", "43000-43999");
      portloop_options_set_connector(options, connector);
      portloop_options_set_loops(options, loops);
      Recorded scan(loop);
      scan.on_result = [](Recorded& self) { self.stop(); };
      scan.on_done = close_once;
      REQUIRE(scan.start(options) == 0);
      loop.run();
      if (loops == 1) CHECK(scan.results.size() == 1);
      CHECK(scan.results.size() < 65'536 * 1000);
      CHECK(scan.done == 1);
      CHECK(scan.status == UV_ECANCELED);
    }
  }
}
