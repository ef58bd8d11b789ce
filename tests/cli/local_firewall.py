"""What a firewall or a route of this machine does to a probe has the right state and reason, for IPv4 and IPv6.

usage: local_firewall.py PORTLOOP
"""

import sys
import unittest

import scan_support as support
from scan_support import COMPLETE, INCOMPLETE, scan_json

PORTS = range(6000, 6040)
QUICK = ["-t", "300", "--retries", "1", "--show", "all"]

# nft's verdict for every port but the open one, and the expected state and reason.
VERDICTS = [
    ("reject with {icmp} type port-unreachable", "filtered", "port-unreach"),
    ("reject with {icmp} type admin-prohibited", "filtered", "admin-prohibited"),
    ("reject with {icmp} type {no_host}", "filtered", "host-unreach"),
    ("reject with tcp reset", "closed", "conn-refused"),
    ("drop", "filtered", "no-response"),
]


class LocalFirewall(unittest.TestCase):
    def test_each_verdict_has_its_state_and_reason(self):
        for address, family, icmp, no_host in (("127.0.0.1", "ip", "icmp", "host-unreachable"), ("::1", "ip6", "icmpv6", "addr-unreachable")):
            for words, state, reason in VERDICTS:
                for options in ([], ["--connector", "portable"], ["--loops", "2"]):
                    verdict = words.format(icmp=icmp, no_host=no_host)
                    with self.subTest(address=address, verdict=verdict, options=options):
                        rule = f"{family} daddr {address} tcp dport 6001-6039 {verdict}"
                        with support.Listeners(address, [6000]), firewall(rule):
                            status, results, err = scan_json(*QUICK, *options, "-p", "6000-6039", address)
                        self.assertEqual(status, COMPLETE, err)
                        self.assertEqual(len(results), len(PORTS))
                        self.assertEqual(support.open_ports(results), {6000})
                        others = {(r["state"], r["reason"]) for r in results if r["port"] != 6000}
                        if "portable" not in options:
                            self.assertEqual(others, {(state, reason)}, err)
                            continue
                        # Without the error queue, some ICMP errors can't be told apart, but none becomes an open port.
                        # "port unreachable" has the same errno as a RST.
                        allowed = {state, "closed"} if reason == "port-unreach" else {state}
                        self.assertLessEqual({other for other, _ in others}, allowed, err)


class firewall:
    """Filters incoming packets inside a with statement."""

    def __init__(self, rule):
        self.rule = rule

    def __enter__(self):
        support.run_command(["nft", "-f", "-"], "table inet fire {\nchain arriving {\ntype filter hook input priority 0;\n" + self.rule + "\n}\n}\n")

    def __exit__(self, *_):
        support.run_command(["nft", "delete", "table", "inet", "fire"])


class Routes(unittest.TestCase):
    def test_an_address_without_a_route_is_unknown_and_reported_once(self):
        for kind, targets in (("unreachable", ["10.1.0.0/28", "fd01::/124"]), ("prohibit", ["10.2.0.0/28", "fd02::/124"]),
                              ("blackhole", ["10.3.0.0/28", "fd03::/124"]), (None, ["10.4.0.0/28", "fd04::/124"])):
            for target in targets:
                with self.subTest(kind=kind, target=target):
                    if kind:
                        support.ip(f"{'-6 ' if ':' in target else ''}route add {kind} {target}")
                    status, results, err = scan_json(*QUICK, "-p", "6000-6003", target)
                    self.assertEqual(status, INCOMPLETE, err)
                    self.assertEqual(len(results), 64)
                    self.assertEqual({r["state"] for r in results}, {"unknown"})
                    for result in results:
                        self.assertRegex(result["reason"], r"\A(no-route|local-error:E[A-Z]+)\Z")
                    lines = [line for line in err.splitlines() if "unknown:" in line]
                    self.assertEqual(len(lines), 1, err)
                    self.assertLessEqual(sum("no route" in line for line in err.splitlines()), 1, err)

    def test_without_a_source_address_each_port_is_unknown_after_one_attempt(self):
        with open("/proc/sys/net/ipv6/conf/lo/disable_ipv6", "w") as switch:
            switch.write("1")
        try:
            for connector in ("fastest", "portable"):
                with self.subTest(connector=connector):
                    status, results, err = scan_json("--show", "all", "--connector", connector, "-p", "6000-6003", "::1", "127.0.0.1")
                    self.assertEqual(status, INCOMPLETE, err)
                    reachable = [r for r in results if r["address"] == "127.0.0.1"]
                    self.assertEqual([r["state"] for r in reachable], ["closed"] * 4)
                    unreachable = [(r["state"], r["reason"], r["attempts"]) for r in results if r["address"] == "::1"]
                    self.assertEqual(unreachable, [("unknown", "no-route", 1)] * 4)
        finally:
            with open("/proc/sys/net/ipv6/conf/lo/disable_ipv6", "w") as switch:
                switch.write("0")

    def test_a_zone_names_the_link(self):
        with support.Listeners("fe80::1%silent", [6000]):
            status, results, err = scan_json(*QUICK, "-p", "6000-6009", "fe80::1%silent")
        self.assertEqual(status, COMPLETE, err)
        self.assertEqual(support.open_ports(results), {6000})
        self.assertRegex(results[0]["address"], r"\Afe80::1%[0-9]+\Z")


if __name__ == "__main__":
    support.need_programs("nft")
    support.enter_own_network()
    silence = support.silent_network("fe80::1/64")
    unittest.main(argv=["local_firewall", *sys.argv[2:]])
