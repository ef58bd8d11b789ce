"""At a terminal: a progress line that never mixes with results, colour only there, a status line on SIGUSR1.

usage: terminal.py PORTLOOP
"""

import fcntl
import os
import pty
import re
import select
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time
import unittest

import scan_support as support
from scan_support import COMPLETE, PATIENCE_SECONDS, PORTLOOP
from terminal_screen import Screen

SLOW = ["--timing", "fixed", "-t", "900", "--retries", "0"]
DRAWN = b"\x1b[J"  # ends each drawing of what is redrawn


class Terminal:
    """A scan whose `ends` (0, 1, 2) are one terminal; the others are /dev/null or a pipe."""

    def __init__(self, *words, ends=(0, 1, 2), columns=80, **environment):
        self.screen, terminal = pty.openpty()
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 25, columns, 0, 0))
        inherited = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
        self.program = subprocess.Popen([PORTLOOP, "scan", *words], stdin=terminal if 0 in ends else subprocess.DEVNULL,
                                        stdout=terminal if 1 in ends else subprocess.PIPE,
                                        stderr=terminal if 2 in ends else subprocess.PIPE,
                                        env=inherited | {"TERM": "xterm"} | environment, start_new_session=True)
        os.close(terminal)
        self.shown = b""

    def wait_for(self, piece):
        end = time.monotonic() + PATIENCE_SECONDS
        while piece not in self.shown:
            assert time.monotonic() < end, self.shown
            self.read_some()

    def wait_for_drawing(self):
        while not self.shown.endswith(DRAWN):
            self.read_some()

    def resize(self, columns):
        fcntl.ioctl(self.screen, termios.TIOCSWINSZ, struct.pack("HHHH", 25, columns, 0, 0))

    def read_some(self):
        if not select.select([self.screen], [], [], PATIENCE_SECONDS)[0]:
            raise AssertionError(f"nothing is shown after {self.shown!r}")
        try:
            piece = os.read(self.screen, 65536)
        except OSError:  # EIO: the program has gone
            piece = b""
        self.shown += piece
        return piece

    def finish(self):
        while self.read_some():
            pass
        os.close(self.screen)
        out, err = self.program.communicate(timeout=PATIENCE_SECONDS)
        return self.program.returncode, self.shown.replace(b"\r\n", b"\n"), out or b"", err or b""


class HttpServer:
    """Answers whatever is sent, until the end of the test."""

    def __init__(self, test):
        self.listener = support.listen("127.0.0.1", 40010)
        self.port = 40010
        test.addCleanup(self.listener.close)
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with connection:
                connection.recv(1000)
                connection.sendall(b"HTTP/1.0 200 OK\r\nServer: " + b"x" * 300 + b"\r\n\r\n")


class AtATerminal(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.listeners = support.Listeners("127.0.0.1", range(40000, 40003))
        cls.addClassCleanup(cls.listeners.close)

    def words(self, *more):
        return [*SLOW, *more, "-p", "40000-40002", "127.0.0.1", "10.9.0.32/28"]

    def replay(self, shown, columns):
        """Checks the screen after each drawing, and returns its final rows."""
        screen = Screen(columns)
        for drawing in shown.decode().replace("\n", "\r\n").split(DRAWN.decode()):
            screen.write(drawing + DRAWN.decode())
            self.check_drawing(screen)
        return screen.shown()

    def check_drawing(self, screen):
        rows = screen.shown()
        self.assertFalse(any(screen.wrapped), rows)
        status = [number for number, row in enumerate(rows) if " sent" in row or row.startswith("nothing sent")]
        self.assertIn(status, ([], [len(rows) - 1]), rows)
        hosts = [row for row in rows if row.startswith("127.0.0.1 ")]
        self.assertLessEqual(len(hosts), 1, rows)

    def test_each_host_is_shown_once_above_one_status_line(self):
        for columns in (40, 60, 80, 200):
            with self.subTest(columns=columns):
                status, shown, _, _ = Terminal(*self.words(), columns=columns).finish()
                self.assertEqual(status, COMPLETE, shown)
                self.assertIn(b"pass 1 of about ", shown)
                self.assertIn(b"\x1b[32m40000\x1b[0m, \x1b[32m40001\x1b[0m", shown)
                rows = self.replay(shown, columns)
                self.assertFalse([row for row in rows if " sent" in row], "a status line remains")
                text = " ".join(rows)
                self.assertRegex(text, r"\AHOST +RTT( +OPEN PORTS)? 127\.0\.0\.1 +[0-9.]+ ms +40000, 40001, 40002 "
                                       r"Not shown: 16 addresses without an answer 1 of 17 addresses answered, ")

    def test_a_row_is_there_before_the_scan_ends(self):
        running = Terminal(*endless(self.words()))
        running.wait_for(b"40002")
        running.wait_for(b"3 open")
        running.program.send_signal(signal.SIGTERM)
        status, shown, _, _ = running.finish()
        self.assertEqual(status, support.INTERRUPTED)
        rows = self.replay(shown, 80)
        self.assertEqual([row.split()[-1] for row in rows[1:2]], ["40002"])

    def test_a_terminal_that_is_resized(self):
        running = Terminal(*endless(self.words()), columns=80)
        running.wait_for(b"3 open")
        running.wait_for_drawing()
        screen = Screen(80)
        screen.write(running.shown.decode())
        running.shown = b""
        running.resize(30)
        screen.resize(30)
        running.wait_for(b"sent")
        running.wait_for_drawing()
        screen.write(running.shown.decode())
        self.check_drawing(screen)
        running.shown = b""
        running.resize(120)
        screen.resize(120)
        running.wait_for(b"connects/s")
        running.wait_for_drawing()
        screen.write(running.shown.decode())
        self.check_drawing(screen)
        running.program.send_signal(signal.SIGTERM)
        running.shown = b""
        _, shown, _, _ = running.finish()
        screen.write(shown.decode().replace("\n", "\r\n"))
        self.check_drawing(screen)
        self.assertEqual(sum(row.startswith("HOST") for row in screen.shown()), 1, screen.shown())

    def test_notes_and_rows_do_not_mix(self):
        running = Terminal(*endless(self.words()))
        running.wait_for(b"3 open")
        for _ in range(3):
            seen = running.shown.count(b"portloop: ")
            running.program.send_signal(signal.SIGUSR1)
            while running.shown.count(b"portloop: ") == seen:
                running.read_some()
        running.program.send_signal(signal.SIGTERM)
        _, shown, _, _ = running.finish()
        rows = Screen(80)
        rows.write(shown.decode().replace("\n", "\r\n"))
        self.assertEqual(sum(row.startswith("portloop: pass 1") for row in rows.shown()), 3, rows.shown())
        self.assertEqual(sum(row.startswith("127.0.0.1 ") for row in rows.shown()), 1, rows.shown())

    def test_each_result_at_once_if_wanted(self):
        status, shown, _, _ = Terminal("--live", *self.words()).finish()
        self.assertEqual(status, COMPLETE, shown)
        rows = self.stream_rows(shown)
        self.assertEqual(len([row for row in rows if re.match(r"127\.0\.0\.1 +4000[0-2]  open ", row)]), 3, rows)
        self.assertIn(b"\x1b[32mopen\x1b[0m", shown)
        self.assertFalse([row for row in rows if " sent" in row], "a status line remains")

    def test_rows_at_once_are_cut_to_a_width_that_changes(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "list")
            os.mkfifo(path)
            running = Terminal("--live", "--no-color", "-q", "-p", "40000", "-i", path)
            with open(path, "w") as targets:
                for columns, port in ((80, 40000), (26, 40001), (80, 40002)):
                    running.resize(columns)
                    targets.write(f"127.0.0.1:{port}\n")
                    targets.flush()
                    running.wait_for(str(port).encode())
            _, shown, _, _ = running.finish()
        rows = shown.decode().splitlines()[1:]
        self.assertRegex(rows[0], r" ms$")
        self.assertEqual((len(rows[1]), rows[1][-3:]), (26, "..."), rows)
        self.assertRegex(rows[2], r" ms$")

    def stream_rows(self, shown, columns=80):
        screen = Screen(columns)
        screen.write(shown.decode().replace("\n", "\r\n"))
        return screen.shown()

    def test_no_colour_if_it_is_not_wanted(self):
        for words, environment in (([], {"NO_COLOR": "1"}), (["--no-color"], {})):
            with self.subTest(words=words):
                _, shown, _, _ = Terminal("--progress", "never", *words, "-p", "40000", "127.0.0.1", **environment).finish()
                self.assertIn(b"40000", shown)
                self.assertNotIn(b"\x1b[32m", shown)
        _, shown, _, _ = Terminal("-p", "40000", "127.0.0.1", NO_COLOR="").finish()
        self.assertIn(b"\x1b[32m", shown)

    def test_a_dumb_terminal_gets_no_escape(self):
        _, shown, _, _ = Terminal(*self.words(), TERM="dumb").finish()
        self.assertIn(b"open", shown)
        self.assertNotIn(b"\x1b", shown)
        self.assertNotIn(b" sent", shown)
        self.assertEqual(len(re.findall(rb"127\.0\.0\.1 +4000[0-2]  open ", shown)), 3)  # as they are found

    def test_colour_that_is_asked_for(self):
        one_port = ["--progress", "never", "-p", "40000", "127.0.0.1"]
        for words, ends, environment, coloured in ((["always"], (0, 2), {}, True), (["auto"], (0, 2), {}, False), (["never"], (0, 1, 2), {}, False),
                                                   (["always"], (0, 2), {"NO_COLOR": "1"}, True), (["always"], (0, 1, 2), {"TERM": "dumb"}, True)):
            with self.subTest(words=words, ends=ends, environment=environment), tempfile.TemporaryDirectory() as folder:
                path = os.path.join(folder, "file")
                _, shown, out, _ = Terminal("--live", "--color", *words, *one_port, "-o", "text=" + path, ends=ends, **environment).finish()
                self.assertEqual(b"\x1b[32mopen\x1b[0m" in shown + out, coloured, shown + out)
                with open(path, "rb") as file:
                    self.assertNotIn(b"\x1b", file.read())
        status, _, err = support.scan("--color", "always", "--no-color", "127.0.0.1")
        self.assertEqual((status, "exclude each other" in err), (support.USAGE, True), err)

    def test_rows_are_cut_to_the_width(self):
        server = HttpServer(self)
        for columns, show in ((10, "open"), (60, "open"), (80, "all"), (200, "open")):
            with self.subTest(columns=columns, show=show), tempfile.TemporaryDirectory() as folder:
                path = os.path.join(folder, "file")
                words = ["--live", "--banners", "http", "--show", show, "-p", f"{server.port},1", "-q", "-o", "text=" + path, "127.0.0.1"]
                _, shown, _, _ = Terminal(*words, columns=columns).finish()
                rows = [re.sub(r"\x1b\[[0-9]*m", "", row) for row in shown.decode().splitlines()]
                self.assertEqual(len(rows), 3 if show == "all" else 2)
                self.assertLessEqual(max(map(len, rows)), columns)
                self.assertEqual(max(map(len, rows)), columns)  # the banner is longer than any of these
                if columns == 200:
                    self.assertRegex(shown, rb"HTTP/1.0 200 OK \| Server: x+\.\.\.\n")
                self.assertEqual(shown.count(b"\x1b["), 2 * shown.count(b"\x1b[0m"), shown)
                self.assertEqual("REASON" in rows[0] or columns < 80, show == "all" or columns < 80)
                with open(path) as file:
                    self.assertIn("\\x0d\\x0aServer: ", file.read())

    def test_admin_prohibited_stays_in_its_column(self):
        support.need_programs("nft")
        support.firewall(self, "tcp dport 40001 reject with icmp type admin-prohibited")
        _, shown, _, _ = Terminal("--live", "-q", "--show", "all", "--order", "sequential", "-p", "40000-40001", "127.0.0.1").finish()
        rows = [re.sub(r"\x1b\[[0-9]*m", "", row) for row in shown.decode().splitlines()]
        self.assertIn("admin-prohibited", "".join(rows))
        self.assertEqual(len(set(map(len, rows[:2]))), 1, rows)
        self.assertLessEqual(max(map(len, rows)), 80)

    def test_results_in_a_pipe_have_no_escapes_while_progress_is_shown(self):
        status, shown, out, _ = Terminal(*self.words(), ends=(0, 2)).finish()
        self.assertEqual(status, COMPLETE)
        self.assertIn(b" % sent", shown)
        self.assertNotIn(b"\x1b", out)
        self.assertEqual(out.count(b"\n"), 4)

    def test_no_progress_if_it_is_not_wanted(self):
        for words in (["--progress", "never"], ["-q"]):
            with self.subTest(words=words):
                _, shown, _, _ = Terminal(*self.words(*words), ends=(0, 2)).finish()
                self.assertNotIn(b" % sent", shown)
        self.assertEqual(shown, b"")  # -q: nothing at all

    def test_a_resumed_scan_takes_terminal_options_from_its_own_command_line(self):
        with tempfile.TemporaryDirectory() as folder:
            first, copy = os.path.join(folder, "first"), os.path.join(folder, "copy")
            words = self.words("--no-color", "--progress", "never")
            started = Terminal("--checkpoint", first, *words)
            support.wait_until(lambda: os.path.exists(first), "the checkpoint of the start")
            started.program.kill()
            started.finish()
            for given in ([], ["-q"], ["--no-color", "--progress", "never"]):
                for repeated in ([], self.words()):
                    with self.subTest(given=given, repeated=repeated):
                        shutil.copy(first, copy)
                        status, shown, _, _ = Terminal("--resume", copy, *given, *repeated).finish()
                        self.assertEqual(status, COMPLETE, shown)
                        self.assertEqual(b"\x1b[32m" in shown, "--no-color" not in given, shown)
                        self.assertEqual(b" % sent" in shown, not given, shown)
                        self.assertEqual(b" open, " in shown.replace(DRAWN, b"")[-200:], "-q" not in given, shown)

    def test_all_in_pipes_there_is_no_escape_and_no_progress(self):
        status, _, out, err = Terminal(*self.words(), ends=(0,)).finish()
        self.assertEqual(status, COMPLETE, err)
        self.assertNotIn(b"\x1b", out + err)
        self.assertNotIn(b"\r", out + err)
        _, _, _, err = Terminal(*self.words("--progress", "always"), ends=(0,)).finish()
        self.assertRegex(err, rb"\Aportloop: (pass 1 of about 1, [0-9]+ % sent|nothing sent yet), [^\r\x1b]*\n\Z")  # plain lines
        _, shown, _, _ = Terminal(*self.words("--progress", "always"), TERM="dumb").finish()
        self.assertRegex(shown, rb"portloop: (pass 1 of about 1|nothing sent yet), ")
        self.assertNotIn(b"\x1b", shown)

    def test_standard_input_is_read_only_when_asked(self):
        status, shown, _, _ = Terminal("-p", "40000", "127.0.0.1").finish()  # nobody types anything
        self.assertEqual(status, COMPLETE, shown)
        asked = Terminal("-p", "40000", "-f", "list", "-i", "-")
        os.write(asked.screen, b"127.0.0.1\n\x04")
        status, shown, _, _ = asked.finish()
        self.assertEqual(status, COMPLETE, shown)
        self.assertIn(b"127.0.0.1:40000\n", shown)

    def test_a_status_line_when_asked(self):
        for words, ends in ((self.words("--progress", "never", "-f", "list"), (0, 2)), (self.words(), (0, 1, 2))):
            with self.subTest(ends=ends):
                # Silent addresses keep the scan running until it is stopped.
                running = Terminal(*endless(words), ends=ends)
                if 1 in ends:
                    running.wait_for(b" % sent")
                else:
                    self.assertTrue(select.select([running.program.stdout], [], [], PATIENCE_SECONDS)[0])
                running.program.send_signal(signal.SIGUSR1)
                running.wait_for(b"portloop: ")
                running.program.send_signal(signal.SIGTERM)
                status, shown, out, _ = running.finish()
                self.assertEqual(status, support.INTERRUPTED)
                self.assertRegex(shown, rb"portloop: pass 1 of about 1, [0-9]+ % sent, 3 open, [0-9,]+ connects/s\n")  # silent ports: nobody can tell
                if 1 not in ends:
                    self.assertEqual(len(out.splitlines()), 3)


def endless(words):
    return [("600000" if word == "900" else word) for word in words]


if __name__ == "__main__":
    support.enter_own_network()
    silence = support.silent_network("10.9.0.7/16")
    unittest.main(argv=["terminal", *sys.argv[2:]])
