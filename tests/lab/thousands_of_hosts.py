#!/usr/bin/env python3
"""Plain non-blocking connects to a /20, in which a tenth of the hosts exist, agree with --truth.

usage: thousands_of_hosts.py PORTLOOP_LAB
"""
import errno
import ipaddress
import json
import os
import selectors
import socket
import sys
import tempfile
import time

LAB = os.path.abspath(sys.argv[1])
PROFILE = """prefix 198.18.0.0/15 fd00:1::/48
  rtt 1ms-60ms by /24
  exists 10%
  missing host-unreachable
  open 22 40% says ssh
  open 443 70%
"""
TARGETS = {"198.18.0.0/20": "22,443", "fd00:1::/118": "22,443"}
IN_FLIGHT = 400
STATES = {0: "open", errno.ECONNREFUSED: "closed", errno.EHOSTUNREACH: "filtered"}


def connect_to_all(endpoints):
    """Runs inside the lab. Returns the state of each endpoint, from one connect each."""
    selector = selectors.DefaultSelector()
    waiting = iter(endpoints)
    states = {}

    def start():
        for address, port in waiting:
            family = socket.AF_INET6 if ":" in address else socket.AF_INET
            probe = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
            probe.connect_ex((address, port))
            selector.register(probe, selectors.EVENT_WRITE, (address, port))
            return

    for _ in range(IN_FLIGHT):
        start()
    end = time.monotonic() + 120
    while selector.get_map() and time.monotonic() < end:
        for key, _ in selector.select(timeout=1):
            # A second connect is the reliable question: SO_ERROR may still be 0 while an ICMP error arrives.
            answer = key.fileobj.connect_ex(key.data)
            if answer == errno.EALREADY:
                continue
            states[key.data] = STATES.get(0 if answer == errno.EISCONN else answer, errno.errorcode.get(answer))
            selector.unregister(key.fileobj)
            key.fileobj.close()
            start()
    return states


def endpoints_of(target, ports):
    return [(str(address), int(port)) for address in ipaddress.ip_network(target) for port in ports.split(",")]


def main():
    if sys.argv[1:2] == ["--inside"]:
        states = connect_to_all(endpoints_of(*sys.argv[2:4]))
        json.dump([[*endpoint, state] for endpoint, state in states.items()], sys.stdout)
        return
    import lab_support as support
    support.need_lab(LAB)
    with tempfile.TemporaryDirectory() as folder:
        profile = support.profile_file(folder, PROFILE)
        for target, ports in TARGETS.items():
            done, counters = support.run_in_lab(LAB, profile, [sys.executable, __file__, "--inside", target, ports])
            assert done.returncode == 0, done
            results = [{"address": address, "port": port, "state": state}
                       for address, port, state in json.loads(done.stdout)]
            status, output = support.check(LAB, profile, results, target, ports)
            assert status == 0, output
            assert counters["device_drops"] == 0 and counters["write_failures"] == 0, counters
            print("ok", target, output.strip())


main()
