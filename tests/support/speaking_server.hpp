// A server on the test's own loop that sends a banner in a chosen way.
#pragma once

#include <algorithm>
#include <list>
#include <string>

#include "support/embedding.hpp"

namespace portloop::testing {

class SpeakingServer {
 public:
  enum Manner {
    at_once,       ///< Sends everything, then nothing more.
    then_closes,   ///< Sends everything, then closes the connection.
    byte_by_byte,  ///< Sends a byte in each turn of the loop.
    never,
    resets,      ///< Sends everything, then resets.
    when_asked,  ///< Sends after the first bytes from the client.
  };

  SpeakingServer(TestLoop& loop, Manner manner, std::string words)
      : loop_(loop), manner_(manner), words_(std::move(words)) {
    sockaddr_in name{};
    uv_ip4_addr("127.0.0.1", 0, &name);
    uv_tcp_init(loop.get(), &listener_);
    listener_.data = this;
    uv_unref(as_handle(&listener_));
    REQUIRE(uv_tcp_bind(&listener_, reinterpret_cast<sockaddr*>(&name), 0) == 0);
    REQUIRE(uv_listen(reinterpret_cast<uv_stream_t*>(&listener_), 64, [](uv_stream_t* stream, int) {
              static_cast<SpeakingServer*>(stream->data)->on_connection();
            }) == 0);
    int size = sizeof name;
    uv_tcp_getsockname(&listener_, reinterpret_cast<sockaddr*>(&name), &size);
    number_ = ntohs(name.sin_port);
  }
  ~SpeakingServer() {
    uv_close(as_handle(&listener_), nullptr);
    for (Visitor& visitor : visitors_) visitor.close();
    loop_.run();
  }
  SpeakingServer(const SpeakingServer&) = delete;
  SpeakingServer& operator=(const SpeakingServer&) = delete;

  uint16_t number() const { return number_; }
  std::string text() const { return std::to_string(number_); }
  const std::string& heard() const { return heard_; }
  size_t visitors() const { return visitors_.size(); }

 private:
  struct Visitor {
    uv_tcp_t tcp{};
    uv_idle_t turns{};
    uv_write_t write{};
    SpeakingServer* server = nullptr;
    size_t sent = 0;
    char buffer[256];

    void close() {
      if (!uv_is_closing(as_handle(&tcp))) uv_close(as_handle(&tcp), nullptr);
      if (!uv_is_closing(as_handle(&turns))) uv_close(as_handle(&turns), nullptr);
    }
    void say(size_t from, size_t length) {
      uv_buf_t bytes = uv_buf_init(server->words_.data() + from, static_cast<unsigned>(length));
      uv_write(&write, reinterpret_cast<uv_stream_t*>(&tcp), &bytes, 1, [](uv_write_t* request, int) {
        auto* self = static_cast<Visitor*>(request->data);
        if (self->server->manner_ == then_closes && !uv_is_closing(as_handle(&self->tcp)))
          uv_close(as_handle(&self->tcp), nullptr);
      });
    }
  };

  void on_connection() {
    Visitor& visitor = visitors_.emplace_back();
    visitor.server = this;
    visitor.tcp.data = visitor.turns.data = visitor.write.data = &visitor;
    uv_tcp_init(loop_.get(), &visitor.tcp);
    uv_idle_init(loop_.get(), &visitor.turns);
    uv_unref(as_handle(&visitor.tcp));
    uv_unref(as_handle(&visitor.turns));
    REQUIRE(uv_accept(reinterpret_cast<uv_stream_t*>(&listener_), reinterpret_cast<uv_stream_t*>(&visitor.tcp)) == 0);
    uv_read_start(
        reinterpret_cast<uv_stream_t*>(&visitor.tcp),
        [](uv_handle_t* handle, size_t, uv_buf_t* buffer) {
          auto* self = static_cast<Visitor*>(handle->data);
          *buffer = uv_buf_init(self->buffer, sizeof self->buffer);
        },
        [](uv_stream_t* stream, ssize_t length, const uv_buf_t* bytes) {
          auto* self = static_cast<Visitor*>(stream->data);
          if (length < 0) {
            self->close();
            return;
          }
          self->server->heard_.append(bytes->base, static_cast<size_t>(length));
          if (self->server->manner_ == when_asked) self->say(0, self->server->words_.size());
        });
    if (manner_ == at_once || manner_ == then_closes) visitor.say(0, words_.size());
    if (manner_ == resets) {
      uv_buf_t bytes = uv_buf_init(words_.data(), static_cast<unsigned>(words_.size()));
      if (!words_.empty()) uv_try_write(reinterpret_cast<uv_stream_t*>(&visitor.tcp), &bytes, 1);
      uv_tcp_close_reset(&visitor.tcp, nullptr);
    }
    if (manner_ == byte_by_byte) {
      uv_idle_start(&visitor.turns, [](uv_idle_t* idle) {
        auto* self = static_cast<Visitor*>(idle->data);
        if (uv_is_closing(as_handle(&self->tcp)) || self->sent == self->server->words_.size()) {
          uv_idle_stop(idle);
          return;
        }
        uv_buf_t byte = uv_buf_init(&self->server->words_[self->sent], 1);
        if (uv_try_write(reinterpret_cast<uv_stream_t*>(&self->tcp), &byte, 1) == 1) ++self->sent;
      });
    }
  }

  TestLoop& loop_;
  Manner manner_;
  std::string words_;
  std::string heard_;
  uv_tcp_t listener_{};
  uint16_t number_ = 0;
  std::list<Visitor> visitors_;
};

}  // namespace portloop::testing
