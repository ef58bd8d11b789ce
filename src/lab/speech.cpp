#include "lab/speech.hpp"

#include <string>

namespace portloop::lab {

namespace {

using namespace std::string_view_literals;

constexpr std::string_view ssh_text = "SSH-2.0-OpenSSH_9.2p1 portloop-lab\r\n"sv;

constexpr std::string_view http_text =
    "HTTP/1.1 200 OK\r\nServer: portloop-lab\r\nContent-Type: text/plain\r\nContent-Length: 13\r\n"
    "Connection: close\r\n\r\nportloop-lab\n"sv;

constexpr std::string_view drip_text = "portloop-lab says one byte a second\r\n"sv;

/// Attacks that fit into any banner buffer, followed by a very long line.
const std::string& hostile_text() {
  static const std::string text = [] {
    std::string bytes(
        "=cmd|'/C calc'!A0,\"a\"\"b\",+1+1,@SUM(A1)\r\n"                  // a spreadsheet's formulas and CSV quotes
        "\x1b[2J\x1b[31m\x1b]0;owned\x07\x1b]8;;http://127.0.0.1/\x1b\\"  // clear, colour, window title, link
        "\x9b"
        "31m\x90q\x9c"                                          // the same as C1 controls of one byte
        "\x00\x01\x7f\b\b\b\v\f\r"                              // NUL, DEL, backspaces
        "\xff\xfe\xc0\x80\xed\xa0\x80\xf5\x80\x80\x80\xe2\x82"  // invalid UTF-8: overlong, surrogate, truncated
        "\xe2\x80\xae"
        "txt.exe\xef\xbb\xbf"  // right-to-left override, byte order mark
        "]]></script><!--<![CDATA[&lt;&#0;\"'{\"state\":\"open\"}\\u0000\\\n"  // XML, HTML and JSON
        "Host: 1.2.3.4 ()\tPorts: 22/open/tcp//ssh///\n"sv);                   // a line of grepable output
    bytes.append(6000, 'A');
    bytes += "\n";
    return bytes;
  }();
  return text;
}

}  // namespace

const Script& script_of(Speech speech) {
  constexpr uint64_t ns_per_second = 1'000'000'000;
  static const Script nothing{};
  static const Script ssh{.text = ssh_text};
  static const Script http{.text = http_text, .waits_for_request = true, .closes = true};
  static const Script drip{.text = drip_text, .ns_per_byte = ns_per_second};
  static const Script hostile{.text = hostile_text()};
  static const Script reset{.resets = true};
  switch (speech) {
    case Speech::nothing: return nothing;
    case Speech::ssh: return ssh;
    case Speech::http: return http;
    case Speech::drip: return drip;
    case Speech::hostile: return hostile;
    case Speech::reset: return reset;
  }
  return nothing;
}

}  // namespace portloop::lab
