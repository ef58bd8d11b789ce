// portloop_options_set_script(): what each connect ends with, instead of a network.
#include <new>

#include "capi/options.hpp"
#include "engine/connector_scripted.hpp"
#include "sockets/socket_address.hpp"

using namespace portloop;

namespace {

/// libuv's codes are negative errnos, where there are errnos.
ScriptedAnswer ask_script(portloop_script_cb script, void* data, const Endpoint& endpoint) noexcept {
  portloop_script_answer answer{};
  answer.size = sizeof answer;
  answer.fd = -1;
  const SocketAddress address = to_socket_address(endpoint);
  script(data, &address.any, &answer);
  return {-answer.error, answer.delay_us, KeptConnection(answer.fd)};
}

}  // namespace

extern "C" int portloop_options_set_script(portloop_options* options, portloop_script_cb script, void* data) {
  options->error.clear();
  try {
    ConnectorWrapper replace;
    if (script != nullptr) {
      replace = [script, data](std::unique_ptr<Connector>, uint32_t) {
        return make_scripted_connector(
            [script, data](const Endpoint& endpoint) { return ask_script(script, data, endpoint); });
      };
    }
    options->wrap_connector = std::move(replace);
    options->is_scripted = script != nullptr;
    return 0;
  } catch (const std::bad_alloc&) {
    return UV_ENOMEM;
  }
}
