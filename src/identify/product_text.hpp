// Product names and versions in the texts with which services introduce themselves.
#pragma once

#include <initializer_list>
#include <string_view>

#include "core/finding.hpp"

namespace portloop {

/// The first line, without its end; the whole text if it has only one line.
std::string_view first_line(std::string_view text);

bool contains_ignoring_case(std::string_view text, std::string_view word);

/// If `text` contains one of the names, sets the product, and the version if one follows: "(ProFTPD 1.3.8)".
void find_product(std::string_view text, std::initializer_list<std::string_view> names, Finding& finding);

/// "nginx/1.22.1 (Debian)", "OpenSSH_9.2p1", "dnsmasq-2.89", "unbound 1.17.1": a name up to one of `separators`, then
/// the version up to a blank. A text that begins with a digit is a version alone.
void split_product(std::string_view text, std::string_view separators, Finding& finding);

}  // namespace portloop
