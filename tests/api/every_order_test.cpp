// Two calls of the API at any two moments of a small scan, in every order: the contract of portloop.h holds.
#include <set>
#include <utility>

#include "support/embedding.hpp"

using namespace portloop::testing;

namespace {

enum class Call { stop, close, pause, resume, unref, limits, start };
constexpr Call calls[] = {Call::stop, Call::close, Call::pause, Call::resume, Call::unref, Call::limits, Call::start};

/// Of those in the middle, which come first is open; a scan that is quick has no progress.
enum class Moment { before_start, after_start, progress, first_result, last_result, done, closed };
constexpr Moment moments[] = {Moment::before_start, Moment::after_start, Moment::progress, Moment::first_result,
                              Moment::last_result,  Moment::done,        Moment::closed};

using Planned = std::pair<Moment, Call>;

struct Ports {
  LocalPort open{LocalPort::open}, closed{LocalPort::closed}, silent{LocalPort::silent};

  std::string text() const { return open.text() + ',' + closed.text() + ',' + silent.text(); }
  portloop_state state_of(uint16_t port) const {
    if (port == open.number()) return PORTLOOP_OPEN;
    return port == closed.number() ? PORTLOOP_CLOSED : PORTLOOP_FILTERED;
  }
};
constexpr size_t port_count = 3;

/// One scan during which two calls are made.
class Play {
 public:
  Play(const Ports& ports, const Engine& engine, Planned first, Planned second)
      : ports_(ports), options_("127.0.0.1", ports.text()), planned_{first, second}, scan_(loop_) {
    set_engine(options_, engine);
    portloop_options_set_timeout_ms(options_, 1);
    portloop_options_set_adaptive(options_, 0);
    portloop_options_set_retries(options_, 0);
    scan_.on_result = [this](Recorded& self) {
      if (self.results.size() == 1) reach(Moment::first_result);
      if (self.results.size() == port_count) reach(Moment::last_result);
    };
    REQUIRE(portloop_scan_set_progress_cb(scan_.scan, Recorded::progress_cb, 1) == 0);
    scan_.on_progress = [this](Recorded& self) {
      self.on_progress = nullptr;
      reach(Moment::progress);
    };
    scan_.on_done = [this](Recorded&) {
      ended_early_ = called_.contains(Call::stop) || called_.contains(Call::close);
      reach(Moment::done);
      if (!called_.contains(Call::close)) call(Call::close);
    };
    scan_.on_closed = [this](Recorded&) {
      reach(Moment::closed);
      uv_timer_stop(&resume_);
    };
    REQUIRE(uv_timer_init(loop_.get(), &resume_) == 0);
    resume_.data = scan_.scan;
  }
  ~Play() { uv_close(as_handle(&resume_), nullptr); }
  Play(const Play&) = delete;

  void run() {
    // It ends every pause, and keeps the loop alive if the scan does not.
    uv_timer_start(
        &resume_, [](uv_timer_t* timer) { portloop_scan_resume(static_cast<portloop_scan*>(timer->data)); }, 1, 1);
    reach(Moment::before_start);
    const int error = scan_.start(options_);
    started_ = error == 0;
    CHECK(error == (called_.contains(Call::close) ? UV_EALREADY : 0));
    reach(Moment::after_start);
    loop_.run();
    ports_.open.empty_queue();
    check_end();
  }

 private:
  void reach(Moment moment) {
    for (const auto& [when, what] : planned_) {
      if (when == moment) call(what);
    }
  }

  void call(Call what) {
    switch (what) {
      case Call::stop: scan_.stop(); break;
      case Call::close: portloop_scan_is_closing(scan_.scan) != 0 ? close_again() : scan_.close(); break;
      case Call::pause: portloop_scan_pause(scan_.scan); break;
      case Call::resume: portloop_scan_resume(scan_.scan); break;
      case Call::unref: portloop_scan_unref(scan_.scan); break;
      case Call::limits:
        CHECK(portloop_scan_set_in_flight(scan_.scan, 3) == 0);
        CHECK(portloop_scan_set_rate(scan_.scan, 1e6) == 0);
        break;
      case Call::start:
        CHECK(portloop_scan_start(scan_.scan, options_, Recorded::result_cb, Recorded::done_cb) == UV_EALREADY);
        break;
    }
    called_.insert(what);
  }

  void close_again() const {
    portloop_scan_close(scan_.scan, [](portloop_scan*) { FAIL("the callback of a later close was called"); });
  }

  void check_end() const {
    CHECK(scan_.done == (started_ ? 1 : 0));
    CHECK(scan_.closed == 1);
    std::set<uint16_t> seen;
    for (const auto& result : scan_.results) {
      CHECK(seen.insert(result.port).second);
      CHECK(result.state == ports_.state_of(result.port));
    }
    if (!started_) {
      CHECK(scan_.results.empty());
    } else if (scan_.status == 0) {
      CHECK(scan_.results.size() == port_count);
    } else {
      CHECK(scan_.status == UV_ECANCELED);
      CHECK(ended_early_);
    }
  }

  const Ports& ports_;
  uv_timer_t resume_{};
  TestLoop loop_;
  TestOptions options_;
  Planned planned_[2];
  std::set<Call> called_;
  bool started_ = false;
  bool ended_early_ = false;  // stopped or closed before done
  Recorded scan_;
};

/// A scan that has not been started can be started: that call is not repeated.
bool is_meant(const Planned& planned) { return planned.first != Moment::before_start || planned.second != Call::start; }

}  // namespace

TEST_CASE("two calls at any two moments of a scan, in every order") {
  const Ports ports;
  for (const Engine& engine : engines) {
    for (const Moment first_moment : moments) {
      for (const Moment second_moment : moments) {
        if (second_moment < first_moment) continue;
        for (const Call first_call : calls) {
          for (const Call second_call : calls) {
            const Planned first{first_moment, first_call}, second{second_moment, second_call};
            if (!is_meant(first) || !is_meant(second)) continue;
            CAPTURE(engine.loops);
            CAPTURE(engine.connector);
            CAPTURE(static_cast<int>(first_moment));
            CAPTURE(static_cast<int>(first_call));
            CAPTURE(static_cast<int>(second_moment));
            CAPTURE(static_cast<int>(second_call));
            Play(ports, engine, first, second).run();
          }
        }
      }
    }
  }
}
