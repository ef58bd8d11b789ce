"""A scan that is resumed probes again what was unknown, and the new results replace the unknown ones in every output.

usage: resume_unknown.py PORTLOOP
"""

import os
import subprocess
import sys
import unittest

import scan_support as support
from format_readers import read_csv, read_grepable, read_json, read_list, read_xml
from scan_support import COMPLETE, INCOMPLETE, PORTLOOP

ABSENT = "192.0.2.7"  # this network has no route to it until the test gives itself the address
PORTS = range(1, 301)
FORMATS = {"json": read_json, "csv": read_csv, "xml": read_xml}


class ResumeUnknown(unittest.TestCase):
    def setUp(self):
        directory = support.scratch()
        self.addCleanup(directory.cleanup)
        self.directory = directory.name
        self.listeners = support.Listeners("127.0.0.1", range(10, 300, 40))
        self.addCleanup(self.listeners.close)

    def run_scan(self, *words):
        """Appends standard output to the file `stdout`. Returns the exit status and stderr."""
        with open(os.path.join(self.directory, "stdout"), "ab") as out:
            done = subprocess.run([PORTLOOP, "scan", *words], cwd=self.directory, stdin=subprocess.DEVNULL, stdout=out,
                                  stderr=subprocess.PIPE, text=True, timeout=support.PATIENCE_SECONDS)
        return done.returncode, done.stderr

    def read(self, name):
        with open(os.path.join(self.directory, name), newline="") as file:
            return file.read()

    def truth(self, absent_state):
        found = {("127.0.0.1", port): "open" if port in self.listeners.ports else "closed" for port in PORTS}
        return found | {(ABSENT, port): absent_state for port in PORTS}

    def check_outputs(self, absent_state):
        wanted = self.truth(absent_state)
        for form, read in FORMATS.items():
            self.assertEqual(read(self.read(form)), wanted, form)
        self.assertEqual(read_json(self.read("stdout")), wanted)
        opened = {endpoint for endpoint, state in wanted.items() if state == "open"}
        self.assertEqual(set(read_list(self.read("list"))), opened)
        grepable = read_grepable(self.read("grepable"))
        self.assertEqual({key for key in grepable if isinstance(key[1], int)}, opened)
        self.assertEqual(self.read("grepable").count("scan initiated"), 1)
        columns = [line.split()[:3] for line in self.read("text").splitlines()[1:]]
        self.assertEqual({(address, int(port)): state for address, port, state in columns}, wanted)
        self.assertEqual(len(columns), len(wanted))

    def test_unknown_ports_are_probed_again_and_replaced(self):
        for loops in ("1", "2"):
            with self.subTest(loops=loops):
                for name in os.listdir(self.directory):
                    os.remove(os.path.join(self.directory, name))
                outputs = [word for form in (*FORMATS, "list", "grepable", "text") for word in ("-o", f"{form}={form}")]
                status, err = self.run_scan("--checkpoint", "c", "--loops", loops, "--show", "all", "-f", "json", *outputs, "-p", "1-300",
                                            f"127.0.0.1,{ABSENT}")
                self.assertEqual(status, INCOMPLETE, err)
                self.assertIn("300 unknown: no-route", err)
                self.check_outputs("unknown")
                self.assertIn("300 unknown", self.read("xml"))
                # Nothing has changed: they are probed again, and are unknown again.
                status, err = self.run_scan("--resume", "c")
                self.assertEqual(status, INCOMPLETE, err)
                self.assertIn("300 unknown: no-route", err)
                self.assertIn(f" {len(self.listeners.ports)} open, {300 - len(self.listeners.ports)} closed, 300 unknown", err)
                self.check_outputs("unknown")
                support.ip(f"addr add {ABSENT}/32 dev lo")
                try:
                    status, err = self.run_scan("--resume", "c", "-q")
                    self.assertEqual((status, err), (COMPLETE, ""))
                finally:
                    support.ip(f"addr del {ABSENT}/32 dev lo")
                self.check_outputs("closed")
                self.assertNotIn("unknown", self.read("xml").replace("0 unknown", ""))
                status, err = self.run_scan("--resume", "c")
                self.assertEqual(status, COMPLETE, err)
                self.assertIn("nothing is left to do", err)
                self.check_outputs("closed")

    def test_merge_reports_unknown_ports(self):
        status, err = self.run_scan("--checkpoint", "c", "--show", "all", "-o", "json=json", "-p", "1-9", ABSENT)
        self.assertEqual(status, INCOMPLETE, err)
        done = subprocess.run([PORTLOOP, "merge", "-f", "json", "c"], cwd=self.directory, capture_output=True, text=True)
        self.assertEqual(done.returncode, INCOMPLETE, done.stderr)
        self.assertIn("shard 1/1: 9 ports are unknown", done.stderr)
        self.assertEqual(len(read_json(done.stdout)), 9)


if __name__ == "__main__":
    support.enter_own_network()
    unittest.main(argv=["resume_unknown", *sys.argv[2:]])
