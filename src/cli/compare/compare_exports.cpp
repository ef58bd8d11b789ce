#include "cli/compare/compare_exports.hpp"

#include <algorithm>
#include <cstdio>

#include "cli/system/distinct_files.hpp"
#include "compare/exports.hpp"
#include "compare/trace.hpp"
#include "core/spec_error.hpp"

namespace portloop {

using namespace compare;

void CompareExports::open(const std::vector<OutputChoice>& choices, bool overwrite) {
  choices_ = choices;
  std::vector<NamedFile> named;
  for (const OutputChoice& choice : choices) {
    const std::string option = choice.format == "trace" ? "--trace " : "--export-" + choice.format + ' ';
    const std::string word = option + quote_word(choice.file);
    named.push_back({word, choice.file});
    if (overwrite) named.push_back({"the partial file of " + word, choice.file + ".partial", true});
  }
  check_distinct(named);
  for (const OutputChoice& choice : choices) files_.push_back(std::make_unique<OutputFile>(choice.file, overwrite));
}

void CompareExports::discard() {
  for (const auto& file : files_) file->discard();
}

bool CompareExports::write(const Comparison& comparison, const TargetSet& targets, const PortSet& ports) {
  const auto text_of = [&](const std::string& format) {
    if (format == "trace") return trace_json(comparison, targets, ports);
    const auto& formats = export_formats();
    return std::find_if(formats.begin(), formats.end(), [&](const ExportFormat& f) { return f.name == format; })
        ->write(comparison);
  };
  bool written = true;
  for (size_t i = 0; i < files_.size(); ++i) {
    files_[i]->buffer() = text_of(choices_[i].format);
    files_[i]->finish();
    written = check_written(*files_[i]) && written;
  }
  return written;
}

bool check_written(const OutputFile& file) {
  if (file.broken()) std::fprintf(stderr, "portloop: %s\n", file.error().c_str());
  return !file.broken();
}

}  // namespace portloop
