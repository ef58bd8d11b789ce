// A program outside the tree, in C++: an invalid option throws, and results are printed.
#include <portloop/portloop.hpp>

#include <cstdio>

int main() {
  uv_loop_t loop;
  uv_loop_init(&loop);
  int results = 0;
  bool thrown = false;
  {
    portloop::Scan scan(&loop);
    try {
      scan.start(portloop::Options(), [](const portloop_result&) {});
    } catch (const portloop::Error& error) {
      thrown = error.code() == UV_EINVAL;
      std::printf("refused: %s\n", error.what());
    }
    scan.start(portloop::Options().add_target("127.0.0.1-3").ports("40001"), [&](const portloop_result& result) {
      std::printf("%s %s\n", portloop::address_text(result).c_str(), portloop_state_name(result.state));
      ++results;
    });
    uv_run(&loop, UV_RUN_DEFAULT);
  }
  uv_run(&loop, UV_RUN_DEFAULT);
  return uv_loop_close(&loop) == 0 && thrown && results == 3 ? 0 : 1;
}
