"""The static program is one file without an interpreter, and scans in a root directory that contains nothing else.

usage: static_program.py SOURCE BUILD
"""

import os
import subprocess
import sys
import tempfile
import unittest

import scan_support as support
from format_readers import read_json
from reused_objects import linked_tree, same_flags

SOURCE, BUILD = (os.path.abspath(path) for path in sys.argv[1:3])
ENTER = ["unshare", "--user", "--map-root-user", "chroot"]


class StaticProgram(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.root = os.path.join(folder.name, "root")
        os.mkdir(cls.root)
        source, build = linked_tree(SOURCE, BUILD, os.path.join(folder.name, "tree"))
        options, environment = same_flags(BUILD)
        made = subprocess.run([os.path.join(source, "docs/packaging/make-static"), build, cls.root, *options],
                              capture_output=True, text=True, env=environment)
        assert made.returncode == 0, made.stderr
        cls.program = made.stdout.strip()
        assert os.listdir(cls.root) == ["portloop"]

    def scan(self, *words):
        done = subprocess.run([*ENTER, self.root, "/portloop", "scan", *words], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=support.PATIENCE_SECONDS)
        return done.returncode, done.stdout, done.stderr

    def test_it_is_position_independent_and_has_no_interpreter(self):
        headers = subprocess.run(["readelf", "-hldW", self.program], capture_output=True, text=True, check=True).stdout
        self.assertRegex(headers, r"Type:\s+DYN")
        for absent in ("INTERP", "(NEEDED)"):
            self.assertNotIn(absent, headers)
        for present in ("GNU_RELRO", "BIND_NOW"):
            self.assertIn(present, headers)

    def test_a_scan_in_an_empty_root(self):
        listeners = support.Listeners("127.0.0.1", [7, 80])
        self.addCleanup(listeners.close)
        for loops in ("1", "2"):
            status, out, err = self.scan("-p", "1-100", "--loops", loops, "--show", "all", "-f", "json", "127.0.0.1")
            self.assertEqual(status, support.COMPLETE, err)
            self.assertEqual({port for (_, port), state in read_json(out).items() if state == "open"}, listeners.ports)
            self.assertEqual(len(read_json(out)), 100)

    def test_files_and_names_of_the_root(self):
        status, out, err = self.scan("-p", "http", "nowhere.invalid")
        self.assertEqual((status, out), (support.USAGE, ""))
        self.assertIn("'nowhere.invalid' does not resolve", err)
        os.mkdir(os.path.join(self.root, "etc"))
        with open(os.path.join(self.root, "etc/hosts"), "w") as file:
            file.write("127.0.0.1 here.invalid\n")
        status, out, err = self.scan("-p", "http", "--show", "all", "-f", "list", "-o", "json=/r", "--checkpoint", "/c", "here.invalid")
        self.assertEqual((status, out), (support.COMPLETE, ""), err)
        with open(os.path.join(self.root, "r")) as file:
            self.assertEqual(read_json(file.read()), {("127.0.0.1", 80): "closed"})


if __name__ == "__main__":
    support.enter_own_network()
    unittest.main(argv=["static_program", *sys.argv[3:]])
