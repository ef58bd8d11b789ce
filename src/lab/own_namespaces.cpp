#include "lab/own_namespaces.hpp"

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "lab/descriptor.hpp"

namespace portloop::lab {

namespace {

std::string user_namespaces_forbidden() {
  const std::string what = "this system forbids user namespaces (" + errno_text() + "): ";
  if (first_line_of("/proc/sys/user/max_user_namespaces") == "0") {
    return what + "allow them with 'sysctl user.max_user_namespaces=10000', or run as root";
  }
  if (first_line_of("/proc/sys/kernel/unprivileged_userns_clone") == "0") {
    return what + "allow them with 'sysctl kernel.unprivileged_userns_clone=1', or run as root";
  }
  if (first_line_of("/proc/sys/kernel/apparmor_restrict_unprivileged_userns") == "1") {
    return what + "allow them with 'sysctl kernel.apparmor_restrict_unprivileged_userns=0', or run as root";
  }
  return what + "run as root; in a container, allow unshare (for Docker: --security-opt seccomp=unconfined)";
}

}  // namespace

std::string errno_text() { return std::strerror(errno); }

std::string first_line_of(const char* path) {
  Descriptor file(open(path, O_RDONLY | O_CLOEXEC));
  char bytes[32] = {};
  const ssize_t length = file ? read(file.get(), bytes, sizeof bytes - 1) : 0;
  std::string line(bytes, length > 0 ? static_cast<size_t>(length) : 0);
  return line.substr(0, line.find('\n'));
}

bool write_file(const char* path, const std::string& text) {
  Descriptor file(open(path, O_WRONLY | O_CLOEXEC));
  return file && write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

std::optional<std::string> leave_for_own_namespaces() {
  if (geteuid() == 0 && unshare(CLONE_NEWNET | CLONE_NEWUTS) == 0) return std::nullopt;
  const uid_t uid = geteuid();
  const gid_t gid = getegid();
  if (unshare(CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWUTS) != 0) return user_namespaces_forbidden();
  const auto onto_itself = [](unsigned id) { return std::to_string(id) + ' ' + std::to_string(id) + " 1\n"; };
  write_file("/proc/self/setgroups", "deny");  // old kernels have no such file and don't need it
  if (!write_file("/proc/self/uid_map", onto_itself(uid)) || !write_file("/proc/self/gid_map", onto_itself(gid))) {
    return user_namespaces_forbidden();
  }
  return std::nullopt;
}

}  // namespace portloop::lab
