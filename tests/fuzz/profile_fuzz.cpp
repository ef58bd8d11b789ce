// Lab profiles: each is refused with one printable line that begins with NAME:LINE, or describes a network that can be
// asked about any address.
#include "fuzz/expect.hpp"
#include "fuzz/readers.hpp"
#include "lab/ground_truth.hpp"
#include "lab/profile.hpp"
#include "lab/responder.hpp"

using namespace portloop;
using namespace portloop::lab;

namespace {

void check_share(double share) { EXPECT(share >= 0 && share <= 1); }

void check_region(const Region& region) {
  EXPECT(!region.prefixes.empty());
  EXPECT(region.rtt_low_us <= region.rtt_high_us);
  for (const double share : {region.loss_out, region.loss_back, region.exists}) check_share(share);
  for (const OpenRule& rule : region.open) check_share(rule.share);
  for (const ClosedRule& rule : region.closed) check_share(rule.share);
  for (const Prefix& prefix : region.prefixes) {
    EXPECT(prefix.bits <= address_bits(prefix.first.family) && prefix.contains(prefix.first));
  }
}

/// Sends a SYN to `destination` and takes all answers.
void probe(Responder& responder, const Address& destination, uint16_t port, uint64_t now_ns) {
  Reply syn;
  syn.source = destination;
  syn.source.value ^= 0x55;
  syn.destination = destination;
  syn.source_port = 40000;
  syn.destination_port = port;
  syn.sequence = 1;
  syn.flags = tcp_flag::syn;
  Packet packet;
  build_segment(syn, packet);
  responder.receive(packet.head(), now_ns);
  for (int taken = 0; taken < 64 && responder.next_due_ns() != Responder::never; ++taken) {
    if (responder.take_due(responder.next_due_ns()) == nullptr) break;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  const auto profile = parse_profile("name", {reinterpret_cast<const char*>(bytes), size});
  if (!profile) {
    EXPECT(profile.error().starts_with("name:") && fuzz::is_printable(profile.error()));
    return 0;
  }
  const GroundTruth truth(*profile);
  Responder responder(*profile, 1);
  uint64_t now_ns = 1'000'000'000;
  for (const Region& region : profile->regions) {
    check_region(region);
    const Address& address = region.prefixes.front().first;
    const HostTruth host = truth.host(address);
    for (const uint16_t port : {uint16_t{22}, uint16_t{80}, uint16_t{65535}}) {
      const PortTruth known = truth.port(host, address, port);
      EXPECT(!known.open || host.region != nullptr);
      probe(responder, address, port, now_ns += 1'000'000'000);
    }
  }
  return 0;
}
