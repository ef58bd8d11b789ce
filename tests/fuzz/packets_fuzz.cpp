// The packets that the lab reads: the parsers, and a network of a built-in profile that gets them at any times. Each
// packet that it sends has consistent lengths and right checksums.
#include <algorithm>
#include <vector>

#include "fuzz/expect.hpp"
#include "fuzz/input.hpp"
#include "lab/built_in_profiles.hpp"
#include "lab/ethernet.hpp"
#include "lab/ip_header.hpp"
#include "lab/packet.hpp"
#include "lab/profile.hpp"
#include "lab/responder.hpp"

using namespace portloop;
using namespace portloop::lab;

namespace {

using Bytes = std::vector<uint8_t>;

/// RFC 1071, over a copy of everything: 0 if the checksum in it is right.
uint16_t sum_of(const Bytes& bytes) {
  uint64_t sum = 0;
  for (size_t i = 0; i < bytes.size(); i += 2)
    sum += static_cast<uint64_t>(bytes[i]) << 8 | (i + 1 < bytes.size() ? bytes[i + 1] : 0U);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<uint16_t>(~sum);
}

Bytes pseudo_header(const Bytes& packet, bool v6, size_t header_bytes, uint8_t protocol) {
  Bytes pseudo(packet.begin() + (v6 ? 8 : 12), packet.begin() + (v6 ? 40 : 20));
  const size_t length = packet.size() - header_bytes;
  if (v6)
    pseudo.insert(pseudo.end(), {0, 0});
  else
    pseudo.insert(pseudo.end(), {0, protocol});
  pseudo.insert(pseudo.end(), {static_cast<uint8_t>(length >> 8), static_cast<uint8_t>(length)});
  if (v6) pseudo.insert(pseudo.end(), {0, 0, 0, protocol});
  return pseudo;
}

void check_sent(const Packet& packet) {
  EXPECT(packet.length <= Packet::capacity_bytes);
  Bytes bytes(packet.head().begin(), packet.head().end());
  bytes.insert(bytes.end(), packet.payload.begin(), packet.payload.end());
  if (bytes.size() == 28 && bytes[0] == 0) return;  // ARP
  EXPECT(bytes.size() >= 20 && (bytes[0] == 0x45 || bytes[0] >> 4 == 6));
  const bool v6 = bytes[0] >> 4 == 6;
  const size_t header_bytes = v6 ? 40 : 20;
  EXPECT(bytes.size() > header_bytes);
  const size_t length = v6 ? size_t{read16(&bytes[4])} + 40 : size_t{read16(&bytes[2])};
  EXPECT(length == bytes.size());
  const uint8_t protocol = v6 ? bytes[6] : bytes[9];
  EXPECT(v6 || sum_of(Bytes(bytes.begin(), bytes.begin() + 20)) == 0);
  Bytes summed = protocol == 1 ? Bytes{} : pseudo_header(bytes, v6, header_bytes, protocol);
  summed.insert(summed.end(), bytes.begin() + static_cast<std::ptrdiff_t>(header_bytes), bytes.end());
  EXPECT(sum_of(summed) == 0);
  EXPECT(protocol != 6 || parse_segment(bytes));
}

void check_parsers(const Bytes& bytes) {
  const auto inside = [&bytes](const uint8_t* start, size_t size) {
    return size == 0 || (start >= bytes.data() && start + size <= bytes.data() + bytes.size());
  };
  if (const auto frame = parse_frame(bytes)) EXPECT(inside(frame->packet.data(), frame->packet.size()));
  parse_solicitation(bytes);
  const auto segment = parse_segment(bytes);
  if (!segment) return;
  EXPECT(inside(segment->payload.data(), segment->payload.size()) && segment->max_segment_bytes > 0);
  Packet error;
  build_unreachable(Unreachable::port, segment->destination, bytes, error);
  check_sent(error);
}

const std::vector<Profile>& profiles() {
  static const std::vector<Profile> parsed = [] {
    std::vector<Profile> all;
    for (const BuiltInProfile& built_in : built_in_profiles())
      all.push_back(*parse_profile(built_in.name, built_in.text));
    return all;
  }();
  return parsed;
}

/// A segment of a conversation, so that the fuzzer need not find the addresses.
Bytes take_segment(fuzz::Input& input, const Profile& profile) {
  const Region& region = profile.regions[input.below(profile.regions.size())];
  Reply segment;
  segment.destination = region.prefixes[input.below(region.prefixes.size())].first;
  segment.destination.value += input.below(4);
  segment.source = segment.destination;
  segment.source.value ^= 0x10000;
  segment.source_port = static_cast<uint16_t>(40000 + input.below(3));
  segment.destination_port = static_cast<uint16_t>(input.flag() ? input.below(65536) : 22 + 58 * input.below(2));
  segment.sequence = static_cast<uint32_t>(input.flag() ? input.below(UINT32_MAX) : input.below(4));
  segment.acknowledgement = static_cast<uint32_t>(input.flag() ? input.below(UINT32_MAX) : input.below(4));
  segment.flags = input.byte();
  segment.announce_max_segment = input.flag();
  segment.payload = input.text(64);
  Packet packet;
  build_segment(segment, packet);
  Bytes bytes(packet.head().begin(), packet.head().end());
  bytes.insert(bytes.end(), packet.payload.begin(), packet.payload.end());
  return bytes;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  fuzz::Input input(bytes, size);
  const Profile& profile = profiles()[input.below(profiles().size())];
  Responder responder(profile, 1);
  uint64_t now_ns = 1'000'000'000;
  for (int packets = 0; !input.empty() && packets < 64; ++packets) {
    now_ns += input.below(1 << 16) * 100'000;
    Bytes packet;
    if (input.flag()) {
      packet = take_segment(input, profile);
    } else {
      const std::string_view raw = input.text(255);
      packet.assign(raw.begin(), raw.end());
    }
    check_parsers(packet);
    responder.receive(packet, now_ns, input.flag());
    for (int taken = 0; taken < 64; ++taken) {
      const Packet* sent = responder.take_due(now_ns);
      if (sent == nullptr) break;
      check_sent(*sent);
    }
    EXPECT(responder.connections() <= static_cast<size_t>(packets) + 1);
  }
  return 0;
}
