#include "fuzz/readers.hpp"

namespace portloop::fuzz {
namespace {

class XmlReader {
 public:
  explicit XmlReader(std::string_view text) : text_(text) {}

  std::optional<XmlElement> document() {
    if (!literal("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!DOCTYPE nmaprun>\n")) return std::nullopt;
    XmlElement root;
    if (!element(root)) return std::nullopt;
    between();
    return text_.empty() ? std::optional(std::move(root)) : std::nullopt;
  }

 private:
  bool literal(std::string_view expected) {
    if (!text_.starts_with(expected)) return false;
    text_.remove_prefix(expected.size());
    return true;
  }

  /// Line ends and comments.
  void between() {
    for (;;) {
      if (literal("\n")) continue;
      if (!text_.starts_with("<!--")) return;
      const size_t end = text_.find("-->", 4);
      if (end == std::string_view::npos || text_.find("--", 4) != end) return;
      text_.remove_prefix(end + 3);
    }
  }

  std::string name() {
    const size_t end = text_.find_first_not_of("abcdefghijklmnopqrstuvwxyz_");
    const std::string found(text_.substr(0, end));
    text_.remove_prefix(found.size());
    return found;
  }

  bool value(std::string& out) {
    static constexpr struct {
      std::string_view entity;
      char meant;
    } entities[] = {{"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&apos;", '\''}};
    if (!literal("=\"")) return false;
    while (!text_.empty() && text_.front() != '"') {
      const char c = text_.front();
      if (c == '<' || c == '>' || static_cast<unsigned char>(c) < 0x20) return false;
      if (c != '&') {
        out += c;
        text_.remove_prefix(1);
        continue;
      }
      bool known = false;
      for (const auto& [entity, meant] : entities) {
        if (known || !literal(entity)) continue;
        out += meant;
        known = true;
      }
      if (!known) return false;
    }
    return literal("\"");
  }

  bool element(XmlElement& element) {
    if (!literal("<")) return false;
    element.name = name();
    if (element.name.empty()) return false;
    while (literal(" ")) {
      const std::string attribute = name();
      std::string text;
      if (attribute.empty() || !value(text) || !element.attributes.emplace(attribute, text).second) return false;
    }
    if (literal("/>")) return true;
    if (!literal(">")) return false;
    for (between(); !text_.starts_with("</"); between())
      if (!this->element(element.children.emplace_back())) return false;
    return literal("</" + element.name + ">");
  }

  std::string_view text_;
};

}  // namespace

const XmlElement* XmlElement::child(std::string_view wanted) const {
  for (const XmlElement& child : children)
    if (child.name == wanted) return &child;
  return nullptr;
}

std::string XmlElement::attribute(const std::string& wanted) const {
  const auto found = attributes.find(wanted);
  return found == attributes.end() ? std::string() : found->second;
}

std::optional<XmlElement> read_xml(std::string_view text) { return XmlReader(text).document(); }

}  // namespace portloop::fuzz
