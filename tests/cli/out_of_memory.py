"""An allocation fails, once or from then on: a command ends with one line that says why, complete records, and no false
state. A checkpoint that it leaves can be resumed.

usage: out_of_memory.py PORTLOOP
"""

import errno
import os
import signal
import subprocess
import sys
import unittest

import scan_support as support
from format_readers import read_json, read_xml
from scan_support import COMPLETE, FAILED, INCOMPLETE, PORTLOOP

FIRST = 5  # earlier ones are glibc's, which crashes by itself in setservent()
STEP = 3
REASON = r"(?m)^portloop: .*(memory|allocate)"


class OutOfMemory(unittest.TestCase):
    def setUp(self):
        directory = support.scratch()
        self.addCleanup(directory.cleanup)
        self.directory = directory.name
        self.listeners = support.Listeners("127.0.0.1", range(5, 31, 9))
        self.addCleanup(self.listeners.close)
        self.truth = {("127.0.0.1", port): "open" if port in self.listeners.ports else "closed" for port in range(1, 31)}

    def run_command(self, *words, environment=None):
        return subprocess.run([PORTLOOP, *words], env=environment, cwd=self.directory, stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, timeout=support.PATIENCE_SECONDS)

    def path(self, name):
        return os.path.join(self.directory, name)

    def each_failure(self, *words, prepare=lambda: None):
        """Yields (rule, the ended command) until the command makes fewer allocations."""
        for and_later in ("", "+"):
            number, unharmed = FIRST, 0
            while unharmed < 3:
                prepare()
                rule = f"malloc:{number}{and_later}:{errno.ENOMEM}"
                yield rule, (done := self.run_command(*words, environment=support.failing(rule)))
                # Early ones may be glibc's own, which does without.
                unharmed = unharmed + 1 if done.returncode == COMPLETE and number > 250 else 0
                number += STEP
                self.assertLess(number, 5000)

    def check_end(self, done):
        if done.returncode == -signal.SIGABRT:
            self.assertRegex(done.stderr, r"abort\(\) in \S*libuv\.so")  # it aborts by itself in maybe_resize()
            return
        self.assertIn(done.returncode, (COMPLETE, FAILED, INCOMPLETE), done.stderr)
        if done.returncode != COMPLETE:
            self.assertRegex(done.stderr, REASON)

    def check_scan(self, done):
        self.check_end(done)
        found = read_json(done.stdout)
        self.assertLessEqual(found.items(), self.truth.items())
        if done.returncode == COMPLETE:
            self.assertEqual(found, self.truth)
            with open(self.path("xml")) as file:
                self.assertEqual(read_xml(file.read()), self.truth)
        elif os.path.exists(self.path("xml")):
            with open(self.path("xml")) as file:
                text = file.read()
            if text and not text.endswith("</nmaprun>\n"):  # as a reader of a cut file repairs it
                text += "<runstats/></nmaprun>\n"
            if text:
                self.assertLessEqual(read_xml(text).items(), self.truth.items())
        if done.returncode == FAILED:
            self.assertEqual(done.stderr.count("\n"), 1)

    def remove_files(self):
        for name in os.listdir(self.directory):
            os.remove(self.path(name))

    def test_scan(self):
        ended = set()
        for rule, done in self.each_failure("scan", "-p", "1-30", "--show", "all", "-f", "json", "-o", "xml=xml", "127.0.0.1", prepare=self.remove_files):
            ended.add(done.returncode)
            with self.subTest(rule=rule):
                self.check_scan(done)
        self.assertEqual(ended - {-signal.SIGABRT}, {COMPLETE, FAILED, INCOMPLETE})

    def test_scan_with_discovery(self):
        for rule, done in self.each_failure("scan", "--discover", "-p", "1-30", "--show", "all", "-f", "json", "-o", "xml=xml", "127.0.0.1",
                                            prepare=self.remove_files):
            with self.subTest(rule=rule):
                self.check_scan(done)

    def test_a_checkpoint_that_is_left_can_be_resumed(self):
        resumed = 0
        for rule, done in self.each_failure("scan", "-p", "1-30", "--show", "all", "-f", "json", "-o", "xml=xml", "-o", "json=json", "--checkpoint", "c",
                                            "127.0.0.1", prepare=self.remove_files):
            with self.subTest(rule=rule):
                self.check_scan(done)
                if not os.path.exists(self.path("c")):
                    self.assertIn(done.returncode, {FAILED, -signal.SIGABRT})  # libuv's own, by check_end()
                    continue
                again = self.run_command("scan", "--resume", "c")
                self.assertEqual(again.returncode, COMPLETE, again.stderr)
                resumed += "nothing is left" not in again.stderr
                with open(self.path("json")) as file:
                    self.assertEqual(read_json(file.read()), self.truth)
                with open(self.path("xml")) as file:
                    self.assertEqual(read_xml(file.read()), self.truth)
        self.assertGreater(resumed, 5)

    def write_results(self, name, states):
        reasons = {"open": "syn-ack", "closed": "conn-refused"}
        with open(self.path(name), "w") as file:
            for (address, port), state in states.items():
                file.write(f'{{"address":"{address}","port":{port},"state":"{state}","reason":"{reasons[state]}"}}\n')

    def test_diff(self):
        self.write_results("a", self.truth)
        self.write_results("b", self.truth | {("127.0.0.1", 1): "open"})
        for rule, done in self.each_failure("diff", "-q", "-f", "json", "a", "a"):
            with self.subTest(rule=rule):  # not 1: that the files differ is a false statement
                self.assertIn(done.returncode, (0, 2), done.stderr)
                self.assertEqual(done.stdout, "")
        for line in self.run_command("diff", "-f", "json", "a", "b").stdout.splitlines():
            self.assertIn('"port":1,', line)

    def test_watch(self):
        """Two rounds of a network in which nothing changes."""
        for rule, done in self.each_failure("watch", "--rounds", "2", "--interval", "1ms", "-p", "1-30", "--state", "state", "127.0.0.1",
                                            prepare=self.remove_files):
            with self.subTest(rule=rule):
                self.check_end(done)
                self.assertEqual(done.stdout, "")
                if os.path.exists(self.path("state")):
                    self.assertEqual(self.run_command("watch", "--rounds", "1", "-p", "1-30", "--state", "state", "127.0.0.1").stdout, "")

    def test_merge(self):
        self.write_results("in", self.truth)
        for rule, done in self.each_failure("merge", "-f", "json", "in"):
            with self.subTest(rule=rule):
                self.check_end(done)
                self.assertEqual(done.returncode == COMPLETE, read_json(done.stdout) == self.truth, done.stderr)
                self.assertLessEqual(read_json(done.stdout).items(), self.truth.items())


if __name__ == "__main__":
    support.enter_own_network()
    unittest.main(argv=["out_of_memory", *sys.argv[2:]])
