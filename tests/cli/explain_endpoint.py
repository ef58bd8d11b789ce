"""portloop explain: what it sees of one endpoint, and that its verdict is the scan's.

usage: explain_endpoint.py PORTLOOP
"""

import fcntl
import json
import os
import pty
import socket
import struct
import subprocess
import termios
import unittest

import scan_support as support
from result_schema import check_record
from scan_support import COMPLETE, INCOMPLETE, PORTLOOP, USAGE

OWN, SILENT = "10.7.0.1", "10.7.0.9"


def explain(*words, **options):
    done = subprocess.run([PORTLOOP, "explain", *words], capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL, **options)
    return done.returncode, done.stdout, done.stderr


def port_range(new=None):
    """The source ports of this network, as the kernel writes them; sets them first if `new` is given."""
    path = "/proc/sys/net/ipv4/ip_local_port_range"
    if new is not None:
        with open(path, "w") as file:
            file.write(new)
    with open(path) as file:
        return file.read()


class Explain(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.device = support.silent_network(OWN + "/24", "fd07::1/64")
        cls.addClassCleanup(cls.device.close)
        listeners = [support.listen(address, 22) for address in ("127.0.0.1", "::1", OWN)]
        for listener in listeners:
            cls.addClassCleanup(listener.close)

    def connects_and_result(self, *words, status=COMPLETE):
        code, out, err = explain("-f", "json", *words)
        self.assertEqual((code, err), (status, ""), out)
        *connects, result = [json.loads(line) for line in out.splitlines()]
        check_record(result)
        self.assertEqual([connect["connect"] for connect in connects], list(range(1, len(connects) + 1)))
        self.assertEqual(result["attempts"], len(connects))
        return connects, result

    def agree(self, result):
        """The scan finds the same."""
        _, results, _ = support.scan_json("-q", "--show", "all", "-t", "100", "-p", str(result["port"]), result["address"])
        self.assertEqual([(found["state"], found["reason"]) for found in results], [(result["state"], result["reason"])])

    def test_open_and_closed(self):
        for host, sightings in (("127.0.0.1", 1), ("[::1]", 3)):  # no spare source address of IPv6 is on loopback
            connects, result = self.connects_and_result(host + ":22")
            self.assertEqual((result["state"], result["reason"], len(connects)), ("open", "syn-ack", sightings))
            self.assertEqual((connects[-1]["error"], connects[-1]["icmp"]), (None, None))
            self.assertEqual(connects[-1]["took_us"], result["rtt_us"])
            self.agree(result)
            connects, result = self.connects_and_result(host + ":23")
            self.assertEqual((result["state"], result["reason"], connects[0]["error"]), ("closed", "conn-refused", "ECONNREFUSED"))
            self.agree(result)

    def test_our_own_address_is_asked_three_times(self):
        """Two sockets of ours might have met: the port is open if three source ports find it open."""
        connects, result = self.connects_and_result(OWN + ":22")
        self.assertEqual([connect["verdict"] for connect in connects], ["confirm"] * 3)
        self.assertEqual(len({connect["source"] for connect in connects}), 3)
        self.assertEqual(result["state"], "open")
        self.agree(result)

    def test_silence(self):
        connects, result = self.connects_and_result("-t", "50ms", "--tries", "2", SILENT + ":22")
        self.assertEqual((result["state"], result["reason"], result["rtt_us"]), ("filtered", "no-response", None))
        self.assertEqual([(c["call_error"], c["timed_out"], c["error"], c["verdict"]) for c in connects],
                         [("EINPROGRESS", True, "EALREADY", "silent")] * 2)
        self.agree(result)

    def test_the_error_queue(self):
        support.need_programs("nft")
        support.firewall(self, "tcp dport 1001 reject with icmp type admin-prohibited", "tcp dport 1002 reject with tcp reset",
                         "tcp dport 1003 reject with icmpx type port-unreachable")
        for host, port, icmp, reason in (("127.0.0.1", 1001, (3, 13), "admin-prohibited"), ("127.0.0.1", 1003, (3, 3), "port-unreach"),
                                         ("[::1]", 1003, (1, 4), "port-unreach")):
            connects, result = self.connects_and_result(f"{host}:{port}")
            self.assertEqual((result["state"], result["reason"]), ("filtered", reason))
            self.assertEqual((connects[0]["icmp"]["type"], connects[0]["icmp"]["code"]), icmp)
            self.assertEqual(connects[0]["icmp"]["from"], host.strip("[]"))
            self.agree(result)
        _, out, _ = explain("127.0.0.1:1001")
        self.assertRegex(out, r"errors +ICMP type 3 code 13 \(communication administratively prohibited\) from 127.0.0.1")
        self.assertIn("127.0.0.1:1001 is filtered (admin-prohibited)", out)
        self.assertEqual(self.connects_and_result("127.0.0.1:1002")[1]["state"], "closed")

    def test_this_machine_can_not_ask(self):
        connects, result = self.connects_and_result("198.18.0.1:22", status=INCOMPLETE)
        self.assertEqual((result["state"], result["reason"]), ("unknown", "no-route"))
        self.assertEqual((connects[0]["call_error"], connects[0]["verdict"]), ("ENETUNREACH", "cannot-ask"))
        self.agree(result)

    def test_a_shortage_of_this_machine_is_no_state_of_the_port(self):
        """The only source port is taken by another connect to the same endpoint."""
        before = port_range()
        self.addCleanup(port_range, before)
        port_range("40000 40000")
        with socket.socket() as pending:
            pending.setblocking(False)
            pending.connect_ex((SILENT, 22))
            connects, result = self.connects_and_result(SILENT + ":22", status=INCOMPLETE)
            self.assertEqual((result["state"], result["reason"]), ("unknown", "local-error:EADDRNOTAVAIL"))
            self.assertEqual({connect["verdict"] for connect in connects}, {"local-shortage"})
            self.assertIn("nothing is known of the port", explain(SILENT + ":22")[1])

    def test_names(self):
        code, out, err = explain("localhost:ssh")
        self.assertEqual((code, err), (COMPLETE, ""))
        self.assertRegex(out, r"\A127.0.0.1:22 \(ssh\), localhost: up to 3 connects if it is silent")
        self.assertIn("127.0.0.1:22 is open (syn-ack)", out)
        self.assertIn("[::1]:22 is open", explain("-6", "localhost:22")[1])

    def test_wrong_words(self):
        for words, message in (([], "no endpoint given"), (["10.0.0.1"], "'10.0.0.1' has no port"), (["10.0.0.1:"], "has no port"),
                               ([":22"], "has no port"), (["::1:22"], "has an address without brackets"),
                               (["10.0.0.1:0"], "has port '0', not 1-65535 or a service: an endpoint is accepted"),
                               (["10.0.0.1:1-2"], "has several ports"), (["10.0.0.0/24:22"], "'10.0.0.0/24' is more than one address"),
                               (["a:22", "b:22"], "'b:22' is a second endpoint: only one is accepted"), (["0.0.0.0:22"], "0.0.0.0"), (["-t", "0", "a:22"], "--timeout"),
                               (["--tries", "0", "a:22"], "--tries"), (["nowhere.invalid:22"], "does not resolve"), (["\x1b[2J:22"], r"\x1b")):
            with self.subTest(words=words):
                code, out, err = explain(*words)
                self.assertEqual((code, out, len(err.splitlines())), (USAGE, "", 1), err)
                self.assertIn(message, err)
                self.assertNotIn("\x1b", err)

    def test_a_narrow_terminal(self):
        screen, terminal = pty.openpty()
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 25, 60, 0, 0))
        program = subprocess.Popen([PORTLOOP, "explain", "--no-color", "127.0.0.1:22"], stdout=terminal, env=os.environ | {"TERM": "xterm"})
        os.close(terminal)
        shown = b""
        while True:
            try:
                piece = os.read(screen, 65536)
            except OSError:
                break
            shown += piece
        os.close(screen)
        self.assertEqual(program.wait(timeout=60), COMPLETE)
        lines = shown.decode().replace("\r\n", "\n").splitlines()
        self.assertLessEqual(max(map(len, lines)), 60, lines)
        self.assertIn(" " * 23 + "socket", lines)


if __name__ == "__main__":
    support.enter_own_network()
    unittest.main(argv=["explain_endpoint"])
