#include "cli/scan/library_result.hpp"

#include "sockets/socket_address.hpp"

namespace portloop {
namespace {

template <class C, class Cpp>
constexpr bool same(C c, Cpp cpp) {
  return static_cast<int>(c) == static_cast<int>(cpp);
}

static_assert(same(PORTLOOP_OPEN, PortState::open) && same(PORTLOOP_CLOSED, PortState::closed) &&
              same(PORTLOOP_FILTERED, PortState::filtered) && same(PORTLOOP_UNKNOWN, PortState::unknown));
static_assert(same(PORTLOOP_SYN_ACK, Reason::syn_ack) && same(PORTLOOP_CONN_REFUSED, Reason::conn_refused) &&
              same(PORTLOOP_NO_RESPONSE, Reason::no_response) && same(PORTLOOP_PORT_UNREACH, Reason::port_unreach) &&
              same(PORTLOOP_HOST_UNREACH, Reason::host_unreach) && same(PORTLOOP_NET_UNREACH, Reason::net_unreach) &&
              same(PORTLOOP_PROTO_UNREACH, Reason::proto_unreach) &&
              same(PORTLOOP_ADMIN_PROHIBITED, Reason::admin_prohibited) &&
              same(PORTLOOP_LOCAL_ERROR, Reason::local_error) && same(PORTLOOP_NO_ROUTE, Reason::no_route) &&
              same(PORTLOOP_HOST_LOST, Reason::host_lost) && same(PORTLOOP_BANNED, Reason::banned));

}  // namespace

ProbeResult probe_result_of(const portloop_result& result) {
  ProbeResult probe;
  probe.endpoint = {to_endpoint(reinterpret_cast<const sockaddr&>(result.address))->address, result.port};
  probe.position = result.position;
  probe.state = static_cast<PortState>(result.state);
  probe.reason = static_cast<Reason>(result.reason);
  probe.error_number = -result.error;
  probe.rtt_us = result.rtt_us;
  probe.attempts = result.attempts;
  if (result.banner != nullptr) probe.banner = {result.banner, result.banner_length};
  return probe;
}

Address host_address_of(const sockaddr& address) { return to_endpoint(address)->address; }

}  // namespace portloop
