#!/usr/bin/env python3
"""Builds the binding and the example for Go, with the library of the build directory, and runs both.

usage: run_go.py GO BUILD
"""
import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import threading

GO, BUILD = sys.argv[1], pathlib.Path(sys.argv[2]).resolve()
PACKAGE = pathlib.Path(__file__).resolve().parent / "go"


def main():
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "PKG_CONFIG_PATH": str(BUILD / "meson-uninstalled"), "LD_LIBRARY_PATH": str(BUILD / "src/capi"),
                       "GOFLAGS": "-mod=mod", "GOPROXY": "off", "GOCACHE": f"{folder}/cache", "CGO_ENABLED": "1"}

        def run(*command, **options):
            return subprocess.run(command, cwd=PACKAGE, env=environment, timeout=100, **options)

        run(GO, "test", "-count=1", ".", check=True)
        example = f"{folder}/open_ports"
        run(GO, "build", "-o", example, "./open_ports", check=True)
        with socket.create_server(("127.0.0.1", 0)) as listening:
            thread = threading.Thread(target=lambda: listening.accept()[0].sendall(b"hello"))
            thread.start()
            port = listening.getsockname()[1]
            done = run(example, "localhost", f"{port},61001", capture_output=True, text=True)
            thread.join()
        if done.returncode != 0 or done.stdout != f"127.0.0.1 {port}  hello\n":
            sys.exit(f"wrong: {done}")
        done = run(example, "localhost", "70000", capture_output=True, text=True)
        if done.returncode != 1 or done.stdout or "'70000'" not in done.stderr:
            sys.exit(f"wrong: {done}")


main()
