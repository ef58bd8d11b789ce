"""Programs outside the tree find the installed library by find_package(portloop): C and C++, shared and static.

usage: cmake.py SOURCE BUILD
"""
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

from scan_support import need_programs

SOURCE, BUILD = (pathlib.Path(path).resolve() for path in sys.argv[1:3])
PROJECT = """cmake_minimum_required(VERSION 3.16)
project(outside C)
find_package(portloop {version} REQUIRED)
find_package(portloop {version} REQUIRED) # a second time, as in a large project
add_executable(c_shared consumer.c)
target_link_libraries(c_shared portloop::portloop)
add_executable(c_static consumer.c) # linked by the C compiler
target_link_libraries(c_static portloop::static)
enable_language(CXX)
add_executable(cpp_shared consumer.cpp)
target_link_libraries(cpp_shared portloop::portloop)
target_compile_features(cpp_shared PRIVATE cxx_std_20)
message(STATUS "found portloop ${{portloop_VERSION}}")
"""


def run(*command):
    return subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=200)


class CMake(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = pathlib.Path(folder.name)
        done = run("meson", "install", "-C", BUILD, "--no-rebuild", "--destdir", cls.folder / "root")
        assert done.returncode == 0, done.stderr
        cls.config = next((cls.folder / "root").rglob("portloopConfig.cmake"))

    def configure(self, version, *options):
        project = self.folder / f"project{version}{len(options)}"
        project.mkdir()
        for name in ("consumer.c", "consumer.cpp"):
            (project / name).write_bytes((SOURCE / "tests" / "api" / "outside" / name).read_bytes())
        (project / "CMakeLists.txt").write_text(PROJECT.format(version=version))
        done = run("cmake", "-S", project, "-B", project / "build", f"-Dportloop_DIR={self.config.parent}", *options)
        return done, project / "build"

    def test_programs_are_built_and_run(self):
        done, build = self.configure("")
        self.assertEqual(done.returncode, 0, done.stderr)
        version = run(BUILD / "portloop", "--version").stdout.split()[1].rstrip(",")
        self.assertIn(f"found portloop {version}", done.stdout)
        done = run("cmake", "--build", build)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        for name, needs_library in (("c_shared", True), ("c_static", False), ("cpp_shared", True)):
            done = run(build / name)
            self.assertEqual(done.returncode, 0, f"{name}: {done}")
            self.assertEqual("libportloop.so.1" in run("readelf", "-d", build / name).stdout, needs_library, name)

    def test_versions(self):
        numbers = run(BUILD / "portloop", "--version").stdout.split()[1].rstrip(",").split(".")
        done, _ = self.configure(".".join(numbers[:2]))
        self.assertEqual(done.returncode, 0, done.stderr)
        for wrong in (f"{int(numbers[0]) + 1}.0", f"{numbers[0]}.{int(numbers[1]) + 1}"):
            done, _ = self.configure(wrong)
            self.assertNotEqual(done.returncode, 0, wrong)
            self.assertIn(f'compatible with requested version "{wrong}"', " ".join(done.stderr.split()))

    def test_without_libuv(self):
        done, _ = self.configure("", "-DPORTLOOP_UV_LIBRARY=PORTLOOP_UV_LIBRARY-NOTFOUND", "-DCMAKE_FIND_LIBRARY_PREFIXES=none")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("portloop needs libuv, which was not found", " ".join(done.stderr.split()))


if __name__ == "__main__":
    need_programs("cmake", "meson", "readelf")
    os.environ.pop("CMAKE_PREFIX_PATH", None)
    unittest.main(argv=["cmake"])
