"""--source, --interface, --dscp and --mark, on two real Ethernet links.

What leaves by the wrong link, or not as it was asked to, is dropped at the far end: its port would be filtered, not closed.

usage: call_from.py PORTLOOP
"""

import ctypes
import os
import sys
import unittest

import scan_support as support
from far_network import Neighbour
from scan_support import COMPLETE, INCOMPLETE, USAGE, scan, scan_json

ENGINES = [(), ("--loops", "2"), ("--connector", "portable"), ("--connector", "portable", "--loops", "2")]
PR_CAPBSET_DROP = 24


def drop_capabilities():
    """For preexec_fn: the program that is started has none, like that of any user."""
    libc = ctypes.CDLL(None)
    for capability in range(64):
        libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)


class CallFrom(unittest.TestCase):
    def states(self, *words, status=COMPLETE, **options):
        """The states and reasons of a scan's ports."""
        got, results, err = scan_json("--show", "all", "--timing", "fixed", "-t", "300", "--retries", "0", *words, **options)
        self.assertEqual(got, status, err)
        return {(r["state"], r["reason"]) for r in results}

    def assert_refused(self, message, *words, **options):
        with support.scratch() as folder:
            status, out, err = scan("-o", f"json={folder}/net.json", "-f", "list", *words, **options)
            self.assertEqual((status, out, err.strip()), (USAGE, "", "portloop: " + message))
            self.assertEqual(os.listdir(folder), [])

    def test_connects_come_from_the_source_address(self):
        for engine in ENGINES:
            with self.subTest(engine=engine):
                for net in ("10.41.0.", "fd41::"):
                    for source, seen in ((net + "1", ("filtered", "no-response")), (net + "5", ("closed", "conn-refused"))):
                        self.assertEqual(self.states("-p", "7001-7050", "--source", source, net + "9", *engine), {seen})

    def test_packets_have_the_dscp(self):
        for engine in ENGINES:
            with self.subTest(engine=engine):
                for address in ("10.41.0.9", "fd41::9"):
                    self.assertEqual(self.states("-p", "7101-7150", address, *engine), {("filtered", "no-response")})
                    self.assertEqual(self.states("-p", "7101-7150", "--dscp", "46", address, *engine), {("closed", "conn-refused")})

    def test_the_mark_selects_the_route(self):
        for engine in ENGINES:
            with self.subTest(engine=engine):
                self.assertEqual(self.states("-p", "1-50", "10.45.0.9", *engine), {("filtered", "no-response")})
                self.assertEqual(self.states("-p", "1-50", "--mark", "7", "10.45.0.9", *engine), {("closed", "conn-refused")})

    def test_of_two_links_with_the_same_addresses_the_interface_decides_without_root(self):
        for engine in ENGINES:
            with self.subTest(engine=engine):
                for near, seen in (("near1", ("filtered", "no-response")), ("near2", ("closed", "conn-refused"))):
                    self.assertEqual(self.states("-p", "7201-7250", "--interface", near, "10.44.0.9", *engine, preexec_fn=drop_capabilities), {seen})

    def test_a_host_of_the_other_link_is_absent_from_this_one(self):
        for engine in ENGINES:
            with self.subTest(engine=engine):
                self.assertEqual(self.states("-p", "1-5", "--interface", "near1", "10.44.0.50", *engine), {("closed", "conn-refused")})
                status, results, err = scan_json("--show", "all", "-p", "1-2000", "--interface", "near2", "10.44.0.50", *engine)
                self.assertEqual(status, COMPLETE, err)
                self.assertEqual({(r["state"], r["reason"]) for r in results}, {("filtered", "host-unreach")})
                self.assertEqual(len(results), 2000)
                self.assertLessEqual(sum(r["attempts"] for r in results), 2)  # one for each loop

    def test_an_address_without_a_route_by_the_interface_is_looked_for_on_its_link(self):
        for address, route in (("10.46.0.9", "10.46.0.0/24 dev near1"), ("203.0.113.9", None)):
            if route:
                support.ip("route replace " + route)
            status, results, err = scan_json("--show", "all", "-p", "1-2000", "--interface", "near2", address)
            self.assertEqual(status, COMPLETE, err)
            self.assertEqual({(r["state"], r["reason"]) for r in results}, {("filtered", "host-unreach")})
            self.assertEqual(sum(r["attempts"] for r in results), 1)
        self.assertEqual(self.states("-p", "1-5", "--interface", "near2", "2001:db8::9", status=INCOMPLETE), {("unknown", "no-route")})

    def test_an_interface_that_is_down_is_no_state_of_a_port(self):
        support.ip("link add idle1 type veth peer name idle2")
        self.addCleanup(support.ip, "link del idle1")
        for engine in ENGINES:
            with self.subTest(engine=engine):
                self.assertEqual(self.states("-p", "1-5", "--interface", "idle1", "10.44.0.9", *engine, status=INCOMPLETE), {("unknown", "no-route")})

    def test_what_the_system_refuses_is_named(self):
        for engine in ENGINES:
            with self.subTest(engine=engine):
                self.assert_refused("--source '192.0.2.9' is not an address of this machine", "--source", "192.0.2.9", "10.41.0.9", *engine)
                self.assert_refused("--interface 'lo' does not lead to '10.41.0.9'", "--interface", "lo", "10.41.0.9", *engine)
                self.assert_refused("--interface 'near1' does not lead to '127.0.0.1'", "--interface", "near1", "127.0.0.1", *engine)
                self.assert_refused("--interface 'near1' does not lead to all of '126.255.255.255-127.0.0.9'",
                                    "--interface", "near1", "126.255.255.255-127.0.0.9", *engine)
                self.assert_refused("--mark '7': only root, or the capability CAP_NET_ADMIN, may set it", "--mark", "7", "10.41.0.9", *engine,
                                    preexec_fn=drop_capabilities)
        self.assert_refused("--interface 'nosuchif0': the name of an interface of this machine is accepted ('ip link' lists them)",
                            "--interface", "nosuchif0", "10.41.0.9")
        self.assert_refused("--source 'here': an address of this machine is accepted", "--source", "here", "10.41.0.9")
        self.assert_refused("--source '10.41.0.5': one address of each family is accepted", "--source", "10.41.0.1", "--source", "10.41.0.5", "10.41.0.9")


if __name__ == "__main__":
    support.need_programs("nft", "nsenter")
    support.enter_own_network()
    one, two = Neighbour("near1", "far1"), Neighbour("near2", "far2")
    try:
        for near, far, neighbour in (("near1", "far1", one), ("near2", "far2", two)):
            support.ip(f"addr add 10.44.0.{near[-1]}/24 dev {near}")
            neighbour.ip(f"addr add 10.44.0.9/24 dev {far}")
        for address in ("10.41.0.1/24", "10.41.0.5/24", "fd41::1/64", "fd41::5/64"):
            support.ip(f"addr add {address} dev near1" + (" nodad" if ":" in address else ""))
        support.ip("addr add 10.42.0.1/24 dev near2")
        for address in ("10.41.0.9/24", "10.44.0.50/24", "10.45.0.9/32"):
            one.ip(f"addr add {address} dev far1")
        one.ip("addr add fd41::9/64 dev far1 nodad")
        one.run("nft", "-f", "-", text="""table inet rules {
            chain arriving {
            type filter hook input priority 0;
            tcp dport 7001-7050 ip saddr != 10.41.0.5 drop
            tcp dport 7001-7050 ip6 saddr != fd41::5 drop
            tcp dport 7101-7150 ip dscp != ef drop
            tcp dport 7101-7150 ip6 dscp != ef drop
            tcp dport 7201-7250 drop
            ip daddr 10.45.0.9 drop
            }
            }
            """)
        two.ip("addr add 10.42.0.9/24 dev far2")
        two.ip("addr add 10.45.0.9/32 dev far2")
        one.ip("route add default via 10.44.0.1 dev far1")
        two.ip("route add default via 10.42.0.1 dev far2")
        support.ip("route add 10.45.0.0/24 via 10.41.0.9")
        support.ip("route add 10.45.0.0/24 via 10.42.0.9 table 100")
        support.ip("rule add fwmark 7 lookup 100")
        unittest.main(argv=["call_from", *sys.argv[2:]])
    finally:
        one.close()
        two.close()
