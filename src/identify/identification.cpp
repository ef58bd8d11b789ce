#include "identify/identification.hpp"

#include <algorithm>
#include <new>

#include "core/printer_ports.hpp"
#include "identify/parsers.hpp"

namespace portloop {
namespace {

// Base times; a few round trips are added. Servers that begin do so at once, or after a look-up of the caller's name,
// for which the likely ones get the whole timeout.
constexpr uint64_t listen_ms = 1200;
constexpr uint64_t reply_ms = 2000;
constexpr uint64_t connect_ms = 3000;  // the kernel repeats a lost SYN after 1 s
constexpr uint64_t round_trips = 4;

/// A server that closes at once may only have waited too long for the connection of the scan to be used.
constexpr int max_closed_unasked = 2;

std::string host_of(const IdentifyTarget& target) {
  if (!target.host_name.empty()) return target.host_name;
  Address address = target.endpoint.address;
  address.zone = 0;  // means nothing to the server
  return address.family == Family::ipv6 ? '[' + to_text(address) + ']' : to_text(address);
}

}  // namespace

Identification::Identification(uv_loop_t* loop, const IdentifySettings& settings, IdentifyTarget target,
                               std::function<void()> on_end)
    : loop_(loop),
      settings_(settings),
      target_(std::move(target)),
      host_(host_of(target_)),
      on_end_(std::move(on_end)) {
  const uint16_t port = target_.endpoint.port;
  steps_ = steps_for(port);
  if (is_printer_port(port) && settings_.printers) steps_ = steps_of_any_port();
  if (settings_.tls == nullptr) std::erase_if(steps_, [](const IdentifyStep& each) { return each.tls; });
}

bool Identification::start(KeptConnection socket) { return begin_step(std::move(socket)); }

uint64_t Identification::wait_ms(uint64_t base_ms) const {
  return std::min<uint64_t>(base_ms + round_trips * target_.rtt_us / 1000, settings_.timeout_ms);
}

uint64_t Identification::reply_wait_ms() const { return step().likely ? settings_.timeout_ms : wait_ms(reply_ms); }

TlsSession::Offer Identification::offer() const {
  if (upgrade_ != nullptr || step().probe != &http_probe) return TlsSession::Offer::nothing;
  return offer_http2_ ? TlsSession::Offer::http2_or_http1 : TlsSession::Offer::http1;
}

// ---- Steps and connections ----

/// Returns false if there is no step left, or no connection for it.
bool Identification::begin_step(KeptConnection socket) {
  connection_.reset();
  tls_.reset();
  bytes_.clear();
  received_ = 0;
  if (step_ >= steps_.size() || connections_ == max_handshakes) return false;
  ++connections_;
  Connection::Events& events = *this;
  int error = 0;
  if (socket) {
    connection_.emplace(loop_, events, std::move(socket), error);
    if (error == 0) {
      begin_talk();
      return true;
    }
    connection_.reset();
  }
  connection_.emplace(loop_, events, target_.endpoint, settings_.sockets, error);
  if (error != 0) {
    connection_.reset();
    return false;
  }
  phase_ = Phase::connecting;
  connection_->set_timeout(wait_ms(connect_ms));
  return true;
}

void Identification::begin_talk() { step().tls ? begin_handshake() : begin_listening(); }

void Identification::begin_handshake() {
  phase_ = Phase::handshaking;
  tls_.emplace(*settings_.tls, target_.host_name, offer());
  flush_tls();
  connection_->set_timeout(reply_wait_ms());
}

void Identification::begin_listening() {
  const bool http_is_certain = tls_ && !tls_finding_.alpn.empty();
  const bool skip = step().listen == Listen::not_at_all || http_is_certain || (!tls_ && has_listened_);
  if (skip && step().probe != nullptr) return ask(*step().probe);
  phase_ = Phase::listening;
  connection_->set_timeout(step().listen == Listen::long_enough ? settings_.timeout_ms : wait_ms(listen_ms));
}

void Identification::ask(const Probe& probe) {
  phase_ = Phase::asked;
  asked_ = &probe;
  bytes_.clear();
  connection_->set_timeout(reply_wait_ms());
  send(probe.greeting(greeted()));
}

/// If it fails, the end of the connection is reported next.
void Identification::send(std::string_view bytes) {
  if (!tls_) {
    connection_->send(bytes);
    return;
  }
  tls_->send(bytes);
  flush_tls();
}

void Identification::flush_tls() {
  if (const std::string output = tls_->take_output(); !output.empty()) connection_->send(output);
}

void Identification::next_step() {
  const bool has_shaken_hands = tls_ && phase_ != Phase::handshaking;
  if (has_shaken_hands) return end_with_tls_alone();
  if (!result_.banner.empty()) return finish();  // it speaks first, and nothing that is known
  ++step_;
  if (!begin_step({})) end();
}

// ---- What happens on the connection ----

template <class Body>
void Identification::guarded(Body body) noexcept {
  try {
    body();
  } catch (const std::bad_alloc&) {
    result_ = {};
    end();
  }
}

void Identification::on_connected() {
  guarded([this] { begin_talk(); });
}

void Identification::on_bytes(std::string_view bytes) {
  guarded([&] {
    received_ += bytes.size();
    tls_ ? take_tls_bytes(bytes) : take_bytes(bytes);
  });
}

void Identification::on_end(int) {
  guarded([this] {
    connection_.reset();
    switch (phase_) {
      case Phase::connecting: return end();  // it does not accept any more
      case Phase::handshaking: return handshake_failed();
      case Phase::listening:
        if (!bytes_.empty()) return judge(true);
        if (!tls_ && ++closed_unasked_ >= max_closed_unasked) return end();
        if (tls_) return next_step();
        if (!begin_step({})) end();  // the same step again
        return;
      case Phase::asked: return judge(true);
      case Phase::upgrading: return end();
    }
  });
}

void Identification::on_timeout() {
  guarded([this] {
    switch (phase_) {
      case Phase::connecting: return end();
      case Phase::handshaking: return handshake_failed();
      case Phase::listening:
        if (!bytes_.empty()) return judge(true);
        if (!tls_) has_listened_ = true;
        return step().probe != nullptr ? ask(*step().probe) : next_step();
      case Phase::asked: return judge(true);
      case Phase::upgrading: return finish();
    }
  });
}

void Identification::take_tls_bytes(std::string_view bytes) {
  const bool was_established = tls_->state() == TlsSession::State::established;
  std::string plain;
  const TlsSession::State state = tls_->receive(bytes, plain);
  flush_tls();
  if (state == TlsSession::State::handshaking) return;
  if (state == TlsSession::State::failed) return handshake_failed();
  if (!was_established && !handshake_done()) return;
  if (!plain.empty() || state == TlsSession::State::ended) {
    bytes_ += plain;
    judge(state == TlsSession::State::ended || received_ >= max_http_bytes);
  }
}

/// Returns false if this connection is not used any more; the object may be gone.
bool Identification::handshake_done() {
  if (upgrade_ != nullptr) {
    end_upgraded();
    return false;
  }
  const TlsFinding finding = tls_->finding();
  if (offer_http2_) tls_finding_ = finding;
  if (finding.alpn != "h2") {
    begin_listening();
    return true;
  }
  // Its pages are asked for with HTTP/1.1, on another connection.
  offer_http2_ = false;
  if (!begin_step({})) end_with_tls_alone();
  return false;
}

/// The handshake has succeeded; nothing that is known spoke inside.
void Identification::end_with_tls_alone() {
  Finding& finding = result_.finding.emplace();
  finding.protocol = tls_finding_.alpn.empty() ? "tls" : "http";
  finding.tls = tls_finding_;
  end();
}

void Identification::handshake_failed() {
  if (upgrade_ != nullptr) return end_upgraded();
  if (!offer_http2_) return end_with_tls_alone();  // one has succeeded before
  if (!tls_->spoke_tls()) return next_step();
  tls_finding_ = tls_->finding();
  end_with_tls_alone();
}

void Identification::take_bytes(std::string_view bytes) {
  bytes_ += bytes;
  phase_ == Phase::upgrading ? judge_upgrade() : judge(received_ >= max_http_bytes);
}

// ---- Judging what has arrived ----

void Identification::judge(bool ended) {
  if (phase_ == Phase::listening) return judge_unasked(ended);
  const Reply reply{bytes_, ended, target_.endpoint.port};
  Finding finding;
  const Match answer = asked_->parse(reply, finding);
  if (answer == Match::yes) return accept(std::move(finding));
  // A server that begins may have been asked too early.
  const Match unasked = bytes_.empty() ? Match::no : parse_unasked(reply, finding);
  if (unasked == Match::yes) {
    if (result_.banner.empty()) result_.banner = bytes_.substr(0, Identified::max_banner_bytes);
    return accept(std::move(finding));
  }
  if (ended || (answer == Match::no && unasked == Match::no)) next_step();
}

void Identification::judge_unasked(bool ended) {
  const Reply reply{bytes_, ended, target_.endpoint.port};
  Finding finding;
  const Match match = parse_unasked(reply, finding);
  if (match == Match::more && !ended) return;
  result_.banner = bytes_.substr(0, Identified::max_banner_bytes);
  if (match == Match::yes) return accept(std::move(finding));
  if (bytes_.starts_with("220") && connection_) return ask(ehlo_probe);
  next_step();
}

void Identification::accept(Finding finding) {
  if (tls_) finding.tls = tls_finding_;
  const bool wants_tls = !tls_ && refuses_plain_http(bytes_);
  if (!tls_ && settings_.tls != nullptr && connection_) upgrade_ = find_tls_upgrade(finding, bytes_);
  result_.finding = std::move(finding);
  if (wants_tls && turn_to_tls()) return;
  upgrade_ != nullptr ? next_upgrade_step() : finish();
}

/// Goes to the next step with TLS. Returns false if there is none.
bool Identification::turn_to_tls() {
  const auto next = std::find_if(steps_.begin() + static_cast<std::ptrdiff_t>(step_) + 1, steps_.end(),
                                 [](const IdentifyStep& each) { return each.tls; });
  if (next == steps_.end()) return false;
  steps_ = {*next};
  step_ = 0;
  return begin_step({});
}

// ---- STARTTLS ----

void Identification::next_upgrade_step() {
  if (upgrade_step_ == upgrade_->steps.size()) return begin_handshake();
  const UpgradeStep& next = upgrade_->steps[upgrade_step_];
  phase_ = Phase::upgrading;
  bytes_.clear();
  connection_->set_timeout(reply_wait_ms());
  send(next.request);
  if (next.parse == nullptr) begin_handshake();
}

void Identification::judge_upgrade() {
  const UpgradeReply reply = upgrade_->steps[upgrade_step_].parse(bytes_);
  if (reply == UpgradeReply::more && received_ < max_http_bytes) return;
  if (reply != UpgradeReply::accepted) return finish();
  ++upgrade_step_;
  next_upgrade_step();
}

/// The handshake after STARTTLS is over.
void Identification::end_upgraded() {
  if (tls_->spoke_tls()) {
    TlsFinding& tls = result_.finding->tls.emplace(tls_->finding());
    tls.starttls = true;
  }
  tls_->state() == TlsSession::State::established ? finish() : end();
}

// ---- The end ----

void Identification::finish() {
  if (connection_ && result_.finding) {
    if (const std::string_view bye = farewell(result_.finding->protocol); !bye.empty()) send(bye);
  }
  end();
}

void Identification::end() {
  connection_.reset();
  tls_.reset();
  const auto on_end = std::move(on_end_);  // which may destroy this object
  on_end();
}

}  // namespace portloop
