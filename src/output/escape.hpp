// What each format quotes beyond the rule of core/visible_text.hpp. Pure functions, safe from any thread.
#pragma once

#include <string>
#include <string_view>

#include "core/visible_text.hpp"

namespace portloop {

/// Appends the visible text for an XML attribute in double quotes, or for character data.
void append_xml_text(std::string& out, std::string_view raw);

/// Appends the visible text as one CSV cell (RFC 4180), quoted if necessary. A cell that a spreadsheet would run as a
/// formula gets a leading ', and so does one that already begins with '.
void append_csv_cell(std::string& out, std::string_view raw);

/// Appends the visible text as a subfield of nmap's grepable format, in which slashes and commas are separators.
void append_grepable_value(std::string& out, std::string_view raw);

}  // namespace portloop
