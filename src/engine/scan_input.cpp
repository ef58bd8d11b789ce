#include "engine/scan_input.hpp"

#include <algorithm>
#include <new>

namespace portloop {
namespace {

constexpr size_t additions_per_part = 1024;
constexpr uint64_t max_probes = uint64_t{1} << 63;

}  // namespace

struct ScanInput::Node {
  std::shared_ptr<ScanPart> part;  // nullptr before the first one
  std::shared_ptr<Node> next;

  Node() = default;
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;
  /// Without recursion, which a long chain would take too far.
  ~Node() {
    std::shared_ptr<Node> rest = std::move(next);
    while (rest && rest.use_count() == 1) rest = std::move(rest->next);
  }
};

ScanInput::ScanInput(Options options, const ScanSpace& first)
    : options_(std::move(options)),
      first_(first),
      last_(std::make_shared<Node>()),
      probes_(first.size()),
      next_position_(first.size()),
      next_target_(first.targets.size()) {}

ScanInput::Added ScanInput::add(const AddressRange& range, const std::shared_ptr<const PortSet>& ports, uint64_t tag) {
  std::vector<Addition> additions;
  if (options_.excluded.empty()) {
    additions.push_back({range, ports, tag});
  } else {
    for (const AddressRange& piece : options_.excluded.outside(range)) additions.push_back({piece, ports, tag});
  }
  const std::lock_guard lock(mutex_);
  uint64_t probes = probes_;
  for (const Addition& addition : additions) {
    if (addition.probes() > max_probes - probes) return Added::too_many;
    probes += addition.probes();
  }
  const size_t before = waiting_.size();
  try {
    for (const Addition& addition : additions) waiting_.push_back(addition);
  } catch (const std::bad_alloc&) {
    while (waiting_.size() > before) waiting_.pop_back();
    throw;
  }
  probes_ = probes;
  return before == 0 && !additions.empty() ? Added::wake : Added::queued;
}

void ScanInput::finish() {
  const std::lock_guard lock(mutex_);
  finished_ = true;
}

ScanInput::Reader ScanInput::begin() const {
  const std::lock_guard lock(mutex_);
  Reader reader;
  reader.at = last_;
  return reader;
}

std::shared_ptr<ScanPart> ScanInput::next(Reader& reader) {
  const std::lock_guard lock(mutex_);
  if (!reader.at->next && !waiting_.empty()) make_parts();
  if (!reader.at->next) return nullptr;
  reader.at = reader.at->next;
  return reader.at->part;
}

bool ScanInput::has_next(const Reader& reader) const {
  const std::lock_guard lock(mutex_);
  return reader.at->next != nullptr || !waiting_.empty();
}

bool ScanInput::is_at_end(const Reader& reader) const {
  const std::lock_guard lock(mutex_);
  return finished_ && reader.at->next == nullptr && waiting_.empty();
}

uint64_t ScanInput::probes() const {
  const std::lock_guard lock(mutex_);
  return probes_;
}

uint64_t ScanInput::waiting() const {
  const std::lock_guard lock(mutex_);
  return waiting_.size();
}

/// Of what waits, as much as is made fast.
void ScanInput::make_parts() {
  std::vector<Addition> taken;
  uint64_t listed = 0;
  while (!waiting_.empty() && taken.size() < additions_per_part && listed < max_listed) {
    taken.push_back(waiting_.front());
    if (taken.back().is_small()) listed += taken.back().probes();
    waiting_.pop_front();
  }
  for (ScanSpace& space : spaces_of(taken, options_.order, mix64(options_.seed) ^ next_position_)) {
    space.links = first_.links;
    space.base_position = next_position_;
    space.base_target = next_target_;
    next_position_ += space.size();
    next_target_ += space.targets.size();
    auto node = std::make_shared<Node>();
    node->part = std::make_shared<ScanPart>(std::move(space), options_.loops);
    last_->next = node;
    last_ = std::move(node);
  }
}

TargetSet every_address() {
  const Address v4{Family::ipv4, 0, 1};
  const Address v6{Family::ipv6, 0, 1};
  return TargetSet({{v4, {Family::ipv4, 0, highest_value(Family::ipv4)}},
                    {v6, {Family::ipv6, UINT32_MAX, highest_value(Family::ipv6)}}},  // of every zone
                   {});
}

}  // namespace portloop
