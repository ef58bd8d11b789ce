// Names of services and their ports as this machine knows them, with our own list behind.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace portloop {

/// A table made once; looking something up in it asks nobody, so it is safe from any thread afterwards.
class SystemServices {
 public:
  /// A TCP service as a services database has it.
  struct Entry {
    uint16_t port;
    std::string name;
    std::vector<std::string> aliases;
  };

  /// Reads the TCP services of the system's database (/etc/services on most). It may have none, as with musl
  /// libc: then our own list is all there is. Not safe while another thread uses getservent.
  static SystemServices load();

  /// Of several entries for a port or a name, the first counts; a name counts before an alias.
  explicit SystemServices(const std::vector<Entry>& entries);

  /// The name of a port, the system's or else ours; empty for none. Raw bytes from the database. The view
  /// lives as long as the table.
  std::string_view name_of(uint16_t port) const;

  /// The port of a name or an alias (ASCII case ignored), the system's or else ours; 0 for none.
  uint16_t port_of(std::string_view name) const;

 private:
  std::vector<std::pair<uint16_t, std::string>> names_;  // by port, each once
  std::vector<std::pair<std::string, uint16_t>> ports_;  // by name in lower case, each once
};

}  // namespace portloop
