#include "capi/open_input.hpp"

#include <uv.h>

#include "capi/words.hpp"

namespace portloop {

OpenInput::OpenInput(const portloop_options& options, const PortSet& ports, const ScanSpace& first)
    : input_({TargetSet(options.excluded, {}), options.order, options.seed, options.loops}, first),
      excluded_(options.excluded, {}),
      excluded_ports_(options.excluded_ports),
      default_ports_(std::make_shared<const PortSet>(ports)) {
  const SocketSettings& sockets = options.scanner.sockets;
  if (!options.is_scripted && !sockets.interface.empty()) reach_.emplace(sockets);
}

int OpenInput::add(const Parsed<std::vector<AddressRange>>& ranges, const char* ports, uint64_t tag) {
  error_ = ranges ? "" : ranges.error();
  if (!ranges) return UV_EINVAL;
  const auto set = ports_of(ports);
  if (!set) {
    error_ = set.error();
    return UV_EINVAL;
  }
  if ((*set)->empty()) return 0;  // all of them are excluded
  for (const AddressRange& range : *ranges) {
    error_ = unreached(range);
    if (!error_.empty()) return UV_EINVAL;
  }
  for (const AddressRange& range : *ranges) {
    const ScanInput::Added added = input_.add(range, *set, tag);
    if (added == ScanInput::Added::too_many) {
      error_ = "more than 2^63 probes: reduce the addresses or the ports";
      return UV_EINVAL;
    }
    wake_ = wake_ || added == ScanInput::Added::wake;
  }
  return 0;
}

/// As at the start of a scan: why the interface does not lead to what is not excluded of the range, or "".
std::string OpenInput::unreached(const AddressRange& range) const {
  if (!reach_) return "";
  for (const AddressRange& piece : excluded_.outside(range)) {
    if (std::string refusal = reach_->refusal(piece); !refusal.empty()) return refusal;
  }
  return "";
}

Parsed<std::shared_ptr<const PortSet>> OpenInput::ports_of(const char* text) {
  if (text == nullptr) return default_ports_;
  if (last_ports_ == nullptr || last_text_ != text) {
    Parsed<PortSet> ports = parse_named_ports(text);
    if (!ports) return SpecError{ports.error()};
    (*ports).remove(excluded_ports_);
    last_ports_ = nullptr;
    last_text_ = text;
    last_ports_ = std::make_shared<const PortSet>(std::move(*ports));
  }
  return last_ports_;
}

void OpenInput::finish() {
  input_.finish();
  finished_ = true;
  wake_ = true;
}

}  // namespace portloop
