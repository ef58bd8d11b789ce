#include "cli/targets/resolver_process.hpp"

#include <fcntl.h>
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#include <cerrno>
#include <condition_variable>
#include <csignal>
#include <deque>
#include <mutex>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "sockets/socket_address.hpp"

namespace portloop {
namespace {

/// As uv_getaddrinfo() translates them.
int uv_code_of(int error) {
  switch (error) {
    case 0: return 0;
#ifdef EAI_ADDRFAMILY
    case EAI_ADDRFAMILY: return UV_EAI_ADDRFAMILY;
#endif
#if defined EAI_NODATA && EAI_NODATA != EAI_NONAME
    case EAI_NODATA: return UV_EAI_NODATA;
#endif
    case EAI_AGAIN: return UV_EAI_AGAIN;
    case EAI_FAIL: return UV_EAI_FAIL;
    case EAI_FAMILY: return UV_EAI_FAMILY;
    case EAI_MEMORY: return UV_EAI_MEMORY;
    case EAI_NONAME: return UV_EAI_NONAME;
    case EAI_SYSTEM: return errno == 0 ? UV_EAI_FAIL : uv_translate_sys_error(errno);
    default: return UV_EAI_FAIL;
  }
}

bool read_whole(int socket, void* to, size_t size) {
  auto* at = static_cast<char*>(to);
  while (size > 0) {
    const ssize_t count = read(socket, at, size);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    at += count;
    size -= static_cast<size_t>(count);
  }
  return true;
}

void write_whole(int socket, const std::string& bytes) {
  for (size_t at = 0; at < bytes.size();) {
    const ssize_t count = write(socket, bytes.data() + at, bytes.size() - at);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) _exit(0);  // the scan is gone
    at += static_cast<size_t>(count);
  }
}

class Resolver {
 public:
  Resolver(int socket, WantedFamily family) : socket_(socket), family_(family) {}

  [[noreturn]] void run() {
    ResolverQuestion asked{};
    while (read_whole(socket_, &asked, sizeof asked)) {
      Question question{asked.number, asked.any_family != 0, std::string(asked.name_bytes, '\0')};
      if (!read_whole(socket_, question.name.data(), question.name.size())) break;
      if (add(question)) continue;
      resolve(question);
    }
    _exit(0);  // without the destructors of the scan's objects, and whatever the threads wait for
  }

 private:
  struct Question {
    uint32_t number;
    bool any_family;
    std::string name;
  };

  /// Returns false if there is no thread to resolve it.
  bool add(const Question& question) {
    const std::lock_guard lock(mutex_);
    if (idle_ <= waiting_.size() && threads_ < max_resolved_at_once) {
      try {
        std::thread([this] { resolve_all(); }).detach();
        ++threads_;
        ++idle_;
      } catch (const std::system_error&) {  // the limit of processes
        if (threads_ == 0) return false;
      }
    }
    waiting_.push_back(question);
    changed_.notify_one();
    return true;
  }

  [[noreturn]] void resolve_all() {
    for (;;) {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return !waiting_.empty(); });
      const Question question = std::move(waiting_.front());
      waiting_.pop_front();
      --idle_;
      lock.unlock();
      resolve(question);
      lock.lock();
      ++idle_;
    }
  }

  void resolve(const Question& question) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_family = family_ == WantedFamily::ipv4 ? AF_INET : family_ == WantedFamily::ipv6 ? AF_INET6 : AF_UNSPEC;
    // A machine without an IPv6 address reaches none.
    if (family_ == WantedFamily::any && !question.any_family) hints.ai_flags = AI_ADDRCONFIG;
    addrinfo* found = nullptr;
    errno = 0;
    const int error = uv_code_of(getaddrinfo(question.name.c_str(), nullptr, &hints, &found));
    std::vector<Address> addresses;
    for (const addrinfo* entry = found; entry != nullptr; entry = entry->ai_next) {
      if (const auto endpoint = to_endpoint(*entry->ai_addr)) addresses.push_back(endpoint->address);
    }
    if (found != nullptr) freeaddrinfo(found);
    const ResolverAnswer answer{question.number, error, static_cast<uint32_t>(addresses.size())};
    std::string bytes(reinterpret_cast<const char*>(&answer), sizeof answer);
    bytes.append(reinterpret_cast<const char*>(addresses.data()), addresses.size() * sizeof(Address));
    const std::lock_guard lock(writing_);
    write_whole(socket_, bytes);
  }

  const int socket_;
  const WantedFamily family_;
  std::mutex writing_;
  std::mutex mutex_;  // guards all that follows
  std::condition_variable changed_;
  std::deque<Question> waiting_;
  size_t threads_ = 0;
  size_t idle_ = 0;
};

}  // namespace

void run_resolver(int socket, WantedFamily family) {
  // A terminal sends these to all processes of a command. The scan decides what they mean.
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE, SIGUSR1}) std::signal(number, SIG_IGN);
  // Whoever waits for the end of the scan's input or output must not have to wait for this process.
  if (const int null = open("/dev/null", O_RDWR | O_CLOEXEC); null >= 0) {
    for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) dup2(null, fd);
  }
  Resolver(socket, family).run();
}

}  // namespace portloop
