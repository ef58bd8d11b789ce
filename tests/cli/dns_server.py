"""A DNS server on 127.0.0.1 of the test's own network, which this process's programs ask for every name."""

import ipaddress
import os
import socket
import struct
import tempfile
import threading

import scan_support as support

A, AAAA = 1, 28
NO_ERROR, NO_SUCH_NAME = 0, 3


class DnsServer:
    """Answers with what `addresses_of` returns for a name: a list of addresses, or None to stay silent. Names that have
    neither are unknown. `hold_until`: the number of different names that must have been asked before any is answered."""

    def __init__(self, addresses_of, hold_until=0):
        self.addresses_of, self.hold_until = addresses_of, hold_until
        self.asked, self.held = set(), []
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 53))
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        while True:
            question, client = self.socket.recvfrom(4096)
            if client[1] == 0 or question == b"end":
                return
            name, kind, end = parse_question(question)
            self.asked.add(name)
            self.held.append((question, client, name, kind, end))
            if len(self.asked) < self.hold_until:
                continue
            for held in self.held:
                self.answer(*held)
            self.held = []

    def answer(self, question, client, name, kind, end):
        addresses = self.addresses_of(name)
        if addresses is None:
            return
        wanted = [ipaddress.ip_address(address).packed for address in addresses if (":" in address) == (kind == AAAA)]
        flags = 0x8180 | (NO_ERROR if addresses else NO_SUCH_NAME)
        header = question[:2] + struct.pack("!HHHHH", flags, 1, len(wanted), 0, 0)
        records = b"".join(b"\xc0\x0c" + struct.pack("!HHIH", kind, 1, 60, len(address)) + address for address in wanted)
        self.socket.sendto(header + question[12:end] + records, client)

    def close(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
            other.sendto(b"end", ("127.0.0.1", 53))
        self.thread.join(support.PATIENCE_SECONDS)
        self.socket.close()


def parse_question(packet):
    """(name, type, end of the question)"""
    labels, at = [], 12
    while packet[at] != 0:
        labels.append(packet[at + 1:at + 1 + packet[at]].decode())
        at += 1 + packet[at]
    return ".".join(labels).lower(), struct.unpack("!H", packet[at + 1:at + 3])[0], at + 5


def use_own_resolver(options=""):
    """Has the C library ask 127.0.0.1 only. In a mount namespace of this process."""
    for path, text in (("/etc/resolv.conf", f"nameserver 127.0.0.1\noptions {options}\n"), ("/etc/nsswitch.conf", "hosts: files dns\n"),
                       ("/etc/hosts", "127.0.0.1 localhost\n")):
        with tempfile.NamedTemporaryFile("w", delete=False) as file:
            file.write(text)
        os.chmod(file.name, 0o644)
        support.run_command(["mount", "--bind", file.name, path])
        os.unlink(file.name)
