#include "compare/guest_programs.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <string>

#include "core/parse_number.hpp"
#include "core/split.hpp"

namespace portloop::compare {
namespace {

constexpr uint32_t max_threads = 65'536;

constexpr std::string_view accepted =
    "auto, python, python/sequential, python/thread-per-port, python/thread-pool:N (1-65536), python/asyncio, "
    "python/free-threaded, node, go and rust/tokio are accepted";

// Constants, not vectors: what is allocated before main() can't be reported if it fails.
constexpr std::string_view python_commands[] = {"python3"};
constexpr std::string_view free_threaded_commands[] = {"python3.14t", "python3.13t"};
constexpr std::string_view node_commands[] = {"node", "nodejs"};
constexpr std::string_view go_commands[] = {"go"};
constexpr std::string_view rust_commands[] = {"cargo"};
// -B: no compiled files beside the programs, which may be in a directory of the system.
constexpr std::string_view python_options[] = {"-B"};
constexpr std::string_view free_threaded_options[] = {"-B", "-X", "gil=0"};
constexpr std::string_view python_version[] = {
    "-c", "import platform as p; print(p.python_implementation(), p.python_version())"};
constexpr std::string_view node_version[] = {"--version"};
constexpr std::string_view go_version[] = {"version"};
constexpr std::string_view rust_version[] = {"--version"};

constexpr GuestRuntime python{"python", python_commands, python_options, python_version, true};
constexpr GuestRuntime free_threaded{"python/free-threaded", free_threaded_commands, free_threaded_options,
                                     python_version};
constexpr GuestRuntime node{"node", node_commands, {}, node_version};
constexpr GuestRuntime go{"go", go_commands, {}, go_version, false, "go/build.sh"};
constexpr GuestRuntime rust{"rust", rust_commands, {}, rust_version, false, "rust/build.sh"};

constexpr std::array<GuestProgram, 8> programs{{
    {"python/sequential", &python, "python/sequential.py", GuestWay::one},
    {"python/thread-per-port", &python, "python/thread_per_port.py", GuestWay::thread_each},
    {"python/thread-pool", &python, "python/thread_pool.py", GuestWay::pool},
    {"python/asyncio", &python, "python/asyncio_streams.py", GuestWay::loop},
    {"python/free-threaded", &free_threaded, "python/thread_pool.py", GuestWay::pool, 50},
    {"node", &node, "node/scan.mjs", GuestWay::loop},
    {"go", &go, "", GuestWay::tasks},
    {"rust/tokio", &rust, "", GuestWay::tasks},
}};

// What "python" and "auto" stand for.
constexpr std::string_view all_of_python =
    "python/sequential,python/thread-per-port,python/thread-pool:50,python/thread-pool:100,python/asyncio";
constexpr std::string_view everything = "python,python/free-threaded,node,go,rust/tokio";

std::optional<Contender> parse_guest(std::string_view word) {
  for (const GuestProgram& program : programs) {
    Contender contender;
    contender.kind = ModelKind::guest;
    contender.guest = &program;
    contender.threads = program.fixed_threads;
    const bool sized = program.way == GuestWay::pool && program.fixed_threads == 0;
    if (!sized && word == program.name) return contender;
    if (!sized || !word.starts_with(program.name) || word.substr(program.name.size(), 1) != ":") continue;
    const auto threads = parse_number<uint32_t>(word.substr(program.name.size() + 1), 1, max_threads);
    if (!threads) return std::nullopt;
    contender.threads = *threads;
    return contender;
  }
  return std::nullopt;
}

/// Appends the guests of `words`, each only once. Returns the word that is not known, if there is one.
std::optional<std::string_view> add_guests(std::string_view words, bool automatic, std::vector<GuestChoice>& list) {
  for (const std::string_view word : split(words, ',')) {
    if (word == "auto" || word == "python") {
      add_guests(word == "auto" ? everything : all_of_python, automatic || word == "auto", list);
      continue;
    }
    const auto guest = parse_guest(word);
    if (!guest) return word;
    const auto same =
        std::find_if(list.begin(), list.end(), [&](const GuestChoice& other) { return other.contender == *guest; });
    if (same == list.end())
      list.push_back({*guest, automatic});
    else
      same->automatic = same->automatic && automatic;
  }
  return std::nullopt;
}

}  // namespace

Parsed<std::vector<GuestChoice>> parse_guests(std::string_view words, bool automatic) {
  std::vector<GuestChoice> list;
  if (const auto wrong = add_guests(words, automatic, list))
    return SpecError{"guest " + quote_word(*wrong) + " is not known: " + std::string(accepted)};
  return list;
}

}  // namespace portloop::compare
