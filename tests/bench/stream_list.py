"""How long it takes from the first line of a list to the first connect, and how much memory a list costs.

usage: unshare -rn sh -c 'ip link set lo up; python3 tests/bench/stream_list.py build/portloop'
"""

import socket
import subprocess
import sys
import threading
import time


def addresses(count, step=1):
    return "".join(f"127.{1 + (i >> 16)}.{i >> 8 & 255}.{i & 255}\n" for i in range(1, step * count + 1, step)).encode()


def run(lines, on_start=lambda: None):
    """The largest resident set, in KB, as it was seen last before the end. (That of wait4() counts this process's before exec().)"""
    child = subprocess.Popen([sys.argv[1], "scan", "-i", "-", "-p", "9", "-q", "-f", "list"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)

    def write():
        child.stdin.write(lines)
        child.stdin.close()

    writer = threading.Thread(target=write)
    writer.start()
    on_start()
    peak = 0
    while child.poll() is None:
        with open(f"/proc/{child.pid}/status") as status:
            peak = max([peak] + [int(line.split()[1]) for line in status if line.startswith("VmHWM:")])
        time.sleep(0.005)
    writer.join()
    return peak


listener = socket.create_server(("127.0.0.1", 9))
for _ in range(3):
    started = time.monotonic()
    peak = run(b"127.0.0.1\n" + addresses(149_999), lambda: listener.accept()[0].close() or print(f"first connect after {1000 * (time.monotonic() - started):.0f} ms"))
    print(f"150,000 addresses: {peak} KB")
listener.close()
for name, lines in (("one address", b"127.0.0.1\n"), ("100,000 lines of it", b"127.0.0.1\n" * 100_000), ("100,000 neighbours", addresses(100_000)),
                    ("100,000 that have none", addresses(100_000, 2))):
    print(f"{name}: {run(lines)} KB")
