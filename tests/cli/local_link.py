"""Hosts on a real Ethernet link, with ARP and neighbour discovery, and behind a router on it.

usage: local_link.py PORTLOOP
"""

import subprocess
import sys
import unittest

import scan_support as support
from scan_support import COMPLETE, scan_json


class Neighbour:
    """A network namespace at the far end of a veth pair."""

    def __init__(self, near_name, far_name):
        self.process = subprocess.Popen(["unshare", "-n", "sh", "-c", "echo ready; exec sleep infinity"], stdout=subprocess.PIPE)
        self.process.stdout.readline()
        support.ip(f"link add {near_name} type veth peer name {far_name} netns {self.process.pid}")
        self.ip("link set lo up")
        self.ip(f"link set {far_name} up")
        support.ip(f"link set {near_name} up")

    def run(self, *words):
        return support.run_command(["nsenter", "-t", str(self.process.pid), "-n", *words])

    def ip(self, words):
        return self.run("ip", *words.split())

    def close(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


class AbsentHost(unittest.TestCase):
    """Its ICMP errors come late, a few at a time. Each is a result for its port, and no sign that more will come."""

    PORTS = 5000

    def check_scan_ends(self, address):
        for options in ([], ["--timing", "fixed"], ["--connector", "portable"], ["--loops", "2"]):
            with self.subTest(address=address, options=options):
                status, results, err = scan_json("--show", "all", "-p", f"1-{self.PORTS}", *options, address)
                self.assertEqual(status, COMPLETE, err)
                self.assertEqual(len(results), self.PORTS)
                self.assertEqual({r["state"] for r in results}, {"filtered"})
                self.assertLessEqual({r["reason"] for r in results}, {"no-response", "host-unreach"})

    def test_on_the_link(self):
        self.check_scan_ends("10.7.0.77")

    def test_on_the_link_ipv6(self):
        self.check_scan_ends("fd07::77")

    def test_behind_a_router(self):
        self.check_scan_ends("10.8.0.77")


if __name__ == "__main__":
    support.enter_own_network()
    router = Neighbour("near", "far")
    try:
        support.ip("addr add 10.7.0.1/24 dev near")
        support.ip("addr add fd07::1/64 dev near nodad")
        router.ip("addr add 10.7.0.2/24 dev far")
        router.ip("link add behind type veth peer name end")
        router.ip("addr add 10.8.0.1/24 dev behind")
        router.ip("link set behind up")
        router.ip("link set end up")
        router.run("sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward")
        support.ip("route add 10.8.0.0/24 via 10.7.0.2")
        unittest.main(argv=["local_link", *sys.argv[2:]])
    finally:
        router.close()
