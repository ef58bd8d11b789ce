// The compiled guests: their programs, for as long as a comparison lasts.
#pragma once

#include <csignal>
#include <string>

#include "compare/guest_programs.hpp"
#include "core/spec_error.hpp"

namespace portloop::compare {

/// Owns a folder below $TMPDIR, or /tmp, which is made for the first program and removed with this.
class GuestBuilds {
 public:
  GuestBuilds() = default;
  ~GuestBuilds();
  GuestBuilds(const GuestBuilds&) = delete;
  GuestBuilds& operator=(const GuestBuilds&) = delete;

  /// Runs the build script of `runtime`, which is below `scripts`, with the path of its command. Returns the path of
  /// the program, or the reason why there is none.
  Parsed<std::string> build(const GuestRuntime& runtime, const std::string& command, const std::string& scripts,
                            const volatile std::sig_atomic_t& stop);

 private:
  std::string folder_;
};

}  // namespace portloop::compare
