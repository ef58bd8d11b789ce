#include "cli/options/given_options.hpp"

#include <sys/random.h>

#include "cli/exit_status.hpp"
#include "cli/options/option_values.hpp"
#include "core/spec_error.hpp"

namespace portloop {
namespace {

uint64_t random_seed() {
  uint32_t seed = 0;  // 32 bits are short enough to be typed
  if (getrandom(&seed, sizeof seed, 0) != sizeof seed) throw CannotRun("the system returned no random seed");
  return seed;
}

}  // namespace

std::string text_of(const cxxopts::ParseResult& given, const char* option, const std::string& otherwise) {
  return given.count(option) ? given[option].as<std::string>() : otherwise;
}

std::optional<std::string> optional_text_of(const cxxopts::ParseResult& given, const char* option) {
  return given.count(option) ? std::optional(given[option].as<std::string>()) : std::nullopt;
}

std::vector<std::string> texts_of(const cxxopts::ParseResult& given, const char* option) {
  return given.count(option) ? given[option].as<std::vector<std::string>>() : std::vector<std::string>{};
}

std::string one_of(const cxxopts::ParseResult& given, const char* option, std::initializer_list<const char*> words) {
  const std::string word = text_of(given, option, *words.begin());
  std::string accepted;
  for (const char* candidate : words) {
    if (word == candidate) return word;
    accepted += (accepted.empty() ? "" : ", ") + std::string(candidate);
  }
  throw UsageError(std::string("--") + option + ' ' + quote_word(word) + ": accepted are " + accepted);
}

uint32_t number_of(const cxxopts::ParseResult& given, const char* option, uint32_t min, uint32_t max,
                   uint32_t otherwise) {
  if (given.count(option) == 0) return otherwise;
  return static_cast<uint32_t>(parse_number_option(std::string("--") + option, text_of(given, option), min, max));
}

uint32_t timeout_of(const cxxopts::ParseResult& given, const char* option, uint32_t otherwise_ms) {
  constexpr uint64_t max_ms = 600'000;
  if (given.count(option) == 0) return otherwise_ms;
  const std::string name = std::string("--") + option;
  return static_cast<uint32_t>(parse_duration_option(name, text_of(given, option), TimeUnit::milliseconds, max_ms));
}

namespace {

PortSet parse_port_option(const char* option, const std::string& spec, const SystemServices& services) {
  const auto ports = parse_ports(
      spec, [&services](std::string_view name) { return services.port_of(name); },
      [&services](std::string_view pattern) { return services.ports_of(pattern); });
  if (!ports) throw UsageError(std::string(option) + ' ' + ports.error());
  return *ports;
}

}  // namespace

PortSet excluded_ports_of(const cxxopts::ParseResult& given, const SystemServices& services) {
  if (given.count("exclude-ports") == 0) return {};
  return parse_port_option("--exclude-ports", text_of(given, "exclude-ports"), services);
}

PortSet ports_of(const cxxopts::ParseResult& given, const SystemServices& services) {
  PortSet ports = parse_port_option("--ports", text_of(given, "ports", "common"), services);
  ports.remove(excluded_ports_of(given, services));
  if (ports.empty()) throw UsageError("--exclude-ports leaves no port to scan");
  return ports;
}

WantedFamily family_of(const cxxopts::ParseResult& given) {
  if (given.count("4") && given.count("6"))
    throw UsageError("'-4' and '-6' exclude each other: give one, or none for both families");
  return given.count("4") ? WantedFamily::ipv4 : given.count("6") ? WantedFamily::ipv6 : WantedFamily::any;
}

ColourChoice colour_of(const cxxopts::ParseResult& given) {
  const std::string word = one_of(given, "color", {"auto", "always", "never"});
  if (given.count("color") && given.count("no-color"))
    throw UsageError("'--color' and '--no-color' exclude each other: --no-color is --color never");
  if (word == "never" || given.count("no-color")) return ColourChoice::never;
  return word == "always" ? ColourChoice::always : ColourChoice::automatic;
}

void check_given_once(const cxxopts::ParseResult& given, std::initializer_list<const char*> options) {
  for (const char* option : options) {
    if (given.count(option) > 1) throw UsageError(std::string("--") + option + " is given twice: once is accepted");
  }
}

OrderChoice order_of(const cxxopts::ParseResult& given) {
  OrderChoice choice;
  const std::string random(to_text(Order::random)), sequential(to_text(Order::sequential));
  choice.order = *parse_order(one_of(given, "order", {random.c_str(), sequential.c_str()}));
  choice.seed_given = given.count("seed") > 0;
  choice.seed =
      choice.seed_given ? parse_number_option("--seed", text_of(given, "seed"), 0, UINT64_MAX) : random_seed();
  return choice;
}

}  // namespace portloop
