#include "cli/options/given_options.hpp"

#include <sys/random.h>

#include "cli/options/option_values.hpp"
#include "cli/usage.hpp"
#include "core/spec_error.hpp"

namespace portloop {
namespace {

uint64_t random_seed() {
  uint32_t seed = 0;  // 32 bits are short enough to type again
  if (getrandom(&seed, sizeof seed, 0) != sizeof seed) throw CannotRun("no random seed from the system");
  return seed;
}

}  // namespace

std::string one_of(const cxxopts::ParseResult& given, const char* option, std::initializer_list<const char*> words) {
  if (given.count(option) == 0) return *words.begin();
  const std::string word = given[option].as<std::string>();
  std::string accepted;
  for (const char* candidate : words) {
    if (word == candidate) return word;
    accepted += (accepted.empty() ? "" : ", ") + std::string(candidate);
  }
  throw UsageError(std::string("--") + option + ' ' + quote_word(word) + ": accepted are " + accepted);
}

PortSet read_ports(const cxxopts::ParseResult& given, const SystemServices& services) {
  const auto read = [&services](const char* option, const std::string& spec) {
    const auto ports = parse_ports(spec, [&services](std::string_view name) { return services.port_of(name); });
    if (!ports) throw UsageError(std::string(option) + ' ' + ports.error());
    return *ports;
  };
  PortSet ports = read("--ports", given.count("ports") ? given["ports"].as<std::string>() : "common");
  if (given.count("exclude-ports")) ports.remove(read("--exclude-ports", given["exclude-ports"].as<std::string>()));
  if (ports.empty()) throw UsageError("--exclude-ports leaves no port to scan");
  return ports;
}

WantedFamily read_family(const cxxopts::ParseResult& given) {
  if (given.count("4") && given.count("6"))
    throw UsageError("'-4' and '-6' exclude each other: give one, or none for both families");
  return given.count("4") ? WantedFamily::ipv4 : given.count("6") ? WantedFamily::ipv6 : WantedFamily::any;
}

void read_order(const cxxopts::ParseResult& given, ScanRequest& request) {
  request.order = one_of(given, "order", {"random", "sequential"}) == "random" ? Order::random : Order::sequential;
  request.seed_given = given.count("seed") > 0;
  request.seed =
      request.seed_given ? read_number("--seed", given["seed"].as<std::string>(), 0, UINT64_MAX) : random_seed();
}

}  // namespace portloop
