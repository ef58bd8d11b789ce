"""nmap's XML and ours of the same host do not differ, as ndiff compares them.

usage: nmap_agreement.py PORTLOOP
Debian packages: nmap, ndiff.
"""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree as xml

PORTLOOP = sys.argv[1]
RANGE = range(30850, 30950)


def listeners(address, family):
    """Listeners on three free ports of RANGE on `address`."""
    held = []
    for port in RANGE[5::7]:
        listener = socket.socket(family, socket.SOCK_STREAM)
        try:
            listener.bind((address, port))
        except OSError:
            listener.close()
            continue
        listener.listen(64)
        held.append(listener)
        if len(held) == 3:
            return held
    raise unittest.SkipTest(f"lacks three free ports on {address}")


def results_of(path):
    """{port: (state, reason)} for listed and for counted ports."""
    results = {}
    for ports in xml.parse(path).getroot().iterfind("host/ports"):
        for port in ports.iterfind("port"):
            results[int(port.get("portid"))] = (port.find("state").get("state"), port.find("state").get("reason"))
        for extra in ports.iterfind("extraports"):
            for reason in extra:
                for part in reason.get("ports").split(","):
                    first, _, last = part.partition("-")
                    for port in range(int(first), int(last or first) + 1):
                        results[port] = (extra.get("state"), reason.get("reason"))
    return results


class Agreement(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = directory.name

    def run_checked(self, *command, accept=(0,)):
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              timeout=120)
        self.assertIn(done.returncode, accept, done.stdout.decode(errors="replace"))
        return done.stdout.decode(errors="replace")

    def both(self, address, *nmap_options):
        """The XML files of a scan by portloop and one by nmap. nmap gets the system's services database in place of its
        own, so that both use the same names."""
        ours, theirs = (os.path.join(self.directory, name) for name in ("portloop.xml", "nmap.xml"))
        with open(os.path.join(self.directory, "nmap-services"), "w", encoding="utf-8") as names:
            for port in RANGE:
                try:
                    names.write(f"{socket.getservbyport(port, 'tcp')} {port}/tcp 0.001\n")
                except OSError:
                    pass
            names.write("unused 1/tcp 0.001\n")
        ports = f"{RANGE[0]}-{RANGE[-1]}"
        self.run_checked("nmap", "-sT", "-Pn", "-n", "--datadir", self.directory, *nmap_options, "-p", ports,
                         "-oX", theirs, address)
        self.run_checked(PORTLOOP, "scan", "-q", "-p", ports, "-o", "xml=" + ours, address)
        return ours, theirs

    def check_agreement(self, address, family, *nmap_options):
        held = listeners(address, family)
        for listener in held:
            self.addCleanup(listener.close)
        ours, theirs = self.both(address, *nmap_options)
        self.assertEqual(results_of(ours), results_of(theirs))
        opened = {listener.getsockname()[1] for listener in held}
        self.assertEqual({p for p, result in results_of(ours).items() if result == ("open", "syn-ack")}, opened)
        # The first two lines of ndiff are the scanners' names and times.
        self.assertEqual(self.run_checked("ndiff", theirs, ours, accept=(0, 1)).splitlines()[2:], [])

    def test_an_ipv4_host(self):
        self.check_agreement("127.0.0.1", socket.AF_INET)

    def test_an_ipv6_host(self):
        if not os.path.exists("/proc/net/if_inet6"):
            self.skipTest("lacks IPv6")
        self.check_agreement("::1", socket.AF_INET6, "-6")


if __name__ == "__main__":
    missing = [name for name in ("nmap", "ndiff") if shutil.which(name) is None]
    if missing:
        print("skipped: lacks", " and ".join(missing))
        sys.exit(77)
    program = unittest.main(argv=["nmap_agreement"], exit=False)
    for test, reason in program.result.skipped:
        print(f"skipped: {test}: {reason}")
    sys.exit(1 if not program.result.wasSuccessful() else 77 if program.result.skipped else 0)
