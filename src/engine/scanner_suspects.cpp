// What a scanner does with the open ports of hosts that may accept everything.
//
// Happy path: handle_open_port() gives the result to suspect_hosts.hpp while the host's decoys are out;
// settle_findings() reports a host that accepts everything, and report_settled() the results, one in each step of
// pump().
//
// What goes wrong: the scan is stopped before the decoys are back: report_held().
#include "engine/banner_reader.hpp"
#include "engine/scanner.hpp"

namespace portloop {
namespace {

constexpr size_t reports_per_turn = 64;

}  // namespace

void Scanner::handle_open_port(uint32_t number, const ProbeResult& result) {
  using Use = ProbePlan::OpenPortUse;
  if (suspects_) settle_findings();  // before a result that they belong to
  const Use use = suspects_ ? plan_.open_port_use(slots_[number].ask) : Use::report;
  if (use == Use::drop) {
    release_slot(number, Connector::Keep::socket);
    forget_doubt(result.position);
    suspects_->note_dropped();
  } else if (banners_) {
    if (use == Use::hold) suspects_->reading_begins(result.endpoint.address);
    read_banner(number, result);
  } else if (options_.keep_connections) {
    deliver_connection(number, result, use == Use::hold);
  } else {
    release_slot(number, Connector::Keep::socket);
    use == Use::hold ? suspects_->hold(result) : deliver(result);
  }
}

void Scanner::settle_findings() {
  while (const auto finding = plan_.next_host_finding()) {
    if (finding->accepts_all && options_.host_verdicts) events_.on_host({finding->address, HostState::alive, true});
    suspects_->settle(*finding);
  }
}

/// Reports a result that was held. Returns whether there was one.
bool Scanner::report_settled() {
  settle_findings();
  if (!suspects_->any_ready()) return false;
  turn_.count_step();
  const StoredResult stored = suspects_->take_ready();
  deliver(stored.result());
  if (turn_.is_forked()) stored.abandon();
  return true;
}

/// The banner of an open port has been read, as far as it came.
void Scanner::deliver_read(const ProbeResult& result) {
  if (suspects_ && !suspects_->reading_ended(result)) {
    forget_doubt(result.position);
    return;
  }
  deliver(result);
}

/// What waits for decoys is known, and so reported; some in each turn. Returns whether nothing is left.
bool Scanner::report_held() {
  suspects_->release_all();
  for (size_t i = 0; i < reports_per_turn && suspects_->any_ready(); ++i) {
    if (i > 0 && turn_.is_over(uv_hrtime() / 1000)) break;
    deliver(suspects_->take_ready().result());
  }
  return !suspects_->any_ready() || state_ == State::closing || turn_.is_forked();
}

}  // namespace portloop
