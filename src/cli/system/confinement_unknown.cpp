#include "cli/system/confinement.hpp"

namespace portloop {

void confine(const NeededFiles&) {}

}  // namespace portloop
