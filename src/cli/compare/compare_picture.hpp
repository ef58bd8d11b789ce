// The runs of a comparison that are recorded for its lanes, its page and its trace.
#pragma once

#include <csignal>

#include "cli/compare/compare_options.hpp"
#include "cli/compare/compare_progress.hpp"
#include "cli/record/output_file.hpp"
#include "compare/lanes.hpp"
#include "compare/run_comparison.hpp"

namespace portloop {

/// Makes one more run of each model, if anything shows it. What can't be recorded is reported on standard error.
void record_pictures(compare::Comparison& comparison, const CompareRequest& request, const compare::RunCommand& command,
                     const CompareProgress& progress, const volatile std::sig_atomic_t& stop);

/// What the terminal, or whatever `screen` is, can show.
compare::LanesStyle lanes_style_of(const OutputFile& screen);

}  // namespace portloop
