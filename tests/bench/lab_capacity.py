#!/usr/bin/env python3
"""How many packets a second portloop-lab handles on one processor.

usage: lab_capacity.py PORTLOOP_LAB [PROFILE TARGET]

Sends bare SYNs (a raw socket, so root only) to closed ports at rising rates for two seconds each, the lab on
one processor and the sender on another, and prints the lab's counters: each SYN and each RST is a packet. The last
column is whether the lab kept up, according to itself.
"""
import json
import os
import socket
import struct
import subprocess
import sys
import tempfile
import time

SECONDS = 2.0
RATES = [25_000, 50_000, 100_000, 150_000, 200_000, 250_000, 300_000, 400_000]
SOURCE = "100.64.0.1"
CLOSED_PORT = 2


def syn(target, source_port):
    ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 40, 0, 0x4000, 64, 6, 0,
                     socket.inet_aton(SOURCE), socket.inet_aton(target))
    return ip + struct.pack("!HHIIBBHHH", source_port, CLOSED_PORT, 1, 0, 0x50, 2, 65535, 0, 0)


def send(target, rate):
    """Sends at `rate` by the clock: packets that are late are sent at once, as a burst."""
    raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
    packets = [syn(target, port) for port in range(1024, 65536)]
    sent, start = 0, time.monotonic()
    while (elapsed := time.monotonic() - start) < SECONDS:
        due = int(elapsed * rate)
        while sent < due:
            raw.sendto(packets[sent % len(packets)], (target, 0))
            sent += 1
        time.sleep(0.0005)
    time.sleep(0.2)  # for packets that are under way


def measure(lab, profile, target, rate):
    with tempfile.NamedTemporaryFile() as counters:
        subprocess.run(["taskset", "-c", "0", lab, "--counters", counters.name, profile, "--",
                        "taskset", "-c", "1", sys.executable, __file__, "--send", target, str(rate)], check=True)
        return json.load(open(counters.name))


def main():
    if sys.argv[1:2] == ["--send"]:
        return send(sys.argv[2], int(sys.argv[3]))
    lab = sys.argv[1]
    profile, target = sys.argv[2:4] or ("lan", "10.0.0.1")
    if os.geteuid() != 0 or (os.cpu_count() or 1) < 2:
        sys.exit("skipped: needs root (a raw socket) and two processors")
    print(f"{'SYN/s sent':>12} {'packets/s':>10} {'late':>7} {'drops':>7}  kept up")
    for rate in RATES:
        counted = measure(lab, profile, target, rate)
        packets = (counted["packets_in"] + counted["packets_out"]) / SECONDS
        print(f"{rate:12} {packets:10.0f} {counted['late']:7} {counted['device_drops']:7}  {not counted['bottleneck']}")


if __name__ == "__main__":
    main()
