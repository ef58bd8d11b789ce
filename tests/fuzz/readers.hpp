// Strict readers of what the writers write. They share no code with the program: RFC 3629, 4180 and 8259, the XML that
// nmap's DTD allows, and the rule of docs/formats.md that \xNN stands for one byte.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace portloop::fuzz {

/// True if the text is valid UTF-8 without any character that is invisible or can control a terminal. `also_allowed`:
/// ASCII control characters that may occur.
bool is_printable(std::string_view text, std::string_view also_allowed = {});

/// The bytes that a visible text stands for; nullopt if it is not what the rule allows.
std::optional<std::string> raw_of_visible(std::string_view text);

/// A value of a JSON object. Lists and objects are checked, and not kept.
struct JsonValue {
  enum class Kind : uint8_t { null, boolean, number, string, compound } kind = Kind::null;
  std::string text;  ///< Of a number or a literal as it is, of a string decoded.
};

/// One JSON value, without line ends between its tokens, and at most 33 lists or objects within each other.
bool is_json(std::string_view text);

/// The members of one JSON object; nullopt if the text is not one, or if two members have the same name.
std::optional<std::map<std::string, JsonValue>> read_json_object(std::string_view text);

/// The rows of a CSV text; each ends with CRLF.
std::optional<std::vector<std::vector<std::string>>> read_csv(std::string_view text);

struct XmlElement {
  std::string name;
  std::map<std::string, std::string> attributes;
  std::vector<XmlElement> children;

  /// The first child of that name, or nullptr.
  const XmlElement* child(std::string_view wanted) const;
  std::string attribute(const std::string& wanted) const;
};

/// A document with a declaration, a document type, comments, and elements without text.
std::optional<XmlElement> read_xml(std::string_view text);

}  // namespace portloop::fuzz
