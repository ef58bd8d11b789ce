"""Scans of a real Ethernet link (a veth pair between two network namespaces), portloop beside nmap: times and hosts found.

usage: local_link.py PORTLOOP [ROW...]

Rows: lan (a /24, the default ports), absent (one absent host, 20,000 ports), routed (the same behind a router), slash21,
slash19, slash16 (port 22), crowded (a /21 with a host at each address), limited, limited-common (ufw limit on the only
open port), firewalled (one host that drops all but ports 22 and 443), firewalled-lan (eight of them in a /24). All but slash16
unless named.
"""

import ipaddress
import random
import re
import subprocess
import sys
import time

import scan_support as support
from far_network import Neighbour

class Row:
    def __init__(self, name, target, ports, live, *nmap):
        self.name, self.target, self.ports, self.live, self.nmap = name, target, ports, live, nmap


AS_ROOT = "-T4"  # with ARP packets of its own
AS_USER = "-T4 --unprivileged"
ROWS = [
    Row("lan", "10.7.0.0/24", None, 21, AS_ROOT, AS_USER),
    Row("absent", "10.7.200.77", "1-20000", 0, AS_ROOT, AS_USER),
    Row("routed", "10.8.0.77", "1-20000", 0),
    Row("slash21", "10.7.0.0/21", "22", 10, AS_ROOT, AS_USER),
    Row("slash19", "10.7.0.0/19", "22", 40, AS_ROOT),
    Row("slash16", "10.7.0.0/16", "22", 301, AS_ROOT),
    Row("crowded", "10.7.8.0/21", "22", 2048, AS_USER),
    Row("limited", "10.7.0.9", "20-25", 0),
    Row("limited-common", "10.7.0.9", None, 0),
    Row("firewalled", "10.7.0.9", "1-5000", 0, AS_ROOT, AS_USER),
    Row("firewalled-lan", "10.7.0.0/24", None, 8, AS_ROOT, AS_USER),
]

LIMIT = """table inet ufw {
  set recent { type ipv4_addr; flags dynamic; timeout 60s; }
  chain arriving {
    type filter hook input priority 0; policy drop;
    ct state established accept
    tcp dport 22 ct state new counter
    tcp dport 22 ct state new add @recent { ip saddr limit rate over 6/minute burst 5 packets } drop
    tcp dport 22 accept
  }
}
"""


FIREWALL = """table inet ufw {
  chain arriving {
    type filter hook input priority 0; policy drop;
    ct state established accept
    meta l4proto ipv6-icmp accept
    tcp dport { 22, 443 } counter accept
  }
}
"""


SERVER = """
import socket
listener = socket.create_server(("", 22), backlog=100)
print("ready", flush=True)
while True:
    listener.accept()[0].close()
"""


def timed(words):
    began = time.monotonic()
    done = subprocess.run(words, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    return time.monotonic() - began, done.stdout, done.stderr


def add_hosts(far, row):
    """Live hosts at random places of the row's block, or everywhere; returns their addresses."""
    if row.name == "crowded":
        far.ip(f"route replace local {row.target} dev lo")
        return {str(address) for address in ipaddress.ip_network(row.target)}
    network, length = row.target.split("/") if "/" in row.target else (row.target, "32")
    a, b, c, _ = map(int, network.split("."))
    places = range(2, 2 ** (32 - int(length)) - 1)
    chosen = random.Random(row.name).sample(places, row.live) if row.live else []
    addresses = {f"{a}.{b}.{c + place // 256}.{place % 256}" for place in chosen}
    for address in addresses:
        far.ip(f"addr replace {address}/16 dev far")
    return addresses


def measure(row, far):
    live = add_hosts(far, row)
    limited, firewalled = row.name.startswith("limited"), row.name.startswith("firewalled")
    if limited or firewalled:
        far.ip("addr replace 10.7.0.9/16 dev far")
        live |= {"10.7.0.9"} if firewalled else set()
        far.run("nft", "-f", "-", text=LIMIT if limited else FIREWALL)
        server = subprocess.Popen(["nsenter", "-t", str(far.process.pid), "-n", sys.executable, "-c", SERVER], stdout=subprocess.PIPE)
        server.stdout.readline()
    ports = ["-p", row.ports] if row.ports else []
    seconds, out, err = timed([support.PORTLOOP, "scan", "--show", "all", "-f", "json", *ports, row.target])
    answered = set(re.findall(r'"address":"([^"]+)","port":\d+,"protocol":"tcp","state":"(?:open|closed)"', out))
    line = f"{row.name:15} portloop {seconds:7.1f} s, {len(answered & live)} of {len(live)} hosts"
    if limited:
        counted = re.search(r"counter packets (\d+)", far.run("nft", "list", "ruleset")).group(1)
        line += f", {counted} connections to the limited port, open: {out.count(chr(34) + 'open' + chr(34))}"
    for options in row.nmap:
        far.ip("neigh flush all")
        support.ip("neigh flush all")
        seconds, out, _ = timed(["nmap", "-sT", "-n", *options.split(), *ports, row.target])
        found = live & set(re.findall(r"report for (\S+)\n", out))
        line += f"   nmap -sT {options} {seconds:7.1f} s, {len(found)} of {len(live)}"
    print(line, flush=True)
    if limited or firewalled:
        far.run("nft", "delete", "table", "inet", "ufw")
        server.kill()
        server.wait()
    if row.name == "crowded":
        far.ip(f"route del local {row.target} dev lo")
        live = set()
    for address in live | ({"10.7.0.9"} if limited or firewalled else set()):
        far.ip(f"addr del {address}/16 dev far")
    support.ip("neigh flush all")


def main():
    support.need_programs("nft", "nsenter", "nmap")
    support.enter_own_network()
    far = Neighbour("near", "far")
    try:
        support.ip("addr add 10.7.255.1/16 dev near")
        far.ip("addr add 10.7.255.2/16 dev far")
        far.ip("link add behind type veth peer name end")
        far.ip("addr add 10.8.0.1/24 dev behind")
        far.ip("link set behind up")
        far.ip("link set end up")
        far.run("sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward")
        support.ip("route add 10.8.0.0/24 via 10.7.255.2")
        wanted = sys.argv[2:] or [row.name for row in ROWS if row.name != "slash16"]
        for row in ROWS:
            if row.name in wanted:
                measure(row, far)
    finally:
        far.close()


if __name__ == "__main__":
    main()
