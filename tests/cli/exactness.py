"""The open ports are exact in every run: none missed, no self-connect, none reported twice.

usage: exactness.py PORTLOOP [--runs N] [--own-loopback]     3 runs of each by default

In a network namespace of its own. With --own-loopback, on this machine's loopback and only ports 30000-65535; ports on
which other programs listen may be open, too.
"""

import sys
import threading
import time
import unittest

import scan_support as support
from scan_support import COMPLETE, scan_json

RUNS = int(sys.argv[sys.argv.index("--runs") + 1]) if "--runs" in sys.argv else 3
OWN_LOOPBACK = "--own-loopback" in sys.argv


class OthersListening:
    """With --own-loopback, the ports on which any program listens at any time during the scan, from /proc."""

    def __init__(self):
        self.ports = set()
        self.ended = threading.Event()
        self.watcher = threading.Thread(target=self.watch)

    def watch(self):
        LISTENING = "0A"
        while not self.ended.wait(0.001):
            for name in ("/proc/net/tcp", "/proc/net/tcp6"):
                with open(name) as table:
                    next(table)
                    for line in table:
                        _, local, _, state, *_ = line.split()
                        if state != LISTENING:
                            break  # listeners come first
                        self.ports.add(int(local.rsplit(":", 1)[1], 16))

    def __enter__(self):
        if OWN_LOOPBACK:
            self.watcher.start()
        return self

    def __exit__(self, *_):
        if OWN_LOOPBACK:
            self.ended.set()
            self.watcher.join()


class Exactness(unittest.TestCase):
    def exact(self, address, first, last, *options):
        with support.Listeners(address, range(first + 7, last, 997)) as listeners:
            wrong, slowest_s = 0, 0
            for run in range(RUNS):
                begun = time.monotonic()
                with OthersListening() as others:
                    status, results, err = scan_json(*options, "-p", f"{first}-{last}", address)
                slowest_s = max(slowest_s, time.monotonic() - begun)
                self.assertEqual(status, COMPLETE, err)
                found = support.open_ports(results)
                missed, false = listeners.ports - found, found - listeners.ports - others.ports
                if missed or false:
                    wrong += 1
                    print(f"run {run}: missed {sorted(missed)}, false {sorted(false)}: {err}")
            place = "this machine" if OWN_LOOPBACK else "a namespace"
            print(f"{place}, {address} {first}-{last} {' '.join(options)}: {RUNS - wrong} of {RUNS} runs exact, "
                  f"{len(listeners.ports)} open, at most {slowest_s:.1f} s", flush=True)
            self.assertEqual(wrong, 0)

    def test_among_the_source_ports(self):
        self.exact("127.0.0.1", 30000, 65535)

    def test_on_two_loops(self):
        self.exact("127.0.0.1", 30000, 65535, "--loops", "2")

    def test_with_libuv_alone(self):
        self.exact("127.0.0.1", 30000, 65535, "--connector", "portable")

    def test_without_a_spare_address(self):
        self.exact("::1", 30000, 65535)

    def test_without_a_spare_address_on_two_loops(self):
        self.exact("::1", 30000, 65535, "--loops", "2")

    def test_without_a_spare_address_with_libuv_alone(self):
        self.exact("::1", 30000, 65535, "--connector", "portable")

    @unittest.skipIf(OWN_LOOPBACK, "other programs use some of these ports")
    def test_every_port(self):
        self.exact("127.0.0.1", 1, 65535)


if __name__ == "__main__":
    if not OWN_LOOPBACK:
        support.enter_own_network()
    unittest.main(argv=["exactness"])
