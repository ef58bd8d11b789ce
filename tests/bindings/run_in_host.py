#!/usr/bin/env python3
"""Runs the tests and the example of one binding with the interpreter that it is for, in a network of its own.

usage: run_in_host.py node|python|python_uvloop|lua|neovim SOURCE_DIR [MODULE]
"""
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading

# Imported by name: its own command line is another one.
from scan_support import enter_own_network, ip, need_programs, skip

TESTS = pathlib.Path(__file__).resolve().parent


def need_module(what):
    if len(sys.argv) < 4:
        skip(f"{what}, which are installed by ./bootstrap --tests")


def python_with(module):
    """A Python that has the module: a package of Debian's is seen by Debian's Python only."""
    for program in (sys.executable, "/usr/bin/python3"):
        if shutil.which(program) and subprocess.run([program, "-c", f"import {module}"], capture_output=True).returncode == 0:
            return program
    return skip(f"Python's module {module}")


def commands_of(host, source, module):
    """The tests, the example without its arguments (None if it has no host of its own), and their environment."""
    examples = source / "examples"
    if host == "node":
        package = source / "src" / "bindings" / "node"
        return (["node", "--test", TESTS / "node"], ["node", examples / "node" / "open_ports.mjs"],
                {"PORTLOOP_PACKAGE": package, "PORTLOOP_ADDON": module})
    if host.startswith("python"):
        strict = [python_with("uvloop" if host == "python_uvloop" else "asyncio"), "-X", "dev", "-W", "error"]
        return ([*strict, TESTS / "python" / "scan_test.py", *(["--uvloop"] if host == "python_uvloop" else [])],
                [*strict, examples / "python" / "open_ports.py"], {"PYTHONPATH": module.parent.parent})
    paths = {"LUA_PATH": f"{source}/src/bindings/lua/?.lua;;", "LUA_CPATH": f"{module.parent}/?.so;;"}
    if host == "lua":
        return ["lua5.1", TESTS / "lua" / "scan_test.lua"], ["lua5.1", examples / "lua" / "open_ports.lua"], paths
    editor = ["nvim", "--headless", "-u", "NONE", "-i", "NONE"]
    return [*editor, "-c", f"luafile {TESTS / 'lua' / 'neovim_test.lua'}", "-c", "qall!"], None, paths


def link_without_hosts():
    """A link on which nobody answers ARP requests, not for long. Returns an address on it that no host has."""
    ip("link add name empty type veth peer name empty-peer")
    ip("address add 10.9.8.1/24 dev empty")
    for name in ("empty", "empty-peer"):
        ip(f"link set {name} up")
    pathlib.Path("/proc/sys/net/ipv4/neigh/empty/retrans_time_ms").write_text("20")
    return "10.9.8.7"


def host_that_accepts_everything(listening):
    """Returns an address of this machine on which every port leads to the listener."""
    chain = "table inet tarpit { chain out { type nat hook output priority -100;"
    rule = f"ip daddr 127.9.9.9 meta l4proto tcp redirect to :{listening.getsockname()[1]}"
    subprocess.run(["nft", "-f", "-"], input=f"{chain} {rule}; }}; }}", text=True, check=True)
    return "127.9.9.9"


def run(command, environment, **options):
    return subprocess.run([str(word) for word in command], stdin=subprocess.DEVNULL, timeout=100,
                          env={**os.environ, **{name: str(value) for name, value in environment.items()}}, **options)


def run_example(command, environment, source, folder):
    """Finds an open port and its greeting, beside a closed one."""
    if command[0] == "node":  # an import is resolved from the folder of the file
        (folder / "node_modules").mkdir()
        (folder / "node_modules" / "portloop").symlink_to(source / "src" / "bindings" / "node")
        command = ["node", shutil.copy(command[1], folder)]
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=lambda: listening.accept()[0].sendall(b"hello"))
        thread.start()
        port = listening.getsockname()[1]
        done = run([*command, "localhost", f"{port},61001"], environment, capture_output=True, text=True)
        thread.join()
    if done.returncode != 0 or not re.fullmatch(rf"127\.0\.0\.1\s+{port}\s.*hello.*\n", done.stdout):
        sys.exit(f"wrong: {done}")
    done = run(command, environment, capture_output=True, text=True)
    if done.returncode == 0 or "usage" not in done.stderr:
        sys.exit(f"wrong: {done}")


def main():
    host, source = sys.argv[1], pathlib.Path(sys.argv[2]).resolve()
    need_module({"node": "Node's headers", "lua": "Lua's headers", "neovim": "Lua's headers"}.get(host, "Python's headers"))
    need_programs({"node": "node", "lua": "lua5.1", "neovim": "nvim"}.get(host, "python3"), "nft")
    if host == "lua" and subprocess.run(["lua5.1", "-e", "require('luv')"], capture_output=True).returncode != 0:
        skip("Lua's module luv")
    enter_own_network()
    tests, example, environment = commands_of(host, source, pathlib.Path(sys.argv[3]).resolve())
    with socket.create_server(("0.0.0.0", 0), backlog=1024) as listening:  # the kernel accepts for it
        hosts = {"ABSENT_HOST": link_without_hosts(), "TARPIT_HOST": host_that_accepts_everything(listening)}
        status = run(tests, {**environment, **hosts}).returncode
    if status == 0 and example is not None:
        with tempfile.TemporaryDirectory() as folder:
            run_example(example, environment, source, pathlib.Path(folder))
    sys.exit(status)


main()
