// Makes bytes that somebody else chose (a banner, a host name, the command line) safe to write. One rule for
// every format: what a person can see stays, every other byte becomes \xNN, and so does the backslash, so
// that \xNN always stands for exactly one byte and a reader gets the original bytes back. On top of that rule
// each format quotes what is special to it. Pure functions; safe from any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace portloop {

/// Length in bytes of the visible character that `raw` begins with; 0 where its first byte must be escaped:
/// control characters (C0, DEL, C1), the backslash, invalid UTF-8 (overlong forms, surrogates and cut
/// sequences included), noncharacters, and characters that are not seen but change how others are shown (bidi
/// controls, zero-width ones, line and paragraph separators, tags).
size_t visible_length(std::string_view raw);

/// Appends `raw` as printable, valid UTF-8 on one line; what is not visible, and each ASCII character that
/// stands in `also`, as \xNN. Good for a terminal.
void append_visible(std::string& out, std::string_view raw, std::string_view also = {});

/// Appends a JSON string with its quotes around the visible text.
void append_json_string(std::string& out, std::string_view raw);

/// Appends the visible text for an XML attribute in double quotes, or for character data.
void append_xml_text(std::string& out, std::string_view raw);

/// Appends the visible text as one CSV cell (RFC 4180), quoted where it must be. A cell that a spreadsheet
/// would take for a formula gets a leading ', and so does one that begins with ' already.
void append_csv_cell(std::string& out, std::string_view raw);

/// Appends the visible text as a subfield of nmap's grepable format, where a slash and a comma separate.
void append_grepable_value(std::string& out, std::string_view raw);

}  // namespace portloop
