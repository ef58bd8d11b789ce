#include "plan/ban_watch.hpp"

#include <algorithm>
#include <cassert>

namespace portloop {
namespace {

// At 5 % loss in each direction, three proofs in a row are lost once in a thousand times.
constexpr uint8_t max_silent_proofs = 3;

// A server that is restarted closes all of its ports for a moment, and Linux sends one ICMP error a second to each
// address (sysctl net.ipv4.icmp_ratelimit).
constexpr uint64_t second_look_us = 1'000'000;

// Proofs that could not be made, in a row: a lack of descriptors pauses a scan for 50 ms at least.
constexpr uint8_t max_withdrawals = 200;

}  // namespace

// ---- The ports of a host that prove something ----

bool BanWatch::Watched::is_open(uint32_t probe) const {
  return std::find(open.begin(), open.begin() + open_count, probe) != open.begin() + open_count;
}

void BanWatch::Watched::add_open(uint32_t probe) {
  if (open_count < open.size() && !is_open(probe)) open[open_count++] = probe;
}

void BanWatch::Watched::remove_open(uint32_t probe) {
  const auto end = open.begin() + open_count;
  open_count = static_cast<uint8_t>(std::remove(open.begin(), end, probe) - open.begin());
}

bool BanWatch::Watched::has_refused(uint32_t probe) const {
  return std::find(refused.begin(), refused.begin() + refused_count, probe) != refused.begin() + refused_count;
}

void BanWatch::Watched::add_refused(uint32_t probe) {
  if (refused_count < refused.size() && !has_refused(probe)) refused[refused_count++] = probe;
}

/// A port that may show that the suspicion is wrong; Host::no_probe if all have refused. After an ICMP error a closed
/// port will do, and is not a connection that is logged: a ban would answer for it as well.
uint32_t BanWatch::Watched::other_port() const {
  if (refusal != Reason::conn_refused && closed != Host::no_probe && !has_refused(closed)) return closed;
  const auto* const end = open.begin() + open_count;
  const auto* const found = std::find_if(open.begin(), end, [this](uint32_t probe) { return !has_refused(probe); });
  return found == end ? Host::no_probe : *found;
}

uint32_t BanWatch::Watched::next_port() {
  if (is_suspect() && other_port() != Host::no_probe) return other_port();
  return open_count == 0 ? closed : open[turn++ % open_count];
}

/// Whether ICMP errors may be what a proof has to wait for.
bool BanWatch::Watched::may_be_limited() const {
  const auto is_icmp = [](const Held& result) { return result.reason != Reason::conn_refused; };
  return is_suspect() || std::any_of(held.begin() + released, held.end(), is_icmp);
}

// ---- What is observed ----

BanWatch::Watched* BanWatch::find(const Key& key) {
  const auto found = hosts_.find(key_of(key));
  return found == hosts_.end() ? nullptr : &found->second;
}

void BanWatch::accepted(const Key& key, uint32_t probe, uint64_t sent_us) {
  Watched& host = hosts_[key_of(key)];
  if (host.verdict == Verdict::banned) return;
  host.verdict = Verdict::none;
  proved(key_of(key), host, probe, sent_us);
  host.add_open(probe);
  finish_if_due(key, host);
}

bool BanWatch::hold(const Key& key, const Held& result, uint32_t closed) {
  if (!may_be_ban(result.reason)) return false;
  Watched* known = find(key);
  if (known == nullptr && (result.reason == Reason::conn_refused || closed == Host::no_probe)) return false;
  Watched& host = known != nullptr ? *known : hosts_[key_of(key)];
  if (closed != Host::no_probe) host.closed = closed;
  if (host.verdict == Verdict::unprovable) return false;
  if (host.verdict == Verdict::none && host.open_count == 0 &&
      (result.reason == Reason::conn_refused || host.closed == Host::no_probe))
    return false;
  host.held.push_back(result);
  ++total_;
  BlockState& block = blocks_[key.block];
  ++block.held;
  block.is_finishing = false;
  if (host.verdict == Verdict::banned) {
    if (result.reason == host.refusal) host.held.back().reason = Reason::banned;
    release(key_of(key), host, host.unproven());
  } else if (host.unproven() >= host.next_proof_at) {
    host.next_proof_at *= 2;
    want_proof(key_of(key), host, result.answered_us);
  } else if (total_ > max_held && host.unproven() >= min_held_for_proof) {
    want_proof(key_of(key), host, result.answered_us);
  }
  return true;
}

void BanWatch::answered_again(const Key& key, uint32_t probe, Reason reason, uint64_t sent_us, uint64_t now_us) {
  Watched* host = find(key);
  if (host == nullptr || host->verdict == Verdict::banned) return;
  host->silent = 0;
  host->verdict = Verdict::none;  // what is answered can be proved
  if (reason == Reason::syn_ack) {
    proved(key_of(key), *host, probe, sent_us);
    host->add_open(probe);
  } else if (reason == Reason::conn_refused && !host->is_open(probe)) {
    // A closed port is closed still: nothing answers for it with an ICMP error.
    const bool is_by_icmp = host->is_suspect() ? host->refusal != Reason::conn_refused : host->open_count == 0;
    if (is_by_icmp) proved(key_of(key), *host, probe, sent_us);
  } else if (may_be_ban(reason)) {
    refused(key_of(key), *host, probe, reason, sent_us, now_us);
  }
  if (host->is_suspect()) want_next_look(key_of(key), *host, now_us);
  finish_if_due(key, *host);
}

void BanWatch::proof_answered(const Key& key) {
  Watched* host = find(key);
  if (host == nullptr) return;
  host->proof_in_flight = false;
  host->withdrawals = 0;
}

void BanWatch::silent(const Key& key, uint64_t now_us) {
  Watched* host = find(key);
  if (host == nullptr) return;
  host->proof_in_flight = false;
  host->withdrawals = 0;
  if (host->verdict != Verdict::none) return;
  if (++host->silent < max_silent_proofs) {
    want_proof(key_of(key), *host, now_us + (host->may_be_limited() ? second_look_us : 0));
  } else if (host->is_suspect()) {
    ban(key_of(key), *host, host->refusal);
  } else {
    cannot_be_proved(key_of(key), *host);
  }
}

void BanWatch::withdrawn(const Key& key, uint64_t again_us) {
  Watched* host = find(key);
  if (host == nullptr) return;
  host->proof_in_flight = false;
  if (++host->withdrawals < max_withdrawals) {
    want_proof(key_of(key), *host, again_us);
  } else {
    cannot_be_proved(key_of(key), *host);
  }
}

// ---- What follows from it ----

void BanWatch::want_proof(uint64_t key, Watched& host, uint64_t at_us) {
  if (host.is_due || host.proof_in_flight || host.verdict != Verdict::none) return;
  host.is_due = true;
  due_.insert({at_us, key});
}

/// Whatever was answered before the connect was sent is right.
void BanWatch::proved(uint64_t key, Watched& host, uint32_t probe, uint64_t sent_us) {
  host.last_proof_us = std::max(host.last_proof_us, sent_us);
  if (host.is_suspect() && sent_us >= host.suspected_us) {
    for (uint8_t i = 0; i < host.refused_count; ++i) {
      if (host.refused[i] != probe) host.remove_open(host.refused[i]);
    }
    end_suspicion(host);
  }
  if (host.is_suspect()) return;
  const auto begin = host.held.begin() + host.released;
  const auto end = std::find_if(begin, host.held.end(), [&](const Held& held) { return held.answered_us > sent_us; });
  release(key, host, static_cast<uint32_t>(end - begin));
  if (host.open_count == 0 && host.closed == Host::no_probe) release(key, host, host.unproven());
}

void BanWatch::refused(uint64_t key, Watched& host, uint32_t probe, Reason reason, uint64_t sent_us, uint64_t now_us) {
  if (sent_us < host.last_proof_us) return;
  if (!host.is_suspect()) {
    host.refusal = reason;
    host.suspected_us = now_us;
    ++suspects_;
  } else if (sent_us >= host.suspected_us + second_look_us) {
    ban(key, host, reason);
    return;
  }
  host.add_refused(probe);
}

/// Another port at once, and one of them a second later.
void BanWatch::want_next_look(uint64_t key, Watched& host, uint64_t now_us) {
  want_proof(key, host, host.other_port() != Host::no_probe ? now_us : host.suspected_us + second_look_us);
}

void BanWatch::cannot_be_proved(uint64_t key, Watched& host) {
  end_suspicion(host);
  host.verdict = Verdict::unprovable;
  release(key, host, host.unproven());
}

void BanWatch::end_suspicion(Watched& host) {
  suspects_ -= host.is_suspect();
  host.refused_count = 0;
}

/// What came in the manner of the ban is unknown since the last proof; the rest was answered by the host.
void BanWatch::ban(uint64_t key, Watched& host, Reason reason) {
  for (auto held = host.held.begin() + host.released; held != host.held.end(); ++held) {
    if (held->reason == reason || held->reason == host.refusal) held->reason = Reason::banned;
  }
  end_suspicion(host);
  host.verdict = Verdict::banned;
  host.refusal = reason;
  release(key, host, host.unproven());
  bans_.push_back(key);
}

void BanWatch::host_lost(const Key& key) {
  Watched* host = find(key);
  if (host == nullptr) return;
  host->proof_in_flight = false;
  if (host->verdict != Verdict::none) return;
  if (host->is_suspect()) {
    ban(key_of(key), *host, host->refusal);
    return;
  }
  // The host was still there when it sent a RST; who sends an ICMP error may be in its way.
  for (auto held = host->held.begin() + host->released; held != host->held.end(); ++held) {
    if (held->reason != Reason::conn_refused) held->reason = Reason::host_lost;
  }
  cannot_be_proved(key_of(key), *host);
}

void BanWatch::release(uint64_t key, Watched& host, uint32_t count) {
  if (count == 0) return;
  if (host.returned == host.released) released_.push_back(key);
  host.released += count;
}

bool BanWatch::finish(uint32_t block, const HostWatch& hosts) {
  const auto state = blocks_.find(block);
  if (state == blocks_.end() || state->second.held == 0) return false;
  if (state->second.is_finishing) return true;
  state->second.is_finishing = true;
  const auto end = hosts_.lower_bound(key_of({block + 1, 0}));
  for (auto host = hosts_.lower_bound(key_of({block, 0})); host != end; ++host) {
    const Key key = key_from(host->first);
    if (hosts[key.host].state == HostState::lost) host_lost(key);
    finish_host(host->first, host->second);
  }
  return true;
}

void BanWatch::finish_host(uint64_t key, Watched& host) {
  if (host.unproven() == 0 || host.proof_in_flight || host.is_due) return;
  if (host.unproven() < min_held_for_proof && !host.is_suspect()) {
    release(key, host, host.unproven());
  } else {
    want_proof(key, host, host.last_proof_us);
  }
}

void BanWatch::finish_if_due(const Key& key, Watched& host) {
  const auto block = blocks_.find(key.block);
  if (block != blocks_.end() && block->second.is_finishing) finish_host(key_of(key), host);
}

void BanWatch::forget(uint32_t block) {
  const auto begin = hosts_.lower_bound(key_of({block, 0})), end = hosts_.lower_bound(key_of({block + 1, 0}));
  suspects_ -= static_cast<uint32_t>(std::count_if(begin, end, [](const auto& h) { return h.second.is_suspect(); }));
  hosts_.erase(begin, end);
  blocks_.erase(block);
}

// ---- What the plan takes ----

std::optional<BanWatch::Proof> BanWatch::take_due(uint64_t now_us) {
  while (!due_.empty() && due_.begin()->first <= now_us) {
    const uint64_t key = due_.begin()->second;
    due_.erase(due_.begin());
    Watched* host = find(key_from(key));
    if (host == nullptr || !host->is_due) continue;
    host->is_due = false;
    if (host->verdict != Verdict::none || (host->unproven() == 0 && !host->is_suspect())) continue;
    const uint32_t probe = host->next_port();
    if (probe == Host::no_probe) {
      cannot_be_proved(key, *host);
      continue;
    }
    host->proof_in_flight = true;
    return Proof{key_from(key), probe};
  }
  return std::nullopt;
}

BanWatch::Released BanWatch::take_released() {
  assert(!released_.empty());
  const uint64_t key = released_.back();
  Watched& host = hosts_.at(key);
  const Released released{key_from(key), host.held[host.returned++]};
  --total_;
  --blocks_[released.of.block].held;
  if (host.returned == host.released) {
    host.held.erase(host.held.begin(), host.held.begin() + host.released);
    host.returned = host.released = 0;
    released_.pop_back();
  }
  return released;
}

bool BanWatch::is_suspect(const Key& key) const {
  if (suspects_ == 0) return false;
  const auto found = hosts_.find(key_of(key));
  // Whoever waits for the end of a suspicion must not wait for ever.
  return found != hosts_.end() && found->second.is_suspect() && (found->second.is_due || found->second.proof_in_flight);
}

std::optional<BanWatch::Key> BanWatch::take_ban() {
  if (bans_.empty()) return std::nullopt;
  const Key key = key_from(bans_.back());
  bans_.pop_back();
  return key;
}

}  // namespace portloop
