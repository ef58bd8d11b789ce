"""The wheel, made by make-wheel and installed into an empty environment, without an index, by pip; and its types.

usage: wheel.py SOURCE BUILD
"""
import importlib.util
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest
import zipfile

from scan_support import need_programs, skip

SOURCE, BUILD = (pathlib.Path(path).resolve() for path in sys.argv[1:3])
TYPED = '''
import asyncio
import typing

import portloop


async def open_ports() -> "list[portloop.Result]":
    found: "list[portloop.Result]" = []
    async with portloop.scan(["192.0.2.1"], [22, "80-90"], rate=1000.0, banners=portloop.Banners("http")) as scan:
        async for result in scan:
            if result.banner is not None and len(result.banner) > 0:
                found.append(result)
        stats = scan.stats()
        assert stats is None or stats.probes > 0
    return found


async def resolved() -> "typing.AsyncIterator[portloop.Target]":
    yield portloop.Target("192.0.2.1", [22, "80-90"], tag=1)


async def speak(group: portloop.Group) -> None:
    async for result in portloop.scan(resolved(), keep_connections=True, group=group, source=["192.0.2.9", "::1"], dscp=46,
                                      on_host=lambda host: print(host.address, host.event), on_progress=lambda stats: print(stats.waiting)):
        if result.connection is not None:
            reader, writer = await asyncio.open_connection(sock=result.connection.take())
            writer.close()


asyncio.run(open_ports())
'''
WRONG = ('portloop.scan("192.0.2.1", timeout=5)', "portloop.scan()", 'portloop.scan("192.0.2.1", in_flight="many")',
         "portloop.scan([5])", 'portloop.scan("192.0.2.1", group="one")', "portloop.Group().apply()")


def run(*command, expected=0, **environment):
    clean = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=200,
                          env={**clean, "PIP_NO_INDEX": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1", **environment})
    assert done.returncode == expected, f"{' '.join(map(str, command))}: exit status {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout


class Wheel(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = pathlib.Path(folder.name)
        cls.wheel = pathlib.Path(run(SOURCE / "src/bindings/python/make-wheel", BUILD, cls.folder).strip())
        # pip of this Python installs into the new one, which has none.
        run(sys.executable, "-m", "venv", "--without-pip", cls.folder / "venv")
        cls.python = cls.folder / "venv" / "bin" / "python"
        run(sys.executable, "-m", "pip", "--python", cls.python, "install", "--quiet", cls.wheel)

    def test_it_works_with_its_own_libuv(self):
        run(self.python, "-I", "-X", "dev", "-W", "error", SOURCE / "tests" / "bindings" / "python" / "scan_test.py")
        loaded = run(self.python, "-I", "-c", "import portloop, sys; sys.stdout.write(open('/proc/self/maps').read())")
        libraries = {line.split()[-1] for line in loaded.splitlines() if "libuv" in line}
        self.assertEqual([pathlib.Path(path).parent.name for path in libraries], ["portloop"])
        self.assertNotIn("libportloop", loaded)

    def test_the_files(self):
        with zipfile.ZipFile(self.wheel) as archive:
            self.assertEqual(sorted(name.split("/")[-1] for name in archive.namelist()),
                             sorted(["LICENSE", "LICENSE.libuv", "METADATA", "RECORD", "WHEEL", "__init__.py", "_driver.py", "_feed.py", "_native.abi3.so", "_native.pyi",
                                     "_options.py", "_scan.py", "_types.py", "libuv.so.1", "py.typed"]))
        files = run(sys.executable, "-m", "pip", "--python", self.python, "show", "--files", "portloop")
        self.assertIn("portloop/_scan.py", files)

    def test_the_same_sources_make_the_same_wheel(self):
        again = self.folder / "again"
        again.mkdir()
        path = pathlib.Path(run(SOURCE / "src/bindings/python/make-wheel", BUILD, again).strip())
        self.assertEqual(path.read_bytes(), self.wheel.read_bytes())

    def test_the_types(self):
        program = self.folder / "typed.py"
        program.write_text(TYPED)
        mypy = ["mypy", "--strict", "--python-executable", self.python, "--cache-dir", self.folder / "mypy"]
        run(*mypy, program)
        run(*mypy, SOURCE / "src/bindings/python/portloop")
        program.write_text("import portloop\n" + "\n".join(WRONG) + "\n")
        output = run(*mypy, program, expected=1)
        self.assertIn(f"Found {len(WRONG)} errors", output)


if __name__ == "__main__":
    need_programs("ninja", "ldd", "mypy")
    for module in ("pip", "ensurepip"):
        if importlib.util.find_spec(module) is None:
            skip(f"Python's module {module}")
    if not (BUILD / "src/bindings/python/portloop").is_dir():
        skip("Python's headers")
    unittest.main(argv=["wheel"])
