#include "core/service_names.hpp"

#include <algorithm>
#include <array>

namespace portloop {
namespace {

constexpr auto services = std::to_array<ServiceName>({
    {22, "ssh", true},
    {80, "http", true},
    {443, "https", true},
    {8080, "http-alt", true},
});

}  // namespace

std::span<const ServiceName> service_names() { return services; }

std::string_view service_name_of(uint16_t port) {
  const auto found = std::lower_bound(services.begin(), services.end(), port,
                                      [](const ServiceName& s, uint16_t p) { return s.port < p; });
  return found != services.end() && found->port == port ? found->name : std::string_view{};
}

uint16_t port_of_service(std::string_view name) {
  const auto found = std::find_if(services.begin(), services.end(), [&](const ServiceName& s) { return s.name == name; });
  return found != services.end() ? found->port : uint16_t{0};
}

}  // namespace portloop
