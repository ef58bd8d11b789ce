// The profiles that come with portloop-lab, in the format of profile files.
#pragma once

#include <span>
#include <string_view>

namespace portloop::lab {

struct BuiltInProfile {
  std::string_view name;
  std::string_view text;
};

std::span<const BuiltInProfile> built_in_profiles();

/// The text of a built-in profile, or an empty view.
std::string_view built_in_profile(std::string_view name);

}  // namespace portloop::lab
