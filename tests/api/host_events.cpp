// Scans addresses and prints the events of hosts, and how many results there are by state. Run by host_events.py.
//
//   host_events TARGET PORTS LOOPS fastest|portable results|batches
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>

#include "portloop/portloop.hpp"

int main(int argc, char** argv) {
  if (argc != 6) return 2;
  uv_loop_t loop;
  uv_loop_init(&loop);
  try {
    portloop::Options options;
    options.add_target(argv[1]).ports(argv[2]).loops(static_cast<uint32_t>(std::strtoul(argv[3], nullptr, 10)));
    if (std::strcmp(argv[4], "portable") == 0) options.connector(PORTLOOP_CONNECTOR_PORTABLE);
    portloop::Scan scan(&loop);
    std::map<std::string, uint64_t> states;
    uint64_t unasked = 0;  // ports of absent hosts
    const auto add = [&](const portloop_result& result) {
      ++states[portloop_state_name(result.state)];
      unasked += result.attempts == 0;
    };
    scan.on_host([&](const sockaddr& address, portloop_host_event event) {
      char text[64];
      portloop_format_address(&address, text, sizeof text);
      std::printf("%s %s after %llu\n", text,
                  event == PORTLOOP_HOST_ABSENT   ? "absent"
                  : event == PORTLOOP_HOST_SILENT ? "silent"
                                                  : "back",
                  static_cast<unsigned long long>(unasked));
    });
    if (std::strcmp(argv[5], "batches") == 0) {
      scan.on_batch([&](std::span<const portloop_result* const> results) {
        for (const portloop_result* result : results) add(*result);
      });
    }
    int status = 1;
    scan.start(options, add, [&](int with) { status = with; });
    uv_run(&loop, UV_RUN_DEFAULT);
    for (const auto& [state, count] : states)
      std::printf("%s %llu\n", state.c_str(), static_cast<unsigned long long>(count));
    scan.close();
    uv_run(&loop, UV_RUN_DEFAULT);
    return status == 0 && uv_loop_close(&loop) == 0 ? 0 : 1;
  } catch (const portloop::Error& error) {
    std::fprintf(stderr, "host_events: %s\n", error.what());
    return 1;
  }
}
