"""Scans through links that are slow, or go away in the middle: times, and what was reported.

usage: bad_links.py PORTLOOP [ROW...]

Rows: queue400 (10,000 closed ports through 400 SYN/s and a queue of 2 s), queue2000 (20,000, 2,000 SYN/s, 0.5 s), both beside
nmap; gone (1,024 hosts x 100 ports, the network away for good after 0.6 s), outage (the same, back after 5 s), down (39 hosts
x 3,000 ports, the own link down for 3 s), router (5,000 ports, 7 of them open, the others silent, behind 1,024 connections of
30 s: about 14 minutes). All but router unless named.
"""

import collections
import json
import random
import subprocess
import sys
import threading
import time

import scan_support as support
from far_network import Neighbour

SYN_BYTES = 74  # with the Ethernet header
OPEN_PORTS = sorted(random.Random(5).sample(range(1, 5001), 7))

ROUTER = """table inet router {
  set flows { type ipv4_addr . inet_service . inet_service; flags dynamic,timeout; timeout 30s; size 1024; }
  chain arriving { type filter hook input priority 0; iif lo accept
    tcp flags & (syn|ack|rst) == syn jump new
    tcp dport { %s } accept
    meta l4proto tcp drop
  }
  chain new { add @flows { ip saddr . tcp sport . tcp dport } goto through; drop; }
  chain through { tcp dport { %s } accept; drop; }
}
"""

SERVER = """
import socket, sys, time
listeners = [socket.create_server(("", port)) for port in eval(sys.argv[1])]
print("ready", flush=True)
time.sleep(10000)
"""


def timed(*words):
    began = time.monotonic()
    done = subprocess.run(words, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    return time.monotonic() - began, done


def scan(row, *words):
    seconds, done = timed(support.PORTLOOP, "scan", "--show", "all", "-f", "json", *words)
    counts = collections.Counter(json.loads(line)["state"] for line in done.stdout.splitlines())
    found = ", ".join(f"{count:,} {state}" for state, count in sorted(counts.items()))
    print(f"{row:10} portloop {seconds:6.1f} s, exit {done.returncode}: {found}", flush=True)
    for line in done.stderr.splitlines()[:-1]:
        print(f"{'':10} {line}", flush=True)


def queue(row, syns_per_s, queue_s, ports):
    limit = int(syns_per_s * SYN_BYTES * queue_s)
    subprocess.run(f"tc qdisc add dev near root tbf rate {syns_per_s * SYN_BYTES * 8}bit burst 1540 limit {limit}".split(), check=True)
    scan(row, "-p", f"1-{ports}", "10.7.0.2")
    sent = subprocess.run("tc -s qdisc show dev near".split(), capture_output=True, text=True).stdout.split()
    print(f"{'':10} {sent[sent.index('Sent') + 3]} packets sent, {sent[sent.index('(dropped') + 1]} dropped", flush=True)
    seconds, _ = timed("nmap", "-sT", "-T4", "-n", "-Pn", "-p", f"1-{ports}", "10.7.0.2")
    print(f"{'':10} nmap -sT -T4 {seconds:6.1f} s", flush=True)
    subprocess.run("tc qdisc del dev near root".split(), check=True)


def after(seconds, *calls):
    """Makes the calls from now on, each `seconds` after the one before."""
    def run():
        for call in calls:
            time.sleep(seconds if call is calls[0] else call[0])
            call[1]()
    thread = threading.Thread(target=run)
    thread.start()
    return thread


def network_away(far):
    far.ip("route del local 10.8.0.0/22 dev lo")
    far.ip("route add blackhole 10.8.0.0/22")


def network_back(far):
    far.ip("route del blackhole 10.8.0.0/22")
    far.ip("route add local 10.8.0.0/22 dev lo")


def measure(row, far):
    if row == "queue400":
        queue(row, 400, 2, 10_000)
    elif row == "queue2000":
        queue(row, 2000, 0.5, 20_000)
    elif row in ("gone", "outage"):
        changes = [(0, lambda: network_away(far)), (5, lambda: network_back(far))]
        thread = after(0.6, *changes[: 1 if row == "gone" else 2])
        scan(row, "-p", "1-100", "10.8.0.0/22")
        thread.join()
        if row == "gone":
            network_back(far)
    elif row == "down":
        thread = after(0.7, (0, lambda: support.ip("link set near down")), (3, lambda: support.ip("link set near up")))
        scan(row, "-p", "1-3000", "10.7.0.2-40")
        thread.join()
        support.ip("route replace 10.8.0.0/22 via 10.7.0.2")
    else:
        ports = ",".join(map(str, OPEN_PORTS))
        far.run("nft", "-f", "-", text=ROUTER % (ports, ports))
        server = subprocess.Popen(["nsenter", "-t", str(far.process.pid), "-n", sys.executable, "-c", SERVER, str(OPEN_PORTS)],
                                  stdout=subprocess.PIPE)
        server.stdout.readline()
        scan(row, "-p", "1-5000", "10.7.0.2")
        server.kill()
        server.wait()


def main():
    rows = ["queue400", "queue2000", "gone", "outage", "down", "router"]
    wanted = sys.argv[2:] or rows[:-1]
    support.need_programs("nft", "nsenter", "nmap", "tc")
    support.enter_own_network()
    far = Neighbour("near", "far")
    try:
        support.ip("addr add 10.7.0.1/16 dev near")
        for host in range(2, 41):
            far.ip(f"addr add 10.7.0.{host}/16 dev far")
        far.ip("route add local 10.8.0.0/22 dev lo")
        support.ip("route add 10.8.0.0/22 via 10.7.0.2")
        for row in rows:
            if row in wanted:
                measure(row, far)
    finally:
        far.close()


if __name__ == "__main__":
    main()
