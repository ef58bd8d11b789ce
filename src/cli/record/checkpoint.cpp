// The checkpoint's text: a line for each fact, its words as core/record_line.hpp writes them, and a checksum last.
#include "cli/record/checkpoint.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <limits>
#include <sstream>

#include "cli/usage.hpp"
#include "core/record_line.hpp"
#include "core/spec_error.hpp"

namespace portloop {
namespace {

// To be raised when a line changes its meaning, or the order of the probes does: positions count in that order.
constexpr uint64_t version = 1;
constexpr std::string_view magic = "portloop-checkpoint";

class Lines {
 public:
  template <class... Words>
  void add(std::string_view key, const Words&... words) {
    text_ += key;
    (append(words), ...);
    text_ += '\n';
  }
  std::string take() { return std::move(text_); }

 private:
  void append(std::string_view word) { append_word(text_, word); }
  void append(const std::string& word) { append_word(text_, word); }
  void append(const char* word) { append_word(text_, word); }
  template <class Number>
  void append(Number number) {
    text_ += ' ' + std::to_string(number);
  }

  std::string text_;
};

std::string_view order_text(Order order) { return order == Order::random ? "random" : "sequential"; }

void add_output(Lines& lines, const SavedOutput& output) {
  lines.add("output", output.format, output.path, output.partial_path, output.regular ? 1 : 0, output.start,
            output.length, hash_text(output.hash));
  for (size_t start = 0; start < output.writer_state.size();) {
    const size_t end = std::min(output.writer_state.find('\n', start), output.writer_state.size());
    lines.add("state", output.writer_state.substr(start, end - start));
    start = end + 1;
  }
}

}  // namespace

uint64_t scan_hash(const TargetSet& targets, const PortSet& ports, Order order, uint64_t seed) {
  uint64_t hash = fnv_hash(targets.to_text());
  for (const std::string& text : {ports.to_text(), std::string(order_text(order)), std::to_string(seed)}) {
    hash = fnv_hash(text, fnv_hash("\n", hash));
  }
  return hash;
}

std::string checkpoint_text(const Checkpoint& c) {
  Lines lines;
  lines.add(magic, version);
  lines.add("program", PORTLOOP_VERSION_TEXT);
  lines.add("scan", hash_text(scan_hash(c.list.targets, c.ports, c.order, c.seed)));
  lines.add("complete", c.complete ? 1 : 0);
  lines.add("started-us", c.started_us);
  lines.add("elapsed-us", c.elapsed_us);
  for (const std::string& word : c.words) lines.add("argument", word);
  lines.add("ports", c.ports.to_text());
  lines.add("order", order_text(c.order));
  lines.add("seed", c.seed);
  lines.add("shard", c.shard.number, c.shard.count);
  for (const AddressRange& range : c.list.targets.ranges())
    lines.add("target", to_text(range.first), to_text(range.last));
  for (const auto& [address, name] : c.list.names) lines.add("name", to_text(address), name);
  lines.add("unresolved", c.list.failed_names);
  lines.add("counts", c.counts[0], c.counts[1], c.counts[2], c.counts[3]);
  for (const auto& [reason, unknown] : c.unknown) {
    lines.add("unknown", reason, unknown.count, to_text(unknown.first.address), unknown.first.port);
  }
  lines.add("finished", c.finished.to_text());
  for (const SavedOutput& output : c.outputs) add_output(lines, output);
  std::string text = lines.take();
  const std::string checksum = hash_text(fnv_hash(text));
  return text += "end " + checksum + '\n';
}

namespace {

/// Takes one line's words, the key first; false where they are wrong.
class CheckpointReader {
 public:
  bool take(const std::vector<std::string>& words);
  /// After the last line: whether everything was there and fits together.
  bool finish();

  Checkpoint checkpoint;

 private:
  bool take_what(const std::string& key, const std::vector<std::string>& words);
  bool take_progress(const std::string& key, const std::vector<std::string>& words);
  bool take_output(const std::vector<std::string>& words);

  std::vector<AddressRange> ranges_;
  std::string scan_;
  std::map<std::string, size_t> seen_;
};

template <class Number>
bool read_to(const std::string& word, Number& number) {
  const auto read = read_count(word);
  if (!read || *read > static_cast<uint64_t>(std::numeric_limits<Number>::max())) return false;
  number = static_cast<Number>(*read);
  return true;
}

bool read_to(const std::string& word, bool& flag) {
  flag = word == "1";
  return flag || word == "0";
}

bool read_hash(const std::string& word, uint64_t& hash) {
  const auto [stop, error] = std::from_chars(word.data(), word.data() + word.size(), hash, 16);
  return error == std::errc{} && stop == word.data() + word.size() && word.size() == 16;
}

bool CheckpointReader::take(const std::vector<std::string>& words) {
  if (words.empty()) return false;
  const std::string& key = words[0];
  ++seen_[key];
  return take_what(key, words) || take_progress(key, words);
}

bool CheckpointReader::take_what(const std::string& key, const std::vector<std::string>& words) {
  Checkpoint& c = checkpoint;
  if (words.size() == 3 && key == "shard") {
    return read_to(words[1], c.shard.number) && read_to(words[2], c.shard.count) && c.shard.number >= 1 &&
           c.shard.number <= c.shard.count;
  }
  if (words.size() == 3 && (key == "target" || key == "name")) {
    const auto first = parse_address(words[1]);
    const auto last = key == "target" ? parse_address(words[2]) : first;
    if (!first || !last || *last < *first || first->family != last->family) return false;
    if (key == "target")
      ranges_.push_back({*first, *last});
    else
      c.list.names[*first] = words[2];
    return true;
  }
  if (words.size() != 2) return false;
  const std::string& word = words[1];
  if (key == "program") return true;
  if (key == "scan") {
    scan_ = word;
    return true;
  }
  if (key == "argument") {
    c.words.push_back(word);
    return true;
  }
  if (key == "ports") {
    const auto ports = parse_ports(word, nullptr);
    if (ports) c.ports = *ports;
    return static_cast<bool>(ports);
  }
  if (key == "order") {
    c.order = word == "random" ? Order::random : Order::sequential;
    return order_text(c.order) == word;
  }
  if (key == "seed") return read_to(word, c.seed);
  if (key == "unresolved") return read_to(word, c.list.failed_names);
  return false;
}

bool CheckpointReader::take_progress(const std::string& key, const std::vector<std::string>& words) {
  Checkpoint& c = checkpoint;
  if (key == "output") return take_output(words);
  if (key == "counts") {
    bool good = words.size() == 5;
    for (size_t i = 0; good && i < 4; ++i) good = read_to(words[i + 1], c.counts[i]);
    return good;
  }
  if (key == "unknown") {
    if (words.size() != 5) return false;
    UnknownCount& unknown = c.unknown[words[1]];
    const auto address = parse_address(words[3]);
    if (address) unknown.first.address = *address;
    return address && read_to(words[2], unknown.count) && read_to(words[4], unknown.first.port);
  }
  if (words.size() != 2) return false;
  if (key == "complete") return read_to(words[1], c.complete);
  if (key == "started-us") return read_to(words[1], c.started_us);
  if (key == "elapsed-us") return read_to(words[1], c.elapsed_us);
  if (key == "finished") {
    auto finished = FinishedSet::parse(words[1]);
    if (finished) c.finished = std::move(*finished);
    return finished.has_value();
  }
  if (key != "state" || c.outputs.empty()) return false;
  c.outputs.back().writer_state += words[1] + '\n';
  return true;
}

bool CheckpointReader::take_output(const std::vector<std::string>& words) {
  if (words.size() != 8) return false;
  SavedOutput& output = checkpoint.outputs.emplace_back();
  output.format = words[1];
  output.path = words[2];
  output.partial_path = words[3];
  return read_to(words[4], output.regular) && read_to(words[5], output.start) && read_to(words[6], output.length) &&
         read_hash(words[7], output.hash);
}

bool CheckpointReader::finish() {
  for (const char* key : {"scan", "complete", "started-us", "elapsed-us", "ports", "order", "seed", "shard",
                          "unresolved", "counts", "finished"}) {
    if (seen_[key] != 1) return false;
  }
  Checkpoint& c = checkpoint;
  c.list.targets = TargetSet(std::move(ranges_), {});
  return !c.list.targets.empty() && !c.outputs.empty() && !c.ports.empty() &&
         hash_text(scan_hash(c.list.targets, c.ports, c.order, c.seed)) == scan_;
}

std::string first_line_of(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  std::string line(magic.size() + 1, '\0');
  stream.read(line.data(), static_cast<std::streamsize>(line.size()));
  line.resize(static_cast<size_t>(stream.gcount()));
  return line;
}

}  // namespace

bool looks_like_checkpoint(const std::string& path) { return first_line_of(path) == std::string(magic) + ' '; }

Checkpoint read_checkpoint(const std::string& path) {
  const std::string name = "checkpoint " + quote_word(path);
  errno = 0;
  std::ifstream stream(path, std::ios::binary);
  std::ostringstream held;
  if (!stream || (stream.peek() == std::ifstream::traits_type::eof() && errno != 0)) {
    throw UsageError(name + " can't be read: " + std::strerror(errno));
  }
  held << stream.rdbuf();
  const std::string text = std::move(held).str();
  if (!text.starts_with(std::string(magic) + ' ')) throw UsageError(name + " is not a checkpoint of portloop");
  const std::string written_version = text.substr(magic.size() + 1, text.find('\n') - magic.size() - 1);
  if (written_version != std::to_string(version)) {
    throw UsageError(name + " is of version " + quote_word(written_version) + ": this portloop reads version " +
                     std::to_string(version));
  }
  const size_t last_line = text.size() < 2 ? std::string::npos : text.rfind('\n', text.size() - 2);
  if (last_line == std::string::npos ||
      text.substr(last_line + 1) != "end " + hash_text(fnv_hash(text.substr(0, last_line + 1))) + '\n') {
    throw UsageError(name + " is damaged: its last line is not the checksum of the others");
  }
  CheckpointReader reader;
  size_t number = 2;
  for (size_t start = text.find('\n') + 1; start <= last_line; ++number) {
    const size_t end = text.find('\n', start);
    const auto words = read_words(std::string_view(text).substr(start, end - start));
    if (!words || !reader.take(*words))
      throw UsageError(name + " is damaged: line " + std::to_string(number) + " makes no sense");
    start = end + 1;
  }
  if (!reader.finish()) throw UsageError(name + " is damaged: its lines do not belong together");
  return std::move(reader.checkpoint);
}

std::string replace_file(const std::string& path, const std::string& text) {
  const std::string beside = path + ".tmp";
  const auto failed = [&beside](const std::string& what) {
    const std::string why = what + ": " + std::strerror(errno);
    unlink(beside.c_str());
    return why;
  };
  const int fd = open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (fd < 0) return "checkpoint " + quote_word(path) + " can't be written: " + std::strerror(errno);
  for (size_t written = 0; written < text.size();) {
    const ssize_t count = write(fd, text.data() + written, text.size() - written);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) {
      const std::string why = failed("checkpoint " + quote_word(path) + " can't be written");
      close(fd);
      return why;
    }
    written += static_cast<size_t>(count);
  }
  // To the disk before the name: otherwise a power cut can leave the new name with nothing behind it.
  const bool synced = fsync(fd) == 0;
  const int sync_error = errno;
  if (close(fd) != 0 || !synced) {
    if (!synced) errno = sync_error;
    return failed("checkpoint " + quote_word(path) + " can't be written");
  }
  if (rename(beside.c_str(), path.c_str()) != 0) return failed("checkpoint " + quote_word(path) + " can't be replaced");
  return "";
}

}  // namespace portloop
