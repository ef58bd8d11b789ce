"""The open set is exact, run after run: nothing missed, no self-connect, nothing said twice.

usage: exactness.py PORTLOOP [--runs N] [--own-loopback]     3 runs of each by default

In a network namespace of its own; with --own-loopback on this machine's loopback, ports 30000-65535 only, where what
others listen on is open, too.
"""

import socket
import sys
import time
import unittest

import scan_support as support
from scan_support import COMPLETE, scan_json

RUNS = int(sys.argv[sys.argv.index("--runs") + 1]) if "--runs" in sys.argv else 3
OWN_LOOPBACK = "--own-loopback" in sys.argv


class Exactness(unittest.TestCase):
    def exact(self, address, first, last, *options):
        with support.Listeners(address, range(first + 7, last, 997)) as listeners:
            wrong, slowest_s = 0, 0
            for run in range(RUNS):
                others = others_open(address)
                begun = time.monotonic()
                status, results, err = scan_json(*options, "-p", f"{first}-{last}", address)
                slowest_s = max(slowest_s, time.monotonic() - begun)
                self.assertEqual(status, COMPLETE, err)
                found = support.open_ports(results)
                missed, false = listeners.ports - found, found - listeners.ports
                false -= others | others_open(address)
                if missed or false:
                    wrong += 1
                    print(f"run {run}: missed {sorted(missed)}, false {sorted(false)}: {err}")
            where = "this machine" if OWN_LOOPBACK else "a namespace"
            print(f"{where}, {address} {first}-{last} {' '.join(options)}: {RUNS - wrong} of {RUNS} runs exact, "
                  f"{len(listeners.ports)} open, at most {slowest_s:.1f} s", flush=True)
            self.assertEqual(wrong, 0)

    def test_where_the_source_ports_are(self):
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

    @unittest.skipIf(OWN_LOOPBACK, "only in a namespace are all ports the test's own")
    def test_every_port(self):
        self.exact("127.0.0.1", 1, 65535)


def others_open(address):
    """What somebody else's program may answer on; of it the test knows nothing."""
    return support.other_listening_ports(socket.AF_INET6 if ":" in address else socket.AF_INET) if OWN_LOOPBACK else set()


if __name__ == "__main__":
    if not OWN_LOOPBACK:
        support.enter_own_network()
    unittest.main(argv=["exactness"])
