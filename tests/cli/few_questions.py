"""--stop-after and --discover: fewer probes, and no wrong result for what was not probed.

usage: few_questions.py PORTLOOP
"""

import sys
import unittest
import xml.etree.ElementTree as xml

import scan_support as support
from scan_support import COMPLETE, USAGE, scan, scan_json

QUICK = ["-t", "100", "--retries", "0"]


class StopAfter(unittest.TestCase):
    def setUp(self):
        self.listeners = support.Listeners("127.0.0.1", range(2000, 2400))
        self.addCleanup(self.listeners.close)
        self.other = support.Listeners("127.0.0.5", [3000])
        self.addCleanup(self.other.close)

    def test_that_host_is_not_probed_any_more_and_others_are(self):
        for connector in ("fastest", "portable"):
            with self.subTest(connector=connector):
                status, results, err = scan_json("--connector", connector, "--stop-after", "5", "-c", "20", "--show", "all",
                                                 "-p", "2000-3000", "127.0.0.1", "127.0.0.5")
                self.assertEqual(status, COMPLETE, err)
                one = support.open_ports([r for r in results if r["address"] == "127.0.0.1"])
                self.assertGreaterEqual(len(one), 5)
                self.assertLess(len(one), 5 + 20)  # those in flight still count
                self.assertLess(one - self.listeners.ports, {0})
                other = [r for r in results if r["address"] == "127.0.0.5"]
                self.assertEqual((support.open_ports(other), len(other)), ({3000}, 1001))
                self.assertIn("127.0.0.1 has 5 open ports: no more of its ports are probed", err)
                not_probed = 2002 - len(results)
                self.assertIn(f"{not_probed:,} not probed (1 host has 5 open)", err)
                self.assertNotIn("without a result", err)
                self.assertEqual({r["state"] for r in results}, {"open", "closed"})

    def test_each_loop_counts_for_itself(self):
        status, results, err = scan_json("--loops", "2", "--stop-after", "5", "-c", "20", "-p", "2000-2399", "127.0.0.1")
        self.assertEqual(status, COMPLETE, err)
        self.assertGreaterEqual(len(support.open_ports(results)), 5)
        self.assertLess(len(results), 2 * 5 + 20)

    def test_xml_counts_ports_with_a_result_and_the_summary_the_rest(self):
        status, out, err = scan("-f", "xml", "--stop-after", "1", "-c", "1", "-p", "2000-2399", "127.0.0.1")
        self.assertEqual(status, COMPLETE, err)
        root = xml.fromstring(out)
        self.assertEqual(len(root.findall("host/ports/port")), 1)
        finished = root.find("runstats/finished")
        self.assertEqual(finished.get("exit"), "success")
        self.assertIn("399 not probed", finished.get("summary"))

    def test_silent_ports_of_such_a_host_are_not_called_filtered(self):
        support.firewall(self, "ip daddr 127.0.0.9 tcp dport 5000-5999 drop")
        with support.Listeners("127.0.0.9", range(6000, 6003)):
            status, results, err = scan_json("--stop-after", "3", "--show", "all", "-p", "5000-6010", "127.0.0.9")
        self.assertEqual(status, COMPLETE, err)
        self.assertEqual(support.open_ports(results), {6000, 6001, 6002})
        self.assertLessEqual({r["state"] for r in results}, {"open", "closed"})


class Discover(unittest.TestCase):
    """10.9.0.0/24: two addresses are this machine, the others drop every packet."""

    TARGETS = "10.9.0.0/26"

    def test_only_what_answers_is_scanned(self):
        for loops in ("1", "2"):
            with self.subTest(loops=loops), support.Listeners("10.9.0.7", [5000]):
                status, results, err = scan_json(*QUICK, "--loops", loops, "--discover", "--show", "all", "-p", "4990-5009", self.TARGETS)
                self.assertEqual(status, COMPLETE, err)
                self.assertEqual({r["address"] for r in results}, {"10.9.0.7", "10.9.0.8"})
                self.assertEqual(len(results), 2 * 20)
                self.assertEqual(support.open_ports([r for r in results if r["state"] == "open"]), {5000})
                self.assertIn("2 of 64 addresses answered discovery", err)

    def test_xml_has_the_others_as_down(self):
        status, out, err = scan(*QUICK, "--discover", "-f", "xml", "-p", "5000", self.TARGETS)
        self.assertEqual(status, COMPLETE, err)
        self.assertEqual(xml.fromstring(out).find("runstats/hosts").attrib, {"up": "2", "down": "62", "total": "64"})

    def test_nobody_answers(self):
        status, out, err = scan(*QUICK, "--discover", "-f", "json", "-p", "5000", "10.9.0.32/30")
        self.assertEqual((status, out), (COMPLETE, ""), err)
        self.assertIn("0 of 4 addresses answered discovery", err)

    def test_an_unreachable_address_is_unknown_not_absent(self):
        support.ip("route add unreachable 10.77.0.0/16")
        status, results, err = scan_json(*QUICK, "--discover", "--show", "all", "-p", "5000", "10.77.0.1")
        self.assertEqual((status, [r["state"] for r in results]), (support.INCOMPLETE, ["unknown"]), err)

    def test_a_firewall_that_rejects_counts_as_a_host(self):
        support.firewall(self, "ip daddr 127.0.0.9 tcp dport 1-65535 reject with icmpx type port-unreachable")
        status, results, err = scan_json("--discover", "--show", "all", "-p", "5000", "127.0.0.9")
        self.assertEqual((status, [r["reason"] for r in results]), (COMPLETE, ["port-unreach"]), err)

    def test_ports_that_are_excluded_are_not_probed(self):
        with support.Listeners("10.9.0.7", [22]) as listeners:
            for listener in listeners.sockets:
                listener.setblocking(False)
            status, _, err = scan(*QUICK, "--discover", "--exclude-ports", "22", "-p", "5000", "10.9.0.7")
            self.assertEqual(status, COMPLETE, err)
            for listener in listeners.sockets:
                self.assertRaises(BlockingIOError, listener.accept)
        status, _, err = scan("--discover", "--exclude-ports", "1-50000", "-p", "50001", "127.0.0.1")
        self.assertEqual(status, support.USAGE, err)
        self.assertIn("'--exclude-ports' excludes all of them", err)

    def test_progress_shows_the_phase(self):
        _, _, err = scan("--timing", "fixed", "-t", "700", "--retries", "0", "--discover", "--progress", "always", "-p", "5000", self.TARGETS)
        self.assertIn("discovery: ", err)

    def test_options_that_exclude_each_other(self):
        for words in (["--discover", "--shard", "1/2"], ["--discover", "--checkpoint", "/nonexistent/f"],
                      ["--stop-after", "2", "--checkpoint", "/nonexistent/f"], ["--stop-after", "0"], ["--stop-after", "x"]):
            with self.subTest(words=words):
                status, out, err = scan(*words, "-p", "1", "127.0.0.1")
                self.assertEqual((status, out, err.count("\n")), (USAGE, "", 1), err)


if __name__ == "__main__":
    support.need_programs("nft")
    support.enter_own_network()
    silence = support.silent_network("10.9.0.7/16", "10.9.0.8/16")
    unittest.main(argv=["few_questions", *sys.argv[2:]])
