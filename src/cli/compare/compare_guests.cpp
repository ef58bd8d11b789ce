#include "cli/compare/compare_guests.hpp"

#include <set>

#include "cli/exit_status.hpp"
#include "cli/system/own_program.hpp"
#include "compare/guest_runtimes.hpp"
#include "core/spec_error.hpp"

namespace portloop {

using namespace compare;

CompareGuests::CompareGuests(const std::vector<GuestChoice>& choices) {
  std::set<const GuestRuntime*> missing;
  for (const GuestChoice& choice : choices) {
    const GuestRuntime* const runtime = choice.contender.guest->runtime;
    auto found = interpreters_.find(runtime);
    if (found == interpreters_.end()) found = interpreters_.emplace(runtime, find_interpreter(*runtime)).first;
    if (!found->second.empty()) {
      contenders_.push_back(choice.contender);
      continue;
    }
    const std::string reason =
        interpreters_text(*runtime) + (runtime->interpreters.size() > 1 ? " are" : " is") + " not in PATH";
    if (!choice.automatic) {
      throw UsageError("--guests " + quote_word(choice.contender.name()) + ": " + reason +
                       "; guests whose interpreter is installed are accepted, or auto");
    }
    if (missing.insert(runtime).second)
      left_out_ += (left_out_.empty() ? "" : ", ") + std::string(runtime->name) + " (" + reason + ')';
  }
  if (contenders_.empty()) return;
  folder_ = find_guest_folder(own_program());
  if (folder_.empty())
    throw CannotRun("the programs of the guests are not installed: 'share/portloop/guests' belongs beside 'bin'");
}

std::vector<std::pair<std::string, std::string>> CompareGuests::versions(const volatile std::sig_atomic_t& stop) const {
  std::vector<std::pair<std::string, std::string>> all;
  for (const auto& [runtime, interpreter] : interpreters_) {
    if (interpreter.empty()) continue;
    const std::string version = version_of(*runtime, interpreter, stop);
    all.emplace_back(runtime->name, version.empty() ? "its version can't be read" : version);
  }
  return all;
}

std::vector<std::string> CompareGuests::words(const Contender& contender) const {
  return guest_words(contender, interpreters_.at(contender.guest->runtime), folder_);
}

}  // namespace portloop
