// Student's t distribution for a whole number of degrees of freedom. Pure functions.
#pragma once

#include <cstdint>

namespace portloop::compare {

/// The probability that a value with this distribution is further from 0 than `t`, on either side. `freedom` >= 1.
double student_t_two_sided(double t, uint64_t freedom);

/// The t that is exceeded, on either side, with probability `two_sided` (between 0 and 1): 2.776 for 0.05 and 4 degrees
/// of freedom. `freedom` >= 1.
double student_t_quantile(double two_sided, uint64_t freedom);

}  // namespace portloop::compare
