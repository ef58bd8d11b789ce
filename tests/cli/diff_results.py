"""portloop diff: what opened, closed and changed between two results; what was not scanned is never called closed.

usage: diff_results.py PORTLOOP
"""

import json
import os
import random
import signal
import subprocess
import tempfile
import unittest

import scan_support as support
from scan_support import PORTLOOP

SAME, DIFFERENT, TROUBLE = 0, 1, 2


def record(address, port, state="open", reason=None, **more):
    reason = reason or {"open": "syn-ack", "closed": "conn-refused", "filtered": "no-response", "unknown": "no-route"}[state]
    return json.dumps({"address": address, "port": port, "protocol": "tcp", "state": state, "reason": reason} | more) + "\n"


class Diff(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = directory.name

    def path(self, name):
        return os.path.join(self.directory, name)

    def write(self, name, *lines):
        with open(self.path(name), "wb") as out:
            out.write(b"".join(line.encode() if isinstance(line, str) else line for line in lines))
        return self.path(name)

    def run_diff(self, *words, status, **options):
        done = subprocess.run([PORTLOOP, "diff", *words], capture_output=True, text=True, timeout=60, **options)
        self.assertEqual(done.returncode, status, done)
        return done

    def changes(self, *words, status=DIFFERENT, **options):
        done = self.run_diff("-f", "json", *words, status=status, **options)
        found = {}
        for line in done.stdout.splitlines():
            change = json.loads(line)
            endpoint = change["address"], change["port"]
            self.assertNotIn(endpoint, found)
            found[endpoint] = change["change"], change["before"]["state"], change["after"]["state"]
        return found, done.stderr

    def test_opened_closed_changed(self):
        a = [record("10.0.0.1", 22), record("10.0.0.1", 80, "closed"), record("10.0.0.1", 81, "closed"), record("10.0.0.2", 25),
             record("10.0.0.2", 26, "filtered"), record("10.0.0.2", 27, "unknown"), record("10.0.0.3", 1), record("::1", 5)]
        b = [record("10.0.0.1", 22, "filtered"), record("10.0.0.1", 80), record("10.0.0.1", 81, "filtered"), record("10.0.0.2", 25),
             record("10.0.0.2", 26, "filtered", "admin-prohibited"), record("10.0.0.2", 27), record("10.0.0.4", 1), record("::1", 5)]
        wanted = {("10.0.0.1", 22): ("closed", "open", "filtered"), ("10.0.0.1", 80): ("opened", "closed", "open"),
                  ("10.0.0.1", 81): ("changed", "closed", "filtered"), ("10.0.0.2", 26): ("changed", "filtered", "filtered"),
                  ("10.0.0.2", 27): ("uncertain", "unknown", "open"), ("10.0.0.3", 1): ("only_in_a", "open", "not-scanned"),
                  ("10.0.0.4", 1): ("only_in_b", "not-scanned", "open")}
        found, err = self.changes(self.write("a", *a), self.write("b", *b))
        self.assertEqual(found, wanted)
        self.assertIn("1 opened, 1 closed, 2 changed, 1 unknown on one side, 1 only in A, 1 only in B; 2 the same", err)
        # The order of lines and repeated lines make no difference.
        shuffled = a + a
        random.Random(1).shuffle(shuffled)
        self.assertEqual(self.changes(self.write("c", *shuffled), self.path("b"))[0], wanted)
        self.assertEqual(self.changes(self.path("a"), self.path("c"), status=SAME)[0], {})
        del wanted["10.0.0.2", 26]
        self.assertEqual(self.changes("--ignore", "reason", self.path("a"), self.path("b"))[0], wanted)

    def test_rows(self):
        a = [record("10.0.0.1", port, "closed") for port in range(1, 1000)] + [record("10.0.0.1", 1007)]
        b = [record("10.0.0.1", port, "filtered") for port in range(1, 1000)] + [record("10.0.0.1", 1007, "closed")]
        done = self.run_diff(self.write("a", *a), self.write("b", *b), status=DIFFERENT)
        self.assertEqual(done.stdout, "~ 10.0.0.1:1-999         closed -> filtered (no-response)  999 ports\n"
                         "- 10.0.0.1:1007          open -> closed\n")
        self.assertEqual(self.run_diff("-q", self.path("a"), self.path("b"), status=DIFFERENT).stderr, "")
        coloured = self.run_diff("--color", "always", self.path("a"), self.path("b"), status=DIFFERENT).stdout
        self.assertIn("\x1b[31m- 10.0.0.1", coloured)

    def test_files_of_open_ports_alone(self):
        """Nothing shows whether a port that is gone was scanned, unless the user asserts it."""
        a, b = self.write("a", record("10.0.0.1", 22), record("10.0.0.1", 80)), self.write("b", record("10.0.0.1", 80))
        found, err = self.changes(a, b)
        self.assertEqual(found, {("10.0.0.1", 22): ("only_in_a", "open", "not-listed")})
        self.assertIn("B lists open ports only: what is only in A may be closed or not scanned", err)
        self.assertEqual(self.changes("--complete", a, b)[0], {("10.0.0.1", 22): ("closed", "open", "not-open")})
        self.assertEqual(self.changes("--complete", b, a)[0], {("10.0.0.1", 22): ("opened", "not-open", "open")})
        empty = self.write("empty")
        self.assertEqual(set(self.changes("--complete", a, empty)[0].values()), {("closed", "open", "not-open")})
        # Closed ports of A that B does not list agree with it, but are not known to be the same.
        a = self.write("a", record("10.0.0.1", 22, "closed"), record("10.0.0.1", 80))
        self.assertIn("1 result is not compared", self.changes(a, b, status=SAME)[1])

    def test_a_file_that_was_cut(self):
        """Even with --complete, what lies behind the cut has not vanished."""
        lines = [record("10.0.0.1", port) for port in range(1, 9)]
        a = self.write("a", *lines)
        b = self.write("b", *lines[:4], lines[4][:-9])
        for words in ([], ["--complete"]):
            found, err = self.changes(*words, a, b)
            self.assertEqual(set(found.values()), {("only_in_a", "open", "not-listed")})
            self.assertEqual({port for _, port in found}, {5, 6, 7, 8})
            self.assertIn("B: the last line of file", err)
            self.assertIn("B is incomplete: what is only in A may still be open in B", err)

    def test_banners(self):
        a = self.write("a", record("10.0.0.1", 22, banner="SSH-1\\x0d\\x0a"), record("10.0.0.1", 23, banner="x"))
        b = self.write("b", record("10.0.0.1", 22, banner="SSH-2\\x1b[31m"), record("10.0.0.1", 23, banner="x"))
        self.assertEqual(self.changes(a, b)[0], {("10.0.0.1", 22): ("changed", "open", "open")})
        done = self.run_diff(a, b, status=DIFFERENT)
        self.assertIn(r'open, banner "SSH-1" -> "SSH-2\x1b[31m"', done.stdout)
        self.changes("--ignore", "banner", a, b, status=SAME)
        without = self.write("c", record("10.0.0.1", 22), record("10.0.0.1", 23))
        self.assertIn("banners are not compared: B has none", self.changes(a, without, status=SAME)[1])

    def test_contradictions(self):
        a = self.write("a", record("10.0.0.1", 22, "filtered"), record("10.0.0.1", 22))
        b = self.write("b", record("10.0.0.1", 22))
        _, err = self.changes(a, b, status=SAME)
        self.assertIn("A has 10.0.0.1:22 as open and as filtered: it counts as open", err)

    def test_wrong_words(self):
        good = self.write("good", record("10.0.0.1", 22))
        for words, message in (([], "no file given"), ([good], "only '"), ([good, good, "more"], "'more' is a third file"),
                               ([good, self.path("missing")], "can't be read: No such file"), (["-", "-"], "'-' is given twice"),
                               ([good, self.directory], "can't be read: Is a directory"),
                               ([good, self.write("xml", "<?xml version='1.0'?>\n")], "line 1 is not a result in portloop's JSON"),
                               ([good, self.write("one_line", "<html></html>")], "line 1 is not a result in portloop's JSON"),
                               ([good, self.write("bytes", b"\xff\x1b]0;x\x07\n")], r"\xff\x1b"),
                               (["--ignore", "rtt", good, good], "--ignore 'rtt': accepted are reason, banner"),
                               (["-f", "xml", good, good], "--format 'xml': accepted are text, json"), (["--wat", good, good], "--wat")):
            with self.subTest(words=words):
                done = self.run_diff(*words, status=TROUBLE)
                self.assertEqual((done.stdout, len(done.stderr.splitlines())), ("", 1), done)
                self.assertIn(message, done.stderr)
        with open("/dev/full", "w") as full:
            done = subprocess.run([PORTLOOP, "diff", good, self.write("b")], stdout=full, stderr=subprocess.PIPE, text=True)
        self.assertEqual(done.returncode, TROUBLE, done)

    def test_pipes(self):
        good = self.write("good", record("10.0.0.1", 22))
        done = self.run_diff("-", good, status=SAME, input=record("10.0.0.1", 22))
        self.assertEqual(done.stdout, "")

    def test_checkpoints_record_what_was_scanned(self):
        first = support.listen("127.0.0.1", 40001)
        second = support.listen("127.0.0.1", 40002)
        self.addCleanup(second.close)

        def scan(name, ports="40000-40009"):
            subprocess.run([PORTLOOP, "scan", "-q", "-p", ports, "-f", "list", "-o", f"json={self.path(name + '.json')}",
                            "--checkpoint", self.path(name), "127.0.0.1"], check=True, stdout=subprocess.DEVNULL)
            return self.path(name)

        a = scan("a")
        first.close()
        b, fewer = scan("b"), scan("fewer", "40002-40009")
        self.assertEqual(self.changes(a, b)[0], {("127.0.0.1", 40001): ("closed", "open", "not-open")})
        self.assertEqual(self.changes(b, a)[0], {("127.0.0.1", 40001): ("opened", "not-open", "open")})
        self.assertEqual(self.changes(a, fewer)[0], {("127.0.0.1", 40001): ("only_in_a", "open", "not-scanned")})

    def test_a_scan_that_was_interrupted(self):
        """Of its checkpoint, only what has a result counts as scanned."""
        ports = range(40000, 40400)
        with support.Listeners("127.0.0.1", ports) as listeners:
            def scan(name, *more):
                return subprocess.Popen([PORTLOOP, "scan", "-q", "-p", "40000-40399", "-f", "list", "-o", f"json={self.path(name + '.json')}", *more,
                                         "--checkpoint", self.path(name), "127.0.0.1"], stdout=subprocess.PIPE)
            whole = scan("whole")
            whole.communicate(timeout=60)
            part = scan("part", "-r", "100")
            part.stdout.readline()
            part.send_signal(signal.SIGINT)
            part.communicate(timeout=60)
            self.assertEqual(part.returncode, 130)
            found, err = self.changes(self.path("whole"), self.path("part"))
            self.assertEqual(set(found.values()), {("only_in_a", "open", "not-scanned")})
            with open(self.path("part.json")) as results:
                listed = {json.loads(line)["port"] for line in results}
            self.assertEqual({port for _, port in found} | listed, listeners.ports)
            self.assertIn("B: shard 1/1 is incomplete", err)


if __name__ == "__main__":
    support.enter_own_network()
    unittest.main(argv=["diff_results"])
