#include "cli/targets/word_list.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <iostream>

#include "cli/exit_status.hpp"
#include "core/spec_error.hpp"
#include "core/visible_text.hpp"

namespace portloop {
namespace {

/// `name`: for messages about the whole file. `place`: for those about one of its lines.
void read_stream(std::istream& stream, const std::string& name, const std::string& place,
                 const std::function<void(const std::string&)>& add) {
  constexpr std::string_view utf8_mark = "\xef\xbb\xbf";
  bool empty = true;
  std::string line;
  std::vector<std::string> words;
  for (uint64_t number = 1; std::getline(stream, line); ++number) {
    if (number == 1 && (line.starts_with("\xff\xfe") || line.starts_with("\xfe\xff")))
      throw UsageError(name + " is UTF-16 text: UTF-8 is accepted");
    const bool marked = number == 1 && line.starts_with(utf8_mark);
    words.clear();
    split_words(std::string_view(line).substr(marked ? utf8_mark.size() : 0), words);
    empty = empty && words.empty();
    try {
      for (const std::string& word : words) add(word);
    } catch (const UsageError& error) {
      throw UsageError(place + ':' + std::to_string(number) + ": " + error.what());
    }
  }
  if (stream.bad()) throw CannotRun(name + " can't be read: " + std::strerror(errno));
  if (empty) throw UsageError(name + " contains no target: one address, block, range or name per line is accepted");
}

}  // namespace

void split_words(std::string_view line, std::vector<std::string>& words) {
  line = line.substr(0, line.find('#'));
  static constexpr std::string_view separators = " \t\r\n\v\f,";
  for (size_t start = line.find_first_not_of(separators); start != std::string_view::npos;) {
    const size_t end = std::min(line.find_first_of(separators, start), line.size());
    words.emplace_back(line.substr(start, end - start));
    start = line.find_first_not_of(separators, end);
  }
}

void read_word_file(const std::string& file, const std::function<void(const std::string& word)>& add) {
  if (file == "-") return read_stream(std::cin, "standard input", "standard input", add);
  const std::string name = "file " + quote_word(file);
  errno = 0;
  std::ifstream stream(file);
  if (!stream) throw UsageError(name + " can't be opened: " + std::strerror(errno));
  if (stream.peek() == std::ifstream::traits_type::eof() && stream.bad()) {
    throw UsageError(name + " can't be read: " + std::strerror(errno));
  }
  std::string place;
  append_visible(place, file);
  read_stream(stream, name, place, add);
}

}  // namespace portloop
