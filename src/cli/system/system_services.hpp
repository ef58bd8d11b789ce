// Names of TCP services and their ports: this machine's, then those of portloop's own list.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace portloop {

/// An immutable table: safe to read from any thread.
class SystemServices {
 public:
  /// A TCP service as in the services database.
  struct Entry {
    uint16_t port;
    std::string name;
    std::vector<std::string> aliases;
  };

  /// Reads the TCP services of the system's database, usually /etc/services. It may be empty, as with musl libc. Not
  /// safe while another thread uses getservent().
  static SystemServices load();

  /// If several entries have the same port or name, the first one is used. Names precede aliases.
  explicit SystemServices(const std::vector<Entry>& entries);

  /// The name of a port; empty if it has none. Raw bytes from the database. The view is valid as long as the table.
  std::string_view name_of(uint16_t port) const;

  /// The port of a name or an alias (ASCII case is ignored); 0 if there is none.
  uint16_t port_of(std::string_view name) const;

  /// The ports of all names and aliases that match a pattern such as "http*"; not sorted, and a port may appear twice.
  std::vector<uint16_t> ports_of(std::string_view pattern) const;

 private:
  std::vector<std::pair<uint16_t, std::string>> names_;  // by port, each once
  std::vector<std::pair<std::string, uint16_t>> ports_;  // by name in lower case, each once
};

}  // namespace portloop
