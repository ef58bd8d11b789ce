// Bytes from the network in every quoting: printable, on one line, and the same bytes when they are read back.
#include "core/record_line.hpp"
#include "core/spec_error.hpp"
#include "fuzz/expect.hpp"
#include "fuzz/readers.hpp"
#include "output/escape.hpp"

using namespace portloop;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  const std::string_view raw(reinterpret_cast<const char*>(bytes), size);

  std::string visible;
  append_visible(visible, raw);
  EXPECT(fuzz::raw_of_visible(visible) == raw);

  std::string json = "{\"a\":";
  append_json_string(json, raw);
  const auto object = fuzz::read_json_object(json += '}');
  EXPECT(object && object->size() == 1 && fuzz::raw_of_visible(object->at("a").text) == raw);
  EXPECT(parse_json_string(std::string_view(json).substr(6, json.size() - 8)) == raw);

  std::string cell;
  append_csv_cell(cell, raw);
  const auto rows = fuzz::read_csv(cell + "\r\n");
  EXPECT(rows && rows->size() == 1 && rows->front().size() == 1);
  std::string_view content = rows->front().front();
  if (content.starts_with("'"))
    content.remove_prefix(1);
  else
    EXPECT(content.find_first_of("=+-@\t\r") != 0);
  EXPECT(fuzz::raw_of_visible(content) == raw);

  std::string xml = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!DOCTYPE nmaprun>\n<a b=\"";
  append_xml_text(xml, raw);
  const auto element = fuzz::read_xml(xml += "\"/>");
  EXPECT(element && fuzz::raw_of_visible(element->attribute("b")) == raw);

  std::string grepable;
  append_grepable_value(grepable, raw);
  EXPECT(grepable.find_first_of("/,\t\n") == std::string::npos && fuzz::raw_of_visible(grepable) == raw);

  std::string line = "key";
  append_word(line, raw);
  const auto words = read_words(line);
  EXPECT(words && words->size() == 2 && words->back() == raw && line.find('\n') == std::string::npos);

  EXPECT(fuzz::is_printable(quote_word(raw)) && quote_word(raw).size() < 500);
  return 0;
}
