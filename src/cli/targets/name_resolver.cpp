#include "cli/targets/name_resolver.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <uv.h>

#include <cerrno>
#include <cstring>
#include <type_traits>

#include "cli/exit_status.hpp"
#include "cli/targets/resolver_process.hpp"

namespace portloop {

static_assert(std::is_trivially_copyable_v<Address>);  // sent as it is: both ends are the same program

void NameResolver::start(WantedFamily family) {
  int pair[2];
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0)
    throw CannotRun(std::string("names can't be resolved: ") + std::strerror(errno));
  process_ = fork();
  if (process_ == 0) {
    close(pair[0]);
    run_resolver(pair[1], family);
  }
  const int error = errno;
  close(pair[1]);
  socket_ = pair[0];
  if (process_ < 0) {
    stop();
    throw CannotRun(std::string("names can't be resolved: ") + std::strerror(error) +
                    (error == EAGAIN ? " (ulimit -u limits the processes)" : ""));
  }
  fcntl(socket_, F_SETFD, FD_CLOEXEC);
  fcntl(socket_, F_SETFL, O_NONBLOCK);
}

void NameResolver::stop() {
  if (socket_ >= 0) close(socket_);
  socket_ = -1;
  received_.clear();
  if (process_ > 0) {
    while (waitpid(process_, nullptr, 0) < 0 && errno == EINTR) continue;  // it ends at once
  }
  process_ = -1;
}

bool NameResolver::send(uint32_t number, const std::string& name, bool any_family) {
  const ResolverQuestion question{number, static_cast<uint32_t>(name.size()), any_family ? 1U : 0U};
  std::string bytes(reinterpret_cast<const char*>(&question), sizeof question);
  bytes += name;
#ifdef MSG_NOSIGNAL
  constexpr int flags = MSG_NOSIGNAL;
#else
  constexpr int flags = 0;
#endif
  for (size_t at = 0; at < bytes.size();) {
    const ssize_t count = ::send(socket_, bytes.data() + at, bytes.size() - at, flags);
    if (count >= 0) {
      at += static_cast<size_t>(count);
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {  // not with so few names; the process reads at once
      pollfd wait{socket_, POLLOUT, 0};
      poll(&wait, 1, -1);
    } else if (errno != EINTR) {
      return false;
    }
  }
  return true;
}

bool NameResolver::receive(std::vector<Answer>& answers) {
  char bytes[16'384];
  bool alive = true;
  for (;;) {
    const ssize_t count = read(socket_, bytes, sizeof bytes);
    if (count < 0 && errno == EINTR) continue;
    alive = count > 0 || (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK));
    if (count <= 0) break;
    received_.append(bytes, static_cast<size_t>(count));
  }
  ResolverAnswer head;
  size_t at = 0;
  while (received_.size() - at >= sizeof head) {
    std::memcpy(&head, received_.data() + at, sizeof head);
    const size_t size = sizeof head + size_t{head.addresses} * sizeof(Address);
    if (received_.size() - at < size) break;
    Answer& answer = answers.emplace_back();
    answer.number = head.number;
    if (head.error != 0) answer.error = uv_strerror(head.error);
    answer.addresses.resize(head.addresses);
    if (head.addresses > 0)
      std::memcpy(answer.addresses.data(), received_.data() + at + sizeof head, size - sizeof head);
    at += size;
  }
  received_.erase(0, at);
  return alive;
}

}  // namespace portloop
