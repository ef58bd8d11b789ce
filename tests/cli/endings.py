"""However a scan ends (Ctrl-C, SIGTERM, the reader gone, a full disk), its results are complete records and the exit
status is right.

usage: endings.py PORTLOOP
"""

import array
import contextlib
import ctypes
import fcntl
import os
import pty
import select
import signal
import subprocess
import sys
import termios
import time
import unittest

import scan_support as support
from result_schema import read_record
from scan_support import INCOMPLETE, INTERRUPTED, PATIENCE_SECONDS, start

# Open ports of 127.0.0.1 are found at once. These addresses are silent for longer than any test waits.
SILENT = "192.0.2.0/24"
PIPE_BYTES = 4096  # the minimum on Linux: the first write of a scan of all ports is larger, so that it blocks
SIGNALS_WAIT = "thread" in os.environ.get("PORTLOOP_SANITIZED", "")
ENDLESS = ["-t", "600000", "--timing", "fixed", "--retries", "13"]


def small_pipe():
    reader, writer = os.pipe()
    F_SETPIPE_SZ = 1031  # linux/fcntl.h; Python's fcntl has it from 3.10 on
    fcntl.fcntl(writer, F_SETPIPE_SZ, PIPE_BYTES)
    return reader, writer


def read_line(pipe):
    ready, _, _ = select.select([pipe], [], [], PATIENCE_SECONDS)
    assert ready, "no result came"
    return pipe.readline()


def bytes_waiting(reader):
    count = array.array("i", [0])
    fcntl.ioctl(reader, termios.FIONREAD, count)
    return count[0]


def pending(pid, number):
    """Returns whether a signal that was sent to the process has not been delivered yet."""
    with open(f"/proc/{pid}/status") as status:
        words = [line.split() for line in status if line.startswith(("SigPnd:", "ShdPnd:"))]
    return any(int(mask, 16) >> (number - 1) & 1 for _, mask in words)


class Signals(unittest.TestCase):
    def setUp(self):
        self.listeners = support.Listeners("127.0.0.1", range(40000, 40003))
        self.addCleanup(self.listeners.close)

    def endless_scan(self, *options, **how):
        ports = ",".join(map(str, self.listeners.ports))
        return start(*ENDLESS, *options, "-p", ports, "127.0.0.1", SILENT, **how)

    def test_interrupted_the_results_so_far_are_complete(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
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
                    found = [read_record(line) for line in b"".join(lines + [rest]).splitlines()]
                    self.assertEqual({r["port"] for r in found}, self.listeners.ports)
                    with open(files["json"]) as file:
                        self.assertEqual({read_record(line)["port"] for line in file}, self.listeners.ports)
                    with open(files["list"]) as file:
                        self.assertEqual(len(list(file)), len(self.listeners.ports))
                    with open(files["xml"]) as file:
                        text = file.read()
                    self.assertTrue(text.endswith("</nmaprun>\n"), text)
                    self.assertIn('exit="error"', text)

    def test_interrupted_in_discovery_what_it_found_open_is_written(self):
        with support.Listeners("127.0.0.1", [22, 8080]), \
                start(*ENDLESS, "--discover", "--stats-every", "100ms", "-f", "json", "-p", "8080,40000", "127.0.0.1", "192.0.2.1") as running:
            self.addCleanup(running.kill)
            line = b"begin"
            while b" 2 open" not in line:  # of its own ports
                self.assertTrue(line)
                line = read_line(running.stderr)
            running.send_signal(signal.SIGINT)
            out, err = running.communicate(timeout=PATIENCE_SECONDS)
        self.assertEqual(running.returncode, INTERRUPTED, err)
        self.assertEqual([read_record(line)["port"] for line in out.splitlines()], [8080])
        self.assertIn(b"discovery ended early, after 1 had answered", err)

    def test_the_time_of_max_time_is_over(self):
        for options in ([], ["--discover"], ["--checkpoint", "checkpoint"], ["-q"]):
            with self.subTest(options=options), support.scratch() as folder:
                words = ["--max-time", "1s", "-f", "json", "-o", "xml=xml", *options]
                with self.endless_scan(*words, cwd=folder) as running:
                    self.addCleanup(running.kill)
                    out, err = running.communicate(timeout=PATIENCE_SECONDS)
                self.assertEqual(running.returncode, INCOMPLETE, err)
                self.assertEqual(b"--max-time is over" in err, "-q" not in options, err)
                found = {read_record(line)["port"] for line in out.splitlines()}
                self.assertEqual(found, set() if "--discover" in options else self.listeners.ports)
                with open(os.path.join(folder, "xml")) as file:
                    text = file.read()
                self.assertTrue(text.endswith("</nmaprun>\n"), text)
                self.assertIn('exit="error"', text)

    def test_a_scan_within_max_time_is_complete(self):
        done = start("--max-time", "1h", "-p", "40000", "127.0.0.1")
        out, err = done.communicate(timeout=PATIENCE_SECONDS)
        self.assertEqual(done.returncode, 0, err)

    def test_max_time_of_a_resumed_scan_is_its_own(self):
        with support.scratch() as folder:
            words = ["-q", "--checkpoint", "checkpoint", "--max-time", "1s", "-o", "json=json"]
            with self.endless_scan(*words, cwd=folder) as running:
                self.addCleanup(running.kill)
                self.assertEqual(running.wait(PATIENCE_SECONDS), INCOMPLETE)
            with start("--resume", "checkpoint", "--max-time", "500ms", cwd=folder) as running:
                self.addCleanup(running.kill)
                _, err = running.communicate(timeout=PATIENCE_SECONDS)
            self.assertEqual(running.returncode, INCOMPLETE, err)
            self.assertIn(b"--max-time is over", err)

    @unittest.skipIf(SIGNALS_WAIT, "ThreadSanitizer delays signals during write()")
    def test_a_second_one_from_the_terminal_ends_at_once(self):
        # Nobody reads: the pipe fills, the last write() blocks, and only a second signal ends the process.
        reader, writer = small_pipe()
        pid, screen = pty.fork()
        if pid == 0:
            os.dup2(writer, 1)
            os.execv(support.PORTLOOP, ["portloop", "scan", "-q", "--show", "all", "-f", "json", "-p", "1-65535", "127.0.0.1"])
        os.close(writer)
        support.wait_until(lambda: bytes_waiting(reader) >= PIPE_BYTES, "the pipe is full")
        os.write(screen, b"\x03")
        shown = b""
        while b"^C" not in shown:  # echoed when the signal has been sent
            self.assertTrue(select.select([screen], [], [], PATIENCE_SECONDS)[0], shown)
            shown += os.read(screen, 100)
        support.wait_until(lambda: not pending(pid, signal.SIGINT), "the first is handled")
        os.write(screen, b"\x03")
        _, status = support.wait_until(lambda: (done := os.waitpid(pid, os.WNOHANG))[0] and done, "the second ends it")
        os.close(reader)
        os.close(screen)
        self.assertEqual(os.waitstatus_to_exitcode(status), -signal.SIGINT)

    def test_a_terminal_that_is_closed(self):
        """The process gets SIGHUP, from the kernel, and its files are whole."""
        with support.scratch() as folder:
            xml, checkpoint = (os.path.join(folder, name) for name in ("xml", "checkpoint"))
            pid, screen = pty.fork()
            if pid == 0:
                ports = ",".join(map(str, self.listeners.ports))
                os.execv(support.PORTLOOP, ["portloop", "scan", *ENDLESS, "--checkpoint", checkpoint, "-o", f"xml={xml}", "-f", "json",
                                            "-p", ports, "127.0.0.1", SILENT])
            shown = b""
            while shown.count(b"syn-ack") < len(self.listeners.ports):
                self.assertTrue(select.select([screen], [], [], PATIENCE_SECONDS)[0], shown)
                shown += os.read(screen, 1000)
            os.close(screen)
            _, status = support.wait_until(lambda: (done := os.waitpid(pid, os.WNOHANG))[0] and done, "it ends")
            self.assertEqual(os.waitstatus_to_exitcode(status), INTERRUPTED)
            with open(xml) as file:
                text = file.read()
            self.assertTrue(text.endswith("</nmaprun>\n"), text)
            self.assertEqual(text.count('state="open"'), len(self.listeners.ports))

    def test_a_shell_whose_terminal_is_closed(self):
        """The scan gets SIGHUP twice: from the shell and, when the shell has ended, from the kernel."""
        PR_SET_CHILD_SUBREAPER = 36  # linux/prctl.h: the scan becomes a child of this process
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1)
        with support.scratch() as folder:
            xml = os.path.join(folder, "xml")
            told, tell = os.pipe()
            shell, screen = pty.fork()
            if shell == 0:
                # Blocked, or it could come just before the call that waits for it.
                scan = self.endless_scan("-f", "list", "-o", f"xml={xml}", stdout=None, stderr=None)
                signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGHUP})
                os.write(tell, str(scan.pid).encode())
                signal.sigwait({signal.SIGHUP})
                scan.send_signal(signal.SIGHUP)
                os._exit(0)
            os.close(tell)
            with open(told, "rb", buffering=0) as pipe:
                pid = int(pipe.read(20))
            shown = b""
            while shown.count(b"127.0.0.1:") < len(self.listeners.ports):
                self.assertTrue(select.select([screen], [], [], PATIENCE_SECONDS)[0], shown)
                shown += os.read(screen, 1000)
            os.close(screen)
            os.waitpid(shell, 0)
            _, status = support.wait_until(lambda: (done := os.waitpid(pid, os.WNOHANG))[0] and done, "it ends")
            self.assertEqual(os.waitstatus_to_exitcode(status), INTERRUPTED)
            with open(xml) as file:
                self.assertTrue(file.read().endswith("</nmaprun>\n"))

    def test_nohup_is_respected(self):
        with start(*ENDLESS, "-f", "list", "-p", ",".join(map(str, self.listeners.ports)), "127.0.0.1", SILENT,
                   preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN)) as running:
            self.addCleanup(running.kill)
            lines = [read_line(running.stdout) for _ in self.listeners.ports]
            running.send_signal(signal.SIGHUP)
            running.send_signal(signal.SIGUSR1)  # handled after the other: the scan still runs
            line = read_line(running.stderr)
            while b"is left out" in line:  # the broadcast address
                line = read_line(running.stderr)
            running.terminate()
            running.communicate(timeout=PATIENCE_SECONDS)
        self.assertIn(b"connects/s", line)
        self.assertEqual(len(lines), len(self.listeners.ports))
        self.assertEqual(running.returncode, INTERRUPTED)

    @unittest.skipIf(SIGNALS_WAIT, "ThreadSanitizer delays signals during write()")
    def test_a_second_one_from_a_process_ends_a_scan_that_cannot_end(self):
        reader, writer = small_pipe()
        with start("--show", "all", "-f", "json", "-p", "1-65535", "127.0.0.1", stdout=writer) as running:
            os.close(writer)
            support.wait_until(lambda: bytes_waiting(reader) >= PIPE_BYTES, "the pipe is full")

            def ended():
                running.send_signal(signal.SIGTERM)
                return running.poll() is not None
            support.wait_until(ended, "one of them ends it")
            running.stderr.read()
        os.close(reader)
        self.assertEqual(running.returncode, -signal.SIGTERM)

    def test_a_repeated_signal_counts_once(self):
        """As timeout(1) sends it, to its command and then to the process group."""
        for _ in range(50):
            with self.endless_scan("-f", "list") as running:
                self.addCleanup(running.kill)
                lines = [read_line(running.stdout) for _ in self.listeners.ports]
                running.send_signal(signal.SIGTERM)
                first = time.monotonic()
                support.wait_until(lambda: not pending(running.pid, signal.SIGTERM), "the first is handled")
                running.send_signal(signal.SIGTERM)
                at_once = time.monotonic() - first < 0.1
                rest, err = running.communicate(timeout=PATIENCE_SECONDS)
            if at_once:  # otherwise the test was delayed, and it was a second signal
                self.assertEqual(running.returncode, INTERRUPTED, err)
                self.assertIn(b"interrupted: ", err)
                self.assertEqual(len(b"".join(lines + [rest]).splitlines()), len(self.listeners.ports))
                return
        self.fail("the test was delayed 50 times")


class NonBlockingOutput(unittest.TestCase):
    def test_a_slow_reader_gets_everything(self):
        """O_NONBLOCK belongs to the open file: another program, such as a parent in Node, may have set it."""
        reader, writer = small_pipe()
        os.set_blocking(writer, False)
        with start("--show", "all", "-q", "-f", "json", "-p", "1-3000", "127.0.0.1", stdout=writer) as running:
            self.addCleanup(running.kill)
            os.close(writer)
            support.wait_until(lambda: bytes_waiting(reader) >= PIPE_BYTES, "the pipe is full")
            with os.fdopen(reader, "rb") as pipe:
                text = pipe.read()
            err = running.stderr.read()
        self.assertEqual((running.returncode, err), (0, b""))
        self.assertEqual({read_record(line)["port"] for line in text.splitlines()}, set(range(1, 3001)))


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
                    read_record(line)
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
    def test_a_full_device_is_reported_once(self):
        for option in ([], ["-o", "json=/dev/full"]):
            with self.subTest(option=option), open("/dev/full", "w") as full:
                running = start("-q", "--show", "all", "-f", "json", "-p", "1-200", *option, "127.0.0.1",
                                stdout=full if not option else subprocess.DEVNULL)
                err = running.communicate(timeout=PATIENCE_SECONDS)[1].decode()
                self.assertEqual(running.returncode, INCOMPLETE, err)
                self.assertEqual(len(err.splitlines()), 1, err)
                self.assertIn("No space left", err)

    def test_help_that_can_not_be_written_is_no_success(self):
        for line in (["--help"], ["--version"], ["scan", "--help"]):
            with self.subTest(line=line), open("/dev/full", "w") as full:
                done = subprocess.run([support.PORTLOOP, *line], stdout=full, stderr=subprocess.PIPE, text=True, timeout=PATIENCE_SECONDS)
                self.assertEqual(done.returncode, support.FAILED, done.stderr)
                self.assertIn("No space left", done.stderr)

    def test_a_full_disk_keeps_complete_records_only(self):
        with support.scratch() as folder, contextlib.ExitStack() as stack:
            folder = os.path.join(folder, "disk")
            os.mkdir(folder)
            support.run_command(["mount", "-t", "tmpfs", "-o", "size=64k", "none", folder])
            stack.callback(support.run_command, ["umount", folder])
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
                            read_record(line)
                    else:
                        lines = text.split("\r\n")[:-1]
                        self.assertEqual({line.count(",") for line in lines}, {lines[0].count(",")})
                        self.assertTrue(lines[0].startswith("address,port,"), lines[0])
                    os.remove(path)

    def test_standard_output_redirected_to_a_full_disk(self):
        with support.scratch() as folder, contextlib.ExitStack() as stack:
            folder = os.path.join(folder, "disk")
            os.mkdir(folder)
            support.run_command(["mount", "-t", "tmpfs", "-o", "size=64k", "none", folder])
            stack.callback(support.run_command, ["umount", folder])
            path = os.path.join(folder, "out")
            with open(path, "w") as out:
                running = start("-q", "--show", "all", "-f", "json", "-p", "1-5000", "127.0.0.1", stdout=out)
                err = running.communicate(timeout=PATIENCE_SECONDS)[1].decode()
            self.assertEqual(running.returncode, INCOMPLETE, err)
            with open(path) as file:
                for line in file:
                    self.assertTrue(line.endswith("\n"))
                    read_record(line)


class FilesOfOthers(unittest.TestCase):
    def test_an_older_file_is_kept_without_overwrite(self):
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
                self.assertEqual(read_record(file.read())["port"], 1)
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
