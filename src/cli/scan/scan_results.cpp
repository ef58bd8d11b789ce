// What is done with what a scan tells: the outputs, the notes on standard error, the checkpoint, the summary.
#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "cli/scan/scan_command.hpp"
#include "cli/targets/system_address.hpp"
#include "core/record_line.hpp"
#include "core/spec_error.hpp"

namespace portloop {
namespace {

// A checkpoint is written this often, or so seldom that it takes a twentieth of the time.
constexpr uint64_t checkpoint_interval_ns = 1'000'000'000;
constexpr uint64_t checkpoint_share = 20;

/// fe80::/10 stands for another network at each interface.
bool lacks_zone(const Address& address) {
  constexpr uint128 link_local = uint128{0xfe80} >> 6;
  return address.family == Family::ipv6 && address.zone == 0 && address.value >> 118 == link_local;
}

/// https://no-color.org: set and not empty means no colour.
bool no_color_is_set() {
  const char* no_color = std::getenv("NO_COLOR");
  return no_color != nullptr && *no_color != '\0';
}

}  // namespace

void ScanCommand::open_outputs(const TargetList& list) {
  ScanHeader header;
  header.version = portloop_version();
  header.command_line = request_.command_line;
  header.started_us = record_.started_us;
  header.ports = request_.ports;
  header.targets = list.targets.size();
  header.seed = request_.seed;
  header.results_per_host = request_.shard.count == 1 && request_.stop_after == 0 ? request_.ports.size() : 0;
  header.has_ipv6 = list.targets.has_family(Family::ipv6);
  header.show_all = request_.show_all;
  if (resumed_) {
    reopen_outputs(header);
    return;
  }
  for (const OutputChoice& choice : request_.outputs) {
    Output output;
    output.format = choice.format;
    output.writer = find_output_format(choice.format)->make();
    output.file = choice.file.empty() ? std::make_unique<OutputFile>()
                                      : std::make_unique<OutputFile>(choice.file, request_.overwrite);
    header.colour = output.file->is_terminal() && request_.colour && !no_color_is_set();
    output.writer->begin(header, output.file->buffer());
    output.file->end_record();
    outputs_.push_back(std::move(output));
  }
}

void ScanCommand::reopen_outputs(ScanHeader& header) {
  for (const SavedOutput& saved : record_.outputs) {
    const OutputFormat* format = find_output_format(saved.format);
    if (format == nullptr)
      throw UsageError("checkpoint " + quote_word(request_.resume_file) + ": this portloop has no format " +
                       quote_word(saved.format));
    Output output;
    output.format = saved.format;
    output.writer = format->make();
    output.file = std::make_unique<OutputFile>(saved);
    header.colour = output.file->is_terminal() && request_.colour && !no_color_is_set();
    std::string written_before;
    output.writer->begin(header, output.file->continues() ? written_before : output.file->buffer());
    if (!output.writer->restore(saved.writer_state)) {
      throw UsageError("checkpoint " + quote_word(request_.resume_file) + " is damaged: the state of format " +
                       quote_word(saved.format) + " makes no sense");
    }
    outputs_.push_back(std::move(output));
  }
  // Only when everything fits is anything changed.
  for (Output& output : outputs_) output.file->cut_back();
}

void ScanCommand::write_result(const portloop_result& told) {
  OutputResult result;
  ProbeResult& probe = result.probe;
  probe.endpoint = {*address_of(reinterpret_cast<const sockaddr&>(told.address)), told.port};
  probe.state = static_cast<PortState>(told.state);
  probe.reason = static_cast<Reason>(told.reason);
  probe.error_number = -told.error;
  probe.rtt_us = told.rtt_us;
  probe.attempts = told.attempts;
  if (told.banner != nullptr) probe.banner = {told.banner, told.banner_length};
  const bool listed = probe.state == PortState::open || request_.show_all;
  if (listed) result.service = services_.name_of(told.port);
  result.time_us = unix_time_us();  // of closed ports too: a host's times are those of all its results
  if (!list_->names.empty()) {
    if (const auto name = list_->names.find(probe.endpoint.address); name != list_->names.end())
      result.host_name = name->second;
  }
  if (probe.state == PortState::unknown) note_unknown(probe);
  if (probe.state == PortState::open && request_.stop_after != 0) count_open(probe.endpoint.address);
  ++record_.counts[static_cast<size_t>(probe.state)];
  for (Output& output : outputs_) {
    std::string& buffer = output.file->buffer();
    output.writer->result(result, buffer);
    if (buffer.empty()) continue;
    if (output.file->is_terminal()) progress_.clear();
    output.file->end_record();
  }
  if (!request_.checkpoint_file.empty()) record_.finished.add(told.position);
  if (!output_broken_) check_outputs();
}

void ScanCommand::note_unknown(const ProbeResult& probe) {
  auto [entry, first] = record_.unknown.try_emplace(reason_text(probe.reason, probe.error_number));
  if (first) entry->second.first = probe.endpoint;
  ++entry->second.count;
  // What can't be reached from here is said when it is found, once: nobody should wait for the end to learn it.
  if (first && probe.reason == Reason::no_route) {
    progress_.clear();
    const std::string address = to_text(probe.endpoint.address);
    std::fprintf(stderr, "portloop: no route from this machine to %s%s\n", address.c_str(),
                 lacks_zone(probe.endpoint.address)
                     ? (": a link-local address needs its interface, as in " + address + "%eth0").c_str()
                     : "");
  }
}

void ScanCommand::count_open(const Address& address) {
  if (++open_counts_[address] != request_.stop_after) return;
  // A whole network of such hosts is one device that answers for all: the first few say it.
  constexpr uint64_t max_reported_hosts = 10;
  if (++stopped_hosts_ > max_reported_hosts || request_.quiet) return;
  progress_.clear();
  std::fprintf(stderr,
               "portloop: %s has %u open port%s: no more of its ports are asked; connects in flight still end "
               "(--stop-after)%s\n",
               to_text(address).c_str(), request_.stop_after, request_.stop_after == 1 ? "" : "s",
               stopped_hosts_ == max_reported_hosts ? "; more such hosts are only counted" : "");
}

void ScanCommand::check_outputs() {
  for (const Output& output : outputs_) {
    if (!output.file->broken() || output_broken_) continue;
    output_broken_ = true;
    stopped_ = true;
    progress_.clear();
    std::fprintf(stderr, "portloop: %s; the scan is stopped\n", output.file->error().c_str());
    if (scan_ != nullptr) portloop_scan_stop(scan_);
  }
}

/// Answers false where it could not be written; once it has been said, not again.
bool ScanCommand::write_checkpoint(bool complete) {
  if (request_.checkpoint_file.empty()) return true;
  const uint64_t begun_ns = uv_hrtime();
  if (!complete) {
    record_.outputs.clear();
    for (Output& output : outputs_) {
      SavedOutput saved = output.file->saved();
      saved.format = output.format;
      output.writer->save(saved.writer_state);
      record_.outputs.push_back(std::move(saved));
    }
  }
  // What a broken output lacks must not count as finished.
  if (std::any_of(outputs_.begin(), outputs_.end(), [](const Output& output) { return output.file->broken(); }))
    return true;
  record_.complete = complete;
  record_.elapsed_us = earlier_us_ + (started_ns_ == 0 ? 0 : (begun_ns - started_ns_) / 1000);
  const std::string why = replace_file(request_.checkpoint_file, checkpoint_text(record_));
  if (!why.empty() && !checkpoint_failed_) {
    progress_.clear();
    std::fprintf(stderr, "portloop: %s\n", why.c_str());
  }
  checkpoint_failed_ = !why.empty();
  const uint64_t ended_ns = uv_hrtime();
  next_checkpoint_ns_ = ended_ns + std::max(checkpoint_interval_ns, checkpoint_share * (ended_ns - begun_ns));
  return why.empty();
}

std::string ScanCommand::summary(const portloop_stats& stats, double elapsed_s) const {
  const uint64_t done = results_of(stats);
  const uint64_t targets = list_->targets.size();
  std::string text = grouped(targets) + (targets == 1 ? " target" : " targets");
  if (discovering_) {
    text += ": discovery ended early, after " + grouped(answered_->count()) + " had answered";
    return text;
  }
  if (answered_) text += " (" + grouped(silent_addresses_) + " of them did not answer discovery)";
  text += ", " + grouped(request_.ports.size()) + (request_.ports.size() == 1 ? " port: " : " ports: ") +
          grouped(stats.open) + " open, " + grouped(stats.closed) + " closed, " + grouped(stats.filtered) +
          " filtered, " + grouped(stats.unknown) + " unknown";
  if (stats.not_probed > 0) {
    text += ", " + grouped(stats.not_probed) + " not asked (" + grouped(stopped_hosts_) +
            (stopped_hosts_ == 1 ? " host has " : " hosts have ") + grouped(request_.stop_after) + " open)";
  }
  if (done + stats.not_probed < stats.probes)
    text += ", " + grouped(stats.probes - done - stats.not_probed) + " not answered for";
  char seconds[32];
  std::snprintf(seconds, sizeof seconds, "%.2f", elapsed_s);
  // A probe has one result, whatever it took; a connect is what went out, and what --rate limits.
  const double this_run_s = elapsed_s - static_cast<double>(earlier_us_) * 1e-6;
  text += std::string(" in ") + seconds + " s (" + grouped(per_second(done, elapsed_s)) + " probes/s, " +
          grouped(per_second(discovery_connects_ + stats.connects, this_run_s)) + " connects/s), seed " +
          std::to_string(request_.seed);
  if (request_.shard.count > 1)
    text += ", shard " + std::to_string(request_.shard.number) + '/' + std::to_string(request_.shard.count);
  return text;
}

}  // namespace portloop
