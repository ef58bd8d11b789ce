#include "plan/checks.hpp"

#include <algorithm>

namespace portloop {
namespace {

// However few ports are left, a pass measures its own loss by this many checks.
constexpr uint32_t min_checks_per_pass = 8;

// In each pass, so that a scan of a few passes makes no more than a dozen connections to one server: OpenSSH's
// PerSourcePenalties, for one, shuts an address out after fifteen.
constexpr uint32_t checks_of_an_open_port = 4;

// `ufw limit ssh` drops the sixth connection in half a minute, and most scans of such a host have three passes. If it
// is dropped nevertheless, nothing tells it from a path that is away.
constexpr uint8_t checks_of_a_lone_answerer = 1;

}  // namespace

void Checks::begin_pass(HostWatch& hosts, uint32_t asks_to_first) {
  asks_to_next_ = asks_to_first;
  missing_ = min_checks_per_pass;
  const uint32_t open_ports = hosts.size() == 1 ? open_.size() : 1;
  const auto open_checks = static_cast<uint8_t>(std::min(255U, checks_of_an_open_port * open_ports));
  for (Host& host : hosts) host.open_checks_left = host.has_lone_answerer() ? checks_of_a_lone_answerer : open_checks;
}

bool Checks::due(uint32_t interval) {
  if (asks_to_next_ > 0) return false;
  asks_to_next_ = interval;
  return true;
}

uint32_t Checks::pick(Host& host, bool only_host, bool at_end, uint64_t random) const {
  // Of an only host the last one comes when all has been asked: it shows that the pass was let through.
  const uint8_t kept_for_end = only_host && !at_end ? 1 : 0;
  if (host.answerer_is_limited) return Host::no_probe;
  switch (host.answerer_kind) {
    case Answerer::none: return Host::no_probe;
    case Answerer::closed: return only_host ? closed_.pick(random) : host.answerer;
    case Answerer::open:
      if (host.open_checks_left <= kept_for_end) return Host::no_probe;
      --host.open_checks_left;
      return only_host ? open_.pick(random) : host.answerer;
  }
  return Host::no_probe;
}

uint32_t Checks::pick_any(uint64_t random) const {
  if (closed_.size() > 0) return closed_.pick(random);
  return open_.size() > 0 ? open_.pick(random) : Host::no_probe;
}

}  // namespace portloop
