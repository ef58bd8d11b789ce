// The statements about the command's own link.
#include "core/parse_number.hpp"
#include "lab/profile_statements.hpp"
#include "lab/profile_words.hpp"

namespace portloop::lab {

Outcome parse_link(Profile& profile, Words words) {
  if (words.empty()) return Fault{"", "needs a kind of link"};
  if (words[0] != "ethernet") return Fault{words[0], "is not a kind of link"};
  if (words.size() == 1) return Fault{words[0], "needs the command's address"};
  EthernetLink link;
  for (const std::string_view word : words.subspan(1)) {
    const auto own = parse_own_address(word);
    if (!own) return Fault{word, "is not an address with the length of its network's prefix"};
    if (own->is_network_or_broadcast(own->address)) return Fault{word, "is not the address of a host"};
    if (link.own_of(own->address.family) != nullptr) return Fault{word, "is a second address of one family"};
    if (link.own.empty() && own->address.family != Family::ipv4) return Fault{word, "is not an IPv4 address"};
    link.own.push_back(*own);
  }
  profile.link = link;
  return std::nullopt;
}

Outcome parse_gateway(Profile& profile, Words words) {
  if (!profile.link) return Fault{"", "must follow a link line"};
  if (words.empty()) return Fault{"", "needs an address"};
  EthernetLink& link = *profile.link;
  for (const std::string_view word : words) {
    const auto gateway = parse_address(word);
    if (!gateway || !link.contains(*gateway)) return Fault{word, "is not an address on the link"};
    if (link.is_own(*gateway) || link.is_network_or_broadcast(*gateway))
      return Fault{word, "is not another host's address"};
    if (link.gateway_of(gateway->family) != nullptr) return Fault{word, "is a second gateway of one family"};
    link.gateways.push_back(*gateway);
  }
  return std::nullopt;
}

Outcome parse_broadcast_loss(Profile& profile, Words words) {
  if (!profile.link) return Fault{"", "must follow a link line"};
  if (auto fault = one_word(words)) return fault;
  const auto share = parse_share(words[0]);
  if (!share) return Fault{words[0], "is not a share from 0% to 100%"};
  profile.link->broadcast_loss = *share;
  return std::nullopt;
}

Outcome parse_uplink(Profile& profile, Words words) {
  if (words.empty()) return Fault{"", "needs a rate"};
  const std::string_view first = take_word(words);
  const auto rate = parse_rate_per_second(first);
  if (!rate) return Fault{first, "is not a rate from 1/s to 10000000/s"};
  if (words.empty()) return Fault{"", "needs the length of its queue"};
  UplinkLimit limit;
  limit.packets_per_second = *rate;
  if (auto fault = take_duration(words, "queue", limit.queue_us)) return fault;
  profile.uplink = limit;
  return no_more_words(words);
}

Outcome parse_router(Profile& profile, Words words) {
  constexpr uint32_t max_flows = 10'000'000;
  if (words.empty()) return Fault{"", "needs 'holds' and a number"};
  const std::string_view holds = take_word(words);
  if (holds != "holds") return Fault{holds, "is not expected here"};
  if (words.empty()) return Fault{holds, "needs a number"};
  const std::string_view number = take_word(words);
  const auto flows = parse_number<uint32_t>(number, 1, max_flows);
  if (!flows) return Fault{number, "is not a number from 1 to 10000000"};
  if (words.empty()) return Fault{number, "needs 'flows' after it"};
  const std::string_view unit = take_word(words);
  if (unit != "flows") return Fault{unit, "is not expected here"};
  RouterLimit limit;
  limit.flows = *flows;
  if (words.empty()) return Fault{unit, "needs 'for' and a time"};
  if (auto fault = take_duration(words, "for", limit.hold_us)) return fault;
  if (!words.empty()) {
    const std::string_view last = take_word(words);
    if (last != "evicts") return Fault{last, "is not expected here"};
    limit.evicts = true;
  }
  profile.router = limit;
  return no_more_words(words);
}

}  // namespace portloop::lab
