// Adds targets to a running scan: those of a list that is known, or of files and pipes while they still arrive.
//
// Happy path: start() adds what is known; the input is read on the loop, and each word is added as it comes. Names are
// looked up meanwhile, and added when they have addresses. What has been asked for before is not added again. After the
// last word and the last name, the scan's input is finished.
//
// What goes wrong:
//   - a word is wrong, or a file can't be read: on_bad_input(), and nothing more is added
//   - a name does not resolve: it is kept for the end; nothing waits for it but the end of the scan
//   - a name comes after results of its address: on_name() lets them be reported under that name, too
//   - the input comes faster than it is scanned: reading is paused, so that only a few thousand targets wait
//   - nothing was added: nothing_added() has the reason
#pragma once

#include <uv.h>

#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "cli/scan/running_scan.hpp"
#include "cli/targets/asked_ports.hpp"
#include "cli/targets/input_reader.hpp"
#include "cli/targets/name_lookup.hpp"
#include "cli/targets/port_sets.hpp"
#include "cli/targets/target_list.hpp"

namespace portloop {

class TargetFeed : InputReader::Events {
 public:
  class Events {
   public:
    virtual void on_name(const Address& address, const std::string& name) = 0;
    /// An address of a block is not scanned: the reason, one line.
    virtual void on_left_out(const std::string& note) = 0;
    /// Called in a handler of what was thrown: `throw;` throws it again.
    virtual void on_bad_input() = 0;
    /// All targets are known.
    virtual void on_all_targets() = 0;

   protected:
    ~Events() = default;
  };

  /// `ports`: those of targets that have none of their own. `excluded_ports` are removed from those that have.
  TargetFeed(TargetWords words, const PortSet& ports, PortSet excluded_ports);

  /// Before the process is confined: opens the files, parses the words of the command line, starts the resolver, and
  /// looks excluded names up on `loop`. Throws UsageError or CannotRun.
  void open(uv_loop_t* loop);
  /// Instead of open(): the targets are known. `list` has no excluded address.
  void use(const TargetList& list);

  /// `scan` has an open input. It and `events` outlive this object. Throws as RunningScan does.
  void start(uv_loop_t* loop, RunningScan& scan, Events& events);
  /// Nothing more is added. Idempotent.
  void close();

  /// Whether the targets are read while the scan runs.
  bool is_stream() const { return reader_ != nullptr; }
  bool all_known() const { return all_known_; }
  /// Addresses that have been added.
  uint64_t addresses() const { return asked_.addresses(); }
  /// Number of ports that have been added for at least one address.
  uint64_t distinct_ports() const { return distinct_ports_.size(); }
  /// A line for each name that does not resolve.
  const std::vector<std::string>& failed_names() const { return failed_names_; }
  /// Names that had no result when the scan ended.
  uint64_t unknown_names() const { return unknown_names_; }
  /// Why nothing was added, if so; otherwise "".
  std::string nothing_added() const;

 private:
  struct Name {
    std::vector<std::optional<PortSet>> waiting;  // for the addresses
    std::vector<Address> addresses;
    bool known = false;
  };

  void on_word(const std::string& word) override;
  void on_end() override;
  void on_error() override { events_->on_bad_input(); }
  void on_found(const FoundName& found);
  void add(const TargetSpec& spec);
  void add_name(const std::string& name, const std::optional<PortSet>& ports);
  void add_range(const AddressRange& range, const std::optional<PortSet>& ports);
  void add_to_scan(const AddressRange& range, PortSets::Number ports);
  std::vector<AddressRange> allowed_parts(const AddressRange& range);
  bool is_full() const;
  void pause_if_full();
  void finish_if_all_known();

  const TargetWords words_;
  PortSet excluded_ports_;
  PortSets sets_;
  const PortSets::Number default_ports_;
  PortSet distinct_ports_;
  AskedPorts asked_{sets_};
  TargetSet excluded_;
  std::vector<AddressRange> broadcast_;  // not reported yet
  TargetSet excluded_in_ranges_;         // those, and excluded_

  std::vector<TargetSpec> first_;  // of the command line, or a list
  std::unique_ptr<InputReader> reader_;
  std::unique_ptr<NameLookup> lookup_;
  std::unordered_map<std::string, Name> names_;
  std::vector<std::string> failed_names_;
  uint64_t unknown_names_ = 0;

  RunningScan* scan_ = nullptr;
  Events* events_ = nullptr;
  uv_timer_t* room_timer_ = nullptr;  // while reading is paused; frees itself when it is closed
  bool input_ended_ = false;
  bool all_known_ = false;
};

}  // namespace portloop
