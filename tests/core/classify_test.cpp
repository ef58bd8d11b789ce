#include "core/classify.hpp"

#include <doctest/doctest.h>

#include <cerrno>

using namespace portloop;

static Verdict later(int error_number) { return classify({error_number, false, std::nullopt, Peer::other}); }
static Verdict at_once(int error_number) { return classify({error_number, true, std::nullopt, Peer::other}); }
static Verdict icmp4(int error_number, uint8_t type, uint8_t code) {
  return classify({error_number, false, IcmpError{Family::ipv4, type, code}, Peer::other});
}
static Verdict icmp6(int error_number, uint8_t type, uint8_t code) {
  return classify({error_number, false, IcmpError{Family::ipv6, type, code}, Peer::other});
}

TEST_CASE("a connection is an open port, with reason syn-ack") {
  CHECK(later(0) == Verdict{VerdictKind::answer, PortState::open, Reason::syn_ack, 0});
}

TEST_CASE("a refused port is closed if the error queue is empty, and filtered if it has an ICMP error") {
  CHECK(later(ECONNREFUSED) == Verdict{VerdictKind::answer, PortState::closed, Reason::conn_refused, 0});
  CHECK(icmp4(ECONNREFUSED, 3, 3) == Verdict{VerdictKind::answer, PortState::filtered, Reason::port_unreach, 0});
  CHECK(icmp6(ECONNREFUSED, 1, 4) == Verdict{VerdictKind::answer, PortState::filtered, Reason::port_unreach, 0});
}

TEST_CASE("a pending connect is filtered only if an ICMP error is queued") {
  CHECK(later(EALREADY).kind == VerdictKind::pending);
  CHECK(icmp4(EALREADY, 3, 13) == Verdict{VerdictKind::answer, PortState::filtered, Reason::admin_prohibited, 0});
}

TEST_CASE("a later error from the path means filtered; the same errno from the call itself is never a port's state") {
  for (const int error_number : {EHOSTUNREACH, ENETUNREACH}) {
    CAPTURE(error_number);
    CHECK(later(error_number).kind == VerdictKind::answer);
    CHECK(later(error_number).state == PortState::filtered);
    CHECK(at_once(error_number) == Verdict{VerdictKind::cannot_ask, PortState::unknown, Reason::no_route, 0});
  }
  for (const int error_number : {EHOSTDOWN, ENONET, EPROTO, ENOPROTOOPT, EOPNOTSUPP}) {
    CAPTURE(error_number);
    CHECK(later(error_number).state == PortState::filtered);
  }
}

TEST_CASE("ICMP codes become nmap's words") {
  CHECK(icmp4(EHOSTUNREACH, 3, 1).reason == Reason::host_unreach);
  CHECK(icmp4(ENETUNREACH, 3, 0).reason == Reason::net_unreach);
  CHECK(icmp4(ENOPROTOOPT, 3, 2).reason == Reason::proto_unreach);
  for (const uint8_t code : {uint8_t{9}, uint8_t{10}, uint8_t{13}}) {
    CHECK(icmp4(EHOSTUNREACH, 3, code).reason == Reason::admin_prohibited);
  }
  CHECK(icmp6(EACCES, 1, 1).reason == Reason::admin_prohibited);
  CHECK(icmp6(EHOSTUNREACH, 1, 3).reason == Reason::host_unreach);
  CHECK(icmp6(ENETUNREACH, 1, 0).reason == Reason::net_unreach);
}

TEST_CASE("a local failure is never reported as a port's state") {
  for (const int error_number : {EMFILE, ENFILE}) {
    CHECK(at_once(error_number).kind == VerdictKind::local_limit);
  }
  for (const int error_number : {ENOBUFS, ENOMEM, EADDRNOTAVAIL, EADDRINUSE, EAGAIN, ENETDOWN}) {
    CAPTURE(error_number);
    CHECK(at_once(error_number).kind == VerdictKind::local_wait);
    CHECK(later(error_number).kind == VerdictKind::local_wait);
    CHECK(at_once(error_number).state == PortState::unknown);
  }
  ConnectOutcome no_source = ConnectOutcome::of_call(EADDRNOTAVAIL);
  no_source.no_source = true;
  CHECK(classify(no_source) == Verdict{VerdictKind::cannot_ask, PortState::unknown, Reason::no_route, 0});
  for (const int error_number : {EACCES, EPERM, EAFNOSUPPORT}) {
    CAPTURE(error_number);
    CHECK(at_once(error_number) ==
          Verdict{VerdictKind::cannot_ask, PortState::unknown, Reason::local_error, error_number});
  }
  CHECK(later(EACCES).state == PortState::unknown);
}

TEST_CASE("every errno has a verdict, and only an answer has a port's state") {
  for (int error_number = 0; error_number < 200; ++error_number) {
    for (const bool from_call : {false, true}) {
      const Verdict verdict = classify({error_number, from_call, std::nullopt, Peer::other});
      CAPTURE(error_number);
      if (verdict.kind == VerdictKind::cannot_ask) CHECK(verdict.state == PortState::unknown);
      if (verdict.state == PortState::open) CHECK(error_number == 0);
      if (verdict.state == PortState::closed) CHECK(error_number == ECONNREFUSED);
    }
  }
}

TEST_CASE("a reset after the handshake is probed again with a new socket") {
  for (const int error_number : {ECONNRESET, ECONNABORTED, EPIPE}) {
    CHECK(later(error_number).kind == VerdictKind::ask_again);
  }
}

TEST_CASE("a self-connection is not an open port, and one to our own address has to be confirmed") {
  CHECK(classify({0, false, std::nullopt, Peer::self}).kind == VerdictKind::ask_again);
  CHECK(classify({0, false, std::nullopt, Peer::own_address}).kind == VerdictKind::confirm);
}

TEST_CASE("a host-unreachable that this machine sent to itself means that there is no such neighbour") {
  for (const int error_number : {EHOSTUNREACH, EALREADY}) {
    for (const IcmpError& icmp : {IcmpError{Family::ipv4, 3, 1, true}, IcmpError{Family::ipv6, 1, 3, true}}) {
      ConnectOutcome outcome;
      outcome.error_number = error_number;
      outcome.icmp = icmp;
      Verdict verdict = classify(outcome);
      CHECK(verdict.kind == VerdictKind::answer);
      CHECK(verdict.state == PortState::filtered);
      CHECK(verdict.reason == Reason::host_unreach);
      CHECK(verdict.no_neighbour);
      outcome.icmp->from_own_address = false;  // a router, or the host itself
      verdict = classify(outcome);
      CHECK(verdict.reason == Reason::host_unreach);
      CHECK(!verdict.no_neighbour);
    }
  }
}

TEST_CASE("silence has no error number: the kernel's retries have ended, or the connect is still pending") {
  CHECK(later(ETIMEDOUT) == Verdict{VerdictKind::silent, PortState::filtered, Reason::no_response, 0});
  CHECK(later(EALREADY) == Verdict{VerdictKind::pending, PortState::unknown, Reason::no_response, 0});
}

TEST_CASE("a router reports the end of a packet's last hop with a type of its own in each family") {
  CHECK(is_time_exceeded({Family::ipv4, 11, 0}));
  CHECK(is_time_exceeded({Family::ipv6, 3, 0}));
  CHECK_FALSE(is_time_exceeded({Family::ipv4, 11, 1}));  // the fragments did not arrive in time
  CHECK_FALSE(is_time_exceeded({Family::ipv4, 3, 0}));
  CHECK_FALSE(is_time_exceeded({Family::ipv6, 11, 0}));
}
