#include "cli/options/output_choice.hpp"

#include <algorithm>

#include "cli/exit_status.hpp"
#include "core/spec_error.hpp"
#include "output/writer.hpp"

namespace portloop {
namespace {

void check_format(const std::string& name) {
  if (find_output_format(name) != nullptr) return;
  std::string known;
  for (const OutputFormat& format : output_formats()) known += (known.empty() ? "" : ", ") + std::string(format.name);
  throw UsageError("format " + quote_word(name) + " is not known: " + known);
}

}  // namespace

std::vector<NamedFile> files_of(const std::vector<OutputChoice>& outputs, bool overwrite) {
  std::vector<NamedFile> files;
  for (const OutputChoice& output : outputs) {
    const std::string word =
        output.file.empty() ? "standard output" : "--output " + quote_word(output.format + '=' + output.file);
    files.push_back({word, output.file});
    if (overwrite && !output.file.empty())
      files.push_back({"the partial file of " + word, output.file + ".partial", true});
  }
  return files;
}

std::vector<OutputChoice> parse_outputs(const std::optional<std::string>& format,
                                        const std::vector<std::string>& more) {
  std::vector<OutputChoice> outputs;
  if (format) check_format(*format);
  outputs.push_back({format.value_or("text"), ""});
  bool chosen = format.has_value();  // what standard output gets
  for (const std::string& word : more) {
    const size_t equals = word.find('=');
    if (equals == std::string::npos || equals == 0 || equals + 1 == word.size()) {
      throw UsageError("--output " + quote_word(word) + ": FORMAT=FILE is accepted, such as json=result.json");
    }
    OutputChoice choice{word.substr(0, equals), word.substr(equals + 1)};
    check_format(choice.format);
    if (choice.file == "-") {
      if (chosen) throw UsageError("--output " + quote_word(word) + ": standard output has a format already");
      chosen = true;
      outputs.front().format = choice.format;
      continue;
    }
    for (const OutputChoice& other : outputs) {
      if (other.file == choice.file) throw UsageError("--output " + quote_word(word) + ": the file is given twice");
    }
    outputs.push_back(std::move(choice));
  }
  return outputs;
}

void check_list_names(bool list_names, const std::vector<OutputChoice>& outputs) {
  const auto is_list = [](const OutputChoice& output) { return output.format == "list"; };
  if (list_names && std::none_of(outputs.begin(), outputs.end(), is_list))
    throw UsageError("'--names' is for lists: give '-f list' or '-o list=FILE', too; other formats have the names");
}

}  // namespace portloop
