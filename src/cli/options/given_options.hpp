// What scan and compare read alike from the words that cxxopts has sorted.
#pragma once

// Lists are ours to split: a comma may stand in a file's name.
#define CXXOPTS_VECTOR_DELIMITER '\0'
#include <cxxopts.hpp>

#include <cstdint>
#include <initializer_list>
#include <string>

#include "cli/scan/scan_options.hpp"
#include "cli/targets/system_services.hpp"

namespace portloop {

/// The value of an option that takes one of a few words; the first one where it isn't given.
std::string one_of(const cxxopts::ParseResult& given, const char* option, std::initializer_list<const char*> words);

/// --ports ("common" where it isn't given) without --exclude-ports.
PortSet read_ports(const cxxopts::ParseResult& given, const SystemServices& services);

/// -4 and -6.
WantedFamily read_family(const cxxopts::ParseResult& given);

/// --order and --seed; without --seed a random one, short enough to type again.
void read_order(const cxxopts::ParseResult& given, ScanRequest& request);

}  // namespace portloop
