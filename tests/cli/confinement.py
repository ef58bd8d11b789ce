"""A scan gives up what it does not need: code that an intruder runs inside it can't start programs or touch files. What the
scan itself does still works.

usage: confinement.py PORTLOOP
"""

import ctypes
import os
import re
import sys
import unittest

import scan_support as support
from format_readers import read_json
from scan_support import COMPLETE, scan

FILES = {"read", "write", "list", "rename", "create"}
CALLS = {"execve", "fork", "trace", "code", "memory file", "chmod", "local socket", "listen"}
ALLOWED = {"socket"}


def landlock_version():
    libc = ctypes.CDLL(None, use_errno=True)
    return libc.syscall(444, None, 0, 1)  # landlock_create_ruleset(): the same number on every architecture


class Confinement(unittest.TestCase):
    def setUp(self):
        folder = support.scratch()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.victim = os.path.join(self.folder, "victim")
        open(self.victim, "w").close()
        os.mkdir(os.path.join(self.folder, "own"))

    def intrude(self, *words, victim=None):
        """Returns for each action the set of its outcomes, of all threads."""
        environment = os.environ | {"LD_PRELOAD": os.environ["PORTLOOP_INTRUDER"], "PORTLOOP_VICTIM": victim or self.victim}
        status, out, err = scan("-p", "1-300", "--show", "all", "-f", "json", *words, "127.0.0.1", env=environment,
                                cwd=os.path.join(self.folder, "own"))
        self.assertEqual((status, len(read_json(out))), (COMPLETE, 300), err)
        outcomes = {}
        for action, outcome in re.findall(r"^intruder: ([^:]+): (\S+)$", err, re.MULTILINE):
            outcomes.setdefault(action, set()).add(outcome)
        self.assertEqual(outcomes.keys(), FILES | CALLS | ALLOWED | {"signal"})
        return outcomes

    def check_refused(self, outcomes):
        for action in CALLS:
            self.assertEqual(outcomes[action], {"EPERM"}, action)
        for action in FILES:
            self.assertEqual(outcomes[action], {"EACCES"}, action)
        for action in ALLOWED:
            self.assertEqual(outcomes[action], {"done"}, action)
        self.assertEqual(outcomes["signal"], {"EPERM" if landlock_version() >= 6 else "done"})

    def test_an_intruder_is_refused(self):
        for words in ([], ["--loops", "2"], ["--connector", "portable"], ["--discover"]):
            with self.subTest(words=words):
                self.check_refused(self.intrude(*words))

    def test_with_files_to_replace(self):
        words = ["--checkpoint", "c", "-o", "xml=x", "-o", "json=j", "--overwrite"]
        for loops in ("1", "2"):
            self.check_refused(self.intrude(*words, "--loops", loops))
            self.assertEqual(sorted(os.listdir(os.path.join(self.folder, "own"))), ["c", "j", "x"])
            os.remove(os.path.join(self.folder, "own/c"))

    def test_no_sandbox(self):
        outcomes = self.intrude("--no-sandbox")
        for action in FILES | CALLS - {"execve", "trace"}:
            self.assertEqual(outcomes[action], {"done"}, action)
        self.assertEqual((outcomes["execve"], outcomes["trace"]), ({"ENOENT"}, {"ESRCH"}))

    def test_a_resumed_scan(self):
        for words in ([], ["--no-sandbox"]):
            own = os.path.join(self.folder, "own")
            status, _, err = scan("-p", "1-3000", "--rate", "2000", "--max-time", "300ms", "--checkpoint", "c", "-o", "json=j", "--show", "all",
                                  "--overwrite", *words, "127.0.0.1", cwd=own)
            self.assertEqual(status, support.INCOMPLETE, err)
            # From another directory: the recorded one counts.
            status, _, err = scan("--resume", "own/c", *words, cwd=self.folder)
            self.assertEqual(status, COMPLETE, err)
            with open(os.path.join(own, "j")) as file:
                self.assertEqual(len(read_json(file.read())), 3000)
            self.assertEqual(sorted(os.listdir(own)), ["c", "j"])
            os.remove(os.path.join(own, "c"))


if __name__ == "__main__":
    if landlock_version() < 1:
        support.skip("Landlock")
    support.enter_own_network()
    unittest.main(argv=["confinement", *sys.argv[2:]])
