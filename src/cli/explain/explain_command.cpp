// portloop explain ADDRESS:PORT: probes one endpoint in slow motion, and prints all that is seen.
//
// Happy path: connect until there is an answer, a verdict on an inconclusive one, or enough silence; print each step as
// it happens, then the result.
//
// What goes wrong:
//   - a word is no endpoint, or a name does not resolve: exit 2
//   - this machine can't ask: that is the result, unknown, and exit 3
//   - standard output breaks: exit 1
#include <unistd.h>
#include <uv.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <optional>
#include <string>

#include "cli/commands.hpp"
#include "cli/exit_status.hpp"
#include "cli/explain/observed_connect.hpp"
#include "cli/options/given_options.hpp"
#include "cli/options/parse_or_help.hpp"
#include "cli/record/output_file.hpp"
#include "cli/system/event_loop.hpp"
#include "cli/system/system_services.hpp"
#include "cli/system/unix_time.hpp"
#include "cli/targets/target_list.hpp"
#include "cli/terminal/terminal_width.hpp"
#include "core/doubt.hpp"
#include "core/result_json.hpp"
#include "core/spec_error.hpp"
#include "core/visible_text.hpp"
#include "output/time_text.hpp"
#include "sockets/probe_socket.hpp"

namespace portloop {
namespace {

constexpr const char* help_text =
    R"(Usage: portloop explain [OPTIONS] ADDRESS:PORT

  Probes one port in slow motion and prints each connect: errors, the socket's
  error queue (ICMP), times, the verdict and why. It uses the sockets and the
  table of verdicts of a scan. ADDRESS is an IPv4 address, [IPv6] or a name;
  PORT a number or the name of a service.

  -t, --timeout TIME       wait of each connect, such as 500ms or 2s (1000 ms)
      --tries N            connects without an answer before the port counts as
                           silent (3)
  -4, -6                   only this family of a name
  -f, --format FORMAT      text (default), or json: an object per connect, and
                           the result as a scan writes it
      --color WHEN         auto (default), always or never;   --no-color
  -h, --help

Exit status: 0 the state is known, 1 could not run, 2 wrong usage, 3 unknown.)";

constexpr uint32_t max_local_tries = 10;

struct ExplainRequest {
  TargetWords target;
  uint16_t port = 0;
  uint32_t timeout_ms = 1000;
  uint32_t tries = 3;
  bool json = false;
  ColourChoice colour = ColourChoice::automatic;
};

[[noreturn]] void refuse_endpoint(const std::string& word, const std::string& why) {
  throw UsageError(quote_word(word) + ' ' + why +
                   ": an endpoint is accepted, such as 10.0.0.1:22, [fd00::1]:443 or example.org:https");
}

void parse_endpoint(const std::string& word, const SystemServices& services, ExplainRequest& request) {
  const size_t colon = word.rfind(':');
  if (colon == std::string::npos || colon == 0 || colon + 1 == word.size()) refuse_endpoint(word, "has no port");
  const std::string host = word.substr(0, colon), port = word.substr(colon + 1);
  const bool bracketed = host.front() == '[' && host.back() == ']';
  if (!bracketed && host.find(':') != std::string::npos) refuse_endpoint(word, "has an address without brackets");
  const auto ports = parse_ports(port, [&services](std::string_view name) { return services.port_of(name); });
  if (!ports) refuse_endpoint(word, "has port " + quote_word(port) + ", not 1-65535 or a service");
  if (ports->size() != 1) refuse_endpoint(word, "has several ports");
  request.port = ports->at(0);
  request.target.included = {host};
}

ExplainRequest parse_request(const cxxopts::ParseResult& given) {
  check_given_once(given, {"timeout", "tries", "format", "color"});
  ExplainRequest request;
  request.timeout_ms = timeout_of(given, "timeout", 1000);
  request.tries = number_of(given, "tries", 1, 1000, 3);
  request.target.family = family_of(given);
  request.json = one_of(given, "format", {"text", "json"}) == "json";
  request.colour = colour_of(given);
  const std::vector<std::string> words = texts_of(given, "endpoint");
  if (words.empty()) throw UsageError("no endpoint given: a port of a host, as in 'portloop explain localhost:22'");
  if (words.size() > 1) throw UsageError(quote_word(words[1]) + " is a second endpoint: only one is accepted");
  parse_endpoint(words[0], SystemServices::load(), request);
  return request;
}

std::optional<ExplainRequest> parse_options(int argc, const char* const* argv) {
  const auto text = [] { return cxxopts::value<std::string>(); };
  cxxopts::Options options("portloop explain");
  options.add_options()          //
      ("t,timeout", "", text())  //
      ("tries", "", text())      //
      ("4", "")                  //
      ("6", "")                  //
      ("f,format", "", text())   //
      ("color", "", text())      //
      ("no-color", "")           //
      ("h,help", "")             //
      ("endpoint", "", cxxopts::value<std::vector<std::string>>());
  options.parse_positional("endpoint");
  return parse_or_help(options, argc, argv, help_text, parse_request);
}

/// The one address that is asked, and the name that it was given by.
struct Target {
  Address address;
  std::string name;
};

Target find_target(const ExplainRequest& request) {
  EventLoop loop;
  const TargetList list = collect_targets(request.target, 1, loop.get());
  if (list.targets.size() > 1 && list.names.empty())
    refuse_endpoint(request.target.included[0], "is more than one address");
  const Address address = list.targets.at(0);
  const auto name = list.names.find(address);
  return {address, name == list.names.end() ? "" : name->second.front()};
}

// ---- What people see ----

std::string time_text(uint64_t us) {
  char text[32];
  std::snprintf(text, sizeof text, "%.2f ms", static_cast<double>(us) / 1000);
  return text;
}

/// Rows of a table whose last column wraps at the width of a terminal.
class StepTable {
 public:
  /// `columns`: 0 if rows are not wrapped.
  StepTable(std::string& out, size_t columns, bool colour) : out_(out), columns_(columns), colour_(colour) {}

  void begin_connect(uint32_t number) { out_ += "\nconnect " + std::to_string(number) + '\n'; }

  void add(const std::string& time, const std::string& name, const std::string& text, bool emphasised) {
    constexpr size_t time_width = 12, name_width = 7, gap = 2;
    out_.append(time_width - std::min(time_width, time.size()), ' ');
    out_ += time + "  " + name;
    out_.append(name_width - std::min(name_width, name.size()) + gap, ' ');
    append_wrapped(text, time_width + name_width + 2 * gap, emphasised && colour_);
  }

  /// `indent`: of the second and further lines.
  void append_wrapped(const std::string& text, size_t indent, bool emphasised) {
    constexpr size_t min_text_width = 20;
    const size_t width =
        columns_ == 0 ? std::string::npos : std::max(min_text_width, columns_ - std::min(columns_, indent));
    if (emphasised) out_ += "\x1b[1m";
    for (size_t start = 0; start < text.size();) {
      size_t end = text.size();
      if (end - start > width) {
        const size_t space = text.rfind(' ', start + width);
        end = space == std::string::npos || space <= start ? start + width : space;
      }
      out_.append(text, start, end - start);
      start = end < text.size() && text[end] == ' ' ? end + 1 : end;
      if (start < text.size()) out_.append("\n").append(indent, ' ');
    }
    if (emphasised) out_ += "\x1b[0m";
    out_ += '\n';
  }

 private:
  std::string& out_;
  const size_t columns_;
  const bool colour_;
};

/// Why the state is what it is.
std::string reason_sentence(const ProbeResult& result, const ObservedConnect& last, const ExplainRequest& request) {
  if (result.state == PortState::unknown) return "This machine could not find out, so nothing is known of the port.";
  if (result.state == PortState::open) return "The handshake was completed. It was ended at once, with a RST.";
  if (result.state == PortState::closed)
    return "A RST came back and the error queue is empty, so it is a refusal by the host, or by a firewall in its "
           "name.";
  if (last.outcome.icmp)
    return icmp_text(*last.outcome.icmp, last.icmp_sender) +
           " was the answer: it came from the path or from a firewall, not from the port.";
  if (result.reason != Reason::no_response) return "The system reported an error of the path, not of the port.";
  return "No answer within " + std::to_string(request.timeout_ms) + " ms, " + std::to_string(result.attempts) +
         " times. Lost packets look the same: a scan repeats silent ports until loss is ruled out (--tries).";
}

// ---- What programs see ----

void append_text_or_null(std::string& out, const char* name, const std::optional<std::string>& text) {
  out += std::string(",\"") + name + "\":";
  append_json_string_or_null(out, text.value_or(""));
}

std::optional<std::string> name_if_error(std::optional<int> error_number) {
  return error_number.value_or(0) == 0 ? std::nullopt : std::optional(errno_name(*error_number));
}

std::string_view word_of(VerdictKind kind) {
  switch (kind) {
    case VerdictKind::answer: return "answer";
    case VerdictKind::pending:
    case VerdictKind::silent: return "silent";
    case VerdictKind::ask_again: return "ask-again";
    case VerdictKind::confirm: return "confirm";
    case VerdictKind::local_limit:
    case VerdictKind::local_wait: return "local-shortage";
    case VerdictKind::cannot_ask: break;
  }
  return "cannot-ask";
}

void append_connect_json(std::string& out, const Endpoint& endpoint, uint32_t number, const ObservedConnect& seen) {
  out += "{\"connect\":" + std::to_string(number) + ",\"address\":";
  append_json_string(out, to_text(endpoint.address));
  out += ",\"port\":" + std::to_string(endpoint.port);
  append_text_or_null(out, "source",
                      seen.local ? std::optional(to_text(seen.local->address, seen.local->port)) : std::nullopt);
  append_text_or_null(out, "call_error", name_if_error(seen.call_error));
  out += std::string(",\"timed_out\":") + (seen.timed_out ? "true" : "false");
  out += ",\"syn_retransmissions\":" + std::to_string(seen.retransmissions);
  append_text_or_null(out, "error", name_if_error(seen.outcome.error_number));
  out += ",\"icmp\":";
  if (seen.outcome.icmp) {
    out +=
        "{\"type\":" + std::to_string(seen.outcome.icmp->type) + ",\"code\":" + std::to_string(seen.outcome.icmp->code);
    append_text_or_null(out, "from", seen.icmp_sender ? std::optional(to_text(*seen.icmp_sender)) : std::nullopt);
    out += '}';
  } else {
    out += "null";
  }
  out += ",\"took_us\":" + std::to_string(seen.took_us) + ",\"verdict\":";
  append_json_string(out, word_of(seen.verdict.kind));
  const bool has_state = seen.verdict.kind == VerdictKind::answer || seen.verdict.kind == VerdictKind::cannot_ask;
  append_text_or_null(out, "state", has_state ? std::optional<std::string>(to_text(seen.verdict.state)) : std::nullopt);
  append_text_or_null(
      out, "reason",
      has_state ? std::optional(reason_text(seen.verdict.reason, seen.verdict.error_number)) : std::nullopt);
  out += "}\n";
}

// ---- The connects ----

class Explanation {
 public:
  Explanation(const ExplainRequest& request, Target target)
      : request_(request),
        services_(SystemServices::load()),
        target_(std::move(target)),
        endpoint_{target_.address, request.port},
        source_(spare_loopback_address(TargetSet({{target_.address, target_.address}}, {}), uv_hrtime())),
        table_(out_.buffer(), out_.is_terminal() ? terminal_columns(STDOUT_FILENO) : 0,
               uses_colour(request.colour, out_.is_terminal())) {}

  int run() {
    if (!request_.json) print_heading();
    while (!decided_ && !out_.broken()) connect_once();
    if (request_.json)
      append_result_json(out_.buffer(),
                         {result_, services_.name_of(request_.port), target_.name, rfc3339_text(unix_time_us())});
    else
      print_result();
    out_.finish();
    if (out_.broken()) throw CannotRun(out_.error());
    return result_.state == PortState::unknown ? exit_incomplete : exit_complete;
  }

 private:
  std::string endpoint_text() const {
    std::string text = to_text(endpoint_.address, endpoint_.port);
    const std::string_view service = services_.name_of(request_.port);
    if (!service.empty()) append_visible(text += " (", service), text += ')';
    if (!target_.name.empty()) append_visible(text += ", ", target_.name);
    return text;
  }

  void print_heading() {
    table_.append_wrapped(endpoint_text() + ": up to " + std::to_string(request_.tries) +
                              (request_.tries == 1 ? " connect" : " connects") + " if it is silent, " +
                              std::to_string(request_.timeout_ms) + " ms each",
                          0, false);
  }

  void connect_once() {
    ++number_;
    if (!request_.json) table_.begin_connect(number_);
    last_ = observe_connect(endpoint_, source_, request_.timeout_ms, [this](const ConnectStep& step) {
      if (request_.json) return;
      const std::string name = step.name;
      table_.add(time_text(step.at_us), name, step.seen, name == "verdict");
      out_.flush();  // slow motion: each step is shown when it happens
    });
    if (request_.json) append_connect_json(out_.buffer(), endpoint_, number_, last_);
    out_.flush();
    conclude();
  }

  /// As the scanner does (Scanner::handle() and core/doubt.hpp), but with a fixed number of connects.
  void conclude() {
    const Verdict& verdict = last_.verdict;
    switch (verdict.kind) {
      case VerdictKind::answer: return decide(verdict.state, verdict.reason, 0);
      case VerdictKind::pending:
      case VerdictKind::silent:
        if (++silent_ >= request_.tries) decide(PortState::filtered, Reason::no_response, 0);
        return;
      case VerdictKind::confirm:
      case VerdictKind::ask_again:
        switch (resolve_doubt(doubt_, verdict)) {
          case DoubtStep::ask_again: return;
          case DoubtStep::believe_open: return decide(PortState::open, Reason::syn_ack, 0);
          case DoubtStep::report_unknown: break;
        }
        return decide(PortState::unknown, Reason::local_error, verdict.error_number);
      case VerdictKind::local_limit:
      case VerdictKind::local_wait:
        if (++local_failures_ >= max_local_tries)
          return decide(PortState::unknown, Reason::local_error, verdict.error_number);
        usleep(1000U << local_failures_);
        return;
      case VerdictKind::cannot_ask: return decide(verdict.state, verdict.reason, verdict.error_number);
    }
  }

  void decide(PortState state, Reason reason, int error_number) {
    decided_ = true;
    result_.endpoint = endpoint_;
    result_.state = state;
    result_.reason = reason;
    result_.error_number = error_number;
    result_.attempts = number_;
    const bool answered = state != PortState::unknown && reason != Reason::no_response;
    if (answered) result_.rtt_us = last_.took_us;
  }

  void print_result() {
    std::string text = to_text(endpoint_.address, endpoint_.port) + " is " + std::string(to_text(result_.state)) +
                       " (" + reason_text(result_.reason, result_.error_number) + ')';
    if (result_.rtt_us > 0) text += " after " + time_text(result_.rtt_us);
    out_.buffer() += '\n';
    table_.append_wrapped(text + ". " + reason_sentence(result_, last_, request_), 0, false);
  }

  const ExplainRequest& request_;
  const SystemServices services_;
  const Target target_;
  const Endpoint endpoint_;
  const std::optional<Address> source_;
  OutputFile out_;
  StepTable table_;
  ObservedConnect last_;
  ProbeResult result_;
  DoubtCounts doubt_;
  uint32_t number_ = 0;
  uint32_t silent_ = 0;
  uint32_t local_failures_ = 0;
  bool decided_ = false;
};

}  // namespace

int run_explain(int argc, const char* const* argv) {
  const auto request = parse_options(argc, argv);
  if (!request) return exit_complete;
  std::signal(SIGPIPE, SIG_IGN);  // a reader that is gone shall be an error of write()
  return Explanation(*request, find_target(*request)).run();
}

}  // namespace portloop
