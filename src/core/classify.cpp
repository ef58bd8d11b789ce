#include "core/classify.hpp"

#include <cerrno>

namespace portloop {
namespace {

Verdict filtered(Reason reason) {
  Verdict verdict;
  verdict.kind = VerdictKind::answer;
  verdict.state = PortState::filtered;
  verdict.reason = reason;
  return verdict;
}

/// RFC 792 and RFC 1812 section 5.2.7.1, by code of type 3 (destination unreachable).
Reason icmp4_reason(const IcmpError& icmp) {
  if (icmp.type != 3) return Reason::host_unreach;
  switch (icmp.code) {
    case 0:
    case 6:
    case 11: return Reason::net_unreach;
    case 2: return Reason::proto_unreach;
    case 3: return Reason::port_unreach;
    case 9:
    case 10:
    case 13: return Reason::admin_prohibited;
    default: return Reason::host_unreach;
  }
}

/// RFC 4443 section 3.1, by code of type 1 (destination unreachable).
Reason icmp6_reason(const IcmpError& icmp) {
  if (icmp.type == 4) return Reason::proto_unreach;  // parameter problem: unknown next header
  if (icmp.type != 1) return Reason::host_unreach;
  switch (icmp.code) {
    case 0: return Reason::net_unreach;
    case 1:
    case 5:
    case 6: return Reason::admin_prohibited;
    case 4: return Reason::port_unreach;
    default: return Reason::host_unreach;
  }
}

Reason icmp_reason(const IcmpError& icmp) {
  return icmp.family == Family::ipv4 ? icmp4_reason(icmp) : icmp6_reason(icmp);
}

Verdict filtered(const IcmpError& icmp) {
  Verdict verdict = filtered(icmp_reason(icmp));
  verdict.no_neighbour = icmp.from_own_address && verdict.reason == Reason::host_unreach;
  return verdict;
}

/// The connect call failed immediately: nothing was sent, so nothing is known about the port.
Verdict classify_call(int error_number) {
  switch (error_number) {
    case EMFILE:
    case ENFILE: return {VerdictKind::local_limit, PortState::unknown, Reason::local_error, error_number};
    case ENOBUFS:
    case ENOMEM:
    case EADDRNOTAVAIL:
    case EADDRINUSE:
    case EAGAIN:
    case ENETDOWN:
    case EINTR:
    case ENOSPC: return {VerdictKind::local_wait, PortState::unknown, Reason::local_error, error_number};
    case ENETUNREACH:
    case EHOSTUNREACH:
    case EINVAL: return {VerdictKind::cannot_ask, PortState::unknown, Reason::no_route, 0};
    default:  // EACCES and EPERM (prohibited routes, security modules, BPF), EAFNOSUPPORT, ...
      return {VerdictKind::cannot_ask, PortState::unknown, Reason::local_error, error_number};
  }
}

}  // namespace

bool is_time_exceeded(const IcmpError& icmp) {
  return icmp.type == (icmp.family == Family::ipv4 ? 11 : 3) && icmp.code == 0;
}

Verdict classify(const ConnectOutcome& outcome) {
  switch (outcome.error_number) {
    case 0:
      if (outcome.peer == Peer::self)
        return {VerdictKind::ask_again, PortState::unknown, Reason::local_error, EADDRINUSE};
      if (outcome.peer == Peer::own_address) return {VerdictKind::confirm, PortState::open, Reason::syn_ack, 0};
      return {VerdictKind::answer, PortState::open, Reason::syn_ack, 0};
    case ECONNREFUSED:
      // A RST and an ICMP port-unreachable from a firewall have the same errno; only the error queue differs.
      if (outcome.icmp) return filtered(*outcome.icmp);
      return {VerdictKind::answer, PortState::closed, Reason::conn_refused, 0};
    case EALREADY:
    case EINPROGRESS:
      // An ICMP error that arrives while connect() holds the socket is queued, but leaves the connect pending.
      if (outcome.icmp) return filtered(*outcome.icmp);
      return {VerdictKind::pending, PortState::unknown, Reason::no_response, 0};
    case ETIMEDOUT: return {VerdictKind::silent, PortState::filtered, Reason::no_response, 0};
    case ECONNRESET:
    case ECONNABORTED:
    case EPIPE: return {VerdictKind::ask_again, PortState::unknown, Reason::local_error, outcome.error_number};
    default: break;
  }
  // A source port becomes free again; a source address (if IPv6 is disabled, for example) does not appear during a
  // scan.
  if (outcome.no_source) return {VerdictKind::cannot_ask, PortState::unknown, Reason::no_route, 0};
  if (outcome.from_call) return classify_call(outcome.error_number);
  switch (outcome.error_number) {
    case EHOSTUNREACH:
    case EHOSTDOWN:
    case ENONET: return outcome.icmp ? filtered(*outcome.icmp) : filtered(Reason::host_unreach);
    case ENETUNREACH: return outcome.icmp ? filtered(*outcome.icmp) : filtered(Reason::net_unreach);
    case ENOPROTOOPT:
    case EPROTO:
    case EOPNOTSUPP: return outcome.icmp ? filtered(*outcome.icmp) : filtered(Reason::proto_unreach);
    case EACCES:
      // tcp_v6_err() turns an ICMPv6 "administratively prohibited" into EACCES; without an ICMP error it is local
      // policy.
      if (outcome.icmp) return filtered(*outcome.icmp);
      return {VerdictKind::cannot_ask, PortState::unknown, Reason::local_error, EACCES};
    default: return classify_call(outcome.error_number);
  }
}

}  // namespace portloop
