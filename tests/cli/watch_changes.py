"""portloop watch: reports each change once, when it is certain; to stdout, a program, and a metrics file; and remembers it.

usage: watch_changes.py PORTLOOP PORTLOOP_LAB
"""

import contextlib
import json
import os
import re
import signal
import stat
import subprocess
import sys
import tempfile
import unittest

import scan_support as support
from scan_support import COMPLETE, INCOMPLETE, INTERRUPTED, PATIENCE_SECONDS, PORTLOOP, USAGE

LAB = os.path.abspath(sys.argv[2])
OWN = "127.0.0.1"
PORTS = "40000-40009"


def start(*words, **options):
    options = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True} | options
    return subprocess.Popen([PORTLOOP, "watch", *words], **options)


class Watch(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = directory.name
        self.listeners = {}
        self.addCleanup(lambda: [listener.close() for listener in self.listeners.values()])

    def path(self, name):
        return os.path.join(self.directory, name)

    def read(self, name):
        with open(self.path(name)) as file:
            return file.read()

    def open(self, *ports):
        for port in ports:
            self.listeners[port] = support.listen(OWN, port)

    def close(self, *ports):
        for port in ports:
            self.listeners.pop(port).close()

    def run_watch(self, *words, status=COMPLETE, **options):
        program = start(*words, **options)
        out, err = program.communicate(timeout=PATIENCE_SECONDS)
        self.assertEqual(program.returncode, status, (out, err))
        return out or "", err

    def rounds(self, count, *words, state="state", **options):
        """Runs so many rounds and returns the changes that were reported."""
        out, err = self.run_watch("--rounds", str(count), "--interval", "1ms", "--state", self.path(state), "-t", "100", "-p", PORTS,
                                  *words, OWN, **options)
        reported = [json.loads(line) for line in out.splitlines()]
        return [(change["port"], change["change"], change["before"], change["after"]) for change in reported], err

    def test_each_change_is_reported_once(self):
        self.open(40001, 40002, 40003)
        self.assertEqual(self.rounds(2)[0], [])
        self.open(40005)
        self.assertEqual(self.rounds(1)[0], [(40005, "opened", "closed", "open")])
        self.assertEqual(self.rounds(2)[0], [])
        self.close(40002)
        self.open(40006)
        self.assertEqual(self.rounds(3)[0], [(40002, "closed", "open", "closed"), (40006, "opened", "closed", "open")])

    def test_silence_is_reported_in_the_second_round(self):
        support.need_programs("nft")
        self.open(40001)
        self.assertEqual(self.rounds(1)[0], [])
        support.firewall(self, "tcp dport {40001, 40009} drop")
        self.assertEqual(self.rounds(1)[0], [])
        self.assertEqual(self.rounds(1)[0], [(40001, "closed", "open", "filtered"), (40009, "changed", "closed", "filtered")])
        self.assertEqual(self.rounds(2)[0], [])

    def test_silence_of_one_round_is_not_reported(self):
        support.need_programs("nft")
        self.open(40001)
        self.assertEqual(self.rounds(1)[0], [])
        with self.firewall("tcp dport 40001 drop"):
            self.assertEqual(self.rounds(1)[0], [])
        self.assertEqual(self.rounds(2)[0], [])

    @contextlib.contextmanager
    def firewall(self, rule):
        owner = unittest.TestCase()
        support.firewall(owner, rule)
        yield
        owner.doCleanups()

    def test_what_can_not_be_asked_is_no_change(self):
        self.assertEqual(self.rounds(1)[0], [])
        out, err = self.run_watch("--rounds", "2", "--interval", "1ms", "-p", "22", "198.18.0.1")
        self.assertEqual(out, "")
        self.assertIn("1 ports are unknown, and count as unchanged", err)

    def test_it_survives_being_killed(self):
        """The state is whole at every moment, and what it has is not reported again."""
        self.open(40001)
        self.rounds(1)
        words = ["--interval", "20ms", "--state", self.path("state"), "-p", PORTS, OWN]
        for port in range(40002, 40007):
            program = start(*words, "-f", "json")
            self.open(port)
            self.assertEqual(json.loads(program.stdout.readline())["port"], port)
            saved = re.compile(rf"counts \d+ {port - 40001} ")  # rounds, opened
            support.wait_until(lambda: saved.search(self.read("state")), "the state is saved")
            program.kill()
            program.communicate(timeout=PATIENCE_SECONDS)
        self.assertEqual(self.rounds(2)[0], [])
        self.close(40003)
        self.assertEqual(self.rounds(1)[0], [(40003, "closed", "open", "closed")])

    def test_signals(self):
        self.open(40001)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            program = start("--interval", "1h", "--state", self.path("state"), "-p", PORTS, OWN)
            self.assertIn("1 of 10 ports open, 0 changes", program.stderr.readline())
            program.send_signal(signal.SIGUSR1)
            self.assertRegex(program.stderr.readline(), r"portloop: round \d: begins in 3,\d\d\d s")
            program.send_signal(number)
            out, err = program.communicate(timeout=PATIENCE_SECONDS)
            self.assertEqual((program.returncode, out, err), (INTERRUPTED, "", ""))
        self.assertEqual(self.rounds(1)[0], [])

    def test_an_interrupted_round_tells_nothing(self):
        self.open(40001)
        self.rounds(1)
        self.close(40001)
        program = start("-r", "1", "--state", self.path("state"), "-p", PORTS, OWN)
        before = self.read("state")
        support.wait_until(lambda: self.catches(program.pid, signal.SIGINT), "it runs")
        program.send_signal(signal.SIGINT)
        out, _ = program.communicate(timeout=PATIENCE_SECONDS)
        self.assertEqual((program.returncode, out), (INTERRUPTED, ""))
        self.assertEqual(self.read("state"), before)

    @staticmethod
    def catches(pid, number):
        with open(f"/proc/{pid}/status") as status:
            return int(re.search(r"SigCgt:\s*(\w+)", status.read()).group(1), 16) >> (number - 1) & 1

    def script(self, name, text):
        with open(self.path(name), "w") as out:
            out.write("#!/bin/sh\n" + text)
        os.chmod(self.path(name), stat.S_IRWXU)
        return self.path(name)

    def test_a_program_gets_the_changes(self):
        """No shell reads its name, and it gets what standard output gets."""
        program = self.script("pro gram;touch x", f'cat >> "{self.path("got")}"\n')
        self.rounds(1)
        self.open(40001, 40002)
        out, err = self.run_watch("-q", "--rounds", "2", "--interval", "1ms", "--state", self.path("state"), "-p", PORTS, "--exec", program, OWN)
        self.assertEqual(err, "")
        self.assertEqual(self.read("got"), out)
        self.assertEqual(len(out.splitlines()), 2)
        self.assertFalse(os.path.exists("x") or os.path.exists(self.path("x")))

    def test_a_program_that_fails(self):
        for name, text, message in (("one", "exit 3\n", "failed with exit status 3"), ("two", "kill -9 $$\n", "was ended by signal 9"),
                                    ("three", "exec <&-\nexit 0\n", "")):
            self.rounds(1, state=name)
            self.open(40001)
            reported, err = self.rounds(1, "-q", "--exec", self.script(name + ".sh", text), state=name)
            self.assertEqual(reported, [(40001, "opened", "closed", "open")])
            self.assertIn(message, err) if message else self.assertEqual(err, "")
            self.close(40001)
        os.remove(self.script("gone", "x"))
        self.assertIn("--exec", self.run_watch("--exec", self.path("gone"), OWN, status=USAGE)[1])

    def test_metrics(self):
        self.open(40001, 40002)
        file = self.path("ports.prom")
        self.rounds(2, "--prometheus", file)
        lines = self.read("ports.prom").splitlines()
        samples = {}
        for line in lines:
            if not line.startswith("#"):
                self.assertRegex(line, r'\A[a-z_]+(\{[a-z]+="[^"\\\n]*"(,[a-z]+="[^"\\\n]*")*\})? [0-9.]+\Z')
                name, value = line.rsplit(" ", 1)
                samples[name] = float(value)
        self.assertEqual(samples["portloop_watch_rounds_total"], 2)
        self.assertEqual([samples[f'portloop_watch_ports{{state="{state}"}}'] for state in ("open", "closed", "filtered")], [2, 8, 0])
        self.assertEqual([name for name in samples if name.startswith("portloop_open_port")],
                         [f'portloop_open_port{{address="127.0.0.1",port="{port}",service="",host=""}}' for port in (40001, 40002)])
        self.assertEqual({line.split()[2] for line in lines if line.startswith("# TYPE")}, {re.split("[{ ]", name)[0] for name in samples})
        self.assertEqual(sorted(os.listdir(self.directory)), ["ports.prom", "state"])
        self.open(40003)
        self.rounds(1, "--prometheus", file)
        text = self.read("ports.prom")
        self.assertIn('portloop_watch_changes_total{change="opened"} 1\n', text)
        self.assertIn("portloop_watch_rounds_total 3\n", text)

    def test_a_file_that_can_not_be_written(self):
        out, err = self.run_watch("--rounds", "1", "-p", PORTS, "--prometheus", self.path("missing/x"), OWN, status=INCOMPLETE)
        self.assertIn("can't be written: No such file or directory", err)

    def test_other_ports_are_learned(self):
        self.open(40001, 40002)
        self.rounds(1)
        self.close(40001)
        out, _ = self.run_watch("--rounds", "1", "--state", self.path("state"), "-p", "40001,40100-40110", OWN)
        self.assertEqual([json.loads(line)["port"] for line in out.splitlines()], [40001])

    def test_a_reader_that_is_gone(self):
        """What could not be reported is reported by the next run."""
        self.rounds(1)
        self.open(40001)
        reader, writer = os.pipe()
        os.close(reader)
        out, err = self.run_watch("--rounds", "5", "--interval", "1ms", "--state", self.path("state"), "-p", PORTS, OWN, status=INCOMPLETE, stdout=writer)
        os.close(writer)
        self.assertIn("standard output can't be written: Broken pipe", err)
        self.assertEqual(self.rounds(1)[0], [(40001, "opened", "closed", "open")])

    def test_wrong_words(self):
        def write(name, text):
            with open(self.path(name), "w") as out:
                out.write(text)
            return self.path(name)
        self.rounds(1)
        good = self.read("state")
        damaged = write("damaged", good.replace("closed", "open  "))
        cut = write("cut", good[:-20])
        other = write("other", "something else\n")
        for words, message in ((["--state", damaged, OWN], "is damaged"), (["--state", cut, OWN], "is damaged"),
                               (["--state", other, OWN], "not the state of a watch"), (["--state", self.directory, OWN], "a regular file"),
                               (["--state", "", OWN], "--state ''"), (["--interval", "0", OWN], "--interval"), (["--rounds", "0", OWN], "--rounds"),
                               (["--exec", "no-such-program-here", OWN], "--exec 'no-such-program-here'"),
                               (["--rounds", "1", "--exec", self.directory, OWN], "a program that can be started is accepted"), ([], "'portloop watch localhost'"),
                               (["--state", self.path("a"), "--prometheus", self.path("a"), OWN], "same file"), (["-f", "xml", OWN], "--format 'xml'"),
                               (["-p", "all", "10.0.0.0/8"], "more than 268,435,456 ports"), (["--shard", "1/2", OWN], "--shard")):
            with self.subTest(words=words):
                out, err = self.run_watch(*words, status=USAGE)
                self.assertEqual((out, len(err.splitlines())), ("", 1))
                self.assertIn(message, err)
        self.assertEqual((self.read("damaged"), self.read("other")), (good.replace("closed", "open  "), "something else\n"))

    def test_a_lossy_network(self):
        """One host of lossy10, a few rounds: nothing changes there, so nothing is reported."""
        done = subprocess.run([LAB, "lossy10", "--", PORTLOOP, "watch", "--rounds", "3", "--interval", "1ms", "-p", "1-200", "198.18.0.1"],
                              capture_output=True, text=True, timeout=120)
        self.assertEqual((done.returncode, done.stdout), (COMPLETE, ""), done.stderr)
        self.assertIn(" of 200 ports open, 0 changes", done.stderr)

    def test_a_host_that_bans_us(self):
        """What it has refused since is no change, and the reason is given."""
        profile = self.path("bans.lab")
        with open(profile, "w") as file:
            file.write("prefix 198.18.0.0/16\n  rtt 5ms\n  open 22,80,443\n  bans after 1200 with rst\n")
        done = subprocess.run([LAB, profile, "--", PORTLOOP, "watch", "--rounds", "2", "--interval", "1ms", "-p", "1-1000", "198.18.0.1"],
                              capture_output=True, text=True, timeout=120)
        self.assertEqual((done.returncode, done.stdout), (COMPLETE, ""), done.stderr)
        self.assertEqual(done.stderr.count("198.18.0.1 refuses connections that it accepted before"), 1, done.stderr)
        self.assertRegex(done.stderr, r"portloop: [\d,]+ ports are unknown, and count as unchanged\n")


if __name__ == "__main__":
    support.enter_own_network()
    unittest.main(argv=["watch_changes"])
