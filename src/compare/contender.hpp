// What is compared: a concurrency model with its parameters.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/spec_error.hpp"

namespace portloop::compare {

enum class ModelKind : uint8_t { sequential, thread_per_connection, thread_pool, loop, guest };

struct GuestProgram;

struct Contender {
  ModelKind kind = ModelKind::loop;
  uint32_t threads = 0;    ///< Of a thread pool or a guest with one, 1-65,536; otherwise 0.
  uint32_t loops = 0;      ///< Of a loop model, 1-1,024; otherwise 0.
  uint32_t in_flight = 0;  ///< Of a loop model, over all its loops, and of a guest with a loop or tasks; otherwise 0.
  bool portable = false;   ///< A loop with the portable connector.
  bool shows_in_flight = false;         ///< Several are compared, so the name includes it.
  const GuestProgram* guest = nullptr;  ///< Of kind `guest`, an entry of the catalogue in guest_programs.hpp.

  bool is_loop() const { return kind == ModelKind::loop; }
  /// "thread-pool:50", "loops:2", "loop -c 1000", "python/thread-pool:50". Unique within a comparison.
  std::string name() const;
  friend bool operator==(const Contender&, const Contender&) = default;
};

/// Parses sequential, thread-per-connection, thread-pool:N, loop, loops:N and loop/uv, separated by commas.
Parsed<std::vector<Contender>> parse_models(std::string_view words);

/// The values of a sweep. An empty list leaves the models as they are.
struct Sweep {
  std::vector<uint32_t> loops;
  std::vector<uint32_t> in_flight;  ///< At least one value.
  std::vector<uint32_t> threads;
  bool cross = false;  ///< All combinations; otherwise each list is swept with the first value of the other.
};

/// Returns the models with the sweep's values, without duplicates. --loops replaces loop and loops:N, --threads
/// replaces thread-pool:N; if there is no such model, it is added.
std::vector<Contender> expand(const std::vector<Contender>& models, const Sweep& sweep);

}  // namespace portloop::compare
