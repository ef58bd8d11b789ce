"""A server whose banners attack programs that show them: no format and no terminal receives a raw control byte.

usage: hostile_server.py PORTLOOP
"""

import csv
import io
import os
import pty
import re
import select
import socket
import subprocess
import sys
import tempfile
import threading
import unittest
import xml.etree.ElementTree as xml

from result_schema import read_record
from results import original

PORTLOOP = sys.argv[1]
PORTS = range(31050, 31150)
BANNERS = [
    b"\x1b]0;owned\x07\x1b[2J\x1b[31m220 red\r\n",
    b"\x9b2J\xc2\x9b2J",
    b"\xc0\xaf \xed\xa0\x80 \xf4\x90\x80\x80 cut \xe2\x82",
    "\u202egpj.exe\u2066 \u200b\u2028".encode(),
    b"=cmd|' /C calc'!A0", b"@SUM(1)", b'"a","b"\r\n"c"',
    b"]]></script></port></host><host>&amp;\"'",
    b'","state":"closed"}\n{"x":"',
    b"22/open/tcp//ssh///, 23/open/tcp//telnet///\tIgnored State: closed (1)\n",
    b"\x00\x01\x7f\xff", b"\\x41\\", b"\n\n\n", "Grüße, 世界\n".encode(),
]


class Server:
    """Sends each banner on a port of its own."""

    def __init__(self, address):
        self.banners = {}
        self.listeners = []
        for port in PORTS:
            if len(self.listeners) == len(BANNERS):
                break
            listener = socket.socket()
            try:
                listener.bind((address, port))
            except OSError:
                listener.close()
                continue
            listener.listen(16)
            self.banners[port] = BANNERS[len(self.listeners)]
            self.listeners.append(listener)
        self.stop_reader, self.stop_writer = os.pipe()
        self.thread = threading.Thread(target=self.serve)
        self.thread.start()

    def serve(self):
        while True:
            ready, _, _ = select.select(self.listeners + [self.stop_reader], [], [])
            if self.stop_reader in ready:
                return
            for listener in ready:
                connection, _ = listener.accept()
                with connection:
                    try:
                        connection.sendall(self.banners[listener.getsockname()[1]])
                        connection.shutdown(socket.SHUT_WR)
                    except OSError:
                        pass  # the probe itself ends at the handshake: the next connection reads the banner

    def stop(self):
        os.write(self.stop_writer, b".")
        self.thread.join()
        for listener in self.listeners:
            listener.close()


class HostileServer(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server("127.0.0.1")
        cls.addClassCleanup(cls.server.stop)
        directory = tempfile.TemporaryDirectory()
        cls.addClassCleanup(directory.cleanup)
        cls.expected = cls.server.banners
        command = [PORTLOOP, "scan", "-q", "--banners", "-p", ",".join(map(str, cls.expected)), "127.0.0.1"]
        cls.command = command
        files = {name: os.path.join(directory.name, name) for name in ("text", "json", "csv", "xml", "grepable")}
        done = subprocess.run(command + [o for name, path in files.items() for o in ("-o", f"{name}={path}")],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60)
        assert done.returncode == 0, done.stderr
        cls.out = {}
        for name, path in files.items():
            with open(path, "rb") as stream:
                cls.out[name] = stream.read().decode("utf-8")

    def check_banners(self, found):
        self.assertEqual({port: original(banner) for port, banner in found.items()}, self.expected)

    def test_nothing_raw_in_any_file(self):
        for name, out in self.out.items():
            with self.subTest(format=name):
                self.assertNotRegex(out.replace("\r\n", "\n"), "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u202e\u2066]")

    def test_json_gives_every_banner_back(self):
        records = [read_record(line) for line in self.out["json"].splitlines()]
        self.assertEqual({r["state"] for r in records}, {"open"})
        self.check_banners({r["port"]: r["banner"] for r in records})

    def test_csv_gives_every_banner_back_and_runs_nothing(self):
        rows = list(csv.DictReader(io.StringIO(self.out["csv"], newline=""), strict=True))
        self.assertEqual({row["state"] for row in rows}, {"open"})
        for row in rows:
            self.assertNotRegex(row["banner"], r"\A[=+\-@]")
        self.check_banners({int(row["port"]): row["banner"].removeprefix("'") for row in rows})

    def test_xml_gives_every_banner_back(self):
        root = xml.fromstring(self.out["xml"])
        self.assertEqual(len(root.findall("host")), 1)
        self.check_banners({int(p.get("portid")): p.find("script").get("output") for p in root.iter("port")})

    def test_grepable_gives_every_banner_back(self):
        line, = re.findall(r"^Host: .*\tPorts: ([^\t\n]*)$", self.out["grepable"], re.MULTILINE)
        ports = [port.split("/") for port in line.split(", ")]
        self.check_banners({int(port[0]): port[6] for port in ports})

    def shown_on_a_terminal(self, *options):
        screen, terminal = pty.openpty()
        environment = {name: value for name, value in os.environ.items() if name != "NO_COLOR"} | {"TERM": "xterm"}
        program = subprocess.Popen(self.command + list(options), stdin=subprocess.DEVNULL, stdout=terminal,
                                   stderr=subprocess.DEVNULL, env=environment)
        os.close(terminal)
        shown = b""
        while True:
            try:
                piece = os.read(screen, 65536)
            except OSError:  # EIO: the program has gone
                break
            if not piece:
                break
            shown += piece
        self.assertEqual(program.wait(60), 0)
        os.close(screen)
        return shown.decode("utf-8").replace("\r\n", "\n")

    def test_a_terminal_gets_colour_and_no_other_escape(self):
        for options, green in (((), r"\x1b\[32m *[0-9]+\x1b\[0m"), (("--live",), r"\x1b\[32mopen\x1b\[0m")):
            with self.subTest(options):
                text = self.shown_on_a_terminal(*options)
                self.assertEqual(len(text.splitlines()), len(BANNERS) + 1)
                self.assertEqual(len(re.findall(green, text)), len(BANNERS))
                self.assertNotRegex(text.replace("\x1b[32m", "").replace("\x1b[0m", ""),
                                    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u202e\u2066]")


if __name__ == "__main__":
    unittest.main(argv=["hostile_server"])
