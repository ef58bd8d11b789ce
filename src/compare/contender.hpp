// What is compared: a concurrency model with its numbers, as people write it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/spec_error.hpp"

namespace portloop::compare {

enum class ModelKind : uint8_t { sequential, thread_per_connection, thread_pool, loop };

struct Contender {
  ModelKind kind = ModelKind::loop;
  uint32_t threads = 0;          ///< Of a thread pool, 1-65,536; else 0.
  uint32_t loops = 0;            ///< Of a loop model, 1-1,024; else 0.
  uint32_t in_flight = 0;        ///< Of a loop model, over all its loops; else 0.
  bool portable = false;         ///< The loop with the portable connector.
  bool shows_in_flight = false;  ///< Several windows are compared: the name says which.

  bool is_loop() const { return kind == ModelKind::loop; }
  /// "thread-pool:50", "loops:2", "loop -c 1000": unique among what is compared.
  std::string name() const;
  friend bool operator==(const Contender&, const Contender&) = default;
};

/// sequential, thread-per-connection, thread-pool:N, loop, loops:N, loop/uv, separated by commas.
Parsed<std::vector<Contender>> parse_models(std::string_view words);

/// The lists of a sweep; an empty one leaves the models as they are.
struct Sweep {
  std::vector<uint32_t> loops;
  std::vector<uint32_t> in_flight;  ///< At least one.
  std::vector<uint32_t> threads;
  bool cross = false;  ///< Each loop count with each window; else one axis at a time, at the other's first value.
};

/// The models with the sweep's numbers, each once: --loops takes the place of loop and loops:N, --threads of
/// thread-pool:N; a model that has none of an axis is added for it.
std::vector<Contender> expand(const std::vector<Contender>& models, const Sweep& sweep);

}  // namespace portloop::compare
