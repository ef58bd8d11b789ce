"""Targets are scanned while their list still arrives, each endpoint once, and no name is lost.

usage: stream_targets.py PORTLOOP
"""

import os
import pty
import subprocess
import threading
import unittest

import scan_support as support
from dns_server import DnsServer, use_own_resolver
from scan_support import COMPLETE, INCOMPLETE, INTERRUPTED, PORTLOOP, USAGE, scan


class StreamCase(unittest.TestCase):
    def listen(self, address, port):
        listener = support.listen(address, port)
        listener.settimeout(support.PATIENCE_SECONDS)
        self.addCleanup(listener.close)
        return listener

    def serve(self, addresses_of):
        server = DnsServer(addresses_of)
        self.addCleanup(server.close)
        return server

    def start(self, *words):
        """A scan whose targets are written to its standard input."""
        child = subprocess.Popen([PORTLOOP, "scan", "-i", "-", *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                 stderr=subprocess.PIPE, text=True, bufsize=1)
        self.addCleanup(child.wait)
        self.addCleanup(child.kill)
        return child

    def write(self, child, text):
        child.stdin.write(text)
        child.stdin.flush()

    def end(self, child):
        """(exit status, lines of stdout, stderr)"""
        out, err = child.communicate(timeout=support.PATIENCE_SECONDS)
        return child.returncode, out.splitlines(), err


class Arrival(StreamCase):
    def test_a_target_is_connected_to_before_the_next_one_is_written(self):
        first, second = self.listen("127.0.0.1", 8000), self.listen("127.0.0.2", 8001)
        child = self.start("-p", "8000", "-f", "list")
        self.write(child, "127.0.0.1\n")
        first.accept()[0].close()
        self.write(child, "127.0.0.2:8001")  # no end of line
        child.stdin.close()
        child.stdin = None
        second.accept()[0].close()
        status, lines, err = self.end(child)
        self.assertEqual((status, sorted(lines)), (COMPLETE, ["127.0.0.1:8000", "127.0.0.2:8001"]), err)

    def test_a_wrong_word_stops_the_scan_and_what_was_found_stays(self):
        listener = self.listen("127.0.0.1", 8000)
        child = self.start("-p", "8000", "-f", "list")
        self.write(child, "127.0.0.1\n")
        self.assertEqual(child.stdout.readline(), "127.0.0.1:8000\n")
        listener.accept()[0].close()
        self.write(child, "# a comment\n127.0.0.\n127.0.0.2\n")
        status, lines, err = self.end(child)
        self.assertEqual((status, lines), (USAGE, []), err)
        self.assertTrue(err.startswith("portloop: standard input:3: '127.0.0.' "), err)
        self.assertTrue(err.endswith("the scan is stopped\n") and err.count("\n") == 1, err)

    def test_ctrl_c_while_the_list_is_open(self):
        self.listen("127.0.0.1", 8000)
        child = self.start("-p", "8000", "-f", "list")
        self.write(child, "127.0.0.1\n")
        self.assertEqual(child.stdout.readline(), "127.0.0.1:8000\n")
        child.terminate()
        child.wait(support.PATIENCE_SECONDS)
        status, _, err = self.end(child)
        self.assertEqual((status, "interrupted: 1 address, 1 port" in err), (INTERRUPTED, True), err)

    def test_the_writer_of_a_fast_list_waits_for_a_slow_scan(self):
        """At one connect per second, only a few thousand targets are read ahead, and the pipe is full."""
        child = self.start("-p", "9", "-r", "1", "-q")
        written = 0

        def write():
            nonlocal written
            try:
                for number in range(1, 1 << 21):
                    child.stdin.write(f"127.{number >> 16}.{number >> 8 & 255}.{number & 255}\n")
                    written = number
            except OSError:
                pass  # the scan has ended

        writer = threading.Thread(target=write)
        writer.start()
        support.wait_until(lambda: written > 4096, "the first targets are read")
        before = -1
        while before != written:  # until the writer waits
            before = written
            writer.join(1)
        child.terminate()
        child.wait(support.PATIENCE_SECONDS)
        writer.join(support.PATIENCE_SECONDS)
        self.assertLess(written, 50_000)

    def test_the_list_is_read_first_if_all_of_it_is_needed(self):
        for words in (("--order", "sequential"), ("-o", "xml=/dev/null", "--overwrite"), ("--shard", "1/1", "--discover")):
            with self.subTest(words=words):
                child = self.start("-p", "8000", *words)
                self.write(child, "127.0.0.1\n")
                self.write(child, "300.1.1.1\n")
                status, lines, err = self.end(child)
                self.assertEqual((status, lines), (USAGE, []), err)
                self.assertNotIn("the scan is stopped", err)


class OwnPorts(StreamCase):
    def scanned(self, *words, stdin=None):
        done = subprocess.run([PORTLOOP, "scan", *words, "--show", "all", "-f", "csv"], input=stdin, capture_output=True, text=True,
                              timeout=support.PATIENCE_SECONDS)
        self.assertEqual(done.returncode, COMPLETE, done.stderr)
        rows = [row.split(",") for row in done.stdout.splitlines()[1:]]
        return sorted((row[0], int(row[1])) for row in rows)

    def test_every_form_is_asked_for_once(self):
        words = ["127.0.0.1:22", "127.0.0.2:80,443", "127.0.0.1:20-22", "[::1]:8", "http://127.0.0.3/a,b?c", "https://u@127.0.0.3:8443",
                 "HTTPS://127.0.0.3", "127.0.0.4/31", "127.0.0.4:7", "127.0.0.1-2:22", "127.0.0.8/31:ssh"]
        expected = sorted([("127.0.0.1", 20), ("127.0.0.1", 21), ("127.0.0.1", 22), ("127.0.0.2", 80), ("127.0.0.2", 443), ("::1", 8),
                           ("127.0.0.3", 80), ("127.0.0.3", 8443), ("127.0.0.3", 443), ("127.0.0.4", 7), ("127.0.0.4", 9),
                           ("127.0.0.5", 9), ("127.0.0.2", 22), ("127.0.0.8", 22), ("127.0.0.9", 22)])
        self.assertEqual(self.scanned("-p", "9", *words), expected)
        self.assertEqual(self.scanned("-p", "9", "-i", "-", stdin="\n".join(words * 2)), expected)
        self.assertEqual(self.scanned("-p", "9", "-i", "-", stdin=" ".join(reversed(words))), expected)

    def test_exclusions_hold_for_them(self):
        words = ["127.0.0.1:1-3", "127.0.0.2:2", "--exclude-ports", "2", "--exclude", "127.0.0.3", "127.0.0.3:5", "127.0.0.2-4:6"]
        expected = [("127.0.0.1", 1), ("127.0.0.1", 3), ("127.0.0.2", 6), ("127.0.0.4", 6)]
        self.assertEqual(self.scanned(*words), expected)
        self.assertEqual(self.scanned(*words, "-i", "-", stdin="127.0.0.1:2,3 127.0.0.3"), expected)

    def test_the_list_of_one_scan_is_the_input_of_another(self):
        self.listen("127.0.0.1", 8000), self.listen("::1", 8001)
        line = f"'{PORTLOOP}' scan 127.0.0.1 ::1 -p 8000-8001 -f list | '{PORTLOOP}' scan -i - -f list"
        done = subprocess.run(["sh", "-c", line], capture_output=True, text=True, timeout=support.PATIENCE_SECONDS)
        self.assertEqual(sorted(done.stdout.splitlines()), ["127.0.0.1:8000", "[::1]:8001"], done.stderr)


class Names(StreamCase):
    def test_all_names_of_an_address_are_in_its_record(self):
        self.serve(lambda name: ["127.0.0.1"])
        self.listen("127.0.0.1", 8000)
        status, (result,), err = support.scan_json("b.test", "a.test", "c.test", "-p", "8000")
        self.assertEqual((status, result["host"], result["hosts"]), (COMPLETE, "b.test", ["b.test", "a.test", "c.test"]), err)
        _, out, _ = scan("b.test", "a.test", "-p", "8000", "-f", "list", "--names")
        self.assertEqual(out.splitlines(), ["b.test:8000", "a.test:8000"])
        _, out, _ = scan("b.test", "a.test", "c.test", "-p", "8000")
        self.assertIn("127.0.0.1 (b.test +2)", out)
        _, out, _ = scan("b.test", "a.test", "-p", "8000", "-f", "xml")
        self.assertIn('<hostname name="b.test" type="user"/><hostname name="a.test" type="user"/>', out)

    def test_a_name_that_comes_late_gets_the_result_again(self):
        self.serve(lambda name: ["127.0.0.1"])
        self.listen("127.0.0.1", 8000)
        for words, lines in ((("-f", "list", "--names"), ["a.test:8000", "b.test:8000", "c.test:8000"]), (("-f", "list"), ["127.0.0.1:8000"])):
            with self.subTest(words=words):
                child = self.start("-p", "8000", *words)
                self.write(child, "a.test\n")
                seen = [child.stdout.readline().strip()]  # it is written
                self.write(child, "b.test\nhttp://c.test:8000/\na.test\n")
                status, rest, err = self.end(child)
                self.assertEqual((status, sorted(seen + rest)), (COMPLETE, lines), err)

    def test_a_name_that_comes_late_is_in_the_table_if_no_port_is_open(self):
        self.serve(lambda name: ["127.0.0.1"])
        listener = self.listen("127.0.0.2", 8001)
        screen, terminal = pty.openpty()
        self.addCleanup(os.close, screen)
        child = subprocess.Popen([PORTLOOP, "scan", "-q", "-i", "-", "-p", "7", "--show", "all"], stdin=subprocess.PIPE, stdout=terminal, text=True,
                                 env=os.environ | {"TERM": "xterm"})
        os.close(terminal)
        self.write(child, "a.test\n")
        shown = b""
        while b"127.0.0.1" not in shown:  # its live row
            shown += os.read(screen, 4096)
        self.write(child, "b.test\n127.0.0.2:8001\n")
        listener.accept()[0].close()
        child.stdin.close()
        try:
            while True:
                shown += os.read(screen, 4096)
        except OSError:  # the program has ended
            pass
        self.assertEqual(child.wait(timeout=support.PATIENCE_SECONDS), COMPLETE)
        self.assertIn(b"127.0.0.1 (a.test +1)", shown)

    def test_names_that_do_not_resolve_hold_nothing_up(self):
        self.serve(lambda name: ["127.0.0.1"] if name == "live.test" else None)
        self.listen("127.0.0.1", 8000), self.listen("127.0.0.2", 8000)
        child = self.start("-p", "8000", "-f", "list", "--names")
        self.write(child, "".join(f"dead{number}.test\n" for number in range(40)) + "live.test\n127.0.0.2\n")
        self.assertEqual(sorted(child.stdout.readline() for _ in range(2)), ["127.0.0.2:8000\n", "live.test:8000\n"])
        status, lines, err = self.end(child)
        self.assertEqual((status, lines, err.count("does not resolve: ")), (INCOMPLETE, [], 40), err)

    def test_nothing_that_resolves(self):
        self.serve(lambda name: [])
        status, out, err = scan("-i", "/dev/stdin", "-p", "9", stdin=self.pipe_of("nosuch.test\n"))
        self.assertEqual((status, out), (USAGE, ""), err)
        self.assertIn("'nosuch.test' does not resolve", err)

    def pipe_of(self, text):
        read, write = os.pipe()
        os.write(write, text.encode())
        os.close(write)
        self.addCleanup(os.close, read)
        return read


if __name__ == "__main__":
    support.enter_own_network()
    use_own_resolver("timeout:1 attempts:1")
    unittest.main(argv=["stream_targets.py"])
