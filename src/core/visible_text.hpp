// Makes bytes that somebody else chose (a banner, a host name, the command line) safe to write. Every format follows
// one rule: visible characters stay, every other byte becomes \xNN, and so does the backslash. So \xNN always stands
// for exactly one byte, and a reader can restore the original bytes. Pure functions, safe from any thread.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace portloop {

/// Returns the length in bytes of the visible character at the start of `raw`, or 0 if its first byte must be escaped:
/// control characters (C0, DEL, C1), the backslash, invalid UTF-8 (overlong forms, surrogates and truncated sequences
/// included), noncharacters, and invisible characters that change how others are displayed (bidi controls, zero-width
/// characters, line and paragraph separators, tags).
size_t visible_length(std::string_view raw);

/// Appends `raw` as printable, valid UTF-8 on one line, safe for a terminal. Bytes that are not visible, and ASCII
/// characters that are in `also`, become \xNN.
void append_visible(std::string& out, std::string_view raw, std::string_view also = {});

/// Appends a JSON string, quotes included, with the visible text of `raw`.
void append_json_string(std::string& out, std::string_view raw);

/// The same; null if `raw` is empty.
void append_json_string_or_null(std::string& out, std::string_view raw);

/// The inverse of append_json_string() for the text between the quotes; nullopt if it contains an invalid escape.
std::optional<std::string> parse_json_string(std::string_view content);

}  // namespace portloop
