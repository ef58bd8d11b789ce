// Banners: servers that send at once, never, byte by byte, or too much, and servers that reset.
#include "support/speaking_server.hpp"

using namespace portloop::testing;

namespace {

constexpr portloop_connector connectors[] = {PORTLOOP_CONNECTOR_FASTEST, PORTLOOP_CONNECTOR_PORTABLE};

/// The result of one port with these banner settings. The server runs on the scan's own loop.
Recorded::Result read_banner(SpeakingServer::Manner manner, const std::string& words, portloop_connector connector,
                             portloop_banners kind = PORTLOOP_BANNERS_READ, uint32_t timeout_ms = 5000,
                             uint32_t max_bytes = 512, uint32_t loops = 1) {
  TestLoop loop;
  SpeakingServer server(loop, manner, words);
  TestOptions options("127.0.0.1", server.text());
  portloop_options_set_connector(options, connector);
  portloop_options_set_loops(options, loops);
  REQUIRE(portloop_options_set_banners(options, kind, timeout_ms, max_bytes) == 0);
  Recorded scan(loop);
  close_when_done(scan);
  REQUIRE(scan.start(options) == 0);
  loop.run();
  REQUIRE(scan.results.size() == 1);
  CHECK(scan.done == 1);
  CHECK(scan.status == 0);
  CHECK(scan.results[0].state == PORTLOOP_OPEN);
  return scan.results[0];
}

}  // namespace

TEST_CASE("what a server sends at once is its banner, every byte of it") {
  const std::string hostile("SSH-2.0-x\r\n\0\x1b[31m\xff", 18);
  for (const auto connector : connectors) {
    for (const uint32_t loops : {1U, 2U}) {
      CHECK(read_banner(SpeakingServer::at_once, hostile, connector, PORTLOOP_BANNERS_READ, 5000, 512, loops).banner ==
            hostile);
      CHECK(read_banner(SpeakingServer::then_closes, hostile, connector, PORTLOOP_BANNERS_READ, 5000, 512, loops)
                .banner == hostile);
    }
  }
}

TEST_CASE("a server that never sends is open, without a banner") {
  for (const auto connector : connectors) {
    CHECK_FALSE(read_banner(SpeakingServer::never, "", connector, PORTLOOP_BANNERS_READ, 30).has_banner);
  }
}

TEST_CASE("bytes that arrive one by one are one banner") {
  const std::string words = "220 mail.example ESMTP\r\n";
  for (const auto connector : connectors)
    CHECK(read_banner(SpeakingServer::byte_by_byte, words, connector).banner == words);
}

TEST_CASE("a banner that arrived while the embedder blocked the loop past the deadline is read") {
  for (const auto connector : connectors) {
    CAPTURE(connector);
    TestLoop loop;
    LocalPort open(LocalPort::open);
    TestOptions options("127.0.0.1", open.text());
    portloop_options_set_connector(options, connector);
    REQUIRE(portloop_options_set_banners(options, PORTLOOP_BANNERS_READ, 20, 64) == 0);
    Recorded scan(loop);
    // After the loop's poll and before its timers: the embedder's server sends, and then blocks the loop.
    uv_check_t embedder;
    scan.on_done = [&embedder](Recorded& self) {
      uv_close(as_handle(&embedder), nullptr);
      self.close();
    };
    uv_check_init(loop.get(), &embedder);
    embedder.data = &open;
    uv_check_start(&embedder, [](uv_check_t* check) {
      const int visitor = static_cast<LocalPort*>(check->data)->accept_waiting();
      if (visitor < 0) return;
      if (send(visitor, "hello", 5, MSG_NOSIGNAL) != 5) {  // another test's scan of this machine, and gone already
        ::close(visitor);
        return;
      }
      const uint64_t until_ns = uv_hrtime() + 40'000'000;
      while (uv_hrtime() < until_ns) {
      }
      ::close(visitor);
    });
    REQUIRE(scan.start(options) == 0);
    loop.run();
    REQUIRE(scan.results.size() == 1);
    CHECK(scan.results[0].banner == "hello");
  }
}

TEST_CASE("a server that never stops sending is read no longer than the timeout and no further than the limit") {
  const std::string endless(200'000'000, 'x');
  for (const auto connector : connectors) {
    CHECK(read_banner(SpeakingServer::byte_by_byte, endless, connector, PORTLOOP_BANNERS_READ, 40, 65'536)
              .banner.size() <= 65'536);
    CHECK(read_banner(SpeakingServer::at_once, endless, connector, PORTLOOP_BANNERS_READ, 5000, 65'536).banner.size() ==
          65'536);
    CHECK(read_banner(SpeakingServer::at_once, endless, connector, PORTLOOP_BANNERS_READ, 5000, 1).banner == "x");
  }
}

TEST_CASE("a server that resets is open, with the bytes it sent before, if any") {
  for (const auto connector : connectors) {
    const auto silent = read_banner(SpeakingServer::resets, "", connector);
    CHECK_FALSE(silent.has_banner);
    CHECK(read_banner(SpeakingServer::resets, "bye", connector).state == PORTLOOP_OPEN);
  }
}

TEST_CASE("with HTTP a silent server gets a GET, one that sends does not") {
  for (const auto connector : connectors) {
    TestLoop loop;
    SpeakingServer web(loop, SpeakingServer::when_asked, "HTTP/1.0 200 OK\r\n\r\n");
    SpeakingServer mail(loop, SpeakingServer::at_once, "220 hello\r\n");
    TestOptions options("127.0.0.1", web.text() + ',' + mail.text());
    portloop_options_set_connector(options, connector);
    REQUIRE(portloop_options_set_banners(options, PORTLOOP_BANNERS_HTTP, 200, 512) == 0);
    Recorded scan(loop);
    close_when_done(scan);
    REQUIRE(scan.start(options) == 0);
    loop.run();
    REQUIRE(scan.results.size() == 2);
    CHECK(scan.find(web.number())->banner == "HTTP/1.0 200 OK\r\n\r\n");
    CHECK(web.heard() == "GET / HTTP/1.0\r\n\r\n");
    CHECK(scan.find(mail.number())->banner == "220 hello\r\n");
    CHECK(mail.heard().empty());
  }
}

TEST_CASE("after stop, ports whose banner is awaited are reported; after close they are not") {
  for (const auto connector : connectors) {
    for (const uint32_t loops : {1U, 2U}) {
      for (const bool close : {false, true}) {
        CAPTURE(loops);
        CAPTURE(close);
        TestLoop loop;
        SpeakingServer quiet(loop, SpeakingServer::never, "");
        SpeakingServer second(loop, SpeakingServer::never, "");
        TestOptions options("127.0.0.1", quiet.text() + ',' + second.text());
        portloop_options_set_connector(options, connector);
        portloop_options_set_loops(options, loops);
        REQUIRE(portloop_options_set_banners(options, PORTLOOP_BANNERS_READ, 600'000, 512) == 0);
        Recorded scan(loop);
        if (!close) close_when_done(scan);
        REQUIRE(scan.start(options) == 0);
        // libuv's sockets have the target's own address: a port must be seen open three times (core/doubt.hpp).
        const size_t asks = connector == PORTLOOP_CONNECTOR_PORTABLE ? 3 : 1;
        loop.poll_until(
            [&] { return std::min(quiet.visitors(), second.visitors()) >= asks && scan.stats().in_flight == 0; });
        CHECK(scan.results.empty());
        close ? scan.close() : scan.stop();
        loop.run();
        CHECK(scan.done == 1);
        CHECK(scan.status == UV_ECANCELED);
        CHECK(scan.results.size() == (close ? 0 : 2));
      }
    }
  }
}

TEST_CASE("a scan is closed in the result of one banner while others are being read") {
  for (const auto connector : connectors) {
    TestLoop loop;
    SpeakingServer quiet(loop, SpeakingServer::never, "");
    SpeakingServer mail(loop, SpeakingServer::then_closes, "220 hello\r\n");
    TestOptions options("127.0.0.1", quiet.text() + ',' + mail.text());
    portloop_options_set_connector(options, connector);
    REQUIRE(portloop_options_set_banners(options, PORTLOOP_BANNERS_READ, 600'000, 512) == 0);
    Recorded scan(loop);
    scan.on_result = [](Recorded& self) { self.close(); };
    REQUIRE(scan.start(options) == 0);
    loop.run();
    CHECK(scan.results.size() == 1);
    CHECK(scan.results[0].banner == "220 hello\r\n");
  }
}

TEST_CASE("if more ports are open than may be read at once, the others wait, and none is lost") {
  TestLoop loop;
  std::vector<LocalPort> ports;
  for (int i = 0; i < 40; ++i) ports.emplace_back(LocalPort::open);
  TestOptions many("127.0.0.1", join(ports));
  portloop_options_set_in_flight(many, 8);  // 6 connects, 2 banners
  REQUIRE(portloop_options_set_banners(many, PORTLOOP_BANNERS_READ, 5, 512) == 0);
  Recorded scan(loop);
  close_when_done(scan);
  REQUIRE(scan.start(many) == 0);
  loop.run();
  CHECK(scan.results.size() == 40);
  for (const auto& result : scan.results) CHECK(result.state == PORTLOOP_OPEN);
}

TEST_CASE("banners that end at the same time are reported in the bounds of a turn") {
  constexpr size_t count = 300;
  std::vector<LocalPort> ports;
  for (size_t i = 0; i < count; ++i) ports.emplace_back(LocalPort::open);
  for (const auto connector : connectors) {
    CAPTURE(connector);
    struct Turn {
      size_t results = 0;
      size_t max = 0;
    } turn;
    uv_prepare_t prepare;  // outlives the loop
    TestLoop loop;
    uv_prepare_init(loop.get(), &prepare);
    prepare.data = &turn;
    uv_prepare_start(&prepare, [](uv_prepare_t* handle) { static_cast<Turn*>(handle->data)->results = 0; });
    uv_unref(as_handle(&prepare));
    TestOptions options("127.0.0.1", join(ports));
    portloop_options_set_connector(options, connector);
    portloop_options_set_in_flight(options, 4 * count);
    portloop_options_set_adaptive(options, 0);
    REQUIRE(portloop_options_set_banners(options, PORTLOOP_BANNERS_READ, 600'000, 16) == 0);
    Recorded scan(loop);
    close_when_done(scan);
    scan.on_result = [&](Recorded&) { turn.max = std::max(turn.max, ++turn.results); };
    REQUIRE(scan.start(options) == 0);
    std::vector<int> accepted;
    loop.poll_until([&] { return scan.stats().connects >= count && scan.stats().in_flight == 0; });
    for (const LocalPort& port : ports) {
      for (int fd = port.accept_waiting(); fd >= 0; fd = port.accept_waiting()) accepted.push_back(fd);
    }
    CHECK(scan.results.empty());
    for (const int fd : accepted) ::close(fd);
    loop.run();
    CHECK(scan.results.size() == count);
    CHECK(turn.max <= 128);
    uv_close(as_handle(&prepare), nullptr);
  }
}
