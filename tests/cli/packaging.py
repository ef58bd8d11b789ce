"""`meson install` installs every file, and the Debian package is installed and removed in a test root.

usage: packaging.py SOURCE
"""

import os
import shutil
import subprocess
import sys
import tempfile
import unittest

SOURCE = os.path.abspath(sys.argv[1])
SKIPPED = 77
INSTALLED = [
    "bin/portloop", "bin/portloop-lab", "include/portloop/portloop.h",
    "share/man/man1/portloop.1.gz", "share/man/man1/portloop-lab.1.gz", "share/man/man3/portloop.3.gz",
    "share/bash-completion/completions/portloop", "share/zsh/site-functions/_portloop",
    "share/fish/vendor_completions.d/portloop.fish",
]


class Packaging(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = folder.name
        # A build directory of its own, because make-deb changes the prefix.
        build = os.path.join(cls.folder, "build")
        subprocess.run(["meson", "setup", "-Doptimization=0", build, SOURCE], check=True, capture_output=True)
        made = subprocess.run([os.path.join(SOURCE, "docs/packaging/make-deb"), build, cls.folder], capture_output=True, text=True)
        assert made.returncode == 0, made.stderr
        cls.package = made.stdout.strip()

    def test_the_package_depends_on_its_libraries(self):
        output = subprocess.run(["dpkg-deb", "-f", self.package, "Depends"], capture_output=True, text=True, check=True).stdout
        for library in ("libc6", "libstdc++6", "libuv1"):
            self.assertIn(library, output)
        self.assertNotIn("portloop", output)

    def test_installed_and_removed_in_a_root_of_its_own(self):
        root = os.path.join(self.folder, "root")
        database = os.path.join(root, "var/lib/dpkg")
        for folder in ("info", "updates", "triggers"):
            os.makedirs(os.path.join(database, folder))
        open(os.path.join(database, "status"), "w").close()
        dpkg = ["dpkg", f"--root={root}", "--force-not-root", "--force-depends", "--log=/dev/null"]
        done = subprocess.run([*dpkg, "--install", self.package], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        for name in INSTALLED:
            self.assertTrue(os.path.exists(os.path.join(root, "usr", name)), name)
        program = os.path.join(root, "usr/bin/portloop")
        output = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout
        self.assertTrue(output.startswith("portloop "))
        done = subprocess.run([*dpkg, "--purge", "portloop"], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        left = [os.path.join(folder, name) for folder, _, names in os.walk(os.path.join(root, "usr")) for name in names]
        self.assertEqual(left, [])


if __name__ == "__main__":
    for program in ("meson", "ninja", "dpkg", "dpkg-deb", "dpkg-shlibdeps"):
        if shutil.which(program) is None:
            print(f"skipped: packaging lacks the program {program}")
            sys.exit(SKIPPED)
    unittest.main(argv=["packaging"])
