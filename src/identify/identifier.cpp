#include "identify/identifier.hpp"

#include <new>
#include <utility>

namespace portloop {

Identifier::Identifier(uv_loop_t* loop, IdentifySettings settings, Limits limits, OnIdentified on_identified)
    : loop_(loop), settings_(std::move(settings)), limits_(limits), on_identified_(std::move(on_identified)) {}

void Identifier::add(IdentifyTarget target, KeptConnection socket, uint64_t id) {
  const Address address = target.endpoint.address;
  Host& host = hosts_[address];
  if (stopped_ || host.fruitless >= max_fruitless) return on_identified_(id, {});
  const bool has_socket = static_cast<bool>(socket);
  host.waiting.push_back({std::move(target), std::move(socket), id});
  ++waiting_;
  if (has_socket) ++sockets_;
  queue_turn(address, host);
  start_some();
}

void Identifier::queue_turn(const Address& address, Host& host) noexcept {
  if (host.in_turn || host.waiting.empty() || host.running >= limits_.per_host) return;
  try {
    turns_.push_back(address);
    host.in_turn = true;
  } catch (const std::bad_alloc&) {
    skip_waiting(host);
  }
}

/// One port of each host in turn.
void Identifier::start_some() noexcept {
  while (!turns_.empty() && running_.size() < limits_.at_once) {
    const Address address = turns_.front();
    turns_.pop_front();
    Host& host = hosts_.find(address)->second;
    host.in_turn = false;
    if (!host.waiting.empty()) start(address, host);
  }
}

void Identifier::start(const Address& address, Host& host) noexcept {
  Waiting next = std::move(host.waiting.front());
  host.waiting.pop_front();
  --waiting_;
  if (next.socket) --sockets_;
  queue_turn(address, host);
  std::list<Running>::iterator place = running_.end();
  try {
    place = running_.insert(place, {next.id, address, nullptr});
    ++host.running;
    place->identification = std::make_unique<Identification>(loop_, settings_, std::move(next.target), [this, place] {
      ended(place);
      start_some();
    });
    if (place->identification->start(std::move(next.socket))) return;
  } catch (const std::bad_alloc&) {
    if (place == running_.end()) return on_identified_(next.id, {});
  }
  ended(place);
}

void Identifier::ended(std::list<Running>::iterator running) noexcept {
  const Running done = std::move(*running);
  running_.erase(running);
  static const Identified nothing;
  const Identified& found = done.identification ? done.identification->result() : nothing;
  const auto entry = hosts_.find(done.address);
  Host& host = entry->second;
  --host.running;
  host.fruitless = found.finding ? 0 : host.fruitless + 1;
  if (host.fruitless == max_fruitless) report_fruitless(done.address, host);
  queue_turn(done.address, host);
  if (host.waiting.empty() && host.running == 0 && host.fruitless == 0 && !host.in_turn) hosts_.erase(entry);
  on_identified_(done.id, found);
}

void Identifier::report_fruitless(const Address& address, Host& host) noexcept {
  try {
    fruitless_hosts_.push_back(address);
  } catch (const std::bad_alloc&) {  // it is not reported
  }
  skip_waiting(host);
}

void Identifier::skip_waiting(Host& host) noexcept {
  while (!host.waiting.empty()) {
    const Waiting skipped = std::move(host.waiting.front());
    host.waiting.pop_front();
    --waiting_;
    if (skipped.socket) --sockets_;
    on_identified_(skipped.id, {});
  }
}

void Identifier::stop() {
  if (std::exchange(stopped_, true)) return;  // on_identified may call it
  turns_.clear();
  for (auto& [address, host] : hosts_) skip_waiting(host);
  while (!running_.empty()) {
    const uint64_t id = running_.front().id;
    running_.pop_front();
    on_identified_(id, {});
  }
}

}  // namespace portloop
