// Identifies many ports at once: a bounded number, and a bounded number of each host.
//
// Happy path: add() each open port; on_identified is called for each, in whatever order they end.
//
// What goes wrong:
//   - more ports are added than can be asked: they wait; is_full() lets the caller stop adding
//   - a host accepts connections on ports where nothing speaks (a tarpit, a proxy): after 100 ports in a row without a
//     finding its others are not asked
//   - stop(): what is not identified by then is reported without a finding, at once
//   - the memory is used up: std::bad_alloc from add(); in the loop, a port is reported without a finding
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <vector>

#include "identify/identification.hpp"

namespace portloop {

class Identifier {
 public:
  /// `id`: what was given to add().
  using OnIdentified = std::function<void(uint64_t id, const Identified& found)>;

  struct Limits {
    uint32_t at_once = 128;   ///< Ports that are asked.
    uint32_t per_host = 8;    ///< Ports of one host that are asked.
    uint32_t sockets = 256;   ///< Connections that waiting ports keep.
    uint32_t waiting = 4096;  ///< Ports that wait, before is_full().
  };
  static constexpr uint32_t max_fruitless = 100;

  /// `on_identified` may be called from within add() and stop(). It throws nothing, and may call
  /// stop(), but not add().
  Identifier(uv_loop_t* loop, IdentifySettings settings, Limits limits, OnIdentified on_identified);

  /// `socket`: the connection of the scan, if there is one.
  void add(IdentifyTarget target, KeptConnection socket, uint64_t id);
  void stop();

  /// Whether the next port may keep its connection.
  bool has_room_for_socket() const { return sockets_ < limits_.sockets; }
  bool is_full() const { return waiting_ >= limits_.waiting; }
  bool is_half_empty() const { return waiting_ <= limits_.waiting / 2; }
  bool idle() const { return waiting_ == 0 && running_.empty(); }
  size_t unfinished() const { return waiting_ + running_.size(); }
  /// Hosts whose ports were not all asked.
  const std::vector<Address>& fruitless_hosts() const { return fruitless_hosts_; }

 private:
  struct Waiting {
    IdentifyTarget target;
    KeptConnection socket;
    uint64_t id;
  };
  struct Host {
    std::deque<Waiting> waiting;
    uint32_t running = 0;
    uint32_t fruitless = 0;  // in a row
    bool in_turn = false;
  };
  struct Running {
    uint64_t id;
    Address address;
    std::unique_ptr<Identification> identification;
  };

  void queue_turn(const Address& address, Host& host) noexcept;
  void start_some() noexcept;
  void start(const Address& address, Host& host) noexcept;
  void ended(std::list<Running>::iterator running) noexcept;
  void report_fruitless(const Address& address, Host& host) noexcept;
  void skip_waiting(Host& host) noexcept;

  uv_loop_t* loop_;
  const IdentifySettings settings_;
  const Limits limits_;
  OnIdentified on_identified_;
  std::map<Address, Host> hosts_;
  std::deque<Address> turns_;  // hosts that have a port to start
  std::list<Running> running_;
  size_t waiting_ = 0;
  size_t sockets_ = 0;
  bool stopped_ = false;
  std::vector<Address> fruitless_hosts_;
};

}  // namespace portloop
