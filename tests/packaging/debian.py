"""`meson install` installs every file, and the Debian packages are clean, are installed and removed in a test root, and
programs are built with them there.

usage: debian.py SOURCE BUILD
"""

import glob
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

from reused_objects import linked_tree, same_flags

SOURCE, BUILD = (os.path.abspath(path) for path in sys.argv[1:3])
SKIPPED = 77
INSTALLED = {
    "portloop": ["bin/portloop", "bin/portloop-lab", "share/man/man1/portloop.1.gz", "share/man/man1/portloop-lab.1.gz",
                 "share/bash-completion/completions/portloop", "share/zsh/site-functions/_portloop",
                 "share/fish/vendor_completions.d/portloop.fish",
                 *("share/portloop/guests/" + name for name in ("go/build.sh", "go/scan.go", "node/scan.mjs", "python/asyncio_streams.py", "python/guest.py",
                   "python/sequential.py", "python/thread_per_port.py", "python/thread_pool.py",
                   "rust/Cargo.toml", "rust/build.sh", "rust/scan.rs"))],
    "libportloop1": ["lib/*/libportloop.so.1"],
    "libportloop-dev": ["include/portloop/portloop.h", "include/portloop/portloop.hpp", "include/portloop/version.h", "lib/*/libportloop.so",
                        "lib/*/libportloop.a", "lib/*/pkgconfig/portloop.pc", "lib/*/cmake/portloop/portloopConfig.cmake",
                        "lib/*/cmake/portloop/portloopConfigVersion.cmake", "share/man/man3/portloop.3.gz"],
}


class Packaging(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = folder.name
        # A build directory of its own, because make-deb changes the prefix.
        source, build = linked_tree(SOURCE, BUILD, os.path.join(cls.folder, "tree"))
        options, environment = same_flags(BUILD)
        subprocess.run(["meson", "setup", *options, build, source], check=True, capture_output=True, env=environment)
        made = subprocess.run([os.path.join(source, "docs/packaging/make-deb"), build, cls.folder], capture_output=True, text=True)
        assert made.returncode == 0, made.stderr
        cls.packages = {os.path.basename(path).split("_")[0]: path for path in made.stdout.split()}
        assert cls.packages.keys() == INSTALLED.keys(), made.stdout

    def depends(self, name):
        return subprocess.run(["dpkg-deb", "-f", self.packages[name], "Depends"], capture_output=True, text=True, check=True).stdout

    def test_the_packages_depend_on_their_libraries(self):
        for name in ("portloop", "libportloop1"):
            for library in ("libc6", "libstdc++6", "libuv1"):
                self.assertIn(library, self.depends(name))
            self.assertNotIn("portloop", self.depends(name))
        self.assertRegex(self.depends("libportloop-dev"), r"\Alibportloop1 \(= [0-9.]+\), libuv1-dev\n\Z")

    def test_lintian_finds_nothing(self):
        done = subprocess.run(["lintian", "--fail-on", "error,warning", *([] if os.geteuid() else ["--allow-root"]), *self.packages.values()],
                              capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stdout), (0, ""), done.stderr)

    def test_installed_and_removed_in_a_root_of_its_own(self):
        root = os.path.join(self.folder, "root")
        database = os.path.join(root, "var/lib/dpkg")
        for folder in ("info", "updates", "triggers"):
            os.makedirs(os.path.join(database, folder))
        open(os.path.join(database, "status"), "w").close()
        dpkg = ["dpkg", f"--root={root}", "--force-not-root", "--force-depends", "--log=/dev/null"]
        done = subprocess.run([*dpkg, "--install", *self.packages.values()], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        for name in [name for names in INSTALLED.values() for name in names]:
            self.assertTrue(glob.glob(os.path.join(root, "usr", name)), name)
        program = os.path.join(root, "usr/bin/portloop")
        output = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout
        self.assertTrue(output.startswith("portloop "))
        self.build_with_the_packages_in(root)
        done = subprocess.run([*dpkg, "--purge", *self.packages], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        left = [os.path.join(folder, name) for folder, _, names in os.walk(os.path.join(root, "usr")) for name in names]
        self.assertEqual(left, [])

    def build_with_the_packages_in(self, root):
        """A C program by pkg-config, shared and static."""
        program = os.path.join(self.folder, "program")
        consumer = os.path.join(SOURCE, "tests/api/outside/consumer.c")
        libraries = os.path.dirname(glob.glob(os.path.join(root, "usr/lib/*/libportloop.a"))[0])

        def pkg_config(*words):
            """With the root's prefix; libuv is the system's."""
            done = subprocess.run(["pkg-config", f"--define-variable=prefix={root}/usr", *words, "portloop"], capture_output=True, text=True, check=True,
                                  env={**os.environ, "PKG_CONFIG_PATH": os.path.join(libraries, "pkgconfig")})
            return done.stdout.split()

        archive = os.path.join(libraries, "libportloop.a")
        static = [archive if word == "-lportloop" else word for word in pkg_config("--static", "--libs")]
        for linked in (pkg_config("--libs"), static):
            subprocess.run(["cc", "-std=gnu11", *pkg_config("--cflags"), consumer, "-o", program, *linked], check=True)
            output = subprocess.run([program], capture_output=True, text=True, check=True, env={**os.environ, "LD_LIBRARY_PATH": libraries}).stdout
            self.assertIn(" open syn-ack", output)


if __name__ == "__main__":
    for program in ("meson", "ninja", "dpkg", "dpkg-deb", "dpkg-shlibdeps", "lintian", "pkg-config"):
        if shutil.which(program) is None:
            print(f"skipped: debian lacks the program {program}")
            sys.exit(SKIPPED)
    unittest.main(argv=["debian"])
