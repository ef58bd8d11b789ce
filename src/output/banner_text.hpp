// What a banner shows a person in one short line. Pure functions.
#pragma once

#include <string>
#include <string_view>

namespace portloop {

/// The visible text of the first line that is not empty. Of an HTTP response the server and the status: "nginx (200
/// OK)".
std::string banner_text(std::string_view banner);

}  // namespace portloop
