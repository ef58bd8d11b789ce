"""Shared by the tests of portloop compare: ports with a known state, and running the program."""
import os
import socket
import subprocess
import sys

PORTLOOP = os.path.abspath(sys.argv[1]) if len(sys.argv) > 1 else ""
SKIPPED = 77  # the exit status that Meson takes for a skipped test
TIMEOUT_SECONDS = 60  # an upper bound; no test waits for it


class OwnedPorts:
    """A listening port is open, one that is only bound is closed, a listener with a full queue is silent."""

    def __init__(self, opened=3, closed=27, silent=0):
        self.sockets = []
        self.open = [self._bound(128) for _ in range(opened)]
        self.closed = [self._bound(None) for _ in range(closed)]
        self.silent = [self._bound(0, full=True) for _ in range(silent)]

    def _bound(self, backlog, full=False):
        listener = socket.socket()
        listener.bind(("127.0.0.1", 0))
        self.sockets.append(listener)
        if backlog is not None:
            listener.listen(backlog)
        for _ in range(2 if full else 0):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
            self.sockets.append(filler)
        return listener.getsockname()[1]

    def spec(self):
        return ",".join(str(port) for port in self.open + self.closed + self.silent)


def run(*arguments, **options):
    options.setdefault("timeout", TIMEOUT_SECONDS)
    return subprocess.run([PORTLOOP, *arguments], capture_output=True, text=True, **options)


def run_tests(module):
    tests = [value for name, value in list(module.items()) if callable(value) and getattr(value, "is_test", False)]
    for test in tests:
        print(test.__name__.replace("_", " "), flush=True)
        test()


def test(function):
    function.is_test = True
    return function
