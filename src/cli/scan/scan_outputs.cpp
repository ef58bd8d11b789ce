#include "cli/scan/scan_outputs.hpp"

#include <unistd.h>

#include <cstdio>
#include <new>
#include <utility>

#include "cli/exit_status.hpp"
#include "cli/terminal/terminal_width.hpp"
#include "core/spec_error.hpp"

namespace portloop {

void ScanOutputs::adapt_to_terminal(ScanHeader& header, const OutputFile& file, bool is_standard_output) const {
  header.colour = is_standard_output && uses_colour(options_.colour, file.is_terminal());
  header.columns = file.is_terminal() ? terminal_columns(STDOUT_FILENO) : 0;
}

std::unique_ptr<Writer> ScanOutputs::make_writer(const OutputFormat& format, const OutputFile& file,
                                                 bool is_standard_output) {
  const bool as_table = is_standard_output && file.is_terminal() && format.name == "text" && !options_.live;
  if (!as_table || terminal_is_dumb()) return format.make();
  auto table = std::make_unique<HostTable>(options_.quiet);
  table_ = table.get();
  progress_.show_rows([this](size_t max_rows, size_t columns) { return table_->live_rows(max_rows, columns); });
  return table;
}

void ScanOutputs::open(const std::vector<OutputChoice>& choices, bool overwrite, ScanHeader header) {
  for (const OutputChoice& choice : choices) {
    auto file = open_output(choice.file, overwrite);
    auto writer = make_writer(*find_output_format(choice.format), *file, choice.file.empty());
    Output output{choice.format, std::move(writer), std::move(file)};
    adapt_to_terminal(header, *output.file, choice.file.empty());
    output.writer->begin(header, output.file->buffer());
    output.file->end_record();
    outputs_.push_back(std::move(output));
  }
}

void ScanOutputs::reopen(const std::vector<SavedOutput>& saved_outputs, const std::string& checkpoint_file,
                         ScanHeader header) {
  const std::string checkpoint = "checkpoint " + quote_word(checkpoint_file);
  for (const SavedOutput& saved : saved_outputs) {
    const OutputFormat* format = find_output_format(saved.format);
    if (format == nullptr) throw UsageError(checkpoint + ": this portloop has no format " + quote_word(saved.format));
    auto file = std::make_unique<OutputFile>(saved);
    auto writer = make_writer(*format, *file, saved.path.empty());
    Output output{saved.format, std::move(writer), std::move(file)};
    adapt_to_terminal(header, *output.file, saved.path.empty());
    std::string header_in_file;
    output.writer->begin(header, output.file->continues() ? header_in_file : output.file->buffer());
    if (!output.writer->restore(saved.writer_state)) {
      throw UsageError(checkpoint + " is damaged: the state of format " + quote_word(saved.format) + " is invalid");
    }
    outputs_.push_back(std::move(output));
  }
  // Nothing is changed until all of them are known to match.
  for (Output& output : outputs_) output.file->truncate();
}

/// Appends all or nothing.
template <class Append>
void ScanOutputs::append_whole(OutputFile& file, Append append) {
  const size_t before = file.buffer().size();
  try {
    append(file.buffer());
  } catch (const std::bad_alloc&) {
    file.buffer().resize(before);
    throw;
  }
}

void ScanOutputs::write(const OutputResult& result) {
  for (Output& output : outputs_) {
    // A row that is written at once has the width of now; what the table shows is laid out later.
    if (table_ == nullptr && output.file->is_terminal()) output.writer->set_columns(terminal_columns(STDOUT_FILENO));
    append_whole(*output.file, [&](std::string& buffer) { output.writer->result(result, buffer); });
    if (output.file->buffer().empty()) continue;
    if (output.file->is_terminal()) progress_.clear();
    output.file->end_record();
  }
}

void ScanOutputs::add_name(const Address& address, const std::string& name) {
  for (Output& output : outputs_) output.writer->add_name(address, name);
}

void ScanOutputs::flush() {
  for (Output& output : outputs_) output.file->flush();
}

void ScanOutputs::flush_terminals() {
  for (Output& output : outputs_) {
    if (!output.file->is_terminal()) continue;
    output.file->flush();
    output.writer->set_columns(terminal_columns(STDOUT_FILENO));  // a table that is full writes rows at once
  }
}

void ScanOutputs::end(const ScanFooter& footer) {
  if (table_ != nullptr) table_->set_columns(terminal_columns(STDOUT_FILENO));
  for (Output& output : outputs_) {
    append_whole(*output.file, [&](std::string& buffer) { output.writer->end(footer, buffer); });
    output.file->finish();
  }
}

/// The sockets of the scan are closed, so that there may be memory for it.
void ScanOutputs::end_table(Output& output) noexcept {
  try {
    append_whole(*output.file, [&](std::string& buffer) { output.writer->end(ScanFooter{}, buffer); });
  } catch (const std::bad_alloc&) {
    std::fputs("portloop: out of memory; the table of hosts is lost\n", stderr);
  }
}

void ScanOutputs::end_without_footers() noexcept {
  for (Output& output : outputs_) {
    if (output.writer.get() == table_) end_table(output);
    output.file->finish();
  }
}

std::vector<SavedOutput> ScanOutputs::saved() {
  std::vector<SavedOutput> all;
  for (Output& output : outputs_) {
    SavedOutput saved = output.file->saved();
    saved.format = output.format;
    output.writer->save(saved.writer_state);
    all.push_back(std::move(saved));
  }
  return all;
}

const OutputFile* ScanOutputs::first_broken() const {
  for (const Output& output : outputs_) {
    if (output.file->broken()) return output.file.get();
  }
  return nullptr;
}

std::optional<std::string> ScanOutputs::take_failure() {
  if (failure_taken_) return std::nullopt;
  const OutputFile* file = first_broken();
  if (file == nullptr) return std::nullopt;
  failure_taken_ = true;
  return file->error();
}

}  // namespace portloop
