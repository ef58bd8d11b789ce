// The setters. Each checks its argument and, if it is wrong, stores a one-line error message.
#include "capi/options.hpp"

#include <new>

#include "capi/enum_number.hpp"
#include "capi/words.hpp"

using namespace portloop;

namespace {

int refuse(portloop_options* options, std::string message) {
  options->error = std::move(message);
  return UV_EINVAL;
}

int accept(portloop_options* options) {
  options->error.clear();
  return 0;
}

/// No exception may cross the C ABI. The only one that can occur here is std::bad_alloc.
template <class Body>
int guarded(portloop_options* options, Body body) noexcept {
  try {
    return body();
  } catch (const std::bad_alloc&) {
    options->error.clear();
    return UV_ENOMEM;
  }
}

/// Stores `value` if it is in range. `rule` describes the range with its unit, for the error message.
template <class Number>
int set_in_range(portloop_options* options, const char* rule, Number value, Number min, Number max, Number& place) {
  return guarded(options, [&] {
    if (value < min || value > max) return refuse(options, std::string(rule) + ", not " + std::to_string(value));
    place = value;
    return accept(options);
  });
}

int add_to(portloop_options* options, const char* text, std::vector<AddressRange>& ranges) {
  return guarded(options, [&] {
    const auto added = parse_numeric_target(text);
    if (!added) return refuse(options, added.error());
    ranges.insert(ranges.end(), added->begin(), added->end());
    return accept(options);
  });
}

}  // namespace

extern "C" {

portloop_options* portloop_options_new(void) { return new (std::nothrow) portloop_options; }
void portloop_options_free(portloop_options* options) { delete options; }
const char* portloop_options_error(const portloop_options* options) { return options->error.c_str(); }

int portloop_options_add_target(portloop_options* options, const char* text) {
  return add_to(options, text, options->included);
}

int portloop_options_exclude_target(portloop_options* options, const char* text) {
  return add_to(options, text, options->excluded);
}

int portloop_options_add_range(portloop_options* options, const sockaddr* first, const sockaddr* last) {
  return guarded(options, [&] {
    const auto range = range_between(*first, *last);
    if (!range) return refuse(options, range.error());
    options->included.push_back(*range);
    return accept(options);
  });
}

int portloop_options_set_ports(portloop_options* options, const char* text) {
  return guarded(options, [&] {
    auto ports = parse_named_ports(text);
    if (!ports) return refuse(options, ports.error());
    options->ports = std::move(*ports);
    options->ports_set = true;
    return accept(options);
  });
}

int portloop_options_exclude_ports(portloop_options* options, const char* text) {
  return guarded(options, [&] {
    const auto ports = parse_named_ports(text);
    if (!ports) return refuse(options, ports.error());
    PortSet excluded = options->excluded_ports;
    for (const PortRange& range : ports->ranges()) excluded.add(range);
    options->excluded_ports = std::move(excluded);
    return accept(options);
  });
}

int portloop_options_set_in_flight(portloop_options* options, uint32_t connects) {
  return set_in_range(options, "in flight is 1-1000000 connects", connects, 1U, max_in_flight,
                      options->scanner.plan.max_in_flight);
}

int portloop_options_set_rate(portloop_options* options, double connects_per_second) {
  return guarded(options, [&] {
    if (!(connects_per_second >= 0) || connects_per_second > max_rate_per_s) {
      return refuse(options, "rate is 0-1000000000 connects per second, not " + std::to_string(connects_per_second));
    }
    options->scanner.plan.rate_per_s = connects_per_second;
    return accept(options);
  });
}

int portloop_options_set_stop_after(portloop_options* options, uint32_t open_ports) {
  return guarded(options, [&] {
    options->scanner.plan.stop_after = open_ports;
    return accept(options);
  });
}

int portloop_options_set_all_open(portloop_options* options, portloop_all_open all_open) {
  int checked = 0;
  const int error =
      set_in_range(options, "all_open is 0 (ignore), 1 (report) or 2 (skip)", enum_number(all_open), 0, 2, checked);
  if (error == 0) options->all_open = static_cast<portloop_all_open>(checked);
  return error;
}

int portloop_options_set_timeout_ms(portloop_options* options, uint32_t timeout_ms) {
  return set_in_range(options, "timeout is 1-600000 milliseconds", timeout_ms, 1U, 600'000U,
                      options->scanner.plan.timeout_ms);
}

int portloop_options_set_adaptive(portloop_options* options, int adaptive) {
  options->scanner.plan.adaptive = adaptive != 0;
  return accept(options);
}

int portloop_options_set_retries(portloop_options* options, int retries) {
  int checked = 0;
  const int error = set_in_range(options, "retries is 0-13, or -1 for adaptive", retries, -1,
                                 static_cast<int>(ProbeLedger::max_attempts) - 1, checked);
  if (error != 0) return error;
  options->scanner.plan.retries.reset();
  if (checked >= 0) options->scanner.plan.retries = static_cast<uint32_t>(checked);
  return 0;
}

int portloop_options_set_order(portloop_options* options, portloop_order order) {
  int checked = 0;
  const int error = set_in_range(options, "order is 0 (random) or 1 (sequential)", enum_number(order), 0, 1, checked);
  if (error == 0) options->order = checked == PORTLOOP_ORDER_RANDOM ? Order::random : Order::sequential;
  return error;
}

int portloop_options_set_seed(portloop_options* options, uint64_t seed) {
  options->seed = seed;
  return accept(options);
}

int portloop_options_set_shard(portloop_options* options, uint32_t number, uint32_t count) {
  return guarded(options, [&] {
    if (number < 1 || number > count) {
      return refuse(options, "shard is K/N with 1 <= K <= N, not " +
                                 quote_word(std::to_string(number) + '/' + std::to_string(count)));
    }
    options->shard = {number, count};
    return accept(options);
  });
}

int portloop_options_skip_positions(portloop_options* options, uint64_t first, uint64_t last) {
  return guarded(options, [&] {
    if (last < first)
      return refuse(options, "positions are first..last, not " + std::to_string(first) + ".." + std::to_string(last));
    options->finished.push_back({first, last});
    return accept(options);
  });
}

int portloop_options_set_loops(portloop_options* options, uint32_t loops) {
  return set_in_range(options, "loops is 1-1024", loops, 1U, 1024U, options->loops);
}

int portloop_options_set_open_input(portloop_options* options, int open) {
  options->open_input = open != 0;
  return accept(options);
}

int portloop_options_set_threaded(portloop_options* options, int threaded) {
  options->threaded = threaded != 0;
  return accept(options);
}

int portloop_options_set_connector(portloop_options* options, portloop_connector connector) {
  int checked = 0;
  const int error =
      set_in_range(options, "connector is 0 (fastest) or 1 (portable)", enum_number(connector), 0, 1, checked);
  if (error == 0)
    options->connector = checked == PORTLOOP_CONNECTOR_FASTEST ? ConnectorKind::fastest : ConnectorKind::portable;
  return error;
}

int portloop_options_set_keep_connections(portloop_options* options, int keep) {
  options->scanner.keep_connections = keep != 0;
  return accept(options);
}

int portloop_options_set_banners(portloop_options* options, portloop_banners banners, uint32_t timeout_ms,
                                 uint32_t max_bytes) {
  BannerOptions wanted;
  int kind = 0;
  int error = set_in_range(options, "banners is 0 (none), 1 (read), 2 (HTTP) or 3 (HTTP, also to printers)",
                           enum_number(banners), 0, 3, kind);
  if (error == 0 && banners == PORTLOOP_BANNERS_NONE) {
    options->scanner.banners = {};
    return 0;
  }
  if (error == 0)
    error =
        set_in_range(options, "banner timeout is 1-600000 milliseconds", timeout_ms, 1U, 600'000U, wanted.timeout_ms);
  if (error == 0)
    error = set_in_range(options, "banner length is 1-65536 bytes", max_bytes, 1U, 65'536U, wanted.max_bytes);
  if (error != 0) return error;
  wanted.wanted = true;
  wanted.http = banners == PORTLOOP_BANNERS_HTTP || banners == PORTLOOP_BANNERS_HTTP_PRINTERS;
  wanted.printers = banners == PORTLOOP_BANNERS_HTTP_PRINTERS;
  options->scanner.banners = wanted;
  return accept(options);
}

}  // extern "C"
