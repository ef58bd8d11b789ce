"""However a scan ends (Ctrl-C, SIGTERM, the reader gone, a full disk), what was found is whole and the status tells.

usage: endings.py PORTLOOP
"""

import array
import contextlib
import fcntl
import json
import os
import select
import signal
import subprocess
import sys
import termios
import unittest

import scan_support as support
from scan_support import INCOMPLETE, INTERRUPTED, PATIENCE_SECONDS, start

# Open ports of 127.0.0.1 are found at once; then comes silence for longer than any test is patient.
SILENT = "192.0.2.0/24"
PIPE_BYTES = 60_000  # of 65,536: the last write need not fit exactly
ENDLESS = ["-t", "600000", "--timing", "fixed", "--retries", "13"]


def read_line(pipe):
    ready, _, _ = select.select([pipe], [], [], PATIENCE_SECONDS)
    assert ready, "no result came"
    return pipe.readline()


def bytes_waiting(reader):
    count = array.array("i", [0])
    fcntl.ioctl(reader, termios.FIONREAD, count)
    return count[0]


def catches(pid, number):
    with open(f"/proc/{pid}/status") as status:
        caught = next(line for line in status if line.startswith("SigCgt:"))
    return int(caught.split()[1], 16) >> (number - 1) & 1


class Signals(unittest.TestCase):
    def setUp(self):
        self.listeners = support.Listeners("127.0.0.1", range(40000, 40003))
        self.addCleanup(self.listeners.close)

    def endless_scan(self, *options, **how):
        ports = ",".join(map(str, self.listeners.ports))
        return start(*ENDLESS, *options, "-p", ports, "127.0.0.1", SILENT, **how)

    def test_interrupted_the_results_so_far_are_whole(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            for loops in ("1", "2"):
                with self.subTest(signal=number, loops=loops), support.scratch() as folder:
                    files = {name: os.path.join(folder, name) for name in ("json", "xml", "csv", "list")}
                    outputs = [word for name, path in files.items() for word in ("-o", f"{name}={path}")]
                    with self.endless_scan("--loops", loops, "-f", "json", *outputs) as running:
                        self.addCleanup(running.kill)
                        lines = [read_line(running.stdout) for _ in self.listeners.ports]
                        running.send_signal(number)
                        rest, err = running.communicate(timeout=PATIENCE_SECONDS)
                    self.assertEqual(running.returncode, INTERRUPTED, err)
                    self.assertIn(b"interrupted", err)
                    found = [json.loads(line) for line in b"".join(lines + [rest]).splitlines()]
                    self.assertEqual({r["port"] for r in found}, self.listeners.ports)
                    with open(files["json"]) as file:
                        self.assertEqual({json.loads(line)["port"] for line in file}, self.listeners.ports)
                    with open(files["list"]) as file:
                        self.assertEqual(len(list(file)), len(self.listeners.ports))
                    with open(files["xml"]) as file:
                        text = file.read()
                    self.assertTrue(text.endswith("</nmaprun>\n"), text)
                    self.assertIn('exit="error"', text)

    def test_a_second_one_ends_at_once(self):
        # A reader that does not read: the pipe fills, the last write can't end, and only the second signal helps.
        reader, writer = os.pipe()
        with start("--show", "all", "-f", "json", "-p", "1-65535", "127.0.0.1", stdout=writer) as running:
            os.close(writer)
            support.wait_until(lambda: bytes_waiting(reader) >= PIPE_BYTES, "the pipe is full")
            running.send_signal(signal.SIGINT)
            # Two that are pending are one: the first has to arrive.
            support.wait_until(lambda: not catches(running.pid, signal.SIGINT), "the first is handled")
            running.send_signal(signal.SIGINT)
            status = running.wait(PATIENCE_SECONDS)
            running.stderr.read()
        os.close(reader)
        self.assertIn(status, (-signal.SIGINT, INTERRUPTED))


class ReaderGone(unittest.TestCase):
    def test_head(self):
        with support.Listeners("127.0.0.1", range(40000, 40300)):
            for loops in ("1", "2"):
                with self.subTest(loops=loops):
                    with start("--loops", loops, "--show", "all", "-f", "json", "-p", "1-65535", "127.0.0.0/28") as running:
                        with subprocess.Popen(["head", "-1"], stdin=running.stdout, stdout=subprocess.PIPE) as head:
                            running.stdout.close()
                            line = head.communicate(timeout=PATIENCE_SECONDS)[0]
                        err = running.stderr.read().decode()
                        status = running.wait(PATIENCE_SECONDS)
                    self.assertEqual(status, INCOMPLETE, err)
                    json.loads(line)
                    self.assertEqual(err.count("standard output"), 1, err)

    def test_the_error_stream_may_be_gone_too(self):
        reader, writer = os.pipe()
        os.close(reader)
        with support.Listeners("127.0.0.1", [40000]):
            running = start("-p", "40000", "--progress", "always", "-f", "list", "127.0.0.1", stderr=writer)
            os.close(writer)
            out = running.communicate(timeout=PATIENCE_SECONDS)[0]
        self.assertEqual((running.returncode, out), (0, b"127.0.0.1:40000\n"))


class FullDisk(unittest.TestCase):
    def test_a_full_device_is_said_once(self):
        for option in ([], ["-o", "json=/dev/full"]):
            with self.subTest(option=option), open("/dev/full", "w") as full:
                running = start("-q", "--show", "all", "-f", "json", "-p", "1-200", *option, "127.0.0.1",
                                stdout=full if not option else subprocess.DEVNULL)
                err = running.communicate(timeout=PATIENCE_SECONDS)[1].decode()
                self.assertEqual(running.returncode, INCOMPLETE, err)
                self.assertEqual(len(err.splitlines()), 1, err)
                self.assertIn("No space left", err)

    def test_a_full_disk_keeps_whole_records_only(self):
        with support.scratch() as folder, contextlib.ExitStack() as stack:
            folder = os.path.join(folder, "disk")
            os.mkdir(folder)
            support.say(["mount", "-t", "tmpfs", "-o", "size=64k", "none", folder])
            stack.callback(support.say, ["umount", folder])
            files = {name: os.path.join(folder, name) for name in ("json", "csv")}
            for name, path in files.items():
                with self.subTest(format=name):
                    status, _, err = support.scan("-q", "--show", "all", "-f", "list", "-o", f"{name}={path}", "-p", "1-5000", "127.0.0.1")
                    self.assertEqual(status, INCOMPLETE, err)
                    self.assertEqual(len(err.splitlines()), 1, err)
                    self.assertIn(path, err)
                    with open(path, newline="") as file:
                        text = file.read()
                    self.assertGreater(len(text), 1000)
                    self.assertTrue(text.endswith("\n"))
                    if name == "json":
                        for line in text.splitlines():
                            json.loads(line)
                    else:
                        self.assertEqual({line.count(",") for line in text.split("\r\n")[:-1]}, {10})
                    os.remove(path)

    def test_standard_output_redirected_to_a_full_disk(self):
        with support.scratch() as folder, contextlib.ExitStack() as stack:
            folder = os.path.join(folder, "disk")
            os.mkdir(folder)
            support.say(["mount", "-t", "tmpfs", "-o", "size=64k", "none", folder])
            stack.callback(support.say, ["umount", folder])
            path = os.path.join(folder, "out")
            with open(path, "w") as out:
                running = start("-q", "--show", "all", "-f", "json", "-p", "1-5000", "127.0.0.1", stdout=out)
                err = running.communicate(timeout=PATIENCE_SECONDS)[1].decode()
            self.assertEqual(running.returncode, INCOMPLETE, err)
            with open(path) as file:
                for line in file:
                    self.assertTrue(line.endswith("\n"))
                    json.loads(line)


class FilesOfOthers(unittest.TestCase):
    def test_an_older_file_is_kept_unless_told(self):
        with support.scratch() as folder:
            path = os.path.join(folder, "out.json")
            with open(path, "w") as file:
                file.write("precious\n")
            status, _, err = support.scan("-p", "1", "-o", "json=" + path, "127.0.0.1")
            self.assertEqual(status, support.FAILED, err)
            with open(path) as file:
                self.assertEqual(file.read(), "precious\n")
            status, _, err = support.scan("-p", "1", "--show", "all", "--overwrite", "-o", "json=" + path, "127.0.0.1")
            self.assertEqual(status, support.COMPLETE, err)
            with open(path) as file:
                self.assertEqual(json.loads(file.read())["port"], 1)
            self.assertEqual(os.listdir(folder), ["out.json"])

    def test_a_file_that_cannot_be_made(self):
        status, out, err = support.scan("-p", "1", "-o", "json=/nonexistent/x", "127.0.0.1")
        self.assertEqual((status, out), (support.FAILED, ""), err)
        self.assertIn("/nonexistent/x", err)
        self.assertEqual(len(err.splitlines()), 1)


if __name__ == "__main__":
    support.enter_own_network()
    silence = support.silent_network("192.0.2.254/24")
    unittest.main(argv=["endings", *sys.argv[2:]])
