"""The open set is exact, run after run: nothing missed, no self-connect, nothing said twice.

usage: exactness.py PORTLOOP [--runs N]     3 runs of each by default
"""

import sys
import unittest

import scan_support as support
from scan_support import COMPLETE, scan_json

RUNS = int(sys.argv[sys.argv.index("--runs") + 1]) if "--runs" in sys.argv else 3


class Exactness(unittest.TestCase):
    def exact(self, address, first, last, *options):
        with support.Listeners(address, range(first + 7, last, 997)) as listeners:
            wrong = 0
            for run in range(RUNS):
                status, results, err = scan_json(*options, "-p", f"{first}-{last}", address)
                self.assertEqual(status, COMPLETE, err)
                found = support.open_ports(results)
                if found != listeners.ports:
                    wrong += 1
                    print(f"run {run}: missed {sorted(listeners.ports - found)}, false {sorted(found - listeners.ports)}: {err}")
            print(f"{address} {first}-{last} {' '.join(options)}: {RUNS - wrong} of {RUNS} runs exact")
            self.assertEqual(wrong, 0)

    def test_where_the_source_ports_are(self):
        self.exact("127.0.0.1", 30000, 65535)

    def test_on_two_loops(self):
        self.exact("127.0.0.1", 30000, 65535, "--loops", "2")

    def test_without_a_spare_address(self):
        self.exact("::1", 30000, 65535)

    def test_every_port(self):
        self.exact("127.0.0.1", 1, 65535)

    def test_with_libuv_alone(self):
        self.exact("127.0.0.1", 30000, 65535, "--connector", "portable")


if __name__ == "__main__":
    support.enter_own_network()
    unittest.main(argv=["exactness"])
