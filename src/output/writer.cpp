#include "output/writer.hpp"

#include <algorithm>
#include <array>

#include "output/formats.hpp"

namespace portloop {
namespace {

constexpr auto formats = std::to_array<OutputFormat>({
    {"text", "aligned columns for a person", make_text_writer},
    {"json", "one JSON object a line", make_json_writer},
    {"list", "host:port a line, open ports only", make_list_writer},
    {"csv", "comma-separated values with a header row", make_csv_writer},
    {"xml", "nmap's XML, each host in one piece", make_xml_writer},
    {"grepable", "nmap's grepable format, a line for each host", make_grepable_writer},
});

}  // namespace

std::string all_names(const OutputResult& result, std::string_view separator) {
  std::string names(result.host_name);
  for (size_t i = 1; i < result.host_names.size(); ++i) names.append(separator).append(result.host_names[i]);
  return names;
}

std::span<const OutputFormat> output_formats() { return formats; }

const OutputFormat* find_output_format(std::string_view name) {
  const auto* found =
      std::find_if(formats.begin(), formats.end(), [&](const OutputFormat& f) { return f.name == name; });
  return found != formats.end() ? found : nullptr;
}

}  // namespace portloop
