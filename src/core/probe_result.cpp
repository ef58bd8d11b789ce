#include "core/probe_result.hpp"

#include <cerrno>

namespace portloop {
namespace {

constexpr Reason last_reason = Reason::banned;
constexpr int max_errno = 133;  // Linux: EHWPOISON

/// "EMFILE" for EMFILE; "E123" if the number has no name here.
std::string error_name(int error_number) {
  switch (error_number) {
    case EACCES: return "EACCES";
    case EADDRINUSE: return "EADDRINUSE";
    case EADDRNOTAVAIL: return "EADDRNOTAVAIL";
    case EAFNOSUPPORT: return "EAFNOSUPPORT";
    case EAGAIN: return "EAGAIN";
    case ECONNABORTED: return "ECONNABORTED";
    case ECONNREFUSED: return "ECONNREFUSED";
    case ECONNRESET: return "ECONNRESET";
    case EHOSTUNREACH: return "EHOSTUNREACH";
    case EINVAL: return "EINVAL";
    case EMFILE: return "EMFILE";
    case ENETDOWN: return "ENETDOWN";
    case ENETUNREACH: return "ENETUNREACH";
    case ENFILE: return "ENFILE";
    case ENOBUFS: return "ENOBUFS";
    case ENOMEM: return "ENOMEM";
    case EPERM: return "EPERM";
    case ETIMEDOUT: return "ETIMEDOUT";
    default: return 'E' + std::to_string(error_number);
  }
}

}  // namespace

std::string_view to_text(PortState state) {
  switch (state) {
    case PortState::open: return "open";
    case PortState::closed: return "closed";
    case PortState::filtered: return "filtered";
    case PortState::unknown: return "unknown";
  }
  return "unknown";
}

std::string_view to_text(Reason reason) {
  switch (reason) {
    case Reason::syn_ack: return "syn-ack";
    case Reason::conn_refused: return "conn-refused";
    case Reason::no_response: return "no-response";
    case Reason::port_unreach: return "port-unreach";
    case Reason::host_unreach: return "host-unreach";
    case Reason::net_unreach: return "net-unreach";
    case Reason::proto_unreach: return "proto-unreach";
    case Reason::admin_prohibited: return "admin-prohibited";
    case Reason::local_error: return "local-error";
    case Reason::no_route: return "no-route";
    case Reason::host_lost: return "host-lost";
    case Reason::banned: return "banned";
  }
  return "local-error";
}

std::optional<PortState> parse_port_state(std::string_view text) {
  for (const PortState state : {PortState::open, PortState::closed, PortState::filtered, PortState::unknown})
    if (text == to_text(state)) return state;
  return std::nullopt;
}

std::string reason_text(Reason reason, int error_number) {
  std::string text(to_text(reason));
  if (reason == Reason::local_error) text += ':' + error_name(error_number);
  return text;
}

std::optional<FullReason> parse_reason(std::string_view text) {
  const std::string_view word = text.substr(0, text.find(':'));
  for (int ordinal = 0; ordinal <= static_cast<int>(last_reason); ++ordinal) {
    const auto reason = static_cast<Reason>(ordinal);
    if (word != to_text(reason)) continue;
    if (reason != Reason::local_error) return text == word ? std::optional(FullReason{reason, 0}) : std::nullopt;
    if (text == word) return std::nullopt;
    for (int number = 1; number <= max_errno; ++number)
      if (text.substr(word.size() + 1) == error_name(number)) return FullReason{reason, number};
  }
  return std::nullopt;
}

}  // namespace portloop
