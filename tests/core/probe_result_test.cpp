#include "core/probe_result.hpp"

#include <doctest/doctest.h>

#include <cerrno>

using namespace portloop;

TEST_CASE("every state's name is parsed back") {
  for (const PortState state : {PortState::open, PortState::closed, PortState::filtered, PortState::unknown})
    CHECK(parse_port_state(to_text(state)) == state);
  for (const char* wrong : {"", "Open", "open ", "opened"}) CHECK_FALSE(parse_port_state(wrong));
}

TEST_CASE("every reason's text is parsed back, a local error with its number") {
  for (int ordinal = 0; ordinal <= static_cast<int>(Reason::banned); ++ordinal) {
    const auto reason = static_cast<Reason>(ordinal);
    const int error_number = reason == Reason::local_error ? EMFILE : 0;
    CHECK(parse_reason(reason_text(reason, error_number)) == FullReason{reason, error_number});
  }
  CHECK(reason_text(Reason::local_error, EMFILE) == "local-error:EMFILE");
  for (int number = 1; number <= 133; ++number)
    CHECK(parse_reason(reason_text(Reason::local_error, number)) == FullReason{Reason::local_error, number});
  for (const char* wrong : {"", "local-error", "local-error:", "local-error:EVIL", "local-error:E0", "syn-ack:EMFILE",
                            "syn-ack:", "nothing"}) {
    CAPTURE(wrong);
    CHECK_FALSE(parse_reason(wrong));
  }
}
