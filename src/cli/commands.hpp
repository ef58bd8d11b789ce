// The commands of portloop. Each gets its own arguments, with the command's name first, and returns an exit status
// or throws UsageError or CannotRun (exit_status.hpp).
#pragma once

namespace portloop {

int run_scan(int argc, const char* const* argv);
int run_merge(int argc, const char* const* argv);
int run_diff(int argc, const char* const* argv);
int run_explain(int argc, const char* const* argv);
int run_watch(int argc, const char* const* argv);
int run_compare(int argc, const char* const* argv);

}  // namespace portloop
