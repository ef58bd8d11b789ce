"""The npm package, made by `npm pack` and installed into empty projects, offline: compiled from the sources inside it, and
with a prebuilt addon and no compiler.

usage: npm.py SOURCE
"""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

from scan_support import need_programs, skip

SOURCE = pathlib.Path(sys.argv[1]).resolve()
TESTS = SOURCE / "tests" / "bindings" / "node"
HEADERS = pathlib.Path(shutil.which("node") or "/usr/bin/node").resolve().parent.parent  # include/node is in it


def run(*command, cwd, **environment):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=500, cwd=cwd,
                          env={**os.environ, **{name: str(value) for name, value in environment.items()}})
    assert done.returncode == 0, f"{' '.join(map(str, command))}: exit status {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout


class Npm(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = pathlib.Path(folder.name)
        # npm writes into the package's folder: a copy of what the package is made of.
        cls.package = cls.folder / "tree" / "src" / "bindings" / "node"
        for name in ("src/bindings/node", "src/core", "src/plan", "src/sockets", "src/engine", "src/capi", "include"):
            shutil.copytree(SOURCE / name, cls.folder / "tree" / name, ignore=shutil.ignore_patterns("build", "prebuilds", "portloop.node"))
        shutil.copy(SOURCE / "LICENSE", cls.folder / "tree")
        cls.npm_environment = {"npm_config_cache": cls.folder / "cache", "npm_config_update_notifier": "false", "npm_config_offline": "true",
                               "npm_config_audit": "false", "npm_config_fund": "false", "npm_config_nodedir": HEADERS, "JOBS": os.cpu_count(),
                               "CXXFLAGS": "-O0"}  # a third of the time
        if shutil.which("ccache"):
            cls.npm_environment.update(CC="ccache cc", CXX="ccache c++")
        cls.project = cls.install("compiled", cls.pack())
        cls.installed = cls.project / "node_modules" / "portloop"

    @classmethod
    def pack(cls):
        run("npm", "pack", "--silent", cwd=cls.package, **cls.npm_environment)
        return next(cls.package.glob("*.tgz"))

    @classmethod
    def install(cls, name, package, **environment):
        project = cls.folder / name
        project.mkdir()
        (project / "package.json").write_text('{ "name": "outside", "private": true }\n')
        run("npm", "install", package, cwd=project, **{**cls.npm_environment, **environment})
        for test in TESTS.iterdir():
            shutil.copy(test, project)
        return project

    def check(self, project):
        output = run("node", "--test", cwd=project, NODE_OPTIONS="")
        self.assertIn("# fail 0", output)
        self.assertNotIn("# pass 0", output)

    def test_compiled_from_the_sources_inside(self):
        self.check(self.project)
        addon = self.installed / "build" / "Release" / "portloop.node"
        needed = run("readelf", "-d", addon, cwd=self.project)
        self.assertNotIn("libuv", needed)
        self.assertNotIn("libportloop", needed)

    def test_the_package_has_what_it_needs_and_no_more(self):
        files = {str(path.relative_to(self.installed)) for path in self.installed.rglob("*") if path.is_file()} - {".package-lock.json"}
        files = {name for name in files if not name.startswith(("build/", "prebuilds/"))}  # made on this machine
        for name in ("LICENSE", "README.md", "index.js", "index.mjs", "index.d.ts", "index.d.mts", "binding.gyp", "portloop/include/portloop/portloop.h",
                     "portloop/src/capi/scan.cpp", "portloop/src/core/address.hpp"):
            self.assertIn(name, files)
        odd = [name for name in files if not name.endswith((".js", ".mjs", ".json", ".d.ts", ".d.mts", ".c", ".cpp", ".h", ".hpp", ".gyp", ".md", "LICENSE", ".map"))]
        self.assertEqual(odd, [])
        # The folder is as it was before `npm pack`.
        self.assertFalse((self.package / "portloop").exists())

    def test_the_types(self):
        for kind in ("ts", "mts"):  # as CommonJS and as an ECMAScript module
            shutil.copy(TESTS / "types.ts", self.project / f"types.{kind}")
            run("tsc", "--strict", "--noEmit", "--target", "es2022", "--module", "node16", f"types.{kind}", cwd=self.project)

    def test_prebuilt(self):
        path = pathlib.Path(run("npm", "run", "--silent", "prebuild", cwd=self.installed, **self.npm_environment).splitlines()[-1])
        self.assertNotIn("libstdc++", run("readelf", "-d", path, cwd=self.project))
        place = self.package / path.relative_to(self.installed)
        place.parent.mkdir(parents=True)
        shutil.copy(path, place)
        project = self.install("prebuilt", self.pack(), CC="false", CXX="false")
        self.assertFalse((project / "node_modules" / "portloop" / "build").exists())
        self.check(project)


if __name__ == "__main__":
    need_programs("node", "npm", "make", "tsc", "readelf")
    if not (HEADERS / "include" / "node" / "node_api.h").exists():
        skip("Node's headers")
    unittest.main(argv=["npm"])
