"""Hosts that accept connections on every port: found, reported once, marked, and scanned no more unless asked for.

usage: all_ports_open.py PORTLOOP PORTLOOP_LAB
"""

import collections
import csv
import io
import json
import os
import re
import subprocess
import sys
import tempfile
import unittest

from result_schema import read_record
from scan_support import COMPLETE, INCOMPLETE, PATIENCE_SECONDS, PORTLOOP, USAGE, skip

LAB = os.path.abspath(sys.argv[2])
# Of 32 addresses some accept everything; the others have a hundred open ports and more.
PROFILE = """prefix 10.1.0.0/16
  rtt 2ms
  accepts-all 25% says drip
  open 22 says ssh
  open 1000-1099
"""
TARGETS = "10.1.0.0/27"


class AllPortsOpen(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.folder.cleanup)
        cls.profile = cls.path("profile")
        with open(cls.profile, "w") as file:
            file.write(PROFILE)
        truth = subprocess.run([LAB, cls.profile, "--truth", TARGETS, "-p", "7"], capture_output=True, text=True, check=True)
        cls.accepting = {r["address"] for r in map(json.loads, truth.stdout.splitlines()) if r["state"] == "open"}
        assert 3 <= len(cls.accepting) <= 9, cls.accepting

    @classmethod
    def path(cls, name):
        return os.path.join(cls.folder.name, name)

    def run_in_lab(self, *words, profile=None, status=COMPLETE):
        done = subprocess.run([LAB, "--counters", "/dev/null", profile or self.profile, "--", PORTLOOP, *words], stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, timeout=PATIENCE_SECONDS)
        self.assertEqual(done.returncode, status, done.stderr)
        return done.stdout, done.stderr

    def scan(self, *words, ports="1-1200", **options):
        out, err = self.run_in_lab("scan", "-f", "json", "-p", ports, *words, TARGETS, **options)
        return [read_record(line) for line in out.splitlines()], err

    def check(self, results, ports="1-1200", *words):
        """By the ground truth: right states, right marks, and all that accept everything are marked."""
        text = "".join(json.dumps(r) + "\n" for r in results)
        done = subprocess.run([LAB, self.profile, "--check", "-", TARGETS, "-p", ports, *words], input=text, capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertIn(f"{len(self.accepting)} of {len(self.accepting)} hosts that accept everything marked", done.stdout)

    def expect_notes(self, err, skipped):
        noted = re.findall(r"^portloop: (\S+) accepts connections on every port.*$", err, re.MULTILINE)
        self.assertEqual(sorted(noted), sorted(self.accepting))
        self.assertEqual(err.count("no more of its ports are probed"), len(self.accepting) if skipped else 0)
        self.assertIn(f", {len(self.accepting)} hosts accept everything", err)

    def test_by_default_such_a_host_has_one_row_and_a_note(self):
        for words, rows in ((["--show", "all"], 1), (["--loops", "2"], 2), (["--connector", "portable"], 1), (["--banners", "--banner-timeout", "50ms"], 1)):
            with self.subTest(words=words):
                results, err = self.scan(*words)
                per_host = collections.Counter(r["address"] for r in results if r.get("all_ports_open"))
                self.assertEqual(set(per_host), self.accepting)
                self.assertLessEqual(max(per_host.values()), rows)
                self.check(results, "1-1200", *([] if "all" in words else ["--open-only"]))
                self.expect_notes(err, skipped=True)
                self.assertRegex(err, r", [\d,]+ not probed in ")

    def test_scan_has_all_rows_each_of_them_marked(self):
        results, err = self.scan("--all-ports-open", "scan", "--show", "all")
        self.assertEqual(len(results), 32 * 1200)
        self.assertEqual({r["address"] for r in results if r.get("all_ports_open")}, self.accepting)
        self.assertEqual(sum(r.get("all_ports_open", False) for r in results), 1200 * len(self.accepting))
        self.check(results)
        self.expect_notes(err, skipped=False)
        self.assertNotIn("not probed", err)

    def test_a_quiet_scan_reports_nothing(self):
        self.assertEqual(self.scan("-q")[1], "")

    def test_every_format_has_the_mark(self):
        base = self.path("out")
        self.run_in_lab("scan", "-p", "1-1200", "--output-all", base, "-o", f"csv={base}.csv", TARGETS)
        def read(ending):
            with open(f"{base}.{ending}", newline="") as file:
                return file.read()
        marked = len(self.accepting)
        self.assertEqual(sum(line.endswith("(all ports open)") for line in read("txt").splitlines()), marked)
        rows = list(csv.DictReader(io.StringIO(read("csv"))))
        self.assertEqual({row["address"] for row in rows if row["all_ports_open"] == "true"}, self.accepting)
        self.assertEqual({row["all_ports_open"] for row in rows}, {"", "true"})
        self.assertEqual(read("xml").count('<hostscript><script id="all-ports-open" '), marked)
        grepable = [line for line in read("gnmap").splitlines() if "All Ports Open: yes" in line]
        self.assertEqual({line.split()[1] for line in grepable}, self.accepting)

    def test_fewer_than_three_ports_have_no_decoys(self):
        results, err = self.scan(ports="1500,1501")
        self.assertEqual(len(results), 2 * len(self.accepting))
        self.assertNotIn("every port", err)

    def test_discovery_finds_them_with_its_own_ports(self):
        results, err = self.scan("--discover", ports="1500,1501")
        self.assertEqual(len(results), 2 * len(self.accepting))
        self.assertEqual({r["address"] for r in results if r.get("all_ports_open")}, self.accepting)
        self.assertEqual(sum(r.get("all_ports_open", False) for r in results), len(results))
        self.expect_notes(err, skipped=False)
        results, err = self.scan("--discover", "--all-ports-open", "scan", ports="1-40")
        self.assertEqual(sum(r.get("all_ports_open", False) for r in results), 40 * len(self.accepting))
        self.expect_notes(err, skipped=False)

    def test_stop_after_one_port_marks_it_all_the_same(self):
        results, _ = self.scan("--stop-after", "1")
        self.assertEqual({r["address"] for r in results if r.get("all_ports_open")}, self.accepting)

    def test_a_resumed_scan_keeps_the_finding(self):
        checkpoint, output = self.path("c"), self.path("resumed.json")
        words = ["scan", "-p", "1-1200", "-r", "15000", "--show", "all", "-o", f"json={output}"]
        _, first = self.run_in_lab(*words, "--checkpoint", checkpoint, "--max-time", "1s", TARGETS, status=INCOMPLETE)
        with open(checkpoint) as file:
            saved = re.findall(r"^all-open (\S+) (\S+)$", file.read(), re.MULTILINE)
        self.assertTrue(saved)
        _, second = self.run_in_lab("scan", "--resume", checkpoint)
        with open(output) as file:
            results = [read_record(line) for line in file]
        self.assertEqual(len(results), 32 * 1200)
        self.assertEqual(sum(r.get("all_ports_open", False) for r in results), 1200 * len(self.accepting))
        for err in first, second:
            for address in self.accepting:
                self.assertLessEqual((first + second).count(f"{address} accepts connections"), 1)

    def test_wrong_words(self):
        for words, quoted in ((["--all-ports-open", "no"], "'no'"), (["--all-ports-open", "skip", "--checkpoint", "/nonexistent/c"], "'--all-ports-open skip'")):
            done = subprocess.run([PORTLOOP, "scan", *words, "127.0.0.1"], capture_output=True, text=True)
            self.assertEqual(done.returncode, USAGE)
            self.assertIn(quoted, done.stderr)
            self.assertEqual(len(done.stderr.splitlines()), 1)

    def test_a_watch_reports_it_as_one_change_and_the_end_as_another(self):
        ordinary = self.path("ordinary")
        with open(ordinary, "w") as file:
            file.write(PROFILE.replace("accepts-all 25% says drip", "accepts-all 0%"))
        changes = []
        for profile in (ordinary, self.profile, self.profile, ordinary, ordinary):
            out, _ = self.run_in_lab("watch", "-p", "1-300", "--rounds", "1", "--state", self.path("watched"), TARGETS, profile=profile)
            changes.append([json.loads(line) for line in out.splitlines()])
        self.assertEqual([len(round_changes) for round_changes in changes], [0, len(self.accepting), 0, len(self.accepting), 0])
        for before, after, reported in (("ordinary", "all-ports-open", changes[1]), ("all-ports-open", "ordinary", changes[3])):
            self.assertEqual({c["address"] for c in reported}, self.accepting)
            self.assertEqual({(c["change"], c["port"], c["before"], c["after"]) for c in reported}, {("changed", None, before, after)})
        out, _ = self.run_in_lab("watch", "-p", "1-300", "--rounds", "1", "--state", self.path("watched"), "-f", "text", TARGETS)
        self.assertEqual(out.count("ordinary -> accepts connections on every port"), len(self.accepting))


if __name__ == "__main__":
    tried = subprocess.run([LAB, "lan", "--", "true"], capture_output=True, text=True)
    if tried.returncode != 0:
        skip("what the lab needs: " + tried.stderr.strip())
    unittest.main(argv=["all_ports_open"])
