// The words of a list of targets: on the command line, in a file, or on standard input.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace portloop {

using AddWord = std::function<void(const std::string& word)>;

/// Splits a text that arrives in pieces into words. They are separated by white space or commas; '#' begins a comment.
/// A comma that belongs to a word does not end it: between the ports of host:80,443, and in the path of a URL.
class WordSplitter {
 public:
  /// Calls `add` for each word that is complete. Throws UsageError for a word that is too long.
  void feed(std::string_view bytes, const AddWord& add);
  /// At the end of the text.
  void finish(const AddWord& add);
  /// Of the word that `add` gets, counted from 1.
  uint64_t line() const { return line_; }

 private:
  void take(char c, const AddWord& add);
  void end_word(const AddWord& add);
  void end_list(const AddWord& add);

  std::string word_;  // its beginning
  std::string held_;  // whole, unless ports follow it
  bool in_comment_ = false;
  uint64_t line_ = 1;
};

/// Appends the words of a line.
void split_words(std::string_view line, std::vector<std::string>& words);

/// A file of words, read in pieces. "-" is standard input. A byte order mark is skipped.
class WordFile {
 public:
  /// Throws UsageError if it can't be opened.
  explicit WordFile(const std::string& file);
  ~WordFile();
  WordFile(WordFile&& other) noexcept;
  WordFile& operator=(WordFile&&) = delete;

  int descriptor() const { return fd_; }
  /// Reads once, and calls `add` for each word that is complete then. Returns false at the end. Throws UsageError if
  /// the file has no word, CannotRun if it can't be read. A UsageError of `add` gets the file and the line in front, as
  /// in "targets.txt:17: ".
  bool read_some(const AddWord& add);

 private:
  void check_encoding(std::string_view bytes) const;
  template <class Step>
  void with_place(Step step);

  std::string name_;   // for messages about the whole file
  std::string place_;  // for those about one of its lines
  int fd_ = -1;
  WordSplitter splitter_;
  std::string beginning_;  // until it is long enough for a byte order mark
  bool begun_ = false;
  bool empty_ = true;
};

/// Calls `add` for each word of a file. Throws as WordFile does.
void read_word_file(const std::string& file, const AddWord& add);

}  // namespace portloop
