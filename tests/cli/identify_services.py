"""--identify: what speaks on a port, in few connections, nothing to printers, and no open port lost on the way.

Each server here is a script that does what the protocol's document has it do.

usage: identify_services.py PORTLOOP
"""

import csv
import hashlib
import io
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import unittest
import xml.etree.ElementTree as xml

from result_schema import read_record
from scan_support import (COMPLETE, INCOMPLETE, INTERRUPTED, USAGE, PORTLOOP, enter_own_network, need_programs, scan, scan_json, start,
                          wait_until)

enter_own_network()
need_programs("openssl")

ADDRESS = "127.0.0.1"
HAS_TLS = "built without OpenSSL" not in scan(ADDRESS, "-p", "1", "--identify")[2]


class Service:
    """A listener with a thread for each connection. `serve(connection, number)` is the service."""

    def __init__(self, port, serve, tls=None):
        self.serve, self.tls = serve, tls
        self.connections = 0
        self.heard = b""
        self.listener = socket.create_server((ADDRESS, port), backlog=64)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self.run, args=(connection, self.connections), daemon=True).start()

    def run(self, connection, number):
        try:
            if self.tls is not None:
                connection = self.tls.wrap_socket(connection, server_side=True)
            with connection:
                self.serve(self, connection, number)
        except (OSError, ValueError):
            pass

    def read(self, connection):
        words = connection.recv(4096)
        self.heard += words
        return words

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)  # wakes the thread, whose accept() keeps the port
        self.listener.close()


def read(path):
    with open(path, newline="") as file:
        return file.read()


def says(words):
    """Speaks first, then listens until the other side leaves."""
    def serve(service, connection, _):
        connection.sendall(words)
        while service.read(connection):
            pass
    return serve


def answers(words, to=b""):
    """Waits to be spoken to; closes if it is not spoken to as it expects."""
    def serve(service, connection, _):
        if service.read(connection).startswith(to):
            connection.sendall(words)
            while service.read(connection):
                pass
    return serve


def silent(service, connection, _):
    while service.read(connection):
        pass


def closes(*_):
    pass


def http(page, head="HTTP/1.1 200 OK\r\nServer: tiny/1.0\r\nContent-Type: text/html\r\n"):
    return answers((head + f"Content-Length: {len(page)}\r\n\r\n{page}").encode(), b"GET / HTTP/1.1\r\n")


def mysql_greeting():
    payload = b"\x0a5.5.5-10.11.6-MariaDB\0" + bytes(45)
    return bytes([len(payload), 0, 0, 0]) + payload


def dns_reply():
    message = b"pl\x84\0\0\1\0\1\0\0\0\0\7version\4bind\0\0\x10\0\3\xc0\x0c\0\x10\0\3\0\0\0\0\0\x0d\x0cdnsmasq-2.90"
    return len(message).to_bytes(2, "big") + message


# port: (service, protocol, product, version, at most so many connections)
PLAIN = {
    22: (says(b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n"), "ssh", "OpenSSH", "9.2p1", 1),
    2022: (says(b"SSH-2.0-dropbear_2022.83\r\n"), "ssh", "dropbear", "2022.83", 1),
    21: (says(b"220 (vsFTPd 3.0.3)\r\n"), "ftp", "vsFTPd", "3.0.3", 1),
    25: (says(b"220 mail.example ESMTP Postfix\r\n"), "smtp", "Postfix", None, 1),
    110: (says(b"+OK Dovecot ready.\r\n"), "pop3", "Dovecot", None, 1),
    143: (says(b"* OK [CAPABILITY IMAP4rev1] Dovecot ready.\r\n"), "imap", "Dovecot", None, 1),
    23: (says(b"\xff\xfd\x18\xff\xfd\x20"), "telnet", None, None, 1),
    53: (answers(dns_reply(), b"\0\x1epl"), "dns", "dnsmasq", "2.90", 1),
    80: (http("<html><title>Hello\n there</title>"), "http", "tiny", "1.0", 1),
    8099: (http("<html><title>Elsewhere</title>"), "http", "tiny", "1.0", 1),
    111: (answers(b"\x80\0\0\x18plpl\0\0\0\1" + bytes(16), b"\x80\0\0\x28"), "rpcbind", None, None, 1),
    389: (answers(b"0\x0c\2\1\1\x61\7\x0a\1\0\4\0\4\0", b"0\x0c"), "ldap", None, None, 1),
    445: (answers(b"\0\0\0\x80\xfeSMB" + bytes(60) + b"\x41\0\1\0\2\3" + bytes(58), b"\0\0\0"), "smb", None, "3.0.2", 1),
    873: (says(b"@RSYNCD: 31.0 sha512\n"), "rsync", None, "31.0", 1),
    1080: (answers(b"\5\0", b"\5\1\0"), "socks", None, "5", 1),
    1194: (answers(b"\0\x1a\x40" + bytes(25), b"\0\x0e\x38"), "openvpn", None, None, 1),
    1883: (answers(b"\x20\2\0\0", b"\x10\x0c\0\4MQTT"), "mqtt", None, None, 1),
    3306: (says(mysql_greeting()), "mysql", "MariaDB", "10.11.6", 1),
    3389: (answers(b"\3\0\0\x13\x0e\xd0\0\0\x12\x34\0\2\x1f\x08\0\2\0\0\0", b"\3\0\0\x13\x0e\xe0"), "rdp", None, None, 1),
    5222: (answers(b"<?xml version='1.0'?><stream:stream xmlns:stream='http://etherx.jabber.org/streams'>", b"<?xml"),
           "xmpp", None, None, 1),
    5432: (answers(b"N", b"\0\0\0\x08\x04\xd2\x16\x2f"), "postgresql", None, None, 1),
    5672: (answers(b"\1\0\0\0\0\0\x2f\0\x0a\0\x0a\0\x09\0\0\0\x25\7productS\0\0\0\x08RabbitMQ\7versionS\0\0\0\x033.9",
                   b"AMQP\0\0\x09\x01"), "amqp", "RabbitMQ", "3.9", 1),
    5900: (says(b"RFB 003.008\n"), "vnc", None, "3.8", 1),
    6000: (answers(b"\0\x0f\x0b\0\0\0\4\0Go away", b"l\0\x0b\0"), "x11", None, None, 1),
    6379: (answers(b"$40\r\n# Server\r\nredis_version:7.0.15\r\nos:x\r\n", b"INFO server\r\n"), "redis", "Redis", "7.0.15", 1),
    6667: (answers(b":irc.example 451 * :Connection not registered\r\n", b"VERSION\r\n"), "irc", None, None, 1),
    9418: (answers(b"0017ERR access denied: /", b"00"), "git", None, None, 1),
    11211: (answers(b"VERSION 1.6.18\r\n", b"version\r\n"), "memcached", "memcached", "1.6.18", 1),
    27017: (answers(b"\x2d\0\0\0\1\0\0\0lp\0\0\xdd\7\0\0\0\0\0\0\0\x18\0\0\0\2version\0\6\0\0\x007.0.5\0\0", b"\x38\0\0\0"),
            "mongodb", "MongoDB", "7.0.5", 1),
    # What no number hints at.
    40001: (says(b"220 ready\r\n"), None, None, None, 1),  # asked with EHLO, it does not answer
    40002: (answers(b"N", b"\0\0\0\x08\x04\xd2\x16\x2f"), "postgresql", None, None, 3),
    40003: (silent, None, None, None, 5),
    40004: (closes, None, None, None, 5),
    40006: (answers(b"-ERR wrong number of arguments for 'get' command\r\n", b"GET"), "redis", None, None, 1),
    40007: (answers(b"AMQP\0\0\x09\x01", b"GET"), "amqp", None, None, 1),
    40005: (says(b"hello, who are you?\r\n"), None, None, None, 1),
}


@unittest.skipUnless(HAS_TLS, "without OpenSSL")
class Tls(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.TemporaryDirectory()
        cls.certificate = os.path.join(cls.directory.name, "c.pem")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "30",
                        "-keyout", cls.certificate, "-out", cls.certificate, "-subj", "/O=\x1b[31mBad Co/CN=web.example",
                        "-addext", "subjectAltName=DNS:web.example,DNS:*.web.example,IP:127.0.0.1,IP:2001:db8::1"],
                       check=True, capture_output=True)

    @classmethod
    def tearDownClass(cls):
        cls.directory.cleanup()

    def context(self, alpn=()):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate)
        if alpn:
            context.set_alpn_protocols(alpn)
        return context

    def identify(self, *services, words=()):
        ports = ",".join(str(service.port) for service in services)
        status, results, err = scan_json(ADDRESS, "-p", ports, "--identify", "--identify-timeout", "4s", *words)
        self.assertEqual(status, COMPLETE, err)
        for service in services:
            service.close()
        return {result["port"]: result for result in results}

    def test_certificate(self):
        service = Service(443, http("<title>Safe</title>"), self.context(["h2", "http/1.1"]))
        found = self.identify(service)[443]["identified"]
        der = ssl.PEM_cert_to_DER_cert(read(self.certificate).split("-----END PRIVATE KEY-----\n")[1])
        tls = found["tls"]
        self.assertEqual(tls["version"], "TLSv1.3")
        self.assertEqual(tls["alpn"], "h2")
        self.assertEqual(tls["names"], ["web.example", "*.web.example", "127.0.0.1", "2001:db8::1"])
        self.assertEqual(tls["sha256"], hashlib.sha256(der).hexdigest())
        self.assertIn("CN=web.example", tls["subject"])
        self.assertNotIn("\x1b", json.dumps(found, ensure_ascii=False))
        self.assertLess(tls["not_before"], tls["not_after"])
        self.assertEqual(found["http"], {"status": 200, "server": "tiny/1.0", "title": "Safe"})
        self.assertEqual(service.connections, 2)  # HTTP/2, then HTTP/1.1

    def test_inside_tls(self):
        services = [Service(993, says(b"* OK Dovecot ready.\r\n"), self.context(["h2", "http/1.1"])),
                    Service(465, says(b"220 mail ESMTP Exim 4.96\r\n"), self.context()),
                    Service(40443, http("<title>Odd port</title>"), self.context()),
                    Service(40444, silent, self.context())]
        found = self.identify(*services)
        self.assertEqual([found[port]["identified"]["protocol"] for port in (993, 465, 40443, 40444)], ["imap", "smtp", "http", "tls"])
        for port in found:
            self.assertIn("sha256", found[port]["identified"]["tls"])
        self.assertNotIn("alpn", found[993]["identified"]["tls"])  # HTTP is not offered where mail is expected
        for service in services:
            self.assertLessEqual(service.connections, 5)

    def test_starttls(self):
        context = self.context(["http/1.1"])

        def upgraded(greeting, *steps):
            """Sends a greeting, then a reply to each request that begins as expected; then TLS."""
            def serve(service, connection, _):
                connection.sendall(greeting)
                for request, reply in steps:
                    words = service.read(connection)
                    if not words.startswith(request):
                        return
                    connection.sendall(reply)
                with context.wrap_socket(connection, server_side=True) as encrypted:
                    service.selected = encrypted.selected_alpn_protocol()
                    service.inside = encrypted.recv(100)
            return serve

        greeting = bytearray(mysql_greeting())
        greeting[4 + 1 + len("5.5.5-10.11.6-MariaDB") + 1 + 13 + 1] |= 0x08

        def mysql(service, connection, _):
            """The request has no reply: the handshake follows it at once."""
            connection.sendall(bytes(greeting))
            service.request = connection.recv(36, socket.MSG_WAITALL)
            with context.wrap_socket(connection, server_side=True) as encrypted:
                encrypted.recv(1)

        rows = {
            25: ("smtp", upgraded(b"220 mail.example ESMTP Postfix\r\n", (b"EHLO", b"250-mail.example\r\n250-STARTTLS\r\n250 HELP\r\n"),
                                  (b"STARTTLS", b"220 2.0.0 Ready\r\n"))),
            40025: ("smtp", upgraded(b"220 ready\r\n", (b"EHLO", b"250-STARTTLS\r\n250 HELP\r\n"),
                                     (b"EHLO", b"250-STARTTLS\r\n250 HELP\r\n"), (b"STARTTLS", b"220 2.0.0 Ready\r\n"))),
            143: ("imap", upgraded(b"* OK IMAP4rev1 ready\r\n", (b"s STARTTLS", b"s OK Begin\r\n"))),
            110: ("pop3", upgraded(b"+OK ready\r\n", (b"STLS", b"+OK Begin\r\n"))),
            21: ("ftp", upgraded(b"220-FTP\r\n220 here\r\n", (b"AUTH TLS", b"234 Begin\r\n"))),
            5432: ("postgresql", upgraded(b"", (b"\0\0\0\x08\x04\xd2\x16\x2f", b"S"))),
            3306: ("mysql", mysql),
        }
        services = {port: Service(port, serve) for port, (_, serve) in rows.items()}
        found = self.identify(*services.values())
        for port, (protocol, _) in rows.items():
            with self.subTest(port=port):
                identified = found[port]["identified"]
                self.assertEqual(identified["protocol"], protocol)
                self.assertEqual(identified["tls"]["version"], "TLSv1.3")
                self.assertIs(identified["tls"]["starttls"], True)
                self.assertIn("CN=web.example", identified["tls"]["subject"])
                self.assertEqual(services[port].connections, 1)
        self.assertEqual(services[25].inside, b"QUIT\r\n")
        self.assertIsNone(services[25].selected)
        self.assertEqual(services[3306].request[:4], b"\x20\0\0\1")

    def test_starttls_without_tls(self):
        """What is known before counts if TLS is refused, if the server ends the connection, or is silent, or has no TLS behind it."""
        hello = b"220 mail.example ESMTP\r\n"

        def script(*replies):
            def serve(service, connection, _):
                for reply in replies:
                    connection.sendall(reply)
                    service.read(connection)
            return serve

        def hangs(service, connection, _):
            connection.sendall(hello)
            silent(service, connection, _)

        services = [Service(25, script(hello, b"250 no TLS\r\n", b"221 bye\r\n")), Service(587, script(hello)), Service(2525, hangs),
                    Service(143, script(b"* OK IMAP4\r\n", b"s OK Begin\r\n", b"hello?\r\n" * 9)),
                    Service(110, script(b"+OK\r\n", b"+OK Begin\r\n"))]
        found = self.identify(*services)
        for port, protocol in ((25, "smtp"), (587, "smtp"), (2525, "smtp"), (143, "imap"), (110, "pop3")):
            self.assertEqual(found[port]["identified"], {"protocol": protocol})
        self.assertTrue(services[0].heard.endswith(b"QUIT\r\n"), services[0].heard)

    def test_starttls_in_text(self):
        def serve(service, connection, _):
            connection.sendall(b"+OK ready\r\n")
            service.read(connection)
            connection.sendall(b"+OK\r\n")
            with self.context().wrap_socket(connection, server_side=True) as encrypted:
                encrypted.recv(1)
        service = Service(110, serve)
        status, out, err = scan(ADDRESS, "-p", "110", "--identify", "-q", "-f", "text")
        service.close()
        self.assertEqual(status, COMPLETE, err)
        self.assertIn("pop3 with STARTTLS", out)

    def test_old_and_refusing(self):
        old = self.context()
        old.maximum_version = ssl.TLSVersion.TLSv1_2
        refusing = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)  # no certificate: an alert
        services = [Service(8443, http("x"), old), Service(40445, silent, refusing)]
        found = self.identify(*services)
        self.assertEqual(found[8443]["identified"]["tls"]["version"], "TLSv1.2")
        self.assertEqual(found[40445]["identified"], {"protocol": "tls", "tls": {}})

    def test_formats(self):
        service = Service(443, http("<title>Safe</title>"), self.context())
        with tempfile.TemporaryDirectory() as folder:
            base = os.path.join(folder, "r")
            status, out, err = scan(ADDRESS, "-p", "443", "--identify", "--output-all", base, "-o", f"csv={base}.csv", "-q", "-f", "text")
            self.assertEqual(status, COMPLETE, err)
            self.assertIn('https, tiny 1.0, "Safe"', out)
            tree = xml.parse(base + ".xml").getroot().find("host/ports/port/service")
            self.assertEqual(tree.attrib, {"name": "http", "product": "tiny", "version": "1.0", "tunnel": "ssl", "method": "probed", "conf": "10"})
            self.assertIn("443/open/tcp//ssl|http//tiny 1.0/", read(base + ".gnmap"))
            row = list(csv.DictReader(io.StringIO(read(base + ".csv"))))[0]
            self.assertEqual((row["identified"], row["product"], row["version"]), ("ssl|http", "tiny", "1.0"))
            merged = subprocess.run([PORTLOOP, "merge", base + ".json", "-f", "json"], capture_output=True, text=True)
            self.assertEqual(read_record(merged.stdout.strip()), read_record(read(base + ".json").strip()))
        service.close()


class Identify(unittest.TestCase):
    def check_all(self, *words):
        services = {port: Service(port, row[0]) for port, row in PLAIN.items()}
        status, results, err = scan_json(ADDRESS, "-p", ",".join(map(str, PLAIN)), "--identify", "--identify-timeout", "3s", *words)
        for service in services.values():
            service.close()
        self.assertEqual(status, COMPLETE, err)
        found = {result["port"]: result.get("identified") for result in results}
        self.assertEqual(set(found), set(PLAIN))
        for port, (_, protocol, product, version, most) in PLAIN.items():
            with self.subTest(port=port, protocol=protocol):
                if protocol is None:
                    self.assertIsNone(found[port])
                else:
                    self.assertIsNotNone(found[port])
                    self.assertEqual((found[port]["protocol"], found[port].get("product"), found[port].get("version")), (protocol, product, version))
                # The portable connector confirms a connection that might be one to itself (core/doubt.hpp).
                confirmations = 2 if "portable" in words else 0
                self.assertLessEqual(services[port].connections, most + confirmations)
        return services

    def test_every_protocol(self):
        services = self.check_all()
        self.assertTrue(services[25].heard.endswith(b"QUIT\r\n"), services[25].heard)  # it says goodbye
        self.assertEqual(services[22].heard, b"")

    def test_with_loop_threads_and_the_portable_connector(self):
        self.check_all("--loops", "2", "--connector", "portable")

    def test_plain_http_to_a_port_of_https_is_asked_again(self):
        refusal = http("The plain HTTP request was sent to HTTPS port", "HTTP/1.1 400 Bad Request\r\nServer: x\r\n")
        service = Service(80, refusal)
        _, results, _ = scan_json(ADDRESS, "-p", "80", "--identify")
        service.close()
        self.assertEqual(results[0]["identified"]["http"]["status"], 400)  # there is no TLS after all
        self.assertEqual(service.connections, 2 if HAS_TLS else 1)

    def test_printers_get_nothing(self):
        for words, heard in ([["--identify"], False], [["--identify", "--printers"], True], [["--banners", "http"], False],
                             [["--banners", "http", "--printers"], True]):
            with self.subTest(words=words):
                printers = [Service(port, silent) for port in (9100, 9107)]
                others = [Service(port, silent) for port in (9099, 9108)]
                status, results, err = scan_json(ADDRESS, "-p", "9099,9100,9107,9108", "--banner-timeout", "100ms", "--identify-timeout", "300ms",
                                                 *words) if "--identify" in words else scan_json(
                                                     ADDRESS, "-p", "9099,9100,9107,9108", "--banner-timeout", "100ms", *words)
                self.assertEqual((status, len(results)), (COMPLETE, 4), err)
                for service in printers + others:
                    service.close()
                self.assertTrue(all(service.heard for service in others))
                for printer in printers:
                    self.assertEqual(bool(printer.heard), heard)

    def test_a_greeting_that_is_cut_off(self):
        def serve(_, connection, __):
            connection.sendall(b"220 hal")
        service = Service(40008, serve)
        status, results, err = scan_json(ADDRESS, "-p", "40008", "--identify", "--max-time", "30s")
        service.close()
        self.assertEqual((status, results[0].get("identified")), (COMPLETE, None), err)

    def test_a_host_where_nothing_speaks_is_not_asked_for_ever(self):
        ports = range(20000, 20400)
        services = [Service(port, closes) for port in ports]
        status, results, err = scan_json(ADDRESS, "-p", "20000-20399", "--identify")
        for service in services:
            service.close()
        self.assertEqual((status, len(results)), (COMPLETE, 400), err)
        self.assertIn("nothing spoke on 100 of its open ports in a row", err)
        self.assertLess(sum(service.connections for service in services), 800)


class Stopped(unittest.TestCase):
    """Silent servers, which take seconds: the scan is stopped meanwhile, and no open port is lost."""

    PORTS = range(30000, 30020)

    def setUp(self):
        self.services = [Service(port, silent) for port in self.PORTS]
        self.words = [ADDRESS, "-p", "30000-30039", "--identify", "--identify-timeout", "60s", "-f", "json"]

    def tearDown(self):
        for service in self.services:
            service.close()

    def ports_of(self, out):
        return sorted(read_record(line)["port"] for line in out.splitlines())

    def all_connected(self):
        return sum(service.connections for service in self.services) >= len(self.services)

    def test_interrupt(self):
        process = start(*self.words)
        wait_until(self.all_connected, "every port is found")
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=30)
        self.assertEqual(process.returncode, INTERRUPTED)
        self.assertEqual(self.ports_of(out.decode()), list(self.PORTS))

    def test_progress(self):
        process = start(*self.words, "--progress", "always")
        wait_until(self.all_connected, "every port is found")
        log = b""
        while b"20 open, identifying 20 ports" not in log:  # each status request prints a line
            process.send_signal(signal.SIGUSR1)
            line = process.stderr.readline()
            self.assertTrue(line, log)
            log += line
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)

    def test_max_time(self):
        status, out, _ = scan(*self.words, "--max-time", "1s")
        self.assertEqual(status, INCOMPLETE)
        self.assertEqual(self.ports_of(out), list(self.PORTS))

    def test_killed_and_resumed(self):
        with tempfile.TemporaryDirectory() as folder:
            checkpoint, output = os.path.join(folder, "c"), os.path.join(folder, "out.json")
            process = start(*self.words[:-2], "-o", "json=" + output, "--checkpoint", checkpoint)
            wait_until(self.all_connected, "every port is found")
            process.kill()
            process.communicate()
            process = start("--resume", checkpoint)
            before = sum(service.connections for service in self.services)
            wait_until(lambda: sum(service.connections for service in self.services) >= before + len(self.services), "they are asked again")
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=30)
            with open(output) as file:
                self.assertEqual(self.ports_of(file.read()), list(self.PORTS))


class Words(unittest.TestCase):
    def test_wrong_words(self):
        for words, expected in ((["--identify", "--banners"], "'--identify' reads banners itself: leave '--banners' out"),
                                (["--printers"], "'--printers' belongs to '--identify' or '--banners http'"),
                                (["--identify-timeout", "1s"], "'--identify-timeout' belongs to '--identify'"),
                                (["--identify", "--identify-timeout", "x"], "--identify-timeout 'x'")):
            with self.subTest(words=words):
                status, _, err = scan(ADDRESS, *words)
                self.assertEqual(status, USAGE)
                self.assertIn(expected, err)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
