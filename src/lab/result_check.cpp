#include "lab/result_check.hpp"

#include <utility>

#include "core/result_json.hpp"

namespace portloop::lab {

namespace {

/// True if a scan that makes no mistake may have no result.
bool may_stay_unknown(const HostTruth& host) {
  if (host.broadcast) return true;
  if (host.region == nullptr) return false;
  const Region& region = *host.region;
  if (host.exists && region.ban) return true;
  return (region.gone_at_us > 0 && region.back_at_us == 0) || (region.outage && region.outage->for_us == 0);
}

}  // namespace

ResultCheck::ResultCheck(const Profile& profile, const TargetSet& targets, const PortSet& ports, Report report)
    : targets_(targets),
      ports_(ports),
      truth_(profile),
      report_(std::move(report)),
      seen_(targets.size() * ports.size()),
      marked_(targets.size()) {}

void ResultCheck::differ(uint64_t& count, const char* what, const Endpoint& endpoint, const std::string& detail) {
  constexpr uint64_t max_reported = 20;
  const uint64_t before = differences_.total();
  ++count;
  if (before < max_reported)
    report_(std::string(what) + ' ' + to_text(endpoint.address, endpoint.port) + ": " + detail);
  if (before == max_reported) report_("... and more");
}

void ResultCheck::take(std::string_view line) {
  ++line_number_;
  if (line.find_first_not_of(" \t\r") == std::string_view::npos) return;
  const auto result = parse_result_json(line, ResultFields::endpoint_and_state);
  if (result) {
    ++results_;
    compare(result->probe);
    return;
  }
  if (differences_.unreadable++ == 0) {
    report_("unreadable line " + std::to_string(line_number_) + ": " + quote_word(line) +
            " is not a JSON object with address, port and state");
  }
}

void ResultCheck::compare(const ProbeResult& result) {
  const Endpoint& endpoint = result.endpoint;
  const PortState state = result.state;
  const auto& [address, port] = endpoint;
  if (state != PortState::open) only_open_seen_ = false;
  const auto address_index = targets_.index_of(address);
  const auto port_index = ports_.index_of(port);
  if (!address_index || !port_index) {
    differ(differences_.wrong, "false", endpoint, "is not a target");
    return;
  }
  const uint64_t index = *address_index * ports_.size() + *port_index;
  if (seen_[index]) {
    differ(differences_.repeated, "repeated", endpoint, "a second result in line " + std::to_string(line_number_));
    return;
  }
  seen_[index] = true;
  const HostTruth host = truth_.host(address);
  const PortTruth truth = truth_.port(host, address, port);
  compare_mark(host, result, *address_index);
  const PortState right = state_of(truth);
  if (state == right) {
    if (truth.open) ++found_open_;
    return;
  }
  const std::string detail = "is " + std::string(to_text(right)) + " (" + std::string(to_text(reason_of(truth))) +
                             "), the result is " + std::string(to_text(state));
  if (state == PortState::unknown) {
    if (!may_stay_unknown(host)) differ(differences_.undecided, "undecided", endpoint, detail);
    return;
  }
  differ(differences_.wrong, "false", endpoint, detail);
}

/// A scanner that does not look for such hosts marks none.
void ResultCheck::compare_mark(const HostTruth& host, const ProbeResult& result, uint64_t address_index) {
  if (!result.all_ports_open || marked_[address_index]) return;
  if (!host.accepts_all) {
    differ(differences_.wrong, "false", result.endpoint, "its host does not accept everything, as the result has it");
    return;
  }
  marked_[address_index] = true;
  ++found_all_open_;
}

Differences ResultCheck::finish(bool open_only) {
  const bool others_may_miss = open_only || only_open_seen_;
  for (uint64_t i = 0; i < targets_.size(); ++i) {
    const Address address = targets_.at(i);
    const HostTruth host = truth_.host(address);
    truly_all_open_ += host.accepts_all;
    for (uint32_t j = 0; j < ports_.size(); ++j) {
      const PortTruth truth = truth_.port(host, address, ports_.at(j));
      if (truth.open) ++truly_open_;
      if (seen_[i * ports_.size() + j]) continue;
      if (host.broadcast || marked_[i] || (others_may_miss && (!truth.open || may_stay_unknown(host)))) continue;
      differ(differences_.missed, "missed", {address, ports_.at(j)},
             "is " + std::string(to_text(state_of(truth))) + " (" + std::string(to_text(reason_of(truth))) + ')');
    }
  }
  return differences_;
}

}  // namespace portloop::lab
