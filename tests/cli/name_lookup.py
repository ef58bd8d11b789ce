"""Names of targets are looked up many at a time, in a process of its own, and none is lost.

usage: name_lookup.py PORTLOOP
"""

import os
import pty
import select
import signal
import subprocess
import unittest

import scan_support as support
from dns_server import DnsServer, use_own_resolver
from scan_support import INCOMPLETE, PORTLOOP, scan, scan_json


class NameLookup(unittest.TestCase):
    def serve(self, addresses_of, hold_until=0):
        server = DnsServer(addresses_of, hold_until)
        self.addCleanup(server.close)
        return server

    def test_64_names_are_asked_before_any_has_an_answer(self):
        self.serve(lambda name: ["127.0.0." + name.split(".")[0][1:]], hold_until=64)
        names = [f"h{number}.test" for number in range(1, 81)]
        _, results, _ = scan_json(*names, "-p", "9", "--show", "all")
        self.assertEqual(sorted(result["host"] for result in results), sorted(names))

    def test_names_without_an_answer_do_not_wait_for_each_other(self):
        """Each has its only second. One after the other, or four at a time, they would be too many for the patience of scan()."""
        self.serve(lambda name: None if name.startswith("dead") else ["127.0.0.1"])
        dead = [f"dead{number}.test" for number in range(200)]
        status, out, err = scan("live.test", *dead, "-p", "9", "--show", "all", "-f", "csv")
        self.assertEqual((status, out.count("live.test"), err.count("does not resolve: ")), (INCOMPLETE, 1, len(dead)), err)

    def test_a_terminal_shows_how_far_it_is(self):
        server = self.serve(lambda name: ["127.0.0.1"], hold_until=2)
        terminal, other_end = pty.openpty()
        child = subprocess.Popen([PORTLOOP, "scan", "slow.test", "-p", "9"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                 stderr=other_end, env={**os.environ, "TERM": "xterm"})
        os.close(other_end)
        seen = b""
        while b"resolving names: 0 of 1" not in seen:
            self.assertTrue(select.select([terminal], [], [], support.PATIENCE_SECONDS)[0], seen)
            seen += os.read(terminal, 4096)
        server.hold_until = 0
        child.send_signal(signal.SIGTERM)
        self.assertEqual(child.wait(support.PATIENCE_SECONDS), -signal.SIGTERM)  # at once, not when the look-up ends
        os.close(terminal)


if __name__ == "__main__":
    support.enter_own_network()
    use_own_resolver("timeout:1 attempts:1")
    unittest.main(argv=["name_lookup.py"])
