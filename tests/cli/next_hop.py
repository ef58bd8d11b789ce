"""Silence proves nothing if the packets never reached the link, or a network card that is there.

usage: next_hop.py PORTLOOP
"""

import re
import sys
import unittest

import scan_support as support
from far_network import Neighbour
from result_schema import read_record
from scan_support import COMPLETE, INCOMPLETE, scan_json


class NextHop(unittest.TestCase):
    """A SYN that is sent to a network card that is gone, or to a gateway that is not there, has asked nothing."""

    def test_a_host_with_another_network_card_than_its_old_entry_has_is_found(self):
        router.ip("addr add 10.7.8.1/16 dev far")
        for options in ([], ["--timing", "fixed", "--connector", "portable"]):
            with self.subTest(options=options):
                support.ip("neigh replace 10.7.8.1 lladdr 02:00:00:00:00:99 nud stale dev near")
                status, results, err = scan_json("--show", "all", "-p", "1-20", *options, "10.7.8.1")
                self.assertEqual(status, COMPLETE, err)
                self.assertEqual({(r["state"], r["reason"]) for r in results}, {("closed", "conn-refused")})

    def test_a_host_that_is_gone_is_absent_although_it_has_an_old_entry(self):
        support.ip("neigh replace 10.7.8.2 lladdr 02:00:00:00:00:99 nud stale dev near")
        status, results, err = scan_json("--show", "all", "-p", "1-20", "10.7.8.2")
        self.assertEqual(status, COMPLETE, err)
        self.assertEqual({(r["state"], r["reason"]) for r in results}, {("filtered", "host-unreach")})

    def test_a_gateway_that_is_never_there_makes_what_is_behind_it_unknown(self):
        support.ip("route replace 10.9.0.0/24 via 10.7.8.3")
        self.addCleanup(support.ip, "route del 10.9.0.0/24")
        words = ["--format", "json", "--show", "all", "-p", "1-20", "10.9.0.1", "--connector"]
        both = [support.start(*words, connector) for connector in ("fastest", "portable")]
        for process in both:
            with self.subTest(args=process.args):
                status, results, err = end_of(process)
                self.assertEqual(status, INCOMPLETE, err)
                self.assertEqual([(r["state"], r["reason"]) for r in results], 20 * [("unknown", "no-route")])

    def test_silence_behind_a_gateway_that_has_an_old_entry_and_is_there_is_a_verdict(self):
        router.ip("route replace blackhole 10.8.9.0/24")
        support.ip("route replace 10.8.9.0/24 via 10.7.0.2")
        scan_json("-p", "1", "10.7.0.2")
        card = re.search(r"link/ether (\S+)", router.ip("link show far"))[1]
        support.ip(f"neigh replace 10.7.0.2 lladdr {card} nud stale dev near")
        status, results, err = scan_json("--show", "all", "-p", "1-20", "10.8.9.1")
        self.assertEqual(status, COMPLETE, err)
        self.assertEqual({(r["state"], r["reason"]) for r in results}, {("filtered", "no-response")})

    def test_every_host_of_a_crowded_link_is_found_although_the_table_does_not_hold_all(self):
        router.ip("route add local 10.7.16.0/22 dev lo")
        self.addCleanup(router.ip, "route del local 10.7.16.0/22 dev lo")
        # Entries are kept for so long before they can make room.
        support.run_command(["sysctl", "-qw", "net.ipv4.neigh.near.base_reachable_time_ms=4000",
                             "net.ipv4.neigh.near.delay_first_probe_time=1"])
        status, results, err = end_of(support.start("--format", "json", "--show", "all", "-p", "22", "10.7.16.0/22"))
        self.assertEqual(status, COMPLETE, err)
        self.assertEqual({(r["state"], r["reason"]) for r in results}, {("closed", "conn-refused")})
        self.assertEqual(len(results), 1024)


def end_of(process):
    """The exit status, results and stderr of a scan that may wait for the kernel for more than half a minute."""
    with process.stdout, process.stderr:
        out, err = process.communicate(timeout=3 * support.PATIENCE_SECONDS)
    return process.returncode, [read_record(line) for line in out.splitlines()], err


if __name__ == "__main__":
    support.need_programs("nsenter")
    support.enter_own_network()
    router = Neighbour("near", "far")
    try:
        support.ip("addr add 10.7.0.1/16 dev near")
        router.ip("addr add 10.7.0.2/16 dev far")
        unittest.main(argv=["next_hop", *sys.argv[2:]])
    finally:
        router.close()
