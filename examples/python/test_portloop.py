#!/usr/bin/env python3
"""Tests the generator of portloop.py: results, errors, and that leaving it early in any way ends the scan."""
import os
import signal
import socket
import sys
import threading

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import portloop  # noqa: E402

with socket.socket() as listener, socket.socket() as held:
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    held.bind(("127.0.0.1", 0))
    open_port, closed_port = listener.getsockname()[1], held.getsockname()[1]

    def greet():
        connection = listener.accept()[0]
        connection.sendall(b"220 \xffhello\r\n")
        connection.close()

    threading.Thread(target=greet, daemon=True).start()
    results = {result.port: result for result in portloop.scan("127.0.0.1", f"{open_port},{closed_port}", banners=True)}

assert results.keys() == {open_port, closed_port}, results
assert results[open_port].state == "open" and results[open_port].reason == "syn-ack", results
assert results[open_port].banner == b"220 \xffhello\r\n", results
assert results[open_port].address == "127.0.0.1" and results[open_port].rtt_us > 0 and results[open_port].attempts >= 1, results
assert results[closed_port][2:4] == ("closed", "conn-refused"), results
assert results[closed_port].banner is None, results

assert len(list(portloop.scan(["127.0.0.1", "127.0.0.2"], "61001-61100", timeout_ms=500, retries=1, in_flight=50))) == 200

for targets, ports, options, word in (("no such host", "80", {}, "'no such host'"), ("127.0.0.1", "70000", {}, "'70000'"),
                                      ("127.0.0.1", "80", {"timeout_ms": 0}, "not 0"), ([], "80", {}, "no address")):
    try:
        list(portloop.scan(targets, ports, **options))
    except portloop.PortloopError as error:
        assert word in str(error), error
    else:
        sys.exit(f"{targets} {ports} {options} was not refused")


def descriptors():
    return set(os.listdir("/proc/self/fd"))


# Millions of probes, left after the first result: the rest is not scanned, and no descriptor is left open.
ENDLESS = "127.0.0.0/16", "61001-65000"
before = descriptors()

results = portloop.scan(*ENDLESS)
assert next(results).port
results.close()
assert descriptors() == before


def forget():
    next(portloop.scan(*ENDLESS))


forget()
assert descriptors() == before

try:
    for result in portloop.scan(*ENDLESS):
        raise ZeroDivisionError
except ZeroDivisionError:
    pass
assert descriptors() == before

# Ctrl-C, which usually arrives while C code runs, always ends the scan; so does an exception of the program's own handler.
for handler, raised in ((signal.default_int_handler, KeyboardInterrupt), (lambda *_: 1 // 0, ZeroDivisionError)):
    signal.signal(signal.SIGINT, handler)
    for attempt in range(10):
        first = threading.Event()
        interrupter = threading.Thread(target=lambda: first.wait() and os.kill(os.getpid(), signal.SIGINT))
        interrupter.start()
        try:
            for count, result in enumerate(portloop.scan(*ENDLESS)):
                first.set()
                assert count < 1_000_000, "not interrupted"
        except raised:
            pass
        interrupter.join()
        assert signal.getsignal(signal.SIGINT) is handler
    assert descriptors() == before
