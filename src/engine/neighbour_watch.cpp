#include "engine/neighbour_watch.hpp"

#include <algorithm>
#include <array>
#include <new>
#include <optional>
#include <vector>

namespace portloop {
namespace {

constexpr uint64_t room_interval_ms = 1000;

/// How much a scan dares if most of a table seems to be held by other namespaces: a sixteenth of it, as long as it does
/// not overflow.
class DaringRoom {
 public:
  uint32_t of(const NeighbourTable& table, uint32_t held) {
    ++reads_;
    if (overflows_ && *overflows_ != table.overflows) overflowed_at_ = reads_;
    overflows_ = table.overflows;
    const uint32_t room = table.room(held);
    if (overflowed_at_ != 0 && reads_ - overflowed_at_ < reads_until_daring) return room;
    return std::max(room, std::min(table.room_without_others(held), table.max_entries / 16));
  }

 private:
  static constexpr uint32_t reads_until_daring = 10;

  std::optional<uint64_t> overflows_;
  uint32_t reads_ = 0;
  uint32_t overflowed_at_ = 0;
};

void read_room(NeighbourRoom& room, std::array<DaringRoom, 2>& daring) {
  for (const Family family : {Family::ipv4, Family::ipv6}) {
    const uint32_t found_before = room.found(family);
    const std::optional<NeighbourTable> table = read_neighbour_table(family);
    if (!table) continue;
    // What the scan itself holds is among the entries.
    room.set_limit(family, daring[family == Family::ipv6].of(*table, room.held(family)), found_before);
    room.set_overflows(family, static_cast<uint32_t>(table->overflows));
  }
}

}  // namespace

struct NeighbourWatch::State {
  explicit State(NeighbourRoom& shared_room) : room(shared_room) {}

  NeighbourRoom& room;
  NeighbourEvents source;
  OnEvents on_events;
  std::vector<NeighbourEvent> events;
  OwnedHandle<uv_poll_t, State> poll;
  OwnedHandle<uv_timer_t, State> timer;
  std::array<DaringRoom, 2> daring;
  bool abandoned = false;
  int open_handles = 0;
  std::function<void()> on_closed;

  void read_events() noexcept {
    if (abandoned) return;
    try {
      events.clear();
      if (!source.read(events)) {
        const std::vector<NeighbourEvent> current = current_neighbours();
        events.insert(events.end(), current.begin(), current.end());
      }
    } catch (const std::bad_alloc&) {  // what was read counts; waits without news end by their timeout
    }
    if (!events.empty()) on_events(events);
  }
  static void on_readable(uv_poll_t* poll, int, int) { decltype(State::poll)::owner_of(poll).read_events(); }
  static void on_interval(uv_timer_t* timer) {
    try {
      State& self = decltype(State::timer)::owner_of(timer);
      read_room(self.room, self.daring);
    } catch (const std::bad_alloc&) {  // the last room holds
    }
  }
  void handle_closed() {
    if (--open_handles > 0) return;
    source.close();
    const std::function<void()> closed = std::move(on_closed);
    closed();  // may delete this
  }
};

NeighbourWatch::NeighbourWatch(NeighbourRoom& room) : state_(std::make_unique<State>(room)) {}

NeighbourWatch::~NeighbourWatch() = default;

int NeighbourWatch::open(uv_loop_t* loop, OnEvents on_events) {
  State& state = *state_;
  read_room(state.room, state.daring);  // may throw, and so comes before the first handle
  if (const int error_number = state.source.open(); error_number != 0) return uv_translate_sys_error(error_number);
  if (const int error = uv_poll_init(loop, state.poll.get(), state.source.descriptor()); error != 0) {
    state.source.close();
    return error;
  }
  uv_timer_init(loop, state.timer.get());
  state.poll.owner = state.timer.owner = &state;
  state.open_handles = 2;
  state.on_events = std::move(on_events);
  uv_unref(state.poll.any());
  uv_unref(state.timer.any());
  uv_poll_start(state.poll.get(), UV_READABLE, State::on_readable);
  uv_timer_start(state.timer.get(), State::on_interval, room_interval_ms, room_interval_ms);
  return 0;
}

void NeighbourWatch::poll() { state_->read_events(); }

void NeighbourWatch::close(std::function<void()> on_closed) {
  state_->on_closed = std::move(on_closed);
  uv_close(state_->poll.any(), [](uv_handle_t* handle) { decltype(State::poll)::owner_of(handle).handle_closed(); });
  uv_close(state_->timer.any(), [](uv_handle_t* handle) { decltype(State::timer)::owner_of(handle).handle_closed(); });
}

void NeighbourWatch::abandon() noexcept {
  state_->abandoned = true;
  uv_poll_stop(state_->poll.get());
  uv_timer_stop(state_->timer.get());
}

namespace {

/// What the system knows of the neighbours now, of those of one interface unless it is 0.
std::vector<KnownNeighbour> known_neighbours(uint32_t interface) {
  std::vector<KnownNeighbour> known;
  for (const NeighbourEvent& neighbour : current_neighbours()) {
    if (!neighbour.has_entry() || (interface != 0 && neighbour.interface != interface)) continue;
    known.push_back({neighbour.address, neighbour.news == NeighbourNews::confirmed, neighbour.link_address});
  }
  std::sort(known.begin(), known.end(), [](const auto& a, const auto& b) { return a.address < b.address; });
  return known;
}

}  // namespace

OwnLinks find_own_links(const TargetSet& targets, uint32_t interface) {
  OwnLinks links;
  const std::optional<LinkAddresses> addresses = read_link_addresses(targets.ranges(), interface);
  if (!addresses) return links;
  links.are_known = true;
  const auto is_scanned = [&targets](const AddressRange& link) {
    return std::any_of(targets.ranges().begin(), targets.ranges().end(), [&link](const AddressRange& range) {
      return range.first <= link.last && link.first <= range.last;
    });
  };
  std::copy_if(addresses->on_link.begin(), addresses->on_link.end(), std::back_inserter(links.on_link), is_scanned);
  std::copy_if(addresses->own.begin(), addresses->own.end(), std::back_inserter(links.own), is_scanned);
  links.known = known_neighbours(interface);
  for (const LinkAddresses::Gateway& gateway : addresses->gateways) {
    const auto known = std::find_if(links.known.begin(), links.known.end(),
                                    [&](const KnownNeighbour& other) { return other.address == gateway.address; });
    const bool is_confirmed = known != links.known.end() && known->is_confirmed;
    if (!is_confirmed && is_scanned(gateway.range)) links.gateways.push_back({gateway.range, gateway.address});
  }
  if (!links.need_watching()) return links;
  for (const Family family : {Family::ipv4, Family::ipv6}) {
    const std::optional<NeighbourTable> table = read_neighbour_table(family);
    if (!table) continue;
    links.resolve_us = std::max(links.resolve_us, uint64_t{table->resolve_ms} * 1000);
    links.confirm_us = std::max(links.confirm_us, uint64_t{table->confirm_ms} * 1000);
  }
  return links;
}

}  // namespace portloop
