"""Hosts on a real Ethernet link, with ARP and neighbour discovery, and behind a router on it.

usage: local_link.py PORTLOOP
"""

import fcntl
import os
import pty
import struct
import sys
import termios
import unittest

import scan_support as support
from far_network import Neighbour
from scan_support import COMPLETE, scan_json, start


class AbsentHost(unittest.TestCase):
    """The kernel looks for a neighbour for 3 s; then it is known that the host is not there."""

    PORTS = 5000

    def results(self, address, *options):
        status, results, err = scan_json("--show", "all", "-p", f"1-{self.PORTS}", *options, address)
        self.assertEqual(status, COMPLETE, err)
        self.assertEqual(len(results), self.PORTS)
        self.assertEqual({r["state"] for r in results}, {"filtered"})
        return results

    def test_on_the_link_one_probe_is_sent_and_every_port_is_host_unreach(self):
        for address in ("10.7.0.77", "fd07::77"):
            for options in ([], ["--timing", "fixed"], ["-t", "200"], ["--connector", "portable"]):
                with self.subTest(address=address, options=options):
                    results = self.results(address, *options)
                    self.assertEqual({r["reason"] for r in results}, {"host-unreach"})
                    self.assertEqual(sum(r["attempts"] for r in results), 1)

    def test_the_summary_counts_addresses_without_a_host(self):
        status, _, err = scan_json("-p", "1-100", "10.7.0.77", "10.7.0.78", "127.0.0.1")
        self.assertEqual(status, COMPLETE, err)
        self.assertRegex(err, r"\A1 of 3 addresses has a host, 100 ports each: 0 open, 100 closed, 200 filtered in ")
        self.assertNotIn("seed", err)
        for connector in ("fastest", "portable"):
            _, _, err = scan_json("-p", "22", "--connector", connector, "10.7.0.77", "10.7.0.78", "127.0.0.1")
            self.assertRegex(err, r"\A1 of 3 addresses has a host, 1 port: ")
        _, _, err = scan_json("-p", "1-3", "10.8.0.77")
        self.assertNotIn("no host", err)  # a router's word is none of a link
        _, _, err = scan_json("-p", "1", "-v", "--seed", "77", "127.0.0.1")
        self.assertRegex(err, r", seed 77\n\Z")

    def test_on_the_link_with_two_loops_each_sends_one(self):
        results = self.results("10.7.0.78", "--loops", "2")
        self.assertEqual({r["reason"] for r in results}, {"host-unreach"})
        self.assertLessEqual(sum(r["attempts"] for r in results), 2)

    def test_behind_a_router_its_late_errors_promise_no_more(self):
        """The errors come late, a few of them at a time: they are verdicts on their ports only."""
        for options in ([], ["--connector", "portable"], ["--loops", "2"]):
            with self.subTest(options=options):
                reasons = {r["reason"] for r in self.results("10.8.0.77", *options)}
                self.assertLessEqual(reasons, {"no-response", "host-unreach"})


class Network(unittest.TestCase):
    def test_hosts_are_found_among_absent_ones_also_if_the_neighbour_table_is_too_small_for_all(self):
        live = {f"10.7.{i % 4}.{10 + i}" for i in range(12)}
        for address in live:
            router.ip(f"addr add {address}/16 dev far")
        for options in ([], ["--loops", "2"]):
            with self.subTest(options=options):
                status, results, err = scan_json("--show", "all", "-p", "22", *options, "10.7.0.0/22")
                self.assertEqual(status, COMPLETE, err)
                self.assertEqual(len(results), 1024)
                found = {r["address"] for r in results if r["reason"] == "conn-refused"}
                self.assertEqual(found, live | {"10.7.0.1", "10.7.0.2"})
                others = {(r["state"], r["reason"]) for r in results if r["address"] not in found}
                self.assertEqual(others, {("filtered", "host-unreach")})

    def test_a_firewall_on_the_link_that_answers_host_unreachable_speaks_for_its_port_only(self):
        router.ip("addr add 10.7.9.9/16 dev far")
        router.run("sh", "-c", "echo 0 > /proc/sys/net/ipv4/icmp_ratelimit")
        rule = "ip daddr 10.7.9.9 tcp dport 6000-6004 reject with icmp type host-unreachable"
        router.run("nft", "-f", "-", text="table inet fire {\nchain arriving {\ntype filter hook input priority 0;\n" + rule + "\n}\n}\n")
        self.addCleanup(router.run, "nft", "delete", "table", "inet", "fire")
        for connector in ("fastest", "portable"):
            with self.subTest(connector=connector):
                status, results, err = scan_json("--show", "all", "-p", "6000-6009", "--connector", connector, "10.7.9.9")
                self.assertEqual(status, COMPLETE, err)
                self.assertNotIn("no host", err)
                # Without an error queue the kernel may keep the error to itself.
                reasons = {"host-unreach"} if connector == "fastest" else {"host-unreach", "no-response"}
                self.assertLessEqual({r["reason"] for r in results if r["port"] < 6005}, reasons)
                self.assertEqual({r["port"]: r["state"] for r in results},
                                 {port: "filtered" if port < 6005 else "closed" for port in range(6000, 6010)})

    def test_a_silent_host_of_the_link_is_no_absent_one(self):
        router.ip("addr add 10.7.9.8/16 dev far")
        router.run("nft", "-f", "-", text="table inet mute {\nchain arriving {\ntype filter hook input priority 0;\nip daddr 10.7.9.8 drop\n}\n}\n")
        self.addCleanup(router.run, "nft", "delete", "table", "inet", "mute")
        status, results, err = scan_json("--show", "all", "-p", "1-20", "10.7.9.8")
        self.assertEqual(status, COMPLETE, err)
        self.assertNotIn("no host", err)
        self.assertEqual({(r["state"], r["reason"]) for r in results}, {("filtered", "no-response")})

    def test_the_broadcast_address_of_a_block_is_left_out_with_a_note(self):
        status, results, err = scan_json("--show", "all", "-p", "22", "10.10.0.0/28")
        self.assertEqual(status, COMPLETE, err)
        self.assertNotIn("10.10.0.15", {r["address"] for r in results})
        self.assertEqual(len(results), 15)
        self.assertEqual(err.count("10.10.0.15 is left out"), 1)
        screen, terminal = pty.openpty()
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 25, 40, 0, 0))
        child = start("--progress", "never", "-p", "22", "10.10.0.0/28", stderr=terminal)
        os.close(terminal)
        shown = os.read(screen, 4096)
        while shown.count(b"\n") < 3:
            shown += os.read(screen, 4096)
        child.communicate()
        os.close(screen)
        note = shown.decode().splitlines()[:3]
        self.assertEqual(" ".join(note), "portloop: 10.10.0.15 is left out: it is the broadcast address of a network of this machine")
        self.assertLessEqual(max(map(len, note)), 40)


if __name__ == "__main__":
    support.need_programs("nft", "nsenter")
    support.enter_own_network()
    router = Neighbour("near", "far")
    try:
        support.ip("addr add 10.7.0.1/16 dev near")
        support.ip("addr add 10.10.0.1/28 brd + dev near")
        support.ip("addr add fd07::1/64 dev near nodad")
        router.ip("addr add 10.7.0.2/16 dev far")
        router.ip("link add behind type veth peer name end")
        router.ip("addr add 10.8.0.1/24 dev behind")
        router.ip("link set behind up")
        router.ip("link set end up")
        router.run("sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward")
        support.ip("route add 10.8.0.0/24 via 10.7.0.2")
        unittest.main(argv=["local_link", *sys.argv[2:]])
    finally:
        router.close()
