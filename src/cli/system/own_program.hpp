// Where this program is.
#pragma once

#include <string>

namespace portloop {

/// The path of this program; "/proc/self/exe" if it can't be read. That link is no substitute in the command line of
/// another program, where it would be that program.
std::string own_program();

}  // namespace portloop
