// A connector without a network: a function decides what each connect ends with. For the tests of programs that embed
// portloop.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "engine/connector.hpp"
#include "sockets/kept_connection.hpp"

namespace portloop {

struct ScriptedAnswer {
  int error_number = 0;  ///< What connect() ends with; 0: connected.
  uint64_t delay_us = 0;
  KeptConnection connection;  ///< Stands for the connection, if there is one.
};

/// Called on the loop's thread for each connect, inside Connector::start(). May throw std::bad_alloc.
using ConnectScript = std::function<ScriptedAnswer(const Endpoint&)>;

std::unique_ptr<Connector> make_scripted_connector(ConnectScript script);

}  // namespace portloop
