"""With few descriptors, few source ports or little memory, a scan is still complete and exact.

usage: tight_limits.py PORTLOOP
"""

import os
import sys
import unittest

import scan_support as support
from scan_support import COMPLETE, scan, scan_json, start

WAYS = [["--loops", loops, "--connector", connector] for loops in ("1", "2") for connector in ("fastest", "portable")]


class Descriptors(unittest.TestCase):
    def test_64_descriptors_and_300_open_ports_among_2000(self):
        with support.Listeners("127.0.0.1", range(10000, 12000, 6), 300) as listeners:
            self.assertEqual(len(listeners.ports), 300)
            for way in WAYS:
                with self.subTest(way=way):
                    status, results, err = scan_json(*way, "--show", "all", "-p", "10000-11999", "127.0.0.1",
                                                     preexec_fn=support.descriptor_limit(64))
                    self.assertEqual(status, COMPLETE, err)
                    self.assertEqual(len(results), 2000)
                    self.assertEqual(support.open_ports(results), listeners.ports)

    def test_too_few_for_the_loops(self):
        for limit in (10, 12):
            with self.subTest(limit=limit):
                status, out, err = scan("--loops", "8", "-p", "1-9", "127.0.0.1", preexec_fn=support.descriptor_limit(limit))
                self.assertEqual((status, out), (support.FAILED, ""), err)
                self.assertRegex(err, r"\Aportloop: the scan can't be started: [^\n]+\n\Z")


class SourcePorts(unittest.TestCase):
    def setUp(self):
        self.path = "/proc/sys/net/ipv4/ip_local_port_range"
        with open(self.path) as file:
            self.addCleanup(self.set_range, file.read())

    def set_range(self, text):
        with open(self.path, "w") as file:
            file.write(text)

    def test_ten_source_ports(self):
        for address in ("127.0.0.1", "::1"):
            with support.Listeners(address, range(10000, 10600, 20)) as listeners:
                self.set_range("10300 10309")  # among the scanned ports: sockets can connect to themselves
                for way in WAYS:
                    with self.subTest(address=address, way=way):
                        status, results, err = scan_json(*way, "--show", "all", "-p", "10000-10599", address)
                        self.assertEqual(status, COMPLETE, err)
                        self.assertEqual(len(results), 600)
                        self.assertEqual(support.open_ports(results), listeners.ports)


@unittest.skipIf(os.environ.get("PORTLOOP_SANITIZED"), "the figure would include the sanitizer's memory")
class Memory(unittest.TestCase):
    """The peak is below 12 MiB plus 1 KiB for each connect in flight, for one host and for a /8."""

    IN_FLIGHT = 4000

    def peak_kib_and_sockets(self, target, ports):
        with start("-c", str(self.IN_FLIGHT), "-p", ports, "--show", "all", "-f", "list", target, stdout=-3) as running:
            self.addCleanup(running.kill)
            # Measured when the scan has used some processor time: user and system time of /proc/PID/stat.
            def busy():
                with open(f"/proc/{running.pid}/stat") as file:
                    fields = file.read().rsplit(")", 1)[1].split()
                return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK") > 0.5
            support.wait_until(busy, "half a second of work")
            with open(f"/proc/{running.pid}/status") as file:
                peak = next(line for line in file if line.startswith("VmHWM"))
            descriptors = len(os.listdir(f"/proc/{running.pid}/fd"))
            running.terminate()
            running.stderr.read()
        return int(peak.split()[1]), descriptors

    def test_one_host_and_a_slash_8(self):
        for target, ports in (("10.9.9.9", "1-65535"), ("10.0.0.0/8", "1-1000"), ("10.0.0.0/8", "22")):
            with self.subTest(target=target, ports=ports):
                peak, descriptors = self.peak_kib_and_sockets(target, ports)
                allowed = 12 * 1024 + min(descriptors, self.IN_FLIGHT)  # a descriptor for each connect in flight
                print(f"{target} {ports}: {peak} KiB of {allowed}, {descriptors} descriptors", flush=True)
                self.assertLess(peak, allowed)


if __name__ == "__main__":
    support.enter_own_network()
    silence = support.silent_network("10.9.0.7/8")
    unittest.main(argv=["tight_limits", *sys.argv[2:]])
