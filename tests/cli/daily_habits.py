"""What people reach for every day: --output-all, --nmap-command, --stats-every, and a key that shows the status.

usage: daily_habits.py PORTLOOP
"""

import fcntl
import os
import pty
import signal
import subprocess
import sys
import tempfile
import termios
import unittest

import scan_support as support
from format_readers import read_json, read_xml
from scan_support import COMPLETE, INTERRUPTED, PATIENCE_SECONDS, PORTLOOP, USAGE

ENDLESS = ["--timing", "fixed", "-t", "600000", "--retries", "0", "-p", "40000", "127.0.0.1", "10.9.0.32/28"]


class KeyTerminal:
    """A scan on a controlling terminal of its own."""

    def __init__(self, *words):
        self.screen, self.terminal = pty.openpty()
        self.before = termios.tcgetattr(self.terminal)
        self.program = subprocess.Popen([PORTLOOP, "scan", *words], stdin=self.terminal, stdout=self.terminal, stderr=self.terminal,
                                        env=os.environ | {"TERM": "xterm"}, start_new_session=True,
                                        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
        self.shown = b""
        os.set_blocking(self.screen, False)

    def echoes(self):
        return bool(termios.tcgetattr(self.terminal)[3] & termios.ECHO)

    def wait_for(self, piece):
        def seen():
            try:
                self.shown += os.read(self.screen, 65536)
            except BlockingIOError:
                pass
            return piece in self.shown
        support.wait_until(seen, f"{piece} is shown, after {self.shown}")

    def press(self, keys):
        self.shown = b""
        os.write(self.screen, keys)

    def finish(self, test):
        """Returns the exit status. The terminal must be as it was."""
        status = self.program.wait(timeout=PATIENCE_SECONDS)
        test.assertEqual(termios.tcgetattr(self.terminal), self.before)
        os.close(self.screen)
        os.close(self.terminal)
        return status


class Keys(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.listeners = support.Listeners("127.0.0.1", [40000])
        cls.addClassCleanup(cls.listeners.close)

    def start(self, *words):
        running = KeyTerminal(*words)
        running.wait_for(b"pass 1 of about ")
        support.wait_until(lambda: not running.echoes(), "keys are read")
        return running

    def test_any_key_shows_the_status(self):
        running = self.start(*ENDLESS)
        for key in (b" ", b"x", b"\n"):
            running.press(key)
            running.wait_for(b"portloop: pass 1 of about 1, 100 % sent, 1 open, ")
            self.assertNotIn(key * 3, running.shown)
        running.press(b"\x03")  # Ctrl-C
        self.assertEqual(running.finish(self), INTERRUPTED)

    def test_the_terminal_is_restored_by_every_signal(self):
        running = self.start(*ENDLESS)
        running.program.send_signal(signal.SIGTERM)
        self.assertEqual(running.finish(self), INTERRUPTED)
        running = self.start(*ENDLESS)
        os.write(running.screen, b"\x03\x03")  # a person who presses Ctrl-C twice: the second one may end it at once
        self.assertIn(running.finish(self), (INTERRUPTED, -signal.SIGINT))

    def test_a_stopped_scan_leaves_the_terminal_alone(self):
        running = self.start(*ENDLESS)
        running.press(b"\x1a")  # Ctrl-Z
        support.wait_until(running.echoes, "the terminal is restored")
        os.waitpid(running.program.pid, os.WUNTRACED)
        running.program.send_signal(signal.SIGCONT)
        support.wait_until(lambda: not running.echoes(), "keys are read again")
        running.press(b" ")
        running.wait_for(b"portloop: pass 1 of about 1, 100 % sent, 1 open, ")
        running.program.send_signal(signal.SIGTERM)
        self.assertEqual(running.finish(self), INTERRUPTED)

    def test_no_key_is_read_if_nothing_is_shown(self):
        for words in (["-q"], ["--progress", "never"]):
            running = KeyTerminal(*words, *ENDLESS)
            running.wait_for(b"40000")
            self.assertTrue(running.echoes())
            running.program.send_signal(signal.SIGTERM)
            self.assertEqual(running.finish(self), INTERRUPTED)


class Habits(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        for address in ("127.0.0.1", "127.0.0.2", "::1"):
            listeners = support.Listeners(address, range(40000, 40003))
            cls.addClassCleanup(listeners.close)
        other = support.Listeners("127.0.0.3", [40002])
        cls.addClassCleanup(other.close)

    def test_output_all(self):
        with tempfile.TemporaryDirectory() as folder:
            base = os.path.join(folder, "net")
            words = ["-f", "list", "-p", "40000-40009", "--output-all", base, "127.0.0.1"]
            status, out, _ = support.scan(*words)
            self.assertEqual((status, len(out.splitlines())), (COMPLETE, 3))
            self.assertEqual(sorted(os.listdir(folder)), ["net.gnmap", "net.json", "net.txt", "net.xml"])
            with open(base + ".json") as json, open(base + ".xml") as xml, open(base + ".gnmap") as grepable, open(base + ".txt") as text:
                opened = read_json(json.read())
                self.assertEqual(len(opened), 3)
                self.assertEqual({endpoint for endpoint, state in read_xml(xml.read()).items() if state == "open"}, set(opened))
                self.assertEqual(grepable.read().count("/open/tcp"), 3)
                self.assertEqual(text.read().count("open"), 3)
            status, _, err = support.scan(*words)
            self.assertEqual(status, support.FAILED)
            self.assertIn("exists already: --overwrite replaces it", err)
            self.assertEqual(support.scan("--overwrite", *words)[0], COMPLETE)
            for more in (["-o", f"json={base}.json"], ["--output-all", base]):
                self.assertEqual(support.scan(*more, *words)[0], USAGE)
        for base in ("", "folder/", "-"):
            status, _, err = support.scan("--output-all", base, "127.0.0.1")
            self.assertEqual(status, USAGE)
            self.assertIn(f"--output-all '{base}'", err)

    def test_output_all_is_resumed(self):
        with tempfile.TemporaryDirectory() as folder:
            base = os.path.join(folder, "net")
            words = ["-q", "-p", "40000-40009", "--output-all", base, "--checkpoint", base + ".checkpoint", "127.0.0.1"]
            self.assertEqual(support.scan(*words)[0], COMPLETE)
            status, _, err = support.scan("--resume", base + ".checkpoint")
            self.assertEqual(status, COMPLETE)
            self.assertIn("nothing is left to do", err)

    def test_nmap_command(self):
        status, _, err = support.scan("-q", "--nmap-command", "-p", "40000-40009", "127.0.0.1-4", "::1")
        self.assertEqual(status, COMPLETE)
        self.assertEqual(err.splitlines(), ["nmap -Pn -sV -p 40000-40002 127.0.0.1 127.0.0.2", "nmap -Pn -sV -p 40002 127.0.0.3",
                                            "nmap -6 -Pn -sV -p 40000-40002 ::1"])
        self.assertEqual(support.scan("-q", "--nmap-command", "-p", "40009", "127.0.0.1")[2], "")
        status, _, err = support.scan("--nmap-command", "--checkpoint", "x", "127.0.0.1")
        self.assertEqual((status, "excludes '--checkpoint'" in err), (USAGE, True))

    def test_stats_every(self):
        running = support.start("--stats-every", "200ms", *ENDLESS)
        for _ in range(3):
            self.assertRegex(running.stderr.readline(), rb"\Aportloop: pass 1 of about [0-9]+, [0-9]+ % sent, [01] open, [0-9,]+ connects/s\n\Z")
        running.send_signal(signal.SIGTERM)
        running.communicate(timeout=PATIENCE_SECONDS)
        self.assertEqual(running.returncode, INTERRUPTED)
        self.assertEqual(support.scan("--stats-every", "0", "127.0.0.1")[0], USAGE)

    def test_piped_standard_input_gets_a_hint(self):
        status, _, err = support.scan(stdin=subprocess.PIPE)
        self.assertEqual((status, "'-i -' reads standard input" in err), (USAGE, True), err)


if __name__ == "__main__":
    support.enter_own_network()
    silence = support.silent_network("10.9.0.7/16")
    unittest.main(argv=["daily_habits", *sys.argv[2:]])
