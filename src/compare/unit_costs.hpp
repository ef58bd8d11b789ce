// What the building blocks of the models cost on this machine: a thread, a wakeup, a system call, a timer. Measured in
// this process, in about a tenth of a second.
#pragma once

namespace portloop::compare {

struct UnitCosts {
  double thread_s = 0;       ///< Making a thread with a small stack, for the thread that makes it.
  double wakeup_s = 0;       ///< From waking a thread to its running, through an eventfd.
  double system_call_s = 0;  ///< One that does nothing.
  double timer_s = 0;        ///< Starting and stopping a libuv timer among 10,000 others.
  double processors = 1;     ///< That this process may use, also by the quota of its control group.
};

/// The median of several measurements each. What can't be measured is 0.
UnitCosts measure_unit_costs();

}  // namespace portloop::compare
