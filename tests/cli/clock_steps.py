"""The wall clock is set back or forward while a command runs: results, durations and files are those of a steady clock.

usage: clock_steps.py PORTLOOP
"""

import os
import re
import subprocess
import sys
import unittest

import scan_support as support
from format_readers import read_json, read_xml
from result_schema import read_record
from scan_support import COMPLETE, INCOMPLETE, PATIENCE_SECONDS, PORTLOOP

PORTS = 300
HOUR = 3600
STEPS = (-10 * HOUR, 10 * HOUR)


class ClockSteps(unittest.TestCase):
    def setUp(self):
        folder = support.scratch()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.listeners = support.Listeners("127.0.0.1", [7, 70, 200])
        self.addCleanup(self.listeners.close)
        self.truth = {("127.0.0.1", port): "open" if port in self.listeners.ports else "closed" for port in range(1, PORTS + 1)}

    def path(self, name):
        return os.path.join(self.folder, name)

    def read(self, name):
        with open(self.path(name)) as file:
            return file.read()

    def run_stepped(self, seconds, *words, reading=100):
        environment = os.environ | {"LD_PRELOAD": os.environ["PORTLOOP_CLOCK_STEPS"], "PORTLOOP_CLOCK_STEP": f"{reading}:{seconds}"}
        return subprocess.run([PORTLOOP, *words], cwd=self.folder, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=PATIENCE_SECONDS)

    def scan_words(self, *words):
        return ["scan", "-p", f"1-{PORTS}", "--show", "all", *words, "127.0.0.1"]

    def test_a_scan(self):
        for seconds in STEPS:
            for options in ([], ["--loops", "2"], ["--connector", "portable"]):
                with self.subTest(seconds=seconds, options=options):
                    done = self.run_stepped(seconds, *self.scan_words("-f", "json", "-o", "xml=xml", "--overwrite", "--max-time", "1h", *options))
                    self.assertEqual(done.returncode, COMPLETE, done.stderr)
                    self.assertEqual(read_json(done.stdout), self.truth)
                    self.assertEqual(read_xml(self.read("xml")), self.truth)
                    hours = {read_record(line)["time"][:13] for line in done.stdout.splitlines()}
                    self.assertGreater(len(hours), 1, "the clock did not jump")
                    self.assertRegex(done.stderr, r" in \d\.\d+ s")
                    elapsed = float(re.search(r' elapsed="([\d.]+)"', self.read("xml")).group(1))
                    self.assertLess(abs(elapsed - max(seconds, 0)), PATIENCE_SECONDS)  # by the clock, as nmap's

    def test_a_scan_that_is_resumed_before_it_began(self):
        for seconds in STEPS:
            with self.subTest(seconds=seconds):
                first = subprocess.run([PORTLOOP, *self.scan_words("--checkpoint", "c", "-o", "json=j", "--overwrite", "--rate", "500", "--max-time", "100ms")],
                                       cwd=self.folder, capture_output=True, text=True, timeout=PATIENCE_SECONDS)
                self.assertEqual(first.returncode, INCOMPLETE, first.stderr)
                again = self.run_stepped(seconds, "scan", "--resume", "c", reading=1)
                self.assertEqual(again.returncode, COMPLETE, again.stderr)
                self.assertEqual(read_json(self.read("j")), self.truth)
                merged = self.run_stepped(seconds, "merge", "--show", "all", "-f", "json", "c")
                self.assertEqual((merged.returncode, read_json(merged.stdout)), (COMPLETE, self.truth), merged.stderr)

    def test_a_watch(self):
        for seconds in STEPS:
            with self.subTest(seconds=seconds):
                words = ["watch", "--rounds", "3", "--interval", "1ms", "-p", f"1-{PORTS}", "--state", "state", "-f", "json", "127.0.0.1"]
                done = self.run_stepped(seconds, *words, reading=2)
                self.assertEqual((done.returncode, done.stdout), (COMPLETE, ""), done.stderr)
                self.assertTrue(os.path.exists(self.path("state")))


if __name__ == "__main__":
    support.enter_own_network()
    unittest.main(argv=["clock_steps", *sys.argv[2:]])
