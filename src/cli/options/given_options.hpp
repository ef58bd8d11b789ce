// What several commands read alike from the options that cxxopts has parsed.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <vector>

#include "cli/options/cxxopts.hpp"
#include "cli/options/order_choice.hpp"
#include "cli/system/system_services.hpp"
#include "cli/targets/target_words.hpp"
#include "cli/terminal/colour.hpp"
#include "core/port_set.hpp"

namespace portloop {

/// The value of an option, or `otherwise` if it was not given.
std::string text_of(const cxxopts::ParseResult& given, const char* option, const std::string& otherwise = "");

/// The value of an option, if it was given.
std::optional<std::string> optional_text_of(const cxxopts::ParseResult& given, const char* option);

/// The values of an option that may be repeated.
std::vector<std::string> texts_of(const cxxopts::ParseResult& given, const char* option);

/// The value of an option that takes one of a few words; the first of them if it was not given. Throws UsageError.
std::string one_of(const cxxopts::ParseResult& given, const char* option, std::initializer_list<const char*> words);

/// The value of an option that takes a number from `min` to `max`; `otherwise` if it was not given. Throws UsageError.
uint32_t number_of(const cxxopts::ParseResult& given, const char* option, uint32_t min, uint32_t max,
                   uint32_t otherwise);

/// The milliseconds of an option that takes a time up to ten minutes, such as 500 (milliseconds) or 2s. Throws
/// UsageError.
uint32_t timeout_of(const cxxopts::ParseResult& given, const char* option, uint32_t otherwise_ms);

/// --exclude-ports; empty if it was not given. Throws UsageError.
PortSet excluded_ports_of(const cxxopts::ParseResult& given, const SystemServices& services);

/// --ports ("common" by default) without --exclude-ports. Throws UsageError.
PortSet ports_of(const cxxopts::ParseResult& given, const SystemServices& services);

/// -4 and -6. Throws UsageError.
WantedFamily family_of(const cxxopts::ParseResult& given);

/// --color and --no-color. Throws UsageError.
ColourChoice colour_of(const cxxopts::ParseResult& given);

/// Throws UsageError if one of `options`, which take one value, was given more than once: one value would be ignored.
void check_given_once(const cxxopts::ParseResult& given, std::initializer_list<const char*> options);

/// --order and --seed; without --seed a random one, short enough to be typed. Throws UsageError.
OrderChoice order_of(const cxxopts::ParseResult& given);

}  // namespace portloop
