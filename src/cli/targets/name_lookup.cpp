#include "cli/targets/name_lookup.hpp"

#include <strings.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <new>
#include <utility>

#include "cli/exit_status.hpp"
#include "cli/targets/resolver_process.hpp"
#include "sockets/socket_address.hpp"

namespace portloop {
namespace {

/// RFC 6761, section 6.3: the name means this machine, in both families.
bool is_localhost(std::string name) {
  if (!name.empty() && name.back() == '.') name.pop_back();
  return strcasecmp(name.c_str(), "localhost") == 0;
}

template <class Handle>
void close_and_delete(Handle* handle) {
  uv_close(reinterpret_cast<uv_handle_t*>(handle),
           [](uv_handle_t* closed) { delete reinterpret_cast<Handle*>(closed); });
}

bool contains(const std::vector<Address>& addresses, const Address& address) {
  return std::find(addresses.begin(), addresses.end(), address) != addresses.end();
}

}  // namespace

void NameLookup::watch(uv_loop_t* loop, OnFound on_found, std::function<void()> on_out_of_memory) {
  on_found_ = std::move(on_found);
  on_out_of_memory_ = std::move(on_out_of_memory);
  auto* poll = new uv_poll_t{};
  if (const int error = uv_poll_init(loop, poll, resolver_.descriptor()); error != 0) {
    delete poll;
    throw CannotRun(std::string("names can't be resolved: ") + uv_strerror(error));
  }
  poll_ = poll;
  poll_->data = this;
  uv_poll_start(poll_, UV_READABLE, [](uv_poll_t* ready, int, int) {
    auto* self = static_cast<NameLookup*>(ready->data);
    try {
      self->on_readable();
    } catch (const std::bad_alloc&) {  // must not reach libuv
      self->close();
      self->on_out_of_memory_();
    }
  });
}

void NameLookup::close() {
  if (poll_ != nullptr) close_and_delete(std::exchange(poll_, nullptr));
  resolver_.stop();
  waiting_.clear();
  asked_.clear();
}

void NameLookup::add(std::string name) {
  waiting_.push_back(std::move(name));
  if (!resolver_died_) ask();
}

void NameLookup::ask() {
  while (!waiting_.empty() && asked_.size() < max_resolved_at_once) {
    const uint32_t number = next_number_++;
    const std::string& name = asked_.emplace(number, std::move(waiting_.front())).first->second;
    waiting_.pop_front();
    // If the resolver has died, its socket is readable, and on_readable() ends the look-ups.
    if (!resolver_.send(number, name, is_localhost(name))) return;
  }
}

void NameLookup::on_readable() {
  std::vector<NameResolver::Answer> answers;
  const bool alive = resolver_.receive(answers);
  for (NameResolver::Answer& answer : answers) {
    const auto asked = asked_.find(answer.number);
    if (asked == asked_.end()) continue;
    FoundName found = result_of(std::move(asked->second), std::move(answer));
    asked_.erase(asked);
    ask();
    on_found_(std::move(found));
    if (poll_ == nullptr) return;  // closed
  }
  if (alive) return;
  uv_poll_stop(poll_);
  resolver_died_ = true;
  fail_all();
}

void NameLookup::fail_all() {
  std::vector<std::string> names;
  for (auto& [number, name] : asked_) names.push_back(std::move(name));
  for (std::string& name : waiting_) names.push_back(std::move(name));
  asked_.clear();
  waiting_.clear();
  for (std::string& name : names) {
    if (poll_ == nullptr) return;
    on_found_({std::move(name), {}, "the process that resolves names has ended", false});
  }
}

FoundName NameLookup::result_of(std::string name, NameResolver::Answer answer) const {
  FoundName found{std::move(name), {}, std::move(answer.error), false};
  for (const Address& address : answer.addresses) {
    if (is_unspecified(address))
      found.error = "its address is " + to_text(address) + ", which means this machine itself";
    else if (!contains(found.addresses, address))
      found.addresses.push_back(address);
  }
  if (is_localhost(found.name)) add_loopback(found);
  if (found.addresses.empty() && found.error.empty()) found.error = "no address";
  return found;
}

/// A hosts file may have only one of them, and a service may listen on the other one only.
void NameLookup::add_loopback(FoundName& found) const {
  for (const char* text : {"127.0.0.1", "::1"}) {
    const Address address = *parse_address(text);
    const WantedFamily family = address.family == Family::ipv4 ? WantedFamily::ipv4 : WantedFamily::ipv6;
    if (family_ != WantedFamily::any && family_ != family) continue;
    if (contains(found.addresses, address) || !is_own_address(to_socket_address({address, 0}))) continue;
    found.addresses.push_back(address);
  }
  found.all_taken = !found.addresses.empty();
}

namespace {

/// The line of a terminal that shows how far the look-up is. It appears only if that takes a while.
class LookupLine {
 public:
  LookupLine(size_t names, uv_loop_t* loop) : names_(names) {
    timer_->data = this;
    uv_timer_init(loop, timer_);
    uv_timer_start(
        timer_, [](uv_timer_t* timer) { static_cast<LookupLine*>(timer->data)->draw(); }, 500, 200);
    uv_unref(reinterpret_cast<uv_handle_t*>(timer_));
  }
  ~LookupLine() {
    close_and_delete(timer_);
    if (on_screen_) std::fputs("\r\x1b[K", stderr);
  }
  LookupLine(const LookupLine&) = delete;
  LookupLine& operator=(const LookupLine&) = delete;

  void add_result() { ++known_; }

 private:
  void draw() {
    on_screen_ = true;
    std::fprintf(stderr, "\rresolving names: %zu of %zu\x1b[K", known_, names_);
    std::fflush(stderr);
  }

  const size_t names_;
  size_t known_ = 0;
  bool on_screen_ = false;
  uv_timer_t* timer_ = new uv_timer_t{};
};

}  // namespace

std::vector<FoundName> look_up_names(const std::vector<std::string>& names, WantedFamily family, bool shows_progress,
                                     uv_loop_t* loop) {
  std::vector<FoundName> results;
  std::unordered_map<std::string, size_t> number_of;
  for (const std::string& name : names) {
    if (number_of.emplace(name, results.size()).second) results.push_back({name, {}, {}, false});
  }
  if (results.empty()) return results;
  NameLookup lookup(family);
  const auto line = shows_progress ? std::make_unique<LookupLine>(results.size(), loop) : nullptr;
  bool out_of_memory = false;
  lookup.watch(
      loop,
      [&](FoundName found) {
        const size_t number = number_of.at(found.name);
        results[number] = std::move(found);
        if (line) line->add_result();
        if (lookup.waiting() == 0) lookup.close();
      },
      [&out_of_memory] { out_of_memory = true; });
  for (const FoundName& result : results) lookup.add(result.name);
  uv_run(loop, UV_RUN_DEFAULT);
  if (out_of_memory) throw std::bad_alloc();
  return results;
}

}  // namespace portloop
