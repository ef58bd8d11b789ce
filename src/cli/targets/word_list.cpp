#include "cli/targets/word_list.hpp"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "cli/exit_status.hpp"
#include "core/spec_error.hpp"
#include "core/target_spec.hpp"
#include "core/visible_text.hpp"

namespace portloop {
namespace {

constexpr std::string_view separators = " \t\r\n\v\f,";
constexpr std::string_view utf8_mark = "\xef\xbb\xbf";
constexpr size_t max_word_bytes = 65'536;

/// Whether more bytes are needed to know whether the text begins with a byte order mark.
bool may_be_mark(std::string_view bytes) {
  return (bytes.size() < utf8_mark.size() && utf8_mark.starts_with(bytes)) || bytes == "\xff" || bytes == "\xfe";
}

}  // namespace

void WordSplitter::feed(std::string_view bytes, const AddWord& add) {
  for (const char c : bytes) take(c, add);
}

void WordSplitter::finish(const AddWord& add) { end_list(add); }

void WordSplitter::take(char c, const AddWord& add) {
  if (c == '\n') {
    end_list(add);
    in_comment_ = false;
    ++line_;
  } else if (in_comment_) {
    return;
  } else if (c == '#') {
    end_list(add);
    in_comment_ = true;
  } else if (c == ',' && !has_url_path(word_)) {
    end_word(add);
  } else if (c != ',' && separators.find(c) != std::string_view::npos) {
    end_list(add);
  } else {
    if (word_.size() == max_word_bytes)
      throw UsageError(quote_word(word_.substr(0, 40) + "...") + " has more than " + std::to_string(max_word_bytes) +
                       " characters: a target is accepted");
    word_ += c;
  }
}

/// At a comma: what follows may be further ports of the word.
void WordSplitter::end_word(const AddWord& add) {
  if (word_.empty()) return;
  if (!held_.empty() && is_only_ports(word_) && ends_with_ports(held_) &&
      held_.size() + word_.size() < max_word_bytes) {
    held_ += ',' + std::exchange(word_, {});
    return;
  }
  const std::string before = std::exchange(held_, std::exchange(word_, {}));
  if (!before.empty()) add(before);
}

void WordSplitter::end_list(const AddWord& add) {
  end_word(add);
  const std::string last = std::exchange(held_, {});
  if (!last.empty()) add(last);
}

void split_words(std::string_view line, std::vector<std::string>& words) {
  WordSplitter splitter;
  const AddWord add = [&words](const std::string& word) { words.push_back(word); };
  splitter.feed(line.substr(0, line.find('\n')), add);
  splitter.finish(add);
}

WordFile::WordFile(const std::string& file) {
  if (file == "-") {
    name_ = place_ = "standard input";
    fd_ = STDIN_FILENO;
    return;
  }
  name_ = "file " + quote_word(file);
  append_visible(place_, file);
  fd_ = open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY);
  if (fd_ < 0) throw UsageError(name_ + " can't be opened: " + std::strerror(errno));
}

WordFile::WordFile(WordFile&& other) noexcept
    : name_(std::move(other.name_)),
      place_(std::move(other.place_)),
      fd_(std::exchange(other.fd_, -1)),
      splitter_(std::move(other.splitter_)),
      beginning_(std::move(other.beginning_)),
      begun_(other.begun_),
      empty_(other.empty_) {}

WordFile::~WordFile() {
  if (fd_ > STDIN_FILENO) close(fd_);
}

void WordFile::check_encoding(std::string_view bytes) const {
  if (bytes.starts_with("\xff\xfe") || bytes.starts_with("\xfe\xff"))
    throw UsageError(name_ + " is UTF-16 text: UTF-8 is accepted");
}

template <class Step>
void WordFile::with_place(Step step) {
  try {
    step();
  } catch (const UsageError& error) {
    throw UsageError(place_ + ':' + std::to_string(splitter_.line()) + ": " + error.what());
  }
}

bool WordFile::read_some(const AddWord& add) {
  char bytes[16'384];
  const ssize_t count = read(fd_, bytes, sizeof bytes);
  if (count < 0 && (errno == EINTR || errno == EAGAIN || errno == EWOULDBLOCK)) return true;
  if (count < 0 && errno == EISDIR) throw UsageError(name_ + " can't be read: " + std::strerror(errno));
  if (count < 0) throw CannotRun(name_ + " can't be read: " + std::strerror(errno));
  const AddWord add_counted = [this, &add](const std::string& word) {
    empty_ = false;
    add(word);
  };
  std::string_view piece(bytes, static_cast<size_t>(count));
  if (!begun_) {
    beginning_ += piece;
    if (count > 0 && may_be_mark(beginning_)) return true;
    begun_ = true;
    check_encoding(beginning_);
    piece = beginning_;
    if (piece.starts_with(utf8_mark)) piece.remove_prefix(utf8_mark.size());
  }
  with_place([&] {
    splitter_.feed(piece, add_counted);
    if (count == 0) splitter_.finish(add_counted);
  });
  beginning_.clear();
  if (count == 0 && empty_)
    throw UsageError(name_ + " contains no target: one address, block, range or name per line is accepted");
  return count > 0;
}

void read_word_file(const std::string& file, const AddWord& add) {
  WordFile words(file);
  while (words.read_some(add)) {
    pollfd wait{words.descriptor(), POLLIN, 0};  // it may be non-blocking
    poll(&wait, 1, -1);
  }
}

}  // namespace portloop
