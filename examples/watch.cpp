// Scans a host every few seconds and prints what has changed since the last scan.
//
//   watch ADDRESS PORTS [SECONDS [ROUNDS]]
//
// One timer and one scan at a time: the next round starts when it is due and the last scan is closed.
#include <charconv>
#include <cstdio>
#include <ctime>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include <portloop/portloop.hpp>

namespace {

class Watch {
 public:
  Watch(const char* address, const char* ports, uint64_t interval_ms, uint64_t rounds)
      : interval_ms_(interval_ms), rounds_left_(rounds) {
    options_.add_target(address).ports(ports);
  }

  int run() {
    uv_timer_init(uv_default_loop(), &next_);
    next_.data = this;
    begin_round();
    uv_run(uv_default_loop(), UV_RUN_DEFAULT);
    return uv_loop_close(uv_default_loop()) == 0 && !failed_ ? 0 : 1;
  }

 private:
  using Place = std::pair<std::string, uint16_t>;

  /// Called from the loop, which is C code: no exception may pass through it.
  void begin_round() noexcept {
    began_ms_ = uv_now(uv_default_loop());
    try {
      scan_.emplace(uv_default_loop());
      scan_->start(
          options_, [this](const portloop_result& result) { note(result); }, [this](int status) { end_round(status); });
    } catch (const portloop::Error& error) {
      scan_.reset();
      give_up(error.what());
    }
  }

  void give_up(const char* why) {
    std::fprintf(stderr, "watch: %s\n", why);
    failed_ = true;
    uv_close(reinterpret_cast<uv_handle_t*>(&next_), nullptr);
  }

  void note(const portloop_result& result) {
    const Place place{portloop::address_text(result), result.port};
    const auto before = states_.find(place);
    // An unknown result is no change.
    if (result.state == PORTLOOP_UNKNOWN) return;
    const bool first_round = before == states_.end();
    if (first_round ? result.state == PORTLOOP_OPEN : before->second != result.state) {
      char now[16];
      const std::time_t seconds = std::time(nullptr);
      std::strftime(now, sizeof now, "%H:%M:%S", std::localtime(&seconds));
      std::printf("%s %s %u %s%s%s\n", now, place.first.c_str(), static_cast<unsigned>(place.second),
                  first_round ? "" : portloop_state_name(before->second), first_round ? "" : " -> ",
                  portloop_state_name(result.state));
      std::fflush(stdout);
    }
    states_[place] = result.state;
  }

  void end_round(int status) {
    scan_->close();
    if (status != 0) {
      give_up(uv_strerror(status));
      return;
    }
    if (rounds_left_ > 0 && --rounds_left_ == 0) {
      uv_close(reinterpret_cast<uv_handle_t*>(&next_), nullptr);
      return;
    }
    const uint64_t passed_ms = uv_now(uv_default_loop()) - began_ms_;
    uv_timer_start(
        &next_, [](uv_timer_t* timer) { static_cast<Watch*>(timer->data)->begin_round(); },
        passed_ms < interval_ms_ ? interval_ms_ - passed_ms : 0, 0);
  }

  portloop::Options options_;
  uint64_t interval_ms_;
  uint64_t rounds_left_;  // 0: run forever
  uint64_t began_ms_ = 0;
  uv_timer_t next_{};
  std::optional<portloop::Scan> scan_;
  std::map<Place, portloop_state> states_;
  bool failed_ = false;
};

/// Parses the whole word as a number from 0 to the seconds of a year.
template <class Number>
bool parse(std::string_view word, Number& number) {
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
  return error == std::errc() && end == word.data() + word.size() && number >= 0 && number <= 31'536'000;
}

}  // namespace

int main(int argc, char** argv) {
  double seconds = 5;
  uint64_t rounds = 0;
  if (argc < 3 || argc > 5 || (argc > 3 && !parse(argv[3], seconds)) || (argc > 4 && !parse(argv[4], rounds))) {
    std::fprintf(stderr, "usage: watch ADDRESS PORTS [SECONDS [ROUNDS]]\n");
    return 2;
  }
  try {
    return Watch(argv[1], argv[2], static_cast<uint64_t>(seconds * 1000), rounds).run();
  } catch (const portloop::Error& error) {
    std::fprintf(stderr, "watch: %s\n", error.what());
    return 2;
  }
}
