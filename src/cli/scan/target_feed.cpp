#include "cli/scan/target_feed.hpp"

#include <cstdio>
#include <utility>

#include "cli/exit_status.hpp"
#include "cli/targets/broadcast_addresses.hpp"
#include "sockets/socket_address.hpp"

namespace portloop {
namespace {

// A loop takes 1,024 targets at a time. A target that waits takes about 100 bytes, a name less.
constexpr uint64_t max_waiting_targets = 4096;
constexpr size_t max_waiting_names = 16'384;
constexpr uint64_t room_interval_ms = 5;

}  // namespace

TargetFeed::TargetFeed(TargetWords words, const PortSet& ports, PortSet excluded_ports)
    : words_(std::move(words)), excluded_ports_(std::move(excluded_ports)), default_ports_(sets_.hold(ports)) {}

void TargetFeed::open(uv_loop_t* loop) {
  for (const std::string& word : included_words(words_)) first_.push_back(parse_included(word));
  excluded_ = collect_excluded(words_, loop);
  for (const Address& address : own_broadcast_addresses()) broadcast_.push_back({address, address});
  std::vector<AddressRange> all = excluded_.ranges();
  all.insert(all.end(), broadcast_.begin(), broadcast_.end());
  excluded_in_ranges_ = TargetSet(std::move(all), {});
  lookup_ = std::make_unique<NameLookup>(words_.family);
  reader_ = std::make_unique<InputReader>(words_.input_files);
}

void TargetFeed::use(const TargetList& list) {
  for (const AddressRange& range : list.targets.ranges()) first_.push_back({{{range}, {}}, std::nullopt});
  for (const OwnPorts& own : list.own_ports) first_.push_back({{{own.range}, {}}, own.ports});
}

void TargetFeed::start(uv_loop_t* loop, RunningScan& scan, Events& events) {
  scan_ = &scan;
  events_ = &events;
  if (lookup_) {
    lookup_->watch(
        loop, [this](const FoundName& found) { on_found(found); },
        [this] {
          try {
            throw std::bad_alloc();
          } catch (const std::bad_alloc&) {
            events_->on_bad_input();
          }
        });
  }
  for (const TargetSpec& spec : std::exchange(first_, {})) add(spec);
  if (!reader_) {
    input_ended_ = true;
    return finish_if_all_known();
  }
  room_timer_ = new uv_timer_t{};
  room_timer_->data = this;
  uv_timer_init(loop, room_timer_);
  reader_->start(loop, *this);
  pause_if_full();
}

void TargetFeed::close() {
  if (reader_) reader_->close();
  if (lookup_) {
    unknown_names_ += lookup_->waiting();
    lookup_->close();
  }
  if (room_timer_ == nullptr) return;
  uv_close(reinterpret_cast<uv_handle_t*>(std::exchange(room_timer_, nullptr)),
           [](uv_handle_t* timer) { delete reinterpret_cast<uv_timer_t*>(timer); });
}

// ---- Input ----

void TargetFeed::on_word(const std::string& word) {
  add(parse_included(word));
  pause_if_full();
}

void TargetFeed::on_end() {
  input_ended_ = true;
  finish_if_all_known();
}

bool TargetFeed::is_full() const {
  return scan_->stats().waiting >= max_waiting_targets || lookup_->waiting() >= max_waiting_names;
}

/// The rest of the piece that has been read is still added.
void TargetFeed::pause_if_full() {
  if (input_ended_ || room_timer_ == nullptr || uv_is_active(reinterpret_cast<uv_handle_t*>(room_timer_)) != 0 ||
      !is_full())
    return;
  reader_->pause();
  uv_timer_start(
      room_timer_,
      [](uv_timer_t* timer) {
        auto* self = static_cast<TargetFeed*>(timer->data);
        if (self->is_full()) return;
        uv_timer_stop(timer);
        self->reader_->resume();
      },
      room_interval_ms, room_interval_ms);
}

void TargetFeed::finish_if_all_known() {
  if (!input_ended_ || all_known_ || (lookup_ && lookup_->waiting() > 0)) return;
  all_known_ = true;
  scan_->finish_input();
  close();
  events_->on_all_targets();
}

// ---- Names ----

void TargetFeed::add_name(const std::string& name, const std::optional<PortSet>& ports) {
  const auto [at, is_new] = names_.try_emplace(name);
  Name& state = at->second;
  if (state.known) {
    for (const Address& address : state.addresses) add_range({address, address}, ports);
    return;
  }
  state.waiting.push_back(ports);
  if (is_new) lookup_->add(name);
}

void TargetFeed::on_found(const FoundName& found) {
  Name& state = names_[found.name];
  state.known = true;
  if (found.addresses.empty()) {
    failed_names_.push_back(failure_text(found));
  } else {
    state.addresses = taken_addresses(words_, found);
    for (const Address& address : state.addresses) {
      if (!excluded_.contains(address)) events_->on_name(address, found.name);
    }
  }
  for (const std::optional<PortSet>& ports : std::exchange(state.waiting, {})) {
    for (const Address& address : state.addresses) add_range({address, address}, ports);
  }
  finish_if_all_known();
}

// ---- Addresses ----

void TargetFeed::add(const TargetSpec& spec) {
  std::optional<PortSet> ports = spec.ports;
  if (ports) ports->remove(excluded_ports_);
  if (ports && ports->empty()) return;
  if (spec.target.ranges.empty()) return add_name(spec.target.host_name, ports);
  for (const AddressRange& range : spec.target.ranges) add_range(range, ports);
}

/// A broadcast address that is given alone is meant.
std::vector<AddressRange> TargetFeed::allowed_parts(const AddressRange& range) {
  if (range.first == range.last) return excluded_.outside(range);
  for (auto at = broadcast_.begin(); at != broadcast_.end();) {
    const bool is_there = range.first <= at->first && at->first <= range.last && !excluded_.contains(at->first);
    if (is_there && !words_.quiet) events_->on_left_out(broadcast_note(at->first));
    at = is_there ? broadcast_.erase(at) : at + 1;
  }
  return excluded_in_ranges_.outside(range);
}

void TargetFeed::add_range(const AddressRange& range, const std::optional<PortSet>& ports) {
  const PortSets::Number number = ports ? sets_.hold(*ports) : default_ports_;
  for (const AddressRange& part : allowed_parts(range))
    asked_.add(part, number,
               [this](const AddressRange& fresh, PortSets::Number fresh_ports) { add_to_scan(fresh, fresh_ports); });
  if (ports) sets_.release(number);
}

void TargetFeed::add_to_scan(const AddressRange& range, PortSets::Number ports) {
  const SocketAddress first = to_socket_address({range.first, 0}), last = to_socket_address({range.last, 0});
  try {
    scan_->add_range(first.any, last.any, ports == default_ports_ ? nullptr : sets_.text(ports).c_str());
  } catch (const Error& error) {
    if (error.code() == UV_ENOMEM) throw std::bad_alloc();
    if (error.code() == UV_EINVAL) throw UsageError(error.what());
    return;  // the scan ends
  }
  if (distinct_ports_.size() == 65'535) return;
  for (const PortRange& more : sets_.set(ports).ranges()) {
    if (!distinct_ports_.contains(more.first) || more.first != more.last) distinct_ports_.add(more);
  }
}

std::string TargetFeed::nothing_added() const {
  if (asked_.addresses() > 0) return "";
  if (failed_names_.empty()) return "no target is left: everything is excluded";
  return failed_names_.back() + "; an address, a block, a range or a name that resolves is accepted";
}

}  // namespace portloop
