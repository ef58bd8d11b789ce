// A network in virtual time that plays against a ProbePlan: time passes only when the test advances it.
#pragma once

#include <cerrno>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <queue>
#include <random>
#include <unordered_set>
#include <vector>

#include "plan/plan.hpp"
#include "support/simulated_behaviour.hpp"

namespace portloop::testing {

class SimulatedNetwork {
 public:
  SimulatedNetwork(const Behaviour& behaviour, const ScanSpace& space)
      : behaviour_(behaviour), space_(space), random_(behaviour.seed) {
    for (const KnownNeighbour& known : space.links.known)
      neighbours_[static_cast<uint64_t>(known.address.value)] = Neighbour::old;
  }

  /// Called with every step that is no wait: when, by which loop, and what.
  using Observer = std::function<void(uint64_t now_us, uint32_t loop, const ProbePlan::Next& next)>;
  void observe(Observer observer) { observer_ = std::move(observer); }

  bool exists(const Address& address) const {
    return space_.links.is_own(address) || uniform(static_cast<uint64_t>(address.value) * 77) < behaviour_.host_share;
  }
  bool accepts_all(const Address& address) const {
    return behaviour_.accepting_share > 0 &&
           uniform(static_cast<uint64_t>(address.value) * 97) < behaviour_.accepting_share;
  }
  bool open(const Endpoint& endpoint) const {
    if (accepts_all(endpoint.address)) return true;
    if (endpoint.port > behaviour_.max_open_port) return false;
    const std::optional<uint32_t> port = space_.ports.index_of(endpoint.port);
    const double share = port && space_.order.is_early(*port) ? behaviour_.early_open_share : 0;
    return uniform(static_cast<uint64_t>(endpoint.address.value) << 16 | endpoint.port) <
           std::max(share, behaviour_.open_share);
  }
  bool silent(const Endpoint& endpoint) const {
    return uniform(static_cast<uint64_t>(endpoint.address.value) << 17 | endpoint.port) < behaviour_.silent_share;
  }

  /// Runs `loops` plans on one cursor to their end, or until `max_us` of virtual time.
  Outcome run(const PlanOptions& options, uint32_t loops = 1, uint64_t max_us = 1'000'000'000) {
    ProbeCursor cursor;
    if (behaviour_.neighbour_entries > 0) cursor.neighbours.set_limit(Family::ipv4, behaviour_.neighbour_entries);
    for (uint32_t loop = 0; loop < loops; ++loop)
      plans_.push_back(std::make_unique<ProbePlan>(space_, cursor, options));
    outcome_ = {};
    outcome_.probes = space_.size();
    stops_ = options.decoys && options.decoys->stop;
    for (uint64_t now = 1; now < max_us;) {
      deliver(now);
      read_table(cursor.neighbours, now);
      ++outcome_.turns;
      uint64_t wake = events_.empty() ? UINT64_MAX : events_.top().at_us;
      uint32_t asked = 0, finished = 0;
      for (uint32_t loop = 0; loop < loops; ++loop) {
        const ProbePlan::Next next = plans_[loop]->next(now);
        take_findings(*plans_[loop]);
        if (observer_ && (next.step == ProbePlan::Step::ask || next.step == ProbePlan::Step::report))
          observer_(now, loop, next);
        if (next.step == ProbePlan::Step::ask) {
          send(next.ask, loop, now);
          ++asked;
        } else if (next.step == ProbePlan::Step::report) {
          judge(next.report);
          wake = now;
        } else if (next.step == ProbePlan::Step::again) {
          wake = now;
        } else if (next.step == ProbePlan::Step::wait) {
          wake = std::min(wake, next.wait_until_us);
        } else {
          ++finished;
        }
        outcome_.peak_in_flight = std::max(outcome_.peak_in_flight, plans_[loop]->in_flight());
      }
      outcome_.microseconds = now;
      outcome_.finished = finished == loops;
      if (outcome_.finished || (asked == 0 && wake == UINT64_MAX)) break;  // plans that wait for nothing would hang
      now = asked > 0 ? now + behaviour_.microseconds_per_ask : std::max(now + 1, wake);
    }
    return outcome_;
  }

 private:
  struct Event {
    uint64_t at_us;
    enum class Kind : uint8_t {
      deadline,
      answer,
      path_answer,
      hop_report,
      refused,  // by a ban, or by a port that has changed
      no_neighbour,
      resolved,
      failed,
      old_entry_checked,
      gateway_looked_for,
    } kind;
    uint64_t number;
    uint64_t sent_us;
    uint32_t loop;
    Ask ask;
    Reason reason = Reason::syn_ack;  // of Kind::refused
    bool operator<(const Event& other) const { return at_us > other.at_us; }
  };
  struct Bucket {
    double tokens = 0;
    uint64_t filled_us = 0;
    bool take(double per_s, uint64_t now, double min_depth = 1) {
      const double depth = std::max(min_depth, per_s / 10);
      tokens = filled_us == 0 ? depth : std::min(depth, tokens + static_cast<double>(now - filled_us) * 1e-6 * per_s);
      filled_us = now;
      if (tokens < 1) return false;
      tokens -= 1;
      return true;
    }
  };

  double uniform(uint64_t what) const {
    return static_cast<double>(mix64(what + behaviour_.seed * 1'000'003) >> 11) * 0x1p-53;
  }
  uint64_t rtt_of(const Address& address) const {
    return uniform(static_cast<uint64_t>(address.value) * 53) < behaviour_.slow_host_share ? behaviour_.slow_rtt_us
                                                                                           : behaviour_.rtt_us;
  }
  bool lost() {
    return behaviour_.loss_each_way > 0 && std::uniform_real_distribution<>(0, 1)(random_) < behaviour_.loss_each_way;
  }

  bool answers(const Ask& ask, uint64_t now) {
    if (behaviour_.path_per_s > 0 && !path_.take(behaviour_.path_per_s, now)) return false;
    if (space_.links.is_own(ask.endpoint.address)) return !silent(ask.endpoint);
    if (lost() || !exists(ask.endpoint.address)) return false;
    if (now >= behaviour_.gone_at_us && now < behaviour_.back_at_us) return false;
    if (now + 10'000 >= behaviour_.route_lost_at_us && now < behaviour_.route_back_at_us) return false;
    if (!open(ask.endpoint)) {
      if (silent(ask.endpoint)) return false;
      if (behaviour_.rst_per_s > 0 &&
          !rst_[static_cast<uint64_t>(ask.endpoint.address.value)].take(behaviour_.rst_per_s, now))
        return false;
    }
    return !lost();
  }

  /// When an ICMP error ends this ask; 0 if none does.
  uint64_t path_answers_at(const Ask& ask, uint64_t now) {
    if (exists(ask.endpoint.address)) return 0;
    if (behaviour_.neighbour_fails_us > 0)
      return (now / behaviour_.neighbour_fails_us + 1) * behaviour_.neighbour_fails_us;
    if (behaviour_.unreachable_per_s > 0 && unreachable_.take(behaviour_.unreachable_per_s, now))
      return now + behaviour_.rtt_us;
    return 0;
  }

  void deliver(uint64_t now) {
    while (!events_.empty() && events_.top().at_us <= now) {
      const Event event = events_.top();
      events_.pop();
      if (event.kind == Event::Kind::resolved || event.kind == Event::Kind::failed) {
        end_resolution(event, now);
        continue;
      }
      if (event.kind == Event::Kind::old_entry_checked) {
        const Address& address = event.ask.endpoint.address;
        const bool right = has_right_entry(address) && !link_is_away(now);
        neighbours_[static_cast<uint64_t>(address.value)] = right ? Neighbour::resolved : Neighbour::none;
        report(address, right ? NeighbourNews::confirmed : NeighbourNews::absent, now);
        continue;
      }
      if (event.kind == Event::Kind::gateway_looked_for) {
        gateway_ = gateway_is_there(now) ? Neighbour::resolved : Neighbour::none;
        for (const auto& gateway : space_.links.gateways)
          report(gateway.gateway, gateway_ == Neighbour::resolved ? NeighbourNews::confirmed : NeighbourNews::absent,
                 now);
        continue;
      }
      if (!unanswered_.contains(event.number)) continue;
      if (event.kind == Event::Kind::no_neighbour) {
        unanswered_.erase(event.number);
        if (!plans_[event.loop]->no_neighbour(event.ask, now) || !event.ask.is_probe()) continue;
        ++outcome_.host_unreach;
        say(event.ask.endpoint);
        continue;
      }
      if (event.kind == Event::Kind::path_answer) {
        unanswered_.erase(event.number);
        ++outcome_.path_answers;
        if (takes_answer(event, Reason::host_unreach, now)) say(event.ask.endpoint);
        continue;
      }
      if (event.kind == Event::Kind::refused) {
        unanswered_.erase(event.number);
        if (!takes_answer(event, event.reason, now)) continue;
        note_refused(event.ask.endpoint, event.reason);
        say(event.ask.endpoint);
        continue;
      }
      if (event.kind == Event::Kind::hop_report) {
        unanswered_.erase(event.number);
        plans_[event.loop]->hop_ended(event.ask, HopOutcome::expired, now);
        continue;
      }
      if (event.kind == Event::Kind::deadline) {
        const uint64_t timeout_us = plans_[event.loop]->timeout_now_us(event.ask);
        if (now - event.sent_us < timeout_us) {
          events_.push(
              {event.sent_us + timeout_us, Event::Kind::deadline, event.number, event.sent_us, event.loop, event.ask});
          continue;
        }
        unanswered_.erase(event.number);
        end_in_silence(*plans_[event.loop], event.ask, now);
        continue;
      }
      unanswered_.erase(event.number);
      const bool is_result =
          takes_answer(event, open(event.ask.endpoint) ? Reason::syn_ack : Reason::conn_refused, now);
      take_findings(*plans_[event.loop]);
      if (!is_result) continue;
      if (open(event.ask.endpoint)) {
        outcome_.last_open_us = now;
        const auto use = plans_[event.loop]->open_port_use(event.ask);
        outcome_.dropped += use == ProbePlan::OpenPortUse::drop;
        if (use == ProbePlan::OpenPortUse::drop) continue;
        if (use == ProbePlan::OpenPortUse::hold) {
          ++outcome_.held;
          held_[{plans_[event.loop].get(), static_cast<uint64_t>(event.ask.endpoint.address.value)}].push_back(
              event.ask.endpoint);
          continue;
        }
      }
      say(event.ask.endpoint);
    }
  }

  static void end_in_silence(ProbePlan& plan, const Ask& ask, uint64_t now) {
    ask.kind == ProbeKind::hop ? plan.hop_ended(ask, HopOutcome::silent, now) : plan.silent(ask, now);
  }

  bool takes_answer(const Event& event, Reason reason, uint64_t now) {
    ProbeResult result;
    result.endpoint = event.ask.endpoint;
    result.position = event.ask.position;
    result.state = reason == Reason::syn_ack        ? PortState::open
                   : reason == Reason::conn_refused ? PortState::closed
                                                    : PortState::filtered;
    result.reason = reason;
    result.rtt_us = now - event.sent_us;
    if (!behaviour_.plan_holds) {
      plans_[event.loop]->answered(event.ask, result.state, result.rtt_us, now);
      return event.ask.is_probe();
    }
    return plans_[event.loop]->take_answer(event.ask, result, result.rtt_us, now);
  }

  void note_refused(const Endpoint& endpoint, Reason reason) {
    outcome_.false_refused += open(endpoint) || reason != Reason::conn_refused;
  }

  /// How the host refuses an ask that it would answer otherwise: a ban, or the port's own way; nullopt if it does not,
  /// Reason::no_response if not even that comes.
  std::optional<Reason> refuses(const Ask& ask, uint64_t now) {
    const auto address = static_cast<uint64_t>(ask.endpoint.address.value);
    if (behaviour_.bans_after_asks > 0 && ++asked_of_[address] > behaviour_.bans_after_asks) {
      const bool answers =
          behaviour_.ban_answers_per_s == 0 || ban_answers_[address].take(behaviour_.ban_answers_per_s, now);
      return answers ? behaviour_.ban_reason : Reason::no_response;
    }
    if (behaviour_.one_shot_share + behaviour_.limited_share == 0 || !open(ask.endpoint)) return std::nullopt;
    const uint64_t port = address << 16 | ask.endpoint.port;
    const uint32_t accepted = accepted_by_[port]++;
    if (accepted >= 1 && uniform(port * 59) < behaviour_.one_shot_share) return Reason::conn_refused;
    if (accepted >= 4 && uniform(port * 61) < behaviour_.limited_share) return Reason::port_unreach;
    return std::nullopt;
  }

  void take_findings(ProbePlan& plan) {
    while (const auto finding = plan.next_host_finding()) {
      if (finding->accepts_all) ++(accepts_all(finding->address) ? outcome_.accept_all : outcome_.false_accept_all);
      const auto held = held_.extract({&plan, static_cast<uint64_t>(finding->address.value)});
      if (held.empty()) continue;
      const bool drops = finding->accepts_all && stops_;
      for (const Endpoint& endpoint : held.mapped()) {
        drops&& endpoint != held.mapped().front() ? void(++outcome_.dropped) : say(endpoint);
      }
    }
  }

  /// As the scanner does once a second.
  void read_table(NeighbourRoom& room, uint64_t now) {
    if (behaviour_.neighbour_entries == 0 || now < read_table_us_ + 1'000'000) return;
    read_table_us_ = now;
    while (!kept_until_us_.empty() && kept_until_us_.front() <= now) kept_until_us_.pop_front();
    const auto kept = static_cast<uint32_t>(kept_until_us_.size());
    room.set_limit(Family::ipv4, behaviour_.neighbour_entries - std::min(behaviour_.neighbour_entries, kept),
                   room.found(Family::ipv4));
    room.set_overflows(Family::ipv4, static_cast<uint32_t>(outcome_.table_overflows));
  }

  /// The neighbour of `ask` is resolved, or has failed to be, `now`; the kernel reports both.
  void end_resolution(const Event& event, uint64_t now) {
    const bool found = event.kind == Event::Kind::resolved;
    const Address& address = event.ask.endpoint.address;
    neighbours_[static_cast<uint64_t>(address.value)] = found ? Neighbour::resolved : Neighbour::none;
    --resolving_;
    if (found && behaviour_.entry_kept_us > 0) kept_until_us_.push_back(now + behaviour_.entry_kept_us);
    report(address, found ? NeighbourNews::confirmed : NeighbourNews::absent, now);
  }

  void report(const Address& address, NeighbourNews news, uint64_t now) {
    if (uniform(static_cast<uint64_t>(address.value) * 31) >= behaviour_.event_share) return;
    for (const auto& plan : plans_) plan->neighbour_event({address, news}, now);
  }

  bool link_is_away(uint64_t now) const { return now >= behaviour_.gone_at_us && now < behaviour_.back_at_us; }

  bool has_right_entry(const Address& address) const {
    return exists(address) && uniform(static_cast<uint64_t>(address.value) * 41) >= behaviour_.wrong_entry_share;
  }

  bool gateway_is_there(uint64_t now) const {
    return now < behaviour_.gateway_gone_at_us || now >= behaviour_.gateway_back_at_us;
  }

  /// Whether an ask leaves this machine. The kernel looks for the gateway for three seconds; what it finds is used
  /// until it is gone.
  bool passes_gateway(const Ask& ask, uint32_t loop, uint64_t number, uint64_t now) {
    if (!behaviour_.behind_gateway) return true;
    if (gateway_ == Neighbour::resolved) return gateway_is_there(now);
    if (gateway_ == Neighbour::resolving) return gateway_is_there(now);
    gateway_ = Neighbour::resolving;
    const uint64_t takes_us = gateway_is_there(now) ? 200 : behaviour_.resolve_us;
    events_.push({now + takes_us, Event::Kind::gateway_looked_for, number, now, loop, ask});
    return gateway_is_there(now);
  }

  /// What becomes of a probe to a neighbour. Returns false if it is dropped or waits in vain.
  bool passes_neighbour_table(const Ask& ask, uint32_t loop, uint64_t number, uint64_t now) {
    if (behaviour_.neighbour_entries == 0 || space_.links.is_own(ask.endpoint.address)) return true;
    Neighbour& neighbour = neighbours_[static_cast<uint64_t>(ask.endpoint.address.value)];
    if (neighbour == Neighbour::resolved) return true;
    if (neighbour == Neighbour::old) {
      neighbour = Neighbour::old_in_use;
      const uint64_t takes_us =
          has_right_entry(ask.endpoint.address) ? behaviour_.confirm_us / 8 * 5 : behaviour_.confirm_us;
      events_.push({now + takes_us, Event::Kind::old_entry_checked, number, now, loop, ask});
    }
    if (neighbour == Neighbour::old_in_use) return has_right_entry(ask.endpoint.address);
    if (neighbour == Neighbour::resolving) {
      ++outcome_.asked_while_resolving;
      return exists(ask.endpoint.address);
    }
    const uint32_t entries =
        behaviour_.free_entries_of_table > 0 ? behaviour_.free_entries_of_table : behaviour_.neighbour_entries;
    while (!kept_until_us_.empty() && kept_until_us_.front() <= now) kept_until_us_.pop_front();
    if (resolving_ + kept_until_us_.size() >= entries) {
      ++outcome_.table_overflows;
      return false;
    }
    neighbour = Neighbour::resolving;
    outcome_.peak_neighbours = std::max(outcome_.peak_neighbours, ++resolving_);
    if (exists(ask.endpoint.address) && !link_is_away(now)) {
      events_.push({now + 200, Event::Kind::resolved, number, now, loop, ask});
      return true;
    }
    events_.push({now + behaviour_.resolve_us, Event::Kind::failed, number, now, loop, ask});
    if (uniform(static_cast<uint64_t>(ask.endpoint.address.value) * 37) < behaviour_.error_share) {
      events_.push({now + behaviour_.resolve_us, Event::Kind::no_neighbour, number, now, loop, ask});
    }
    return false;
  }

  void say(const Endpoint& endpoint) {
    ++outcome_.results;
    if (++said_[{static_cast<uint64_t>(endpoint.address.value), endpoint.port}] > 1) ++outcome_.reported_twice;
  }

  /// Whether the ask ended at once, on our own side.
  bool fails_here(const Ask& ask, uint32_t loop, uint64_t now) {
    ProbePlan& plan = *plans_[loop];
    if (now >= behaviour_.route_lost_at_us && now < behaviour_.route_back_at_us) {
      if (!plan.no_route(ask, true, now)) return true;
      ++outcome_.no_route;
      say(ask.endpoint);
      return true;
    }
    if (behaviour_.cannot_ask_share > 0 && uniform(ask.endpoint.port) < behaviour_.cannot_ask_share) {
      if (ask.kind == ProbeKind::hop) return false;
      plan.given_up(ask, now);
      if (ask.is_probe()) say(ask.endpoint);
      return true;
    }
    if (behaviour_.local_failure_share + behaviour_.doubt_share == 0) return false;
    const double chance = std::uniform_real_distribution<>(0, 1)(random_);
    if (chance < behaviour_.local_failure_share) {
      const bool descriptors = chance < behaviour_.local_failure_share / 2;
      plan.put_back(ask, descriptors ? EMFILE : ENOBUFS, descriptors, now);
      return true;
    }
    if (!ask.is_probe() || chance >= behaviour_.local_failure_share + behaviour_.doubt_share) return false;
    plan.repeat(ask);
    return true;
  }

  /// How long a SYN waits for the uplink; nullopt if it is dropped.
  std::optional<uint64_t> wait_in_queue(uint64_t now) {
    if (behaviour_.uplink_per_s == 0) return 0;
    const uint64_t waits_us = uplink_free_at_us_ > now ? uplink_free_at_us_ - now : 0;
    if (waits_us > behaviour_.uplink_queue_us) return std::nullopt;
    uplink_free_at_us_ = now + waits_us + static_cast<uint64_t>(1e6 / behaviour_.uplink_per_s);
    ++outcome_.sent_on_uplink;
    return waits_us;
  }

  bool hop_reports(uint64_t now) {
    return behaviour_.hop_reports && now < behaviour_.hop_ends_reports_at_us && !lost() && !lost() &&
           expired_.take(behaviour_.hop_reports_per_s, now, 6);
  }

  /// `ends_there`: it has a hop limit of 1, and needs room, but takes none.
  bool passes_router(uint64_t now, bool ends_there) {
    if (behaviour_.router_flows == 0) return true;
    while (!flow_ends_us_.empty() && flow_ends_us_.front() <= now) flow_ends_us_.pop_front();
    if (flow_ends_us_.size() >= behaviour_.router_flows) {
      ++outcome_.refused_flows;
      return false;
    }
    if (ends_there) return true;
    flow_ends_us_.push_back(now + behaviour_.flow_hold_us);
    return true;
  }

  void send(const Ask& ask, uint32_t loop, uint64_t now) {
    if (fails_here(ask, loop, now)) return;
    const uint64_t number = outcome_.asks++;
    outcome_.decoys += ask.kind == ProbeKind::decoy;
    outcome_.hop_asks += ask.kind == ProbeKind::hop;
    outcome_.proofs += ask.kind == ProbeKind::proof;
    outcome_.recovery_asks += ask.kind == ProbeKind::recovery || ask.kind == ProbeKind::witness;
    unanswered_.insert(number);
    const std::optional<uint64_t> queued_us = wait_in_queue(now);
    if (!passes_gateway(ask, loop, number, now) || !passes_neighbour_table(ask, loop, number, now) || !queued_us ||
        !passes_router(now, ask.kind == ProbeKind::hop)) {
      // Its deadline follows below.
    } else if (ask.kind == ProbeKind::hop) {
      if (hop_reports(now)) events_.push({now + *queued_us + 500, Event::Kind::hop_report, number, now, loop, ask});
    } else if (const auto refusal = exists(ask.endpoint.address) ? refuses(ask, now) : std::nullopt) {
      if (*refusal != Reason::no_response && !lost() && !lost()) {
        events_.push({now + rtt_of(ask.endpoint.address), Event::Kind::refused, number, now, loop, ask, *refusal});
      }
    } else if (answers(ask, now)) {
      const uint64_t jitter =
          behaviour_.jitter_us == 0 ? 0 : std::uniform_int_distribution<uint64_t>(0, behaviour_.jitter_us)(random_);
      events_.push(
          {now + *queued_us + rtt_of(ask.endpoint.address) + jitter, Event::Kind::answer, number, now, loop, ask});
    } else if (const uint64_t at_us = path_answers_at(ask, now); at_us != 0) {
      events_.push({at_us, Event::Kind::path_answer, number, now, loop, ask});
    }
    events_.push({now + std::min(ask.timeout_us, min_timeout_us), Event::Kind::deadline, number, now, loop, ask});
  }

  void judge(const ProbeResult& report) {
    say(report.endpoint);
    if (report.reason == Reason::host_unreach) {
      ++outcome_.host_unreach;
      if (!exists(report.endpoint.address)) return;
    }
    if (report.state == PortState::unknown) {
      if (report.reason == Reason::host_lost) ++outcome_.host_lost;
      if (report.reason == Reason::local_error) ++outcome_.local_errors;
      if (report.reason == Reason::no_route) ++outcome_.no_route;
      if (report.reason == Reason::banned) ++outcome_.banned;
      return;
    }
    if (!exists(report.endpoint.address)) return;
    if (report.reason != Reason::no_response) {
      note_refused(report.endpoint, report.reason);
      return;
    }
    if (open(report.endpoint))
      ++outcome_.missed_open;
    else if (!silent(report.endpoint))
      ++outcome_.false_filtered;
  }

  Behaviour behaviour_;
  const ScanSpace& space_;
  enum class Neighbour : uint8_t { none, resolving, resolved, old, old_in_use };
  Neighbour gateway_ = Neighbour::none;
  std::map<uint64_t, Neighbour> neighbours_;
  uint32_t resolving_ = 0;
  std::deque<uint64_t> kept_until_us_;
  uint64_t read_table_us_ = 0;
  Observer observer_;
  std::vector<std::unique_ptr<ProbePlan>> plans_;
  Outcome outcome_;
  bool stops_ = false;
  std::map<std::pair<uint64_t, uint16_t>, int> said_;
  std::map<std::pair<const ProbePlan*, uint64_t>, std::vector<Endpoint>> held_;  // by plan and address
  std::mt19937_64 random_;
  std::priority_queue<Event> events_;
  std::unordered_set<uint64_t> unanswered_;  // asks by number
  std::map<uint64_t, Bucket> rst_, ban_answers_;
  std::map<uint64_t, uint32_t> asked_of_, accepted_by_;  // by address, by address and port
  Bucket path_;
  uint64_t uplink_free_at_us_ = 0;
  std::deque<uint64_t> flow_ends_us_;
  Bucket unreachable_;
  Bucket expired_;
};

}  // namespace portloop::testing
