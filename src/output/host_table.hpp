// What `portloop scan` prints on a terminal: each host once, sorted by address, when the scan has ended.
//
// Happy path: result() collects what is listed, live_rows() shows it while the scan runs, end() writes the table.
//
// What goes wrong:
//   - there are more hosts or ports than max_hosts and max_ports: the table is written as it is, and the results that
//     follow are written as they come, like those of the format "text". So memory is bounded
//   - the scan is resumed: restore() takes the hosts of the earlier run, so that they are in the table
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "output/host_results.hpp"
#include "output/host_rows.hpp"
#include "output/writer.hpp"

namespace portloop {

class HostTable final : public Writer {
 public:
  /// About 50 MB, if each port has a banner.
  static constexpr size_t max_hosts = 10'000;
  static constexpr size_t max_ports = 100'000;

  /// `quiet`: no line for what is not shown.
  explicit HostTable(bool quiet) : quiet_(quiet) {}

  void begin(const ScanHeader& header, std::string& out) override;
  void result(const OutputResult& result, std::string& out) override;
  void add_name(const Address& address, std::string_view name) override;
  void set_columns(size_t columns) override;
  void end(const ScanFooter& footer, std::string& out) override;
  void save(std::string& state) const override;
  bool restore(std::string_view state) override;

  /// A heading and a line for each host, as many as fit in `max_rows`: those with the latest news. Empty if there is
  /// nothing to show.
  std::vector<std::string> live_rows(size_t max_rows, size_t columns) const;
  /// Changes whenever live_rows() does.
  uint64_t change_count() const { return change_count_; }

 private:
  bool is_full_for(const Address& address) const;
  void note_news(const Address& address);
  HostRow row_of(const Address& address, const HostResults& host) const;
  void append_table(std::string& out) const;
  void append_not_shown(const ScanFooter& footer, std::string& out) const;

  const bool quiet_;
  ScanHeader header_;
  HostCollector hosts_;
  size_t open_ports_ = 0;
  size_t max_hosts_ = max_hosts;  // fewer, if the ports of each take much memory
  std::vector<Address> latest_;   // hosts with the latest news, the latest one last
  uint64_t change_count_ = 0;
  std::unique_ptr<Writer> stream_;  // set when there were too many
};

}  // namespace portloop
