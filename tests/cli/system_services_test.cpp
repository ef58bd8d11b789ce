#include "cli/system/system_services.hpp"

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <netdb.h>

using namespace portloop;

TEST_CASE("the system's names precede ours") {
  const SystemServices services({{22, "our-shell", {}}, {50123, "in-house", {}}});
  CHECK(services.name_of(22) == "our-shell");
  CHECK(services.name_of(50123) == "in-house");
  CHECK(services.name_of(443) == "https");
  CHECK(services.name_of(50124) == "");
  CHECK(services.port_of("our-shell") == 22);
  CHECK(services.port_of("In-House") == 50123);
  CHECK(services.port_of("ssh") == 22);
  CHECK(services.port_of("rdp") == 3389);
  CHECK(services.port_of("in-house-2") == 0);
}

TEST_CASE("without a services database, our own list is used") {
  const SystemServices services({});
  CHECK(services.name_of(22) == "ssh");
  CHECK(services.port_of("SSH") == 22);
  CHECK(services.name_of(65535) == "");
}

TEST_CASE("an alias has its port, unless another service has that name") {
  const SystemServices services({{80, "http", {"WWW", "intranet"}}, {8000, "intranet", {}}});
  CHECK(services.port_of("www") == 80);
  CHECK(services.port_of("intranet") == 8000);
  CHECK(services.name_of(80) == "http");
}

TEST_CASE("a pattern finds the system's names and ours") {
  const SystemServices services({{50123, "in-house", {"house-2"}}});
  CHECK(services.ports_of("in-H?use") == std::vector<uint16_t>{50123});
  CHECK(services.ports_of("house-2*") == std::vector<uint16_t>{50123});
  CHECK(services.ports_of("rdp") == std::vector<uint16_t>{3389});
  CHECK(services.ports_of("nosuch*").empty());
}

TEST_CASE("of several entries for one port or name the first is used; port 0 is ignored") {
  const SystemServices services({{514, "shell", {}}, {514, "syslog", {}}, {515, "shell", {}}, {0, "nothing", {"nil"}}});
  CHECK(services.name_of(514) == "shell");
  CHECK(services.port_of("shell") == 514);
  CHECK(services.port_of("syslog") == 514);
  CHECK(services.port_of("nil") == 0);
  CHECK(services.name_of(0) == "");
}

TEST_CASE("the table has the same name for every port as the system's own lookup") {
  const SystemServices services = SystemServices::load();
  int known = 0;
  for (int port = 1; port <= 1023; ++port) {
    const servent* found = getservbyport(htons(static_cast<uint16_t>(port)), "tcp");
    if (found == nullptr) continue;
    ++known;
    CHECK(services.name_of(static_cast<uint16_t>(port)) == found->s_name);
  }
  if (known == 0) MESSAGE("this system has no services database");
}
