// Scans a host every few seconds and prints what changed since the last time.
//
//   watch ADDRESS PORTS [SECONDS [ROUNDS]]
//
// One timer, one scan at a time: the next round starts when its time has come and the last one is closed.
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <map>
#include <optional>
#include <string>

#include <portloop/portloop.hpp>

namespace {

class Watch {
 public:
  Watch(const char* address, const char* ports, double seconds, int rounds) : interval_ms_(static_cast<uint64_t>(seconds * 1000)), rounds_left_(rounds) {
    options_.add_target(address).ports(ports);
    uv_timer_init(uv_default_loop(), &next_);
    next_.data = this;
    uv_timer_start(&next_, [](uv_timer_t* timer) { static_cast<Watch*>(timer->data)->begin_round(); }, 0, 0);
  }

  int run() {
    uv_run(uv_default_loop(), UV_RUN_DEFAULT);
    return uv_loop_close(uv_default_loop()) == 0 && !failed_ ? 0 : 1;
  }

 private:
  using Place = std::pair<std::string, uint16_t>;

  /// Called by the loop, which is C: nothing may be thrown through it.
  void begin_round() noexcept {
    began_ms_ = uv_now(uv_default_loop());
    try {
      scan_.emplace(uv_default_loop());
      scan_->start(options_, [this](const portloop_result& result) { note(result); }, [this](int) { end_round(); });
    } catch (const portloop::Error& error) {
      std::fprintf(stderr, "watch: %s\n", error.what());
      failed_ = true;
      scan_.reset();
      uv_close(reinterpret_cast<uv_handle_t*>(&next_), nullptr);
    }
  }

  void note(const portloop_result& result) {
    const Place place{portloop::address_text(result), result.port};
    const auto before = states_.find(place);
    // What could not be asked is no news about the port.
    if (result.state == PORTLOOP_UNKNOWN) return;
    const bool first_round = before == states_.end();
    if (first_round ? result.state == PORTLOOP_OPEN : before->second != result.state) {
      char now[16];
      const std::time_t seconds = std::time(nullptr);
      std::strftime(now, sizeof now, "%H:%M:%S", std::localtime(&seconds));
      std::printf("%s %s %u %s%s%s\n", now, place.first.c_str(), static_cast<unsigned>(place.second),
                  first_round ? "" : portloop_state_name(before->second), first_round ? "" : " -> ", portloop_state_name(result.state));
      std::fflush(stdout);
    }
    states_[place] = result.state;
  }

  void end_round() {
    scan_->close();
    if (rounds_left_ > 0 && --rounds_left_ == 0) {
      uv_close(reinterpret_cast<uv_handle_t*>(&next_), nullptr);
      return;
    }
    const uint64_t passed_ms = uv_now(uv_default_loop()) - began_ms_;
    uv_timer_start(&next_, [](uv_timer_t* timer) { static_cast<Watch*>(timer->data)->begin_round(); },
                   passed_ms < interval_ms_ ? interval_ms_ - passed_ms : 0, 0);
  }

  portloop::Options options_;
  uint64_t interval_ms_;
  int rounds_left_;  // 0: for ever
  uint64_t began_ms_ = 0;
  uv_timer_t next_{};
  std::optional<portloop::Scan> scan_;
  std::map<Place, portloop_state> states_;
  bool failed_ = false;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3 || argc > 5) {
    std::fprintf(stderr, "usage: watch ADDRESS PORTS [SECONDS [ROUNDS]]\n");
    return 2;
  }
  try {
    return Watch(argv[1], argv[2], argc > 3 ? std::atof(argv[3]) : 5, argc > 4 ? std::atoi(argv[4]) : 0).run();
  } catch (const portloop::Error& error) {
    std::fprintf(stderr, "watch: %s\n", error.what());
    return 2;
  }
}
