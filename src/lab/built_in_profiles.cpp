#include "lab/built_in_profiles.hpp"

namespace portloop::lab {

namespace {

constexpr BuiltInProfile profiles[] = {
    {"lan", R"(about   a local network: 0.3 ms, nothing lost, closed ports answer with a RST
target  10.0.0.1 -p 1-65535
prefix 10.0.0.0/16 fd00::/64
  rtt 0.3ms
  open 22 says ssh
  open 80,8080 says http
  open 443,3306,5432,6379,9090
  open 1-65535 0.02%
)"},
    {"wan", R"(about   a wide area network: 40 ms and up to 2 ms of jitter, nothing lost
target  198.18.0.1 -p 1-65535
prefix 198.18.0.0/16 fd00:40::/64
  rtt 40ms
  jitter 2ms
  open 22 says ssh
  open 80,8080 says http
  open 443,3306,5432,6379,9090
  open 1-65535 0.02%
)"},
    {"lossy", R"(about   30 ms, and 3 % of the packets lost in each direction
target  198.18.0.1 -p 1-65535
prefix 198.18.0.0/16 fd00:30::/64
  rtt 30ms
  jitter 2ms
  loss 3%
  open 22 says ssh
  open 80,8080 says http
  open 443,3306,5432,6379,9090
  open 1-65535 0.1%
)"},
    {"lossy10", R"(about   30 ms, and 10 % of the packets lost in each direction
target  198.18.0.1 -p 1-65535
prefix 198.18.0.0/16 fd00:30::/64
  rtt 30ms
  jitter 2ms
  loss 10%
  open 22 says ssh
  open 80,8080 says http
  open 443,3306,5432,6379,9090
  open 1-65535 0.1%
)"},
    {"ratelimited", R"(about   20 ms, and a host sends at most 200 RSTs a second
target  198.18.0.1 -p 1-10000
prefix 198.18.0.0/16 fd00:20::/64
  rtt 20ms
  jitter 1ms
  rst-per-second 200 burst 20
  open 22 says ssh
  open 80,8080 says http
  open 443,3306,5432,6379,9090
)"},
    {"filtered", R"(about   20 ms, a firewall that drops: 14 ports of 1-10000 are open, the others are silent
target  198.18.0.1 -p 1-10000
prefix 198.18.0.0/16 fd00:20::/64
  rtt 20ms
  jitter 1ms
  open 22 says ssh
  open 80,8000,8080 says http
  open 25,53,110,143,443,993,995,3306,5432,9090
  closed silent
)"},
    {"unreachable", R"(about   15 ms, firewalls and routers that answer with each kind of ICMP error, by /24
target  198.18.0.0/28 198.18.1.0/28 198.18.2.0/28 198.18.3.0/28 198.18.4.0/28 -p 1-200
# A firewall on the host itself rejects, as with iptables -j REJECT.
prefix 198.18.0.0/24 fd00:15:0::/64
  rtt 15ms
  open 22 says ssh
  open 80 says http
  closed port-unreachable
# A router reports that the host is not there.
prefix 198.18.1.0/24 fd00:15:1::/64
  rtt 15ms
  exists 0%
  missing host-unreachable
# A firewall on the path prohibits all but two ports.
prefix 198.18.2.0/24 fd00:15:2::/64
  rtt 15ms
  open 22 says ssh
  open 80 says http
  closed admin-prohibited
# There is no route to these.
prefix 198.18.3.0/24 fd00:15:3::/64
  rtt 15ms
  exists 0%
  missing net-unreachable
# A mixture, by host and by port.
prefix 198.18.4.0/24 fd00:15:4::/64
  rtt 15ms
  exists 70%
  missing host-unreachable
  open 22 50% says ssh
  open 80 50% says http
  closed 25% port-unreachable
  closed 25% admin-prohibited
  closed 25% silent
)"},
    {"internet",
     R"(about   a tenth of the addresses have a host, 10-250 ms by subnet, 1 % lost in each direction
target  198.18.0.0/20 -p 22,80,443
prefix 198.18.0.0/15 fd00:1::/48
  rtt 10ms-250ms by /24
  jitter 2ms
  loss 1%
  exists 10%
  open 22 40% says ssh
  open 80 60% says http
  open 443 70%
)"},
    {"mixture",
     R"(about   like internet, and each quarter of 198.18.0.0/20 refuses in another way: RSTs, few RSTs, silence, few errors
target  198.18.0.0/20 -p 22,80,443
prefix 198.18.0.0/22 fd00:6:0::/64
  rtt 10ms-250ms by /24
  jitter 20ms
  loss 1%
  exists 10%
  open 22 40% says ssh
  open 80 60% says http
  open 443 70%
prefix 198.18.4.0/22 fd00:6:1::/64
  rtt 10ms-250ms by /24
  jitter 20ms
  loss 1%
  exists 10%
  open 22 40% says ssh
  open 80 60% says http
  open 443 70%
  rst-per-second 200
prefix 198.18.8.0/22 fd00:6:2::/64
  rtt 10ms-250ms by /24
  jitter 20ms
  loss 1%
  exists 10%
  open 22 40% says ssh
  open 80 60% says http
  open 443 70%
  closed silent
prefix 198.18.12.0/22 fd00:6:3::/64
  rtt 10ms-250ms by /24
  jitter 20ms
  loss 1%
  exists 10%
  missing admin-prohibited limit 100/s
  open 22 40% says ssh
  open 80 60% says http
  open 443 70%
  closed admin-prohibited limit 100/s
)"},
    {"hostile", R"(about   5 ms; banners that attack the terminal and the parser, tarpits, ports that reset
target  198.18.0.1 -p 1-1000
prefix 198.18.0.0/16 fd00:5::/64
  rtt 5ms
  open 21,23,25 says hostile
  open 22 says ssh
  open 80 says http
  open 110,143 says drip
  open 443 says nothing
  open 445 says reset
  open 1-65535 2% says hostile
  open 1-65535 2% says drip
  open 1-65535 2% says reset
)"},
    {"vanishing", R"(about   20 ms; each host is gone 0.3 s after the first packet to it, for good
target  198.18.0.1 -p 1-65535
prefix 198.18.0.0/16 fd00:20::/64
  rtt 20ms
  jitter 1ms
  gone-at 0.3s
  open 22 says ssh
  open 80 says http
  open 443
)"},
    {"returning", R"(about   20 ms; each host is gone 0.3 s after the first packet to it, and back at 3 s
target  198.18.0.1 -p 1-65535
prefix 198.18.0.0/16 fd00:20::/64
  rtt 20ms
  jitter 1ms
  gone-at 0.3s
  back-at 3s
  open 22 says ssh
  open 80 says http
  open 443
)"},
    {"home", R"(about   a home: the own Ethernet, a /24 with 21 hosts, 2 % of the ARP requests lost
target  192.168.1.0/24 -p 1-1000
link ethernet 192.168.1.200/24 fd00:1:1::c8/64
gateway 192.168.1.1 fd00:1:1::1
broadcast-loss 2%
# The router.
prefix 192.168.1.1 fd00:1:1::1
  rtt 1ms
  open 80 says http
  open 53,443
# A disk station.
prefix 192.168.1.10 fd00:1:1::a
  rtt 0.5ms
  open 22 says ssh
  open 80,5000 says http
  open 139,443,445,5001
# A printer.
prefix 192.168.1.20 fd00:1:1::14
  rtt 2ms
  open 80,631 says http
  open 443,515,9100
# Four televisions.
prefix 192.168.1.32/30 fd00:1:1::20/126
  rtt 3ms
  jitter 2ms
  open 8008 says http
  open 8009,8443
# Eight telephones on a radio that sleeps.
prefix 192.168.1.64/29 fd00:1:1::40/125
  rtt 5ms-60ms by /32
  jitter 30ms
  loss 1%
# Four computers with a firewall.
prefix 192.168.1.128/30 fd00:1:1::80/126
  rtt 2ms
  jitter 3ms
  open 22 50% says ssh
  closed silent
# Two plugs with a switch.
prefix 192.168.1.240/31 fd00:1:1::f0/127
  rtt 10ms
  jitter 20ms
  open 80 says http
)"},
    {"office", R"(about   an office: the own Ethernet, a /21 with about 100 hosts, 1 % of the ARP requests lost
target  10.20.0.0/21 -p 22
link ethernet 10.20.7.250/21 fd00:14::7fa/64
gateway 10.20.0.1 fd00:14::1
broadcast-loss 1%
prefix 10.20.0.1 fd00:14::1
  rtt 0.5ms
  open 22 says ssh
  open 53,443
prefix 10.20.0.0/21 fd00:14::/64
  rtt 0.2ms-3ms by /32
  jitter 1ms
  exists 5%
  open 22 30% says ssh
  open 80 40% says http
  open 443 50%
  open 3389 20%
)"},
    {"tarpits",
     R"(about   20 ms, 5 % lost in each direction; one host in ten accepts everything, half of the others have over 100 open ports
target  198.18.0.0/18 -p 22,80,443,1000-1004
prefix 198.18.0.0/19 fd00:20:0::/64
  rtt 20ms
  jitter 2ms
  loss 5%
  accepts-all 10% says drip
  open 1-100 10%
  open 1000-1099
  open 22 says ssh
  open 80,443 50% says http
prefix 198.18.32.0/19 fd00:20:1::/64
  rtt 20ms
  jitter 2ms
  loss 5%
  accepts-all 10% says drip
  open 22 says ssh
  open 80,443 50% says http
  closed silent
)"},
    {"dsl", R"(about   25 ms behind an uplink of 2,000 packets a second with a queue of 0.5 s
target  198.18.0.1 -p 1-20000
uplink 2000/s queue 500ms
prefix 198.18.0.0/16 fd00:25::/64
  rtt 25ms
  jitter 3ms
  open 22 says ssh
  open 80,8080 says http
  open 443,3306,5432,6379,9090
)"},
    {"bufferbloat", R"(about   20 ms behind an uplink of 400 packets a second with a queue of 2 s
target  198.18.0.1 -p 1-10000
uplink 400/s queue 2s
prefix 198.18.0.0/16 fd00:20::/64
  rtt 20ms
  jitter 2ms
  open 22 says ssh
  open 80,8080 says http
  open 443,3306,5432,6379,9090
)"},
    {"small-router",
     R"(about   20 ms behind a router that holds 1,024 connections for 30 s; 7 of 5,000 ports are open, the others silent
target  198.18.0.1 -p 1-5000
router holds 1024 flows for 30s
prefix 198.18.0.0/16 fd00:20::/64
  rtt 20ms
  jitter 2ms
  open 22 says ssh
  open 80 says http
  open 25,143,443,3306,4443
  closed silent
)"},
    {"bursty", R"(about   30 ms; in each second everything is lost for 150 ms
target  198.18.0.1 -p 1-65535
prefix 198.18.0.0/16 fd00:30::/64
  rtt 30ms
  jitter 2ms
  loss bursts of 150ms every 1s
  open 22 says ssh
  open 80,8080 says http
  open 443,3306,5432,6379,9090
  open 1-65535 0.1%
)"},
};

}  // namespace

std::span<const BuiltInProfile> built_in_profiles() { return profiles; }

std::string_view built_in_profile(std::string_view name) {
  for (const BuiltInProfile& profile : profiles) {
    if (profile.name == name) return profile.text;
  }
  return {};
}

}  // namespace portloop::lab
