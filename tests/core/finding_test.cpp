#include "core/finding.hpp"

#include <doctest/doctest.h>

#include "core/finding_json.hpp"

using namespace portloop;

TEST_CASE("a finding is one short line for people") {
  Finding finding;
  finding.protocol = "http";
  finding.product = "nginx";
  finding.version = "1.22.1";
  finding.http = HttpFinding{301, "nginx/1.22.1", "Moved", "https://x/"};
  CHECK(identified_text(finding) == R"(http, nginx 1.22.1, 301, "Moved", to https://x/)");
  finding.tls.emplace().subject = "CN=web";
  finding.http->status = 200;
  CHECK(identified_text(finding) == R"(https, nginx 1.22.1, "Moved", to https://x/, CN=web)");
  CHECK(tunnelled_protocol(finding) == "ssl|http");
  finding = {"imap", TlsFinding{}, {}, "", ""};
  CHECK(identified_text(finding) == "imap over TLS");
  finding.tls->starttls = true;
  CHECK(identified_text(finding) == "imap with STARTTLS");
  CHECK(tunnelled_protocol(finding) == "imap");
  finding.tls->starttls = false;
  CHECK(identified_text({"vnc", {}, {}, "", "3.8"}) == "vnc 3.8");
  finding.protocol = "tls";
  CHECK(identified_text(finding) == "tls");
  CHECK(tunnelled_protocol(finding) == "tls");
}

TEST_CASE("a finding is parsed as it was written, whatever its bytes are") {
  std::string every;
  for (int byte = 0; byte < 256; ++byte) every += static_cast<char>(byte);
  Finding finding{"http", TlsFinding{true, "TLSv1.3", every, every, {every, "b"}, every, "T", "T", "00"},
                  HttpFinding{200, every, every, every}, every, every};
  std::string json;
  append_finding_json(json, finding);
  CHECK(parse_finding_json(json) == finding);
}

TEST_CASE("members that a later version may add are ignored") {
  for (const char* text : {R"({"protocol":"ssh","more":[1,{}]})", R"({"protocol":"tls","tls":{"more":1}})",
                           R"({"protocol":"http","http":{"more":null}})"}) {
    CAPTURE(text);
    CHECK(parse_finding_json(text));
  }
}

TEST_CASE("what is no finding is refused") {
  for (const char* text :
       {"", "{}", "[]", "null", R"({"protocol":""})", R"({"protocol":1})", R"({"protocol":"ssh")",
        R"({"protocol":"ssh"} x)", R"({"protocol":"ssh","tls":1})", R"({"protocol":"ssh","tls":"x"})",
        R"({"protocol":"ssh","tls":{"names":[1]}})", R"({"protocol":"ssh","tls":{"names":"a"}})",
        R"({"protocol":"ssh","tls":{"starttls":"true"}})", R"({"protocol":"ssh","tls":{"starttls":1}})",
        R"({"protocol":"ssh","http":{"status":"200"}})", R"({"protocol":"ssh","http":{"status":1000}})",
        R"({"protocol":"ssh","version":null})"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_finding_json(text));
  }
}
