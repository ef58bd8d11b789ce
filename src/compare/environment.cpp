#include "compare/environment.hpp"

#include <sys/resource.h>
#include <sys/utsname.h>
#include <uv.h>

#include <ctime>
#include <fstream>

#include "compare/control_group.hpp"
#include "portloop/portloop.h"

namespace portloop::compare {
namespace {

std::string limit_text(rlim_t limit) { return limit == RLIM_INFINITY ? "unlimited" : std::to_string(limit); }

std::string limit_of(__rlimit_resource_t resource) {
  rlimit limit{};
  if (getrlimit(resource, &limit) != 0) return "unknown";
  return limit_text(limit.rlim_cur) + " (hard limit " + limit_text(limit.rlim_max) + ")";
}

/// Returns the words of a file, separated by single spaces.
std::string line_of(const char* path) {
  std::ifstream file(path);
  std::string text, word;
  while (file >> word) text += (text.empty() ? "" : " ") + word;
  return text.empty() ? "unknown" : text;
}

std::string time_now() {
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  gmtime_r(&now, &utc);
  char text[sizeof "2026-01-01T00:00:00Z"];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc);
  return text;
}

std::string processor_name() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    const size_t colon = line.find(": ");
    if (line.starts_with("model name") && colon != std::string::npos) return line.substr(colon + 2);
  }
  return "unknown";
}

}  // namespace

Environment read_environment() {
  const GroupLimits group = read_group_limits();
  utsname system{};
  uname(&system);
  return {
      {"time", time_now()},
      {"portloop", portloop_version()},
      {"libuv", uv_version_string()},
      {"kernel", std::string(system.sysname) + ' ' + system.release + ' ' + system.machine},
      {"processors", std::to_string(uv_available_parallelism())},
      {"processor", processor_name()},
      {"descriptors", limit_of(RLIMIT_NOFILE)},
      {"processes", limit_of(RLIMIT_NPROC)},
      {"threads-max", line_of("/proc/sys/kernel/threads-max")},
      {"max_map_count", line_of("/proc/sys/vm/max_map_count")},
      {"pids limit", group.pids},
      {"processor quota", group.quota},
      {"load average", line_of("/proc/loadavg")},
      {"port range", line_of("/proc/sys/net/ipv4/ip_local_port_range")},
  };
}

}  // namespace portloop::compare
