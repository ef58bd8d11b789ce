#include "compare/lab_load.hpp"

#include <optional>
#include <string>

#include "core/parse_number.hpp"

namespace portloop::compare {
namespace {

std::optional<uint64_t> counter(std::string_view line, std::string_view name) {
  const std::string key = '"' + std::string(name) + "\":";
  const size_t at = line.find(key);
  if (at == std::string_view::npos) return std::nullopt;
  line.remove_prefix(at + key.size());
  return take_number<uint64_t>(line);
}

}  // namespace

bool read_lab_load(std::string_view errors, RunRecord& record) {
  const size_t start = errors.rfind("{\"syns\":");
  if (start == std::string_view::npos) return false;
  const std::string_view line = errors.substr(start);
  const auto answers = counter(line, "packets_out"), late = counter(line, "late"),
             dropped = counter(line, "device_drops"), refused = counter(line, "write_failures");
  if (!answers || !late || !dropped || !refused) return false;
  record.lab_answers = *answers;
  record.lab_late = *late;
  record.lab_dropped = *dropped + *refused;
  return true;
}

}  // namespace portloop::compare
