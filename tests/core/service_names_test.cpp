#include "core/service_names.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "core/port_set.hpp"

using namespace portloop;

TEST_CASE("well-known ports have names, and most ports have none") {
  CHECK(service_name_of(22) == "ssh");
  CHECK(service_name_of(443) == "https");
  CHECK(service_name_of(5432) == "postgresql");
  CHECK(service_name_of(64738) == "mumble");
  CHECK(service_name_of(0) == "");
  CHECK(service_name_of(65535) == "");
}

TEST_CASE("names have ports in either case, and so do common aliases") {
  CHECK(port_of_service("ssh") == 22);
  CHECK(port_of_service("HTTPS") == 443);
  CHECK(port_of_service("www") == 80);
  CHECK(port_of_service("Postgres") == 5432);
  CHECK(port_of_service("rdp") == 3389);
  CHECK(port_of_service("") == 0);
  CHECK(port_of_service("htt") == 0);
  CHECK(port_of_service("httpx") == 0);
}

TEST_CASE("a name of several ports stands for the usual one") {
  CHECK(port_of_service("http-alt") == 8080);
  CHECK(port_of_service("https-alt") == 8443);
  CHECK(port_of_service("ssh-alt") == 2222);
}

TEST_CASE("every name in the list stands for a port with that name") {
  for (const ServiceName& service : service_names()) {
    CAPTURE(service.name);
    const uint16_t port = port_of_service(service.name);
    // For these names the usual port is not the one that has the name in the list.
    if (service.name != "irc" && service.name != "winrm" && service.name != "http-proxy")
      CHECK(service_name_of(port) == service.name);
  }
}

TEST_CASE("there are several hundred common ports, including those that users expect") {
  const auto is_common = [](const ServiceName& s) { return s.common; };
  const auto count = std::count_if(service_names().begin(), service_names().end(), is_common);
  CHECK(count >= 350);
  CHECK(count <= 600);
  const auto common = parse_ports("common", port_of_service);
  REQUIRE(common);
  CHECK(common->size() == count);
  constexpr uint16_t expected[] = {21,   22,   23,   25,   53,   80,   110,   135,   139,   143,
                                   389,  443,  445,  587,  631,  993,  1433,  1521,  1883,  2049,
                                   2375, 3000, 3306, 3389, 5432, 5900, 5985,  6379,  6443,  8000,
                                   8080, 8443, 8888, 9090, 9100, 9200, 10250, 11211, 25565, 27017};
  for (const uint16_t port : expected) CHECK(common->contains(port));
  CHECK_FALSE(common->contains(7));
}
