"""Programs for nmap's formats accept ours: xmllint with nmap's DTD, ndiff, python-libnmap, Python's parsers.

usage: output_consumers.py FORMAT_RESULTS
Debian packages: libxml2-utils (xmllint), ndiff, nmap-common (nmap.dtd), python3-libnmap.
"""

import csv
import errno
import io
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree as xml

from result_schema import read_record
from results import Result, formatted

DTD = "/usr/share/nmap/nmap.dtd"
SYSTEM_PYTHON = "/usr/bin/python3"  # where Debian's python3-libnmap lives


def closed(port, **more):
    return Result(port=port, state="closed", reason="conn-refused", rtt_us=100, **more)


def silent(port, **more):
    return Result(port=port, state="filtered", reason="no-response", rtt_us=0, attempts=2, **more)


FIRST = [
    Result(port=22, service=b"ssh", host=b"example.test", banner=b"SSH-2.0-x\r\n"),
    Result(port=443, service=b"https", host=b"example.test", rtt_us=710),
    closed(23), closed(24), closed(25), closed(80),
    silent(81),
    Result(port=82, state="filtered", reason="admin-prohibited", rtt_us=900, attempts=2),
    Result(port=83, state="unknown", reason="local-error", errno=errno.EMFILE, rtt_us=0),
]
SECOND = [silent(r.port, address="2001:db8::1") for r in FIRST]
PORTS = "22-25,80-83,443"
PER_HOST = len(FIRST)


def run(*command, data=None):
    return subprocess.run(command, input=data, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60)


def needs_program(name):
    return unittest.skipUnless(shutil.which(name), f"needs {name}")


class Xml(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.TemporaryDirectory()
        self.addCleanup(self.directory.cleanup)

    def file(self, name, data):
        path = os.path.join(self.directory.name, name)
        with open(path, "wb") as stream:
            stream.write(data)
        return path

    def test_the_first_lines_are_what_importers_look_at(self):
        lines = formatted("xml", FIRST, PORTS, PER_HOST).split(b"\n")
        self.assertEqual(lines[0], b'<?xml version="1.0" encoding="UTF-8"?>')
        self.assertEqual(lines[1], b"<!DOCTYPE nmaprun>")
        self.assertTrue(lines[2].startswith(b'<nmaprun scanner="portloop" args="portloop scan x" start="1795361211" '
                                            b'startstr="Sun Nov 22 15:26:51 2026" version="0.1.0" '))

    @needs_program("xmllint")
    @unittest.skipUnless(os.path.exists(DTD), f"needs {DTD}")
    def test_it_is_valid_under_nmaps_dtd_except_for_the_name_of_the_scanner(self):
        for show in ("open", "all"):
            with self.subTest(show=show):
                out = formatted("xml", FIRST + SECOND, PORTS, PER_HOST, show)
                self.assertEqual(out.count(b'scanner="portloop"'), 1)
                path = self.file("as-nmap.xml", out.replace(b'scanner="portloop"', b'scanner="nmap"'))
                check = run("xmllint", "--noout", "--nonet", "--dtdvalid", DTD, path)
                self.assertEqual((check.returncode, check.stdout), (0, b""))

    def test_the_elements_of_a_host(self):
        root = xml.fromstring(formatted("xml", FIRST + SECOND, PORTS, PER_HOST))
        first, second = root.findall("host")
        self.assertEqual(first.find("status").attrib, {"state": "up", "reason": "user-set", "reason_ttl": "0"})
        self.assertEqual(first.find("address").attrib, {"addr": "192.0.2.1", "addrtype": "ipv4"})
        self.assertEqual(first.find("hostnames/hostname").attrib, {"name": "example.test", "type": "user"})
        self.assertEqual([p.get("portid") for p in first.iter("port")], ["22", "443"])
        self.assertEqual(first.find("ports/port/service").attrib, {"name": "ssh", "method": "table", "conf": "3"})
        self.assertEqual(first.find("ports/port/script").attrib, {"id": "banner", "output": r"SSH-2.0-x\x0d\x0a"})
        self.assertEqual(
            [(e.get("state"), e.get("count"), [(r.get("reason"), r.get("count"), r.get("ports")) for r in e])
             for e in first.iter("extraports")],
            [("closed", "4", [("conn-refused", "4", "23-25,80")]),
             ("filtered", "2", [("no-response", "1", "81"), ("admin-prohibited", "1", "82")]),
             ("unknown", "1", [("local-error:EMFILE", "1", "83")])])
        # RFC 6298 by hand, in whole microseconds, after the answers 310, 710 and 4 x 100: srtt 310 360 327 299 274
        # 252, rttvar 155 217 228 227 220 208. The answer to a second attempt is no sample (Karn).
        self.assertEqual(first.find("times").attrib, {"srtt": "252", "rttvar": "208", "to": "1084"})
        self.assertEqual(second.find("status").get("state"), "unknown", "silence does not prove that a host is down")
        self.assertEqual(second.find("address").attrib, {"addr": "2001:db8::1", "addrtype": "ipv6"})
        self.assertIsNone(second.find("times"))
        self.assertEqual(root.find("runstats/hosts").attrib, {"up": "1", "down": "1", "total": "2"})
        self.assertEqual(root.find("runstats/finished").attrib,
                         {"time": "1795361213", "timestr": "Sun Nov 22 15:26:53 2026", "summary": "18 results",
                          "elapsed": "2.25", "exit": "success"})

    def test_with_everything_shown_each_port_stands_alone(self):
        root = xml.fromstring(formatted("xml", FIRST, PORTS, PER_HOST, "all"))
        self.assertEqual([int(p.get("portid")) for p in root.iter("port")], sorted(r.port for r in FIRST))
        self.assertIsNone(root.find("host/ports/extraports"))

    def test_a_stopped_scan_is_marked_and_keeps_its_incomplete_hosts(self):
        root = xml.fromstring(formatted("xml", FIRST[:3], PORTS, PER_HOST, end="stop"))
        self.assertEqual(root.find("runstats/finished").get("exit"), "error")
        self.assertEqual(root.find("host/ports/extraports").get("count"), "1")

    def test_a_killed_scan_is_complete_except_for_the_last_tag(self):
        interleaved = [r for pair in zip(FIRST, SECOND[:-1]) for r in pair] + [FIRST[-1]]
        out = formatted("xml", interleaved, PORTS, PER_HOST, end=None)
        root = xml.fromstring(out + b"</nmaprun>")
        self.assertEqual([h.find("address").get("addr") for h in root.iter("host")], ["192.0.2.1"])
        self.assertEqual(len(root.findall("host/ports/port")), 2)

    def test_without_a_count_hosts_come_at_the_end_by_address(self):
        self.assertNotIn(b"<host", formatted("xml", SECOND + FIRST, PORTS, end=None))
        root = xml.fromstring(formatted("xml", SECOND + FIRST, PORTS))
        self.assertEqual([h.find("address").get("addr") for h in root.iter("host")], ["192.0.2.1", "2001:db8::1"])

    def test_every_port_in_random_order_ends_in_the_right_ranges(self):
        chance = random.Random(20261122)
        results = [closed(p) if chance.random() < 0.5 else silent(p) for p in range(1, 65536)]
        shut = {r.port for r in results if r.state == "closed"}
        chance.shuffle(results)
        root = xml.fromstring(formatted("xml", results, "all", 65535))
        for extra in root.iter("extrareasons"):
            ports = set()
            for part in extra.get("ports").split(","):
                first, _, last = part.partition("-")
                ports.update(range(int(first), int(last or first) + 1))
            wanted = shut if extra.get("reason") == "conn-refused" else set(range(1, 65536)) - shut
            self.assertEqual(ports, wanted)
            self.assertEqual(int(extra.get("count")), len(wanted))

    @needs_program("ndiff")
    def test_ndiff_finds_what_changed_and_nothing_else(self):
        before = self.file("before.xml", formatted("xml", FIRST + SECOND, PORTS, PER_HOST))
        again = self.file("again.xml", formatted("xml", SECOND[::-1] + FIRST[::-1], PORTS, PER_HOST))
        same = run("ndiff", before, again)
        self.assertEqual((same.returncode, same.stdout), (0, b""))
        now = [closed(443) if r.port == 443 else r for r in FIRST]
        after = self.file("after.xml", formatted("xml", now + SECOND, PORTS, PER_HOST))
        changed = run("ndiff", before, after)
        self.assertEqual(changed.returncode, 1, changed.stdout)
        text = changed.stdout.decode()
        self.assertIn("-443/tcp open  https", text)
        self.assertNotIn("22/tcp", text)
        self.assertNotIn("2001:db8::1", text)

    @unittest.skipIf(run(SYSTEM_PYTHON, "-c", "import libnmap").returncode, "needs python3-libnmap")
    def test_python_libnmap_reads_it_whole_and_truncated(self):
        reader = (
            "import json, sys\n"
            "from libnmap.parser import NmapParser\n"
            "report = NmapParser.parse(sys.stdin.read(), incomplete=sys.argv[1] == 'cut')\n"
            "print(json.dumps([[h.address, h.status, h.hostnames, h.get_open_ports(),\n"
            "  [s.scripts_results[0]['output'] for s in h.services if s.scripts_results]] for h in report.hosts]))\n")
        expected = [["192.0.2.1", "up", ["example.test"], [[22, "tcp"], [443, "tcp"]], [r"SSH-2.0-x\x0d\x0a"]],
                    ["2001:db8::1", "unknown", [], [], []]]
        for kind, end in (("whole", "end"), ("cut", None)):
            with self.subTest(kind):
                out = formatted("xml", FIRST + SECOND, PORTS, PER_HOST, end=end)
                read = run(SYSTEM_PYTHON, "-c", reader, kind, data=out)
                self.assertEqual(read.returncode, 0, read.stdout)
                self.assertEqual(json.loads(read.stdout), expected)


class Others(unittest.TestCase):
    def test_grepable(self):
        lines = formatted("grepable", FIRST + SECOND, PORTS, PER_HOST).decode().split("\n")
        self.assertEqual(lines, [
            "# Nmap grepable format, written by portloop 0.1.0 scan initiated Sun Nov 22 15:26:51 2026 as: portloop scan x",
            "# Ports scanned: TCP(9;22-25,80-83,443), seed 7",
            "Host: 192.0.2.1 (example.test)\tStatus: Up",
            "Host: 192.0.2.1 (example.test)\tPorts: 22/open/tcp//ssh//SSH-2.0-x\\x0d\\x0a/, 443/open/tcp//https///"
            "\tIgnored State: closed (4)\tIgnored State: filtered (2)\tIgnored State: unknown (1)",
            "Host: 2001:db8::1 ()\tStatus: Unknown",
            "Host: 2001:db8::1 ()\tIgnored State: filtered (9)",
            "# portloop done at Sun Nov 22 15:26:53 2026 -- 18 results",
            ""])

    def test_grepable_of_a_stopped_scan_is_marked(self):
        last = formatted("grepable", FIRST[:2], PORTS, PER_HOST, end="stop").decode().split("\n")[-2]
        self.assertTrue(last.startswith("# portloop stopped, incomplete, at "), last)

    def test_csv_has_the_fields_of_the_json_in_its_order(self):
        rows = list(csv.DictReader(io.StringIO(formatted("csv", FIRST, show="all").decode(), newline="")))
        records = [read_record(line) for line in formatted("json", FIRST, show="all").splitlines()]
        of_identify = ["identified", "product", "version"]  # one object in the JSON, if there is one
        self.assertEqual([name for name in rows[0] if name not in of_identify], [*records[0], "all_ports_open"])
        for row, record in zip(rows, records):
            self.assertEqual(row, {f: "" if record.get(f) is None else str(record[f]) for f in row})

    def test_csv_rows_end_as_in_rfc_4180(self):
        out = formatted("csv", FIRST)
        self.assertTrue(out.endswith(b"\r\n"))
        self.assertEqual(out.count(b"\r"), out.count(b"\n"))
        self.assertEqual(out.count(b"\r\n"), 3, "the header and two open ports")

    def test_json_of_a_killed_scan_is_whole_lines(self):
        out = formatted("json", FIRST, show="all", end=None)
        self.assertTrue(out.endswith(b"\n"))
        self.assertEqual(len([read_record(line) for line in out.splitlines()]), len(FIRST))


class Documentation(unittest.TestCase):
    """docs/formats.md shows the output of the program."""

    SCAN = [
        Result(port=22, service=b"ssh", host=b"web.example", banner=b"SSH-2.0-OpenSSH_9.2\r\n"),
        Result(port=80, state="closed", reason="conn-refused", rtt_us=290, service=b"http", host=b"web.example",
               time_us=1795361211000480),
        Result(port=443, service=b"https", host=b"web.example", rtt_us=420, time_us=1795361211000910),
        Result(port=8080, state="filtered", reason="no-response", rtt_us=0, attempts=2, service=b"http-alt",
               host=b"web.example", time_us=1795361212950777),
    ]

    def test_its_examples_are_the_output(self):
        with open(os.path.join(os.path.dirname(__file__), "../../docs/formats.md"), encoding="utf-8") as stream:
            page = stream.read()
        shown = [("text", "open"), ("text", "all"), ("json", "open"), ("list", "open"), ("csv", "open"),
                 ("xml", "open"), ("grepable", "open")]
        for name, show in shown:
            with self.subTest(format=name, show=show):
                out = formatted(name, self.SCAN, "22,80,443,8080", 4, show, b"portloop scan --banners web.example")
                self.assertIn("```\n" + out.decode().replace("\r\n", "\n") + "```\n", page)
        closed_line = formatted("json", self.SCAN, show="all").decode().splitlines()[3]
        self.assertIn(closed_line, page)


if __name__ == "__main__":
    program = unittest.main(argv=["output_consumers"], exit=False)
    for test, reason in program.result.skipped:
        print(f"skipped: {test}: {reason}")
    # Meson counts status 77 as skipped.
    sys.exit(1 if not program.result.wasSuccessful() else 77 if program.result.skipped else 0)
