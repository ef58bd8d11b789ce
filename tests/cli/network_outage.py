"""The network goes away in the middle of a scan and comes back: nothing is judged by the time in between.

usage: network_outage.py PORTLOOP
"""

import collections
import signal
import sys
import time
import unittest

import scan_support as support
from far_network import Neighbour
from result_schema import read_record
from scan_support import COMPLETE, INCOMPLETE

ON_LINK = "10.7.0.2-33"
ROUTED = "10.8.0.0/27"
HOSTS, PORTS = 32, 100


class Outage(unittest.TestCase):
    """32 hosts with 100 closed ports, 2,000 probes a second: the scan takes 1.6 s without an outage."""

    def scan(self, away, back, targets=ON_LINK, options=(), seconds=1.5, stopped=False, ports=f"1-{PORTS}", rate=2000,
             lines=100):
        """Calls away() when the scan has begun, and back() later. Returns the exit status and each endpoint's results."""
        process = support.start("--format", "json", "--show", "all", "-p", ports, "-r", str(rate), *options, targets)
        begun = [process.stdout.readline() for _ in range(lines)]
        away()
        time.sleep(seconds)  # how long the outage lasts
        if stopped:
            process.send_signal(signal.SIGSTOP)
            time.sleep(seconds)
        back()
        process.send_signal(signal.SIGCONT)
        with process.stdout, process.stderr:
            out, err = process.communicate(timeout=2 * support.PATIENCE_SECONDS)
        results = [read_record(line) for line in b"".join(begun).splitlines() + out.splitlines()]
        self.assertEqual(len({(r["address"], r["port"]) for r in results}), len(results))
        return process.returncode, results, err.decode()

    def expect_exact(self, scanned):
        status, results, err = scanned
        self.assertEqual({(r["state"], r["reason"]) for r in results}, {("closed", "conn-refused")}, err)
        self.assertEqual(len(results), HOSTS * PORTS)
        self.assertEqual(status, COMPLETE, err)

    def test_an_own_link_that_goes_down_and_up(self):
        for options in ([], ["--loops", "2"], ["--connector", "portable"]):
            with self.subTest(options=options):
                self.expect_exact(self.scan(lambda: support.ip("link set near down"), link_up, options=options))

    def test_a_route_that_is_away_for_a_while(self):
        self.expect_exact(self.scan(lambda: support.ip(f"route del {ROUTED}"), routed, ROUTED))

    def test_a_route_that_is_unreachable_or_prohibited_for_a_while(self):
        for kind in ("unreachable", "prohibit"):
            with self.subTest(kind=kind):
                self.expect_exact(self.scan(lambda: support.ip(f"route replace {kind} {ROUTED}"), routed, ROUTED))

    def test_an_own_address_that_changes(self):
        self.addCleanup(own_address, "10.7.0.1")
        self.expect_exact(self.scan(lambda: support.ip("addr flush dev near"), lambda: own_address("10.7.0.99")))

    def test_a_far_network_that_does_not_answer_for_a_while(self):
        self.expect_exact(self.scan(far_network_away, far_network_back, ROUTED))

    def test_neighbours_that_are_looked_for_while_the_wire_is_cut(self):
        # 100 addresses a second; the kernel looks for each of them for 3 s.
        for cut, mend in ((wire_cut, wire_mended), (far_link_down, far_link_up)):
            with self.subTest(cut=cut.__name__):
                support.ip("neigh flush dev near")
                status, results, err = self.scan(cut, mend, "10.7.0.0/24", seconds=4.5, ports="7", rate=100, lines=3)
                self.assertEqual(status, COMPLETE, err)
                found = collections.Counter((r["state"], r["reason"]) for r in results)
                self.assertEqual(found, {("closed", "conn-refused"): HOSTS + 1, ("filtered", "host-unreach"): 256 - HOSTS - 1}, err)

    def test_a_gateway_that_does_not_answer_arp_for_a_while(self):
        # The kernel tells itself "host unreachable" of each target behind it.
        for lines in (0, 100):
            with self.subTest(lines=lines):
                self.expect_exact(self.scan(gateway_deaf, gateway_hears, ROUTED, seconds=4.5, rate=500, lines=lines))

    def test_a_scan_that_is_stopped_meanwhile(self):
        self.expect_exact(self.scan(far_network_away, far_network_back, ROUTED, seconds=2, stopped=True))

    def test_an_address_that_never_had_a_route_is_unknown_at_once(self):
        status, results, err = support.scan_json("--show", "all", "-p", "1-50", "10.9.0.1", "10.7.0.2")
        self.assertEqual(status, INCOMPLETE)
        reasons = {(r["address"], r["state"], r["reason"]) for r in results}
        self.assertEqual(reasons, {("10.9.0.1", "unknown", "no-route"), ("10.7.0.2", "closed", "conn-refused")})


def own_address(address):
    support.ip("addr flush dev near")
    support.ip(f"addr add {address}/16 dev near")
    routed()


def routed():
    support.ip(f"route replace {ROUTED} via 10.7.0.2")


def wire_cut():
    far.run("nft", "add table netdev wire; add chain netdev wire cut { type filter hook ingress device far priority 0; policy drop; }")


def gateway_deaf():
    far.run("nft", "add table netdev wire; add chain netdev wire deaf { type filter hook ingress device far priority 0; }; "
            "add rule netdev wire deaf meta protocol arp drop")
    support.ip("neigh flush dev near")


def gateway_hears():
    wire_mended()


def wire_mended():
    far.run("nft", "delete table netdev wire")


def far_link_down():
    far.ip("link set far down")


def far_link_up():
    far.ip("link set far up")
    far.ip(f"route replace local {ROUTED} dev lo")


def link_up():
    support.ip("link set near up")
    routed()


def far_network_away():
    far.ip(f"route del local {ROUTED} dev lo")
    far.ip(f"route add blackhole {ROUTED}")


def far_network_back():
    far.ip(f"route del blackhole {ROUTED}")
    far.ip(f"route add local {ROUTED} dev lo")


if __name__ == "__main__":
    support.need_programs("nft", "nsenter")
    support.enter_own_network()
    far = Neighbour("near", "far")
    try:
        support.ip("addr add 10.7.0.1/16 dev near")
        for host in range(2, 2 + HOSTS):
            far.ip(f"addr add 10.7.0.{host}/16 dev far")
        far.ip(f"route add local {ROUTED} dev lo")
        routed()
        unittest.main(argv=["network_outage", *sys.argv[2:]])
    finally:
        far.close()
