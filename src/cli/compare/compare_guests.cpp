#include "cli/compare/compare_guests.hpp"

#include "cli/exit_status.hpp"
#include "cli/system/own_program.hpp"
#include "compare/guest_runtimes.hpp"
#include "core/spec_error.hpp"

namespace portloop {

using namespace compare;

CompareGuests::CompareGuests(const std::vector<GuestChoice>& choices) : choices_(choices) {
  for (const GuestChoice& choice : choices) {
    const GuestRuntime* const runtime = choice.contender.guest->runtime;
    const auto known = commands_.find(runtime);
    if (known == commands_.end()) commands_.emplace(runtime, find_command(*runtime));
    if (!commands_.at(runtime).empty()) {
      contenders_.push_back(choice.contender);
      continue;
    }
    const std::string reason =
        commands_text(*runtime) + (runtime->commands.size() > 1 ? " are" : " is") + " not in PATH";
    if (!choice.automatic) {
      throw UsageError("--guests " + quote_word(choice.contender.name()) + ": " + reason +
                       "; guests whose interpreter or compiler is installed are accepted, or auto");
    }
    if (known == commands_.end()) leave_out(*runtime, reason);
  }
  if (contenders_.empty()) return;
  folder_ = find_guest_folder(own_program());
  if (folder_.empty())
    throw CannotRun("the programs of the guests are not installed: 'share/portloop/guests' belongs beside 'bin'");
}

void CompareGuests::leave_out(const GuestRuntime& runtime, const std::string& reason) {
  left_out_ += (left_out_.empty() ? "" : ", ") + std::string(runtime.name) + " (" + reason + ')';
}

void CompareGuests::build(const volatile std::sig_atomic_t& stop) {
  for (const auto& [runtime, command] : commands_) {
    if (!runtime->is_compiled() || command.empty()) continue;
    const auto program = builds_.build(*runtime, command, folder_, stop);
    if (stop) return;
    if (program) {
      programs_.emplace(runtime, *program);
      continue;
    }
    for (const GuestChoice& choice : choices_) {
      if (choice.contender.guest->runtime == runtime && !choice.automatic)
        throw CannotRun("--guests " + quote_word(choice.contender.name()) + ": " + program.error());
    }
    leave_out(*runtime, program.error());
  }
}

bool CompareGuests::can_run(const GuestRuntime& runtime) const {
  return runtime.is_compiled() ? programs_.contains(&runtime) : !commands_.at(&runtime).empty();
}

std::vector<std::pair<std::string, std::string>> CompareGuests::versions(const volatile std::sig_atomic_t& stop) const {
  std::vector<std::pair<std::string, std::string>> all;
  for (const auto& [runtime, command] : commands_) {
    if (!can_run(*runtime)) continue;
    const std::string version = version_of(*runtime, command, stop);
    all.emplace_back(runtime->name, version.empty() ? "its version can't be read" : version);
  }
  return all;
}

std::vector<std::string> CompareGuests::words(const Contender& contender) const {
  const GuestRuntime* const runtime = contender.guest->runtime;
  if (runtime->is_compiled()) return {programs_.at(runtime)};
  return guest_words(contender, commands_.at(runtime), folder_);
}

}  // namespace portloop
