#!/usr/bin/env python3
"""portloop_scan_set_host_cb() on a real link: an absent host is reported once, before its ports, and no other host.

usage: host_events.py PROGRAM CLI_TESTS
"""

import pathlib
import sys
import unittest

PROGRAM = pathlib.Path(sys.argv[1]).resolve()
sys.path.insert(0, sys.argv[2])

import scan_support as support  # noqa: E402
from far_network import Neighbour  # noqa: E402


class HostEvents(unittest.TestCase):
    def test_an_absent_host_is_reported_once_by_each_loop_before_its_ports(self):
        for loops, connector, how in (("1", "fastest", "results"), ("1", "portable", "batches"),
                                      ("2", "fastest", "batches"), ("2", "portable", "results")):
            for net, targets in (("10.51.0.", "10.51.0.76-77"), ("fd51::", "fd51::76-fd51::77")):
                with self.subTest(loops=loops, connector=connector, how=how, net=net):
                    lines = support.run_command([PROGRAM, targets, "1-1500", loops, connector, how]).splitlines()
                    events = [line for line in lines if " after " in line]
                    self.assertEqual(lines[len(events):], ["closed 1500", "filtered 1500"])
                    self.assertEqual(events[0], net + "77 absent after 0")
                    self.assertEqual({event.split(" after ")[0] for event in events}, {net + "77 absent"})
                    self.assertLessEqual(len(events), int(loops))


if __name__ == "__main__":
    support.need_programs("nsenter")
    support.enter_own_network()
    neighbour = Neighbour("near", "far")
    try:
        support.ip("addr add 10.51.0.1/24 dev near")
        support.ip("addr add fd51::1/64 dev near nodad")
        neighbour.ip("addr add 10.51.0.76/24 dev far")
        neighbour.ip("addr add fd51::76/64 dev far nodad")
        unittest.main(argv=["host_events"])
    finally:
        neighbour.close()
