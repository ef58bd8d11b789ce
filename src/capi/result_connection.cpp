// The connection to an open port, as the callback of its result may take it over.
#include <uv.h>

#include "portloop/portloop.h"
#include "sockets/kept_connection.hpp"

extern "C" int portloop_result_take_fd(const portloop_result* result) {
  auto* connection = reinterpret_cast<portloop::KeptConnection*>(result->connection);
  if (connection == nullptr || !*connection) return UV_ENOTCONN;
  return connection->take();
}
