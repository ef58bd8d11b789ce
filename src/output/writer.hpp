// The interface of an output format: it turns results into bytes. A writer only appends to a string, which the owner of
// the file writes out, so formats are tested without files.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/finding.hpp"
#include "core/port_set.hpp"
#include "core/probe_result.hpp"

namespace portloop {

/// The facts that are known before the first result.
struct ScanHeader {
  std::string version;       ///< portloop's, such as "0.1.0".
  std::string command_line;  ///< As typed, on one line, raw bytes.
  int64_t started_us = 0;    ///< Unix time.
  PortSet ports;             ///< The port of every result is one of these.
  uint64_t targets = 0;      ///< The number of addresses to scan.
  uint64_t seed = 0;
  /// The number of results after which a host is complete, for xml and grepable. 0 if it is not known, as in a shard:
  /// then all hosts are kept until the end.
  uint64_t results_per_host = 0;
  bool has_ipv6 = false;    ///< Determines column widths.
  bool colour = false;      ///< Only for text on a terminal.
  size_t columns = 0;       ///< Only for text on a terminal: its width, to which rows are cut. 0: rows are whole.
  bool list_names = false;  ///< Only for lists: names instead of addresses, if there are some.
  bool show_all = false;    ///< --show all: closed, filtered and unknown ports are listed too.
};

/// One result and what is written beside it. The views are valid during the call only.
struct OutputResult {
  ProbeResult probe;
  std::string_view host_name;                    ///< As the user typed it, or empty.
  std::string_view service;                      ///< Service name, or empty.
  int64_t time_us = 0;                           ///< Unix time of the result.
  const Finding* identified = nullptr;           ///< nullptr if there is none.
  std::span<const std::string> host_names = {};  ///< All names of the address; empty if there is at most host_name.
  bool is_repeated = false;                      ///< It was passed before, without the name.
};

/// The names of the address, separated by `separator`.
std::string all_names(const OutputResult& result, std::string_view separator = " ");

/// The facts that are known at the end.
struct ScanFooter {
  int64_t finished_us = 0;  ///< Unix time.
  uint64_t hosts_total = 0;
  std::optional<uint64_t> hosts_answered;  ///< From how many of them an answer came; nullopt if it is not known.
  uint64_t hosts_absent = 0;               ///< Addresses of own links at which the system has found no host.
  bool complete = true;                    ///< False if the scan was stopped or a port is unknown.
  std::string summary;                     ///< One sentence.
};

/// Every writer gets every result of the scan, including closed and filtered ports, and omits what its format or
/// `show_all` excludes. The order of calls is begin, result..., end. `end` is missing if the process is killed: what
/// was appended before must be readable without it. Each call appends whole records (lines, rows, hosts) or nothing.
///
/// A resumed scan makes a new writer and calls begin(), whose bytes are already in the output, then restore() with what
/// save() wrote. Input is raw bytes; the writer escapes them. One thread at a time. No I/O, no clock; throws nothing
/// but std::bad_alloc.
class Writer {
 public:
  virtual ~Writer() = default;
  virtual void begin(const ScanHeader& header, std::string& out) = 0;
  virtual void result(const OutputResult& result, std::string& out) = 0;
  virtual void end(const ScanFooter& footer, std::string& out) = 0;

  /// An address that may have had results before has this name, too. Only for formats that can still show it there;
  /// open ports are passed to result() again, under that name.
  virtual void add_name(const Address&, std::string_view) {}
  /// The terminal has another width now.
  virtual void set_columns(size_t) {}

  /// Appends what has not been written yet (incomplete hosts) or what later output depends on, as lines of
  /// core/record_line.hpp. Most formats have no such state.
  virtual void save(std::string&) const {}
  /// Returns false if save() of the same version can't have written `state` for this scan; then the writer is unusable.
  virtual bool restore(std::string_view state) { return state.empty(); }
};

/// One row of the table of formats.
struct OutputFormat {
  std::string_view name;         ///< As in --format.
  std::string_view description;  ///< For --help, under 60 characters.
  std::unique_ptr<Writer> (*make)();
};

/// The table: text, json, list, csv, xml, grepable.
std::span<const OutputFormat> output_formats();

/// Returns the row with that name, or nullptr.
const OutputFormat* find_output_format(std::string_view name);

}  // namespace portloop
