#include "lab/result_line.hpp"

#include "core/json_walk.hpp"
#include "core/parse_number.hpp"

namespace portloop::lab {

std::optional<ResultLine> read_result_line(std::string_view line) {
  JsonWalk walk(line);
  std::optional<Address> address;
  std::optional<uint16_t> port;
  std::optional<PortState> state;
  if (!walk.take('{')) return std::nullopt;
  do {
    std::string_view name;
    std::string_view value;
    if (!walk.take_string(name) || !walk.take(':') || !walk.take_value(value)) return std::nullopt;
    if (name == "address") address = parse_address(value);
    if (name == "port") port = parse_number<uint16_t>(value, 1);
    if (name == "state") state = parse_port_state(value);
  } while (walk.take(','));
  if (!walk.take('}') || !walk.at_end() || !address || !port || !state) return std::nullopt;
  return ResultLine{{*address, *port}, *state};
}

}  // namespace portloop::lab
