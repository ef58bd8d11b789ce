// The words of a list of targets: on the command line, in a file, or on standard input.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace portloop {

/// Appends the words of a line. They are separated by white space or commas; '#' begins a comment.
void split_words(std::string_view line, std::vector<std::string>& words);

/// Calls `add` for each word of a file; "-" is standard input. A byte order mark is skipped. Throws UsageError if the
/// file can't be opened or has no word, CannotRun if it can't be read. A UsageError of `add` gets the file and the line
/// in front, as in "targets.txt:17: ".
void read_word_file(const std::string& file, const std::function<void(const std::string& word)>& add);

}  // namespace portloop
