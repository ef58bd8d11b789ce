"""Behind a real Linux router: a small table of connections that the first of them fill.

usage: first_router.py PORTLOOP
"""

import subprocess
import sys
import unittest

import scan_support as support
from far_network import Neighbour
from result_schema import read_record
from scan_support import COMPLETE

# The router forgets a connection after five seconds.
SMALL_TABLE = """table inet small {
  set flows4 { type ipv4_addr . inet_service . inet_service; flags dynamic,timeout; timeout 5s; size 640; }
  set flows6 { type ipv6_addr . inet_service . inet_service; flags dynamic,timeout; timeout 5s; size 640; }
  chain arriving { type filter hook prerouting priority -300;
    iifname "inner" tcp flags & (syn|ack|rst) == syn jump new
  }
  chain new {
    add @flows4 { ip saddr . tcp sport . tcp dport } accept
    add @flows6 { ip6 saddr . tcp sport . tcp dport } accept
    drop
  }
}
"""

FIREWALL = """table inet firewall {
  chain arriving { type filter hook input priority 0; iifname lo accept
    tcp dport { %s } accept
    meta l4proto tcp drop
  }
}
"""

SERVER = """
import socket, sys, time
listener = socket.create_server(("::", int(sys.argv[1])), family=socket.AF_INET6, dualstack_ipv6=True)
print("ready", flush=True)
time.sleep(10000)
"""

OPEN_PORT = 30001


class SmallTable(unittest.TestCase):
    """What the router did not let through is never called filtered."""

    def test_a_host_whose_only_open_port_is_asked_after_the_table_is_full_is_found(self):
        words = ["-p", f"20001-20700,{OPEN_PORT}", "--order", "sequential", "--stop-after", "1"]
        both = [support.start("--format", "json", *words, address) for address in ("10.8.0.2", "fd08::2")]
        for process in both:
            with self.subTest(args=process.args):
                with process.stdout, process.stderr:
                    out, err = process.communicate(timeout=3 * support.PATIENCE_SECONDS)
                self.assertEqual(process.returncode, COMPLETE, err)
                self.assertEqual([read_record(line)["port"] for line in out.splitlines()], [OPEN_PORT], err)


if __name__ == "__main__":
    support.need_programs("nft", "nsenter")
    support.enter_own_network()
    router = Neighbour("near", "inner")
    host = Neighbour("outer", "far")
    try:
        support.ip(f"link set outer netns {router.process.pid}")
        support.ip("addr add 10.7.0.1/24 dev near")
        support.ip("addr add fd07::1/64 dev near nodad")
        router.run("sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1")
        router.ip("addr add 10.7.0.2/24 dev inner")
        router.ip("addr add fd07::2/64 dev inner nodad")
        router.ip("link set outer up")
        router.ip("addr add 10.8.0.1/24 dev outer")
        router.ip("addr add fd08::1/64 dev outer nodad")
        host.ip("addr add 10.8.0.2/24 dev far")
        host.ip("addr add fd08::2/64 dev far nodad")
        host.ip("route add default via 10.8.0.1")
        host.ip("-6 route add default via fd08::1")
        support.ip("route add 10.8.0.0/24 via 10.7.0.2")
        support.ip("-6 route add fd08::/64 via fd07::2")
        host.run("nft", "-f", "-", text=FIREWALL % OPEN_PORT)
        router.run("nft", "-f", "-", text=SMALL_TABLE)
        server = subprocess.Popen(["nsenter", "-t", str(host.process.pid), "-n", sys.executable, "-c", SERVER, str(OPEN_PORT)],
                                  stdout=subprocess.PIPE)
        with server.stdout:
            server.stdout.readline()
        unittest.main(argv=["first_router", *sys.argv[2:]])
    finally:
        server.kill()
        server.wait()
        host.close()
        router.close()
