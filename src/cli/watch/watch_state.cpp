#include "cli/watch/watch_state.hpp"

#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <optional>
#include <string_view>

#include "cli/exit_status.hpp"
#include "cli/record/line_reader.hpp"
#include "core/parse_number.hpp"
#include "core/record_line.hpp"
#include "core/spec_error.hpp"

namespace portloop {
namespace {

// The first line; a change of the format changes the number.
constexpr std::string_view header = "portloop watch 1\n";

constexpr std::array<std::pair<WatchedState, std::string_view>, 3> state_names = {
    {{WatchedState::open, "open"}, {WatchedState::closed, "closed"}, {WatchedState::filtered, "filtered"}}};

std::optional<WatchedState> parse_state(std::string_view name) {
  for (const auto& [state, text] : state_names)
    if (text == name) return state;
  return std::nullopt;
}

/// One line for each state of a host that some port has.
template <class StateOf>
void append_host(std::string& text, const char* keyword, const Address& address, const PortSet& ports,
                 StateOf state_of) {
  for (const auto& [state, name] : state_names) {
    PortSet same;
    for (uint32_t i = 0; i < ports.size(); ++i) {
      if (state_of(i) == state) same.add({ports.at(i), ports.at(i)});
    }
    if (same.empty()) continue;
    text += keyword;
    append_word(text, to_text(address));
    append_word(text, name);
    append_word(text, same.to_text());
    text += '\n';
  }
}

class StateParser {
 public:
  StateParser(const TargetSet& targets, const PortSet& ports, ChangeFilter& filter, AllOpenHosts& all_open,
              WatchCounts& counts)
      : targets_(targets), ports_(ports), filter_(filter), all_open_(all_open), counts_(counts) {}

  /// Returns false if the line can't have been written by watch_state_text().
  bool take(std::string_view line) {
    const auto words = read_words(line);
    if (!words || words->empty()) return false;
    if ((*words)[0] == "counts") return take_counts(*words);
    if ((*words)[0] == "all-open") return take_all_open(*words);
    return ((*words)[0] == "reported" || (*words)[0] == "seen") && take_host(*words);
  }

 private:
  bool take_counts(const std::vector<std::string>& words) {
    if (words.size() != 5) return false;
    size_t next = 1;
    for (uint64_t* count : {&counts_.rounds, &counts_.opened, &counts_.closed, &counts_.changed}) {
      const auto number = parse_number<uint64_t>(words[next++], 0);
      if (!number) return false;
      *count = *number;
    }
    return true;
  }

  bool take_all_open(const std::vector<std::string>& words) {
    const auto address = words.size() == 2 ? parse_address(words[1]) : std::nullopt;
    if (address && targets_.contains(*address)) all_open_.restore(*address);
    return address.has_value();
  }

  bool take_host(const std::vector<std::string>& words) {
    if (words.size() != 4) return false;
    const auto address = parse_address(words[1]);
    const auto state = parse_state(words[2]);
    const auto ports = parse_ports(words[3], nullptr);
    if (!address || !state || !ports) return false;
    const auto host = targets_.index_of(*address);
    for (uint32_t i = 0; host && i < ports->size(); ++i) {
      const auto port = ports_.index_of(ports->at(i));
      if (!port) continue;
      const uint64_t index = *host * ports_.size() + *port;
      if (words[0] == "reported")
        filter_.restore(index, *state, filter_.pending(index));
      else
        filter_.restore(index, filter_.reported(index), *state);
    }
    return true;
  }

  const TargetSet& targets_;
  const PortSet& ports_;
  ChangeFilter& filter_;
  AllOpenHosts& all_open_;
  WatchCounts& counts_;
};

}  // namespace

std::string watch_state_text(const ChangeFilter& filter, const AllOpenHosts& all_open, const TargetSet& targets,
                             const PortSet& ports, const WatchCounts& counts) {
  std::string text(header);
  text += "counts " + std::to_string(counts.rounds) + ' ' + std::to_string(counts.opened) + ' ' +
          std::to_string(counts.closed) + ' ' + std::to_string(counts.changed) + '\n';
  for (uint64_t host = 0; host < targets.size(); ++host) {
    const Address address = targets.at(host);
    const uint64_t first = host * ports.size();
    append_host(text, "reported", address, ports, [&](uint32_t i) { return filter.reported(first + i); });
    append_host(text, "seen", address, ports, [&](uint32_t i) { return filter.pending(first + i); });
  }
  for (const Address& address : all_open.reported()) {
    text += "all-open";
    append_word(text, to_text(address));
    text += '\n';
  }
  return text + "end " + hash_text(fnv_hash(text)) + '\n';
}

void read_watch_state(const std::string& path, const TargetSet& targets, const PortSet& ports, ChangeFilter& filter,
                      AllOpenHosts& all_open, WatchCounts& counts) {
  struct stat status {};
  if (lstat(path.c_str(), &status) != 0 && errno == ENOENT) return;
  if (!S_ISREG(status.st_mode))
    throw UsageError("--state " + quote_word(path) + ": a regular file or a new one is accepted");
  const std::string text = LineReader(path).read_rest();
  const size_t body = text.rfind("end ");
  const bool whole =
      body != std::string::npos && text.substr(body) == "end " + hash_text(fnv_hash(text.substr(0, body))) + '\n';
  if (!text.starts_with(header))
    throw UsageError("--state " + quote_word(path) + ": the file is not the state of a watch of this version");
  StateParser parser(targets, ports, filter, all_open, counts);
  bool valid = whole;
  for (size_t start = header.size(); valid && start < body;) {
    const size_t end = text.find('\n', start);
    valid = parser.take(std::string_view(text).substr(start, end - start));
    start = end + 1;
  }
  if (!valid) throw UsageError("--state " + quote_word(path) + ": the file is damaged; remove it to learn anew");
}

}  // namespace portloop
