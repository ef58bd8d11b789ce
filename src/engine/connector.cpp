#include "engine/connector.hpp"

namespace portloop {

std::unique_ptr<Connector> make_uv_connector(LoopTurn& turn, const SocketSettings& settings);
#ifdef __linux__
std::unique_ptr<Connector> make_epoll_connector(const TargetSet& targets, LoopTurn& turn,
                                                const SocketSettings& settings);
#endif

std::unique_ptr<Connector> make_connector(ConnectorKind kind, [[maybe_unused]] const TargetSet& targets, LoopTurn& turn,
                                          const SocketSettings& settings) {
#ifdef __linux__
  if (kind == ConnectorKind::fastest) return make_epoll_connector(targets, turn, settings);
#else
  (void)kind;
#endif
  return make_uv_connector(turn, settings);
}

}  // namespace portloop
