#include "output/host_table.hpp"

#include <algorithm>

#include "core/record_line.hpp"
#include "output/escape.hpp"
#include "output/folded_text.hpp"
#include "output/formats.hpp"
#include "output/terminal_row.hpp"

namespace portloop {
namespace {

constexpr size_t max_tally_bits = size_t{1} << 28;
constexpr size_t max_latest = 256;  // no terminal has more rows

/// "a, b and c".
std::string list_text(const std::vector<std::string>& parts) {
  std::string text;
  for (size_t i = 0; i < parts.size(); ++i) text += (i == 0 ? "" : i + 1 == parts.size() ? " and " : ", ") + parts[i];
  return text;
}

}  // namespace

void HostTable::begin(const ScanHeader& header, std::string&) {
  header_ = header;
  ScanHeader collected = header;
  collected.results_per_host = 0;  // no host is complete before the end
  collected.show_all = false;      // with --show all, ports that are not open are shown in ranges
  hosts_.begin(collected);
  if (header.show_all)
    max_hosts_ = std::clamp<size_t>(max_tally_bits / std::max(1U, header.ports.size()), 1, max_hosts);
}

void HostTable::add_name(const Address& address, std::string_view name) {
  if (stream_ || !hosts_.add_name(address, name)) return;
  note_news(address);
}

void HostTable::set_columns(size_t columns) {
  header_.columns = columns;
  if (stream_) stream_->set_columns(columns);
}

bool HostTable::is_full_for(const Address& address) const {
  if (open_ports_ >= max_ports) return true;
  return hosts_.unfinished().size() >= max_hosts_ && !hosts_.unfinished().contains(address);
}

void HostTable::result(const OutputResult& result, std::string& out) {
  if (stream_) return stream_->result(result, out);
  const bool is_open = result.probe.state == PortState::open;
  if (!is_open && !header_.show_all) return;
  if (is_full_for(result.probe.endpoint.address)) {
    append_table(out);
    out += folded("There are too many hosts for this table: what follows is shown as it is found.", header_.columns) +
           '\n';
    stream_ = make_text_writer();
    stream_->begin(header_, out);
    ++change_count_;
    return stream_->result(result, out);
  }
  hosts_.add(result);
  open_ports_ += is_open && !result.is_repeated ? 1 : 0;
  note_news(result.probe.endpoint.address);
}

void HostTable::note_news(const Address& address) {
  ++change_count_;
  if (!latest_.empty() && latest_.back() == address) return;
  if (const auto found = std::find(latest_.begin(), latest_.end(), address); found != latest_.end())
    latest_.erase(found);
  if (latest_.size() == max_latest) latest_.erase(latest_.begin());
  latest_.push_back(address);
}

HostRow HostTable::row_of(const Address& address, const HostResults& host) const {
  HostRow row;
  row.address = to_text(address);
  if (host.name != row.address) append_visible(row.name, host.name);
  if (!host.more_names.empty()) row.name += " +" + std::to_string(host.more_names.size());
  row.rtt_us = host.rtt.srtt_us();
  row.all_ports_open = host.all_ports_open;
  row.ports = hosts_.listed_ports(host);
  row.counted = hosts_.counted_ports(host);
  return row;
}

void HostTable::append_table(std::string& out) const {
  if (hosts_.unfinished().empty()) return;
  HostRows rows(std::max<size_t>(1, header_.columns), header_.colour);
  for (const auto& [address, host] : hosts_.unfinished()) rows.fit(row_of(address, host), true);
  out += rows.heading() + '\n';
  for (const auto& [address, host] : hosts_.unfinished()) rows.append(out, row_of(address, host));
}

std::vector<std::string> HostTable::live_rows(size_t max_rows, size_t columns) const {
  const std::map<Address, HostResults>& hosts = hosts_.unfinished();
  if (stream_ || hosts.empty() || max_rows < 2) return {};
  std::vector<Address> shown;
  const bool all_fit = hosts.size() < max_rows;
  if (all_fit) {
    for (const auto& [address, host] : hosts) shown.push_back(address);
  } else {
    shown.assign(latest_.end() - static_cast<ptrdiff_t>(std::min(latest_.size(), max_rows - 2)), latest_.end());
    std::sort(shown.begin(), shown.end());
  }
  HostRows layout(columns, header_.colour);
  std::vector<HostRow> host_rows;
  for (const Address& address : shown) {
    host_rows.push_back(row_of(address, hosts.at(address)));
    layout.fit(host_rows.back(), false);
  }
  std::vector<std::string> rows = {layout.heading()};
  for (const HostRow& row : host_rows) rows.push_back(layout.one_line(row));
  if (!all_fit) {
    rows.push_back("and " + counted(hosts.size() - shown.size(), "host more", "hosts more"));
    cut_row(rows.back(), 0, columns);
  }
  return rows;
}

void HostTable::end(const ScanFooter& footer, std::string& out) {
  if (stream_) return stream_->end(footer, out);
  append_table(out);
  if (!quiet_ && !header_.show_all) append_not_shown(footer, out);
}

void HostTable::append_not_shown(const ScanFooter& footer, std::string& out) const {
  if (!footer.hosts_answered) return;
  const uint64_t answered = *footer.hosts_answered, shown = hosts_.unfinished().size();
  const uint64_t silent = footer.hosts_total - std::min(footer.hosts_total, answered + footer.hosts_absent);
  std::vector<std::string> parts;
  if (answered > shown) parts.push_back(counted(answered - shown, "host", "hosts") + " without an open port");
  if (footer.hosts_absent > 0)
    parts.push_back(counted(footer.hosts_absent, "address", "addresses") + " without a host");
  if (silent > 0) parts.push_back(counted(silent, "address", "addresses") + " without an answer");
  if (parts.empty()) return;
  out += folded("Not shown: " + list_text(parts), header_.columns) + '\n';
}

void HostTable::save(std::string& state) const {
  if (stream_) return stream_->save(state);
  hosts_.save(state);
}

bool HostTable::restore(std::string_view state) {
  while (!state.empty()) {
    const size_t end = std::min(state.find('\n'), state.size());
    const auto words = read_words(state.substr(0, end));
    state.remove_prefix(std::min(end + 1, state.size()));
    if (!words || words->empty()) return false;
    if ((*words)[0] == "widths") continue;  // of the rows that the earlier run has shown
    if (!hosts_.restore_line(*words)) return false;
  }
  for (const auto& [address, host] : hosts_.unfinished()) {
    open_ports_ += hosts_.listed_ports(host).size();
    if (latest_.size() < max_latest) latest_.push_back(address);
  }
  return true;
}

}  // namespace portloop
