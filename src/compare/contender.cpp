#include "compare/contender.hpp"

#include <algorithm>
#include <optional>

#include "compare/guest_programs.hpp"
#include "core/parse_number.hpp"
#include "core/split.hpp"

namespace portloop::compare {
namespace {

constexpr uint32_t max_threads = 65'536;
constexpr uint32_t max_loops = 1024;

constexpr std::string_view accepted =
    "sequential, thread-per-connection, thread-pool:N (1-65536), loop, loops:N (1-1024) and loop/uv are accepted";

std::optional<uint32_t> number_behind(std::string_view word, std::string_view prefix, uint32_t highest) {
  if (!word.starts_with(prefix)) return std::nullopt;
  word.remove_prefix(prefix.size());
  return parse_number<uint32_t>(word, 1, highest);
}

Contender loop_model(uint32_t loops, bool portable = false) {
  Contender contender;
  contender.kind = ModelKind::loop;
  contender.loops = loops;
  contender.portable = portable;
  return contender;
}

std::optional<Contender> parse_model(std::string_view word) {
  Contender contender;
  if (word == "sequential") {
    contender.kind = ModelKind::sequential;
    return contender;
  }
  if (word == "thread-per-connection") {
    contender.kind = ModelKind::thread_per_connection;
    return contender;
  }
  if (const auto threads = number_behind(word, "thread-pool:", max_threads)) {
    contender.kind = ModelKind::thread_pool;
    contender.threads = *threads;
    return contender;
  }
  if (word == "loop") return loop_model(1);
  if (word == "loop/uv") return loop_model(1, true);
  if (const auto loops = number_behind(word, "loops:", max_loops)) return loop_model(*loops);
  return std::nullopt;
}

void add(std::vector<Contender>& list, const Contender& contender) {
  if (std::find(list.begin(), list.end(), contender) == list.end()) list.push_back(contender);
}

void add_loops(std::vector<Contender>& list, std::vector<uint32_t> loops, const Sweep& sweep) {
  for (size_t i = 0; i < loops.size(); ++i) {
    for (size_t j = 0; j < sweep.in_flight.size(); ++j) {
      if (!sweep.cross && i > 0 && j > 0) continue;
      Contender contender = loop_model(loops[i]);
      contender.in_flight = sweep.in_flight[j];
      contender.shows_in_flight = sweep.in_flight.size() > 1;
      add(list, contender);
    }
  }
}

void add_pools(std::vector<Contender>& list, const std::vector<uint32_t>& threads) {
  for (const uint32_t count : threads) {
    Contender contender;
    contender.kind = ModelKind::thread_pool;
    contender.threads = count;
    add(list, contender);
  }
}

}  // namespace

std::string Contender::name() const {
  switch (kind) {
    case ModelKind::sequential: return "sequential";
    case ModelKind::thread_per_connection: return "thread-per-connection";
    case ModelKind::thread_pool: return "thread-pool:" + std::to_string(threads);
    case ModelKind::guest:
      return std::string(guest->name) +
             (guest->way == GuestWay::pool && guest->fixed_threads == 0 ? ':' + std::to_string(threads) : "");
    case ModelKind::loop: break;
  }
  std::string text = portable ? "loop/uv" : loops == 1 ? "loop" : "loops:" + std::to_string(loops);
  if (shows_in_flight) text += " -c " + std::to_string(in_flight);
  return text;
}

Parsed<std::vector<Contender>> parse_models(std::string_view words) {
  std::vector<Contender> models;
  for (const std::string_view word : split(words, ',')) {
    const auto model = parse_model(word);
    if (!model) return SpecError{"model " + quote_word(word) + " is not known: " + std::string(accepted)};
    add(models, *model);
  }
  return models;
}

std::vector<Contender> expand(const std::vector<Contender>& models, const Sweep& sweep) {
  std::vector<Contender> list;
  bool has_loop = false, has_pool = false;
  for (const Contender& model : models) {
    const bool fast_loop = model.is_loop() && !model.portable;
    if (fast_loop && !sweep.loops.empty()) {
      if (!has_loop) add_loops(list, sweep.loops, sweep);
    } else if (fast_loop) {
      add_loops(list, {model.loops}, sweep);
    } else if (model.kind == ModelKind::thread_pool && !sweep.threads.empty()) {
      if (!has_pool) add_pools(list, sweep.threads);
    } else {
      for (size_t j = 0; j < (model.is_loop() ? sweep.in_flight.size() : 1); ++j) {
        Contender contender = model;
        contender.in_flight = model.is_loop() ? sweep.in_flight[j] : 0;
        contender.shows_in_flight = model.is_loop() && sweep.in_flight.size() > 1;
        add(list, contender);
      }
    }
    has_loop = has_loop || fast_loop;
    has_pool = has_pool || model.kind == ModelKind::thread_pool;
  }
  if (!has_loop && !sweep.loops.empty()) add_loops(list, sweep.loops, sweep);
  if (!has_pool) add_pools(list, sweep.threads);
  return list;
}

}  // namespace portloop::compare
