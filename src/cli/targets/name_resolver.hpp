// A process of its own that resolves names with getaddrinfo(), many at a time.
//
// Why a process: a scan is confined (system/confinement.hpp), and getaddrinfo() must not be. The modules of
// nsswitch.conf (files, mDNS, systemd-resolved, LDAP) are loaded, read files and talk to local services at any time.
// They do so here, in a process that has nothing to do with what strangers send to the scan. A look-up that hangs ends
// with the process.
//
// Happy path: start() forks; send() a name with a number of the caller's; the process resolves it on one of its
// threads; receive() returns what it found. stop() ends the process.
//
// What goes wrong:
//   - it can't be started: CannotRun
//   - it dies: receive() reports it; names that were sent have no result
//   - this process dies: the other one sees the end of its socket, and ends
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/targets/target_words.hpp"
#include "core/address.hpp"

namespace portloop {

class NameResolver {
 public:
  struct Answer {
    uint32_t number = 0;
    std::string error;               ///< Empty if it resolves.
    std::vector<Address> addresses;  ///< In the system's order; an address may be there twice.
  };

  NameResolver() = default;
  ~NameResolver() { stop(); }
  NameResolver(const NameResolver&) = delete;
  NameResolver& operator=(const NameResolver&) = delete;

  /// Throws CannotRun.
  void start(WantedFamily family);
  void stop();
  /// Readable when there is an answer, or when the process has died.
  int descriptor() const { return socket_; }

  /// At most max_resolved_at_once names without an answer may be sent. `any_family`: look for addresses of families,
  /// too, that this machine has no address of. Returns false if the process has died.
  bool send(uint32_t number, const std::string& name, bool any_family);
  /// Takes what has arrived. Returns false if the process has died.
  bool receive(std::vector<Answer>& answers);

 private:
  int socket_ = -1;
  pid_t process_ = -1;
  std::string received_;  // the beginning of an answer
};

}  // namespace portloop
