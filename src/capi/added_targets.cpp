// The functions that add to a running scan. See open_input.hpp.
#include <new>

#include "capi/scan.hpp"
#include "capi/words.hpp"

using namespace portloop;

namespace {

/// `parse` returns the ranges to add. No exception may cross the C ABI.
template <class Parse>
int add(portloop_scan* scan, Parse parse, const char* ports, uint64_t tag) noexcept {
  OpenInput* input = scan->open_input();
  if (input == nullptr) return UV_ESHUTDOWN;
  int error = UV_ENOMEM;
  try {
    error = input->add(parse(), ports, tag);
  } catch (const std::bad_alloc&) {
    input->forget_error();
  }
  scan->input_changed();
  return error;
}

}  // namespace

extern "C" {

int portloop_scan_add_target(portloop_scan* scan, const char* text, const char* ports, uint64_t tag) {
  return add(
      scan, [text] { return parse_numeric_target(text); }, ports, tag);
}

int portloop_scan_add_range(portloop_scan* scan, const sockaddr* first, const sockaddr* last, const char* ports,
                            uint64_t tag) {
  const auto parse = [first, last]() -> Parsed<std::vector<AddressRange>> {
    const auto range = range_between(*first, *last);
    if (!range) return SpecError{range.error()};
    return std::vector<AddressRange>{*range};
  };
  return add(scan, parse, ports, tag);
}

void portloop_scan_finish_input(portloop_scan* scan) {
  OpenInput* input = scan->open_input();
  if (input == nullptr) return;
  input->finish();
  scan->input_changed();
}

const char* portloop_scan_input_error(const portloop_scan* scan) { return scan->input_error(); }

}  // extern "C"
