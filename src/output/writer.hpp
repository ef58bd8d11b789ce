// One output format: turns what a scan says into bytes. Pure formatting: a writer appends to a string, and
// whoever owns the file writes that string out, so every format is tested without a file.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "core/port_set.hpp"
#include "core/probe_result.hpp"

namespace portloop {

/// What is known before the first result.
struct ScanHeader {
  std::string version;       ///< portloop's, such as "0.1.0".
  std::string command_line;  ///< As typed, one line, raw bytes.
  int64_t started_us = 0;    ///< Unix time.
  PortSet ports;             ///< Every result's port is one of these.
  uint64_t targets = 0;      ///< Addresses to scan.
  uint64_t seed = 0;
  /// How many results end a host, for xml and grepable. 0 where a shard or a resumed scan can't tell: then
  /// every host is kept until the end.
  uint64_t results_per_host = 0;
  bool has_ipv6 = false;  ///< For column widths.
  bool colour = false;    ///< Only for text on a terminal.
  bool show_all = false;  ///< --show all: closed, filtered and unknown are listed too.
};

/// One result with what a reader wants beside it. Views are valid during the call only.
struct OutputResult {
  ProbeResult probe;
  std::string_view host_name;  ///< As the user typed it, or empty.
  std::string_view service;    ///< Service name, or empty.
  int64_t time_us = 0;         ///< Unix time at which the verdict was known.
};

/// What is known at the end.
struct ScanFooter {
  int64_t finished_us = 0;  ///< Unix time.
  uint64_t hosts_total = 0;
  bool complete = true;  ///< False when interrupted or something is unknown.
  std::string summary;   ///< One plain sentence.
};

/// Every result of the scan is given to every writer, closed and filtered ones too; the writer leaves out
/// what its format or `show_all` doesn't list. Calls come in the order begin, result..., end; `end` may be
/// missing when the process is killed: what was appended before must then still be readable. Each call
/// appends whole records (lines, rows, hosts) or nothing. A scan that is resumed makes a new writer: begin(), whose
/// bytes are in the output already, then restore() with what save() wrote. Raw bytes are expected: escaping is the writer's
/// part. One thread at a time; no I/O, no clock; nothing is thrown but std::bad_alloc.
class Writer {
 public:
  virtual ~Writer() = default;
  virtual void begin(const ScanHeader& header, std::string& out) = 0;
  virtual void result(const OutputResult& result, std::string& out) = 0;
  virtual void end(const ScanFooter& footer, std::string& out) = 0;

  /// Appends what the output does not hold yet (hosts that aren't complete) or that the rest of it depends on, as
  /// lines of core/record_line.hpp. Most formats have nothing.
  virtual void save(std::string&) const {}
  /// False where the text is not what save() of the same version writes for this scan; the writer is of no use then.
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

/// The row of that name, or nullptr.
const OutputFormat* find_output_format(std::string_view name);

}  // namespace portloop
