#include "output/json_reader.hpp"

#include "output/time_text.hpp"

namespace portloop {

OutputResult ReadResult::view() const {
  OutputResult view;
  view.probe = probe;
  view.probe.banner = banner;
  view.host_name = host_name;
  view.host_names = host_names;
  view.service = service;
  view.time_us = time_us;
  if (identified) view.identified = &*identified;
  return view;
}

std::optional<ReadResult> read_json_result(std::string_view line) {
  auto parsed = parse_result_json(line);
  if (!parsed) return std::nullopt;
  ReadResult result{std::move(*parsed), 0};
  if (result.time.empty()) return result;
  const auto time_us = parse_rfc3339(result.time);
  if (!time_us) return std::nullopt;
  result.time_us = *time_us;
  return result;
}

}  // namespace portloop
