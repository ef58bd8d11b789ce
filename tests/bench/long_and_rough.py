"""Long and rough conditions: what the scans of the test suite have for a second or two lasts for half a minute or more here.
Prints a line for each row; exit status 1 if a result is wrong.

usage: long_and_rough.py PORTLOOP LAB MANY_SCANS [ROW...]

Rows: stopped (SIGSTOP for 30 s), link (the own link down for 30 s), route (away for 30 s), address (another one for 30 s), reader (of
standard output, stops for 60 s), signals (one every millisecond), disk (full, then enlarged, and the scan resumed), scans (10,000 in one
process), lab (a scan of PORTLOOP_LAB_MINUTES, by default 60, in the lab). All but lab unless named.
"""

import collections
import math
import os
import signal
import subprocess
import sys
import threading
import time

import scan_support as support
from far_network import Neighbour
from format_readers import read_json
from result_schema import read_record
from scan_support import COMPLETE, INCOMPLETE, PORTLOOP

LAB, MANY_SCANS = (os.path.abspath(path) for path in sys.argv[2:4])
ON_LINK, ROUTED = "10.7.0.2-33", "10.8.0.0/27"
HOSTS, PORTS = 32, 100
SECONDS = 30
wrong = 0


def report(row, right, text):
    global wrong
    wrong += not right
    print(f"{row:10} {'' if right else 'WRONG: '}{text}", flush=True)


def status_of(pid):
    """Resident memory, descriptors, threads, and seconds of processor time of a process."""
    with open(f"/proc/{pid}/status") as file:
        fields = dict(line.split(":", 1) for line in file)
    with open(f"/proc/{pid}/stat") as file:
        times = file.read().rsplit(")", 1)[1].split()
    busy_s = (int(times[11]) + int(times[12])) / os.sysconf("SC_CLK_TCK")
    return int(fields["VmRSS"].split()[0]), len(os.listdir(f"/proc/{pid}/fd")), int(fields["Threads"]), busy_s


def interrupted_scan(row, targets, begin, end, options=()):
    """Calls begin(process) in the middle of a scan, and end(process) SECONDS later. All ports are closed."""
    process = support.start("--format", "json", "--show", "all", "-p", f"1-{PORTS}", "-r", "2000", *options, targets)
    lines = [process.stdout.readline() for _ in range(100)]
    begin(process)
    time.sleep(SECONDS)
    end(process)
    out, err = process.communicate()
    results = [read_record(line) for line in b"".join(lines).splitlines() + out.splitlines()]
    counts = collections.Counter((r["state"], r["reason"]) for r in results)
    # What was away for longer than portloop waits may be unknown; it is never filtered.
    right = len({(r["address"], r["port"]) for r in results}) == len(results) == HOSTS * PORTS
    right = right and all(state in ("closed", "unknown") for state, _ in counts)
    right = right and (process.returncode == COMPLETE) == all(state == "closed" for state, _ in counts)
    found = f"{targets}, " + ", ".join(f"{count:,} {' '.join(what)}" for what, count in counts.most_common())
    report(row, right, f"{' '.join(options) or 'one loop'}: exit {process.returncode}, {found}; {err.decode().splitlines()[-1]}")


def stopped():
    for options in ([], ["--loops", "2"], ["--connector", "portable"]):
        interrupted_scan("stopped", ROUTED, lambda process: process.send_signal(signal.SIGSTOP),
                         lambda process: process.send_signal(signal.SIGCONT), options)


def routed():
    support.ip(f"route replace {ROUTED} via 10.7.0.2")


def own_address(address):
    support.ip("addr flush dev near")
    support.ip(f"addr add {address}/16 dev near")
    routed()


def link():
    def up(_):
        support.ip("link set near up")
        routed()
    for targets in (ON_LINK, ROUTED):
        interrupted_scan("link", targets, lambda _: support.ip("link set near down"), up)


def route():
    interrupted_scan("route", ROUTED, lambda _: support.ip(f"route del {ROUTED}"), lambda _: routed())


def address():
    interrupted_scan("address", ON_LINK, lambda _: own_address("10.7.0.99"), lambda _: own_address("10.7.0.1"))


def reader():
    """65,535 results of about 190 bytes each; the pipe holds 64 KiB."""
    for options in ([], ["--loops", "2"]):
        process = support.start("-q", "--format", "json", "--show", "all", "-p", "-", *options, "127.0.0.1")
        begun = process.stdout.read(1000)
        before = status_of(process.pid)
        time.sleep(2 * SECONDS)
        after = status_of(process.pid)
        out = process.communicate()[0]
        results = read_json((begun + out).decode())
        right = process.returncode == COMPLETE and len(results) == 65535 and after[0] < before[0] + 32 * 1024 and after[3] - before[3] < 2
        report("reader", right, f"{' '.join(options) or 'one loop'}: exit {process.returncode}, {len(results):,} results; meanwhile "
               f"{before[0]:,} to {after[0]:,} KiB, {after[3] - before[3]:.2f} s of processor time")


def done_starting(pid):
    """Whether the command has its handlers: SIGUSR1 is caught."""
    with open(f"/proc/{pid}/status") as file:
        caught = next(line.split()[1] for line in file if line.startswith("SigCgt:"))
    return int(caught, 16) >> (signal.SIGUSR1 - 1) & 1


def signals():
    numbers = (signal.SIGUSR1, signal.SIGWINCH, signal.SIGCONT, signal.SIGCHLD, signal.SIGURG, signal.SIGPIPE)
    for options in ([], ["--loops", "2"], ["--connector", "portable"]):
        seconds = {}
        for disturbed in (False, True):
            began, sent = time.monotonic(), 0
            process = support.start("--format", "json", "--show", "all", "-p", "-", *options, "127.0.0.1")
            done = []
            collector = threading.Thread(target=lambda: done.append(process.communicate()))
            collector.start()
            while disturbed and collector.is_alive():
                if sent == 0 and not done_starting(process.pid):
                    continue
                try:
                    os.kill(process.pid, numbers[sent % len(numbers)])
                except ProcessLookupError:
                    break
                sent += 1
                time.sleep(0.001)
            collector.join()
            seconds[disturbed] = time.monotonic() - began
            results = read_json(done[0][0].decode())
            right = process.returncode == COMPLETE and len(results) == 65535 and set(results.values()) <= {"closed", "open"}
            report("signals", right, f"{' '.join(options) or 'one loop'}: {sent} signals, exit {process.returncode}, {len(results):,} results, "
                   f"{seconds[disturbed]:.2f} s")


def disk():
    with support.scratch() as folder:
        support.run_command(["mount", "-t", "tmpfs", "-o", "size=200k", "none", folder])
        try:
            words = ["--checkpoint", "c", "-o", "json=j", "-o", "xml=x", "--show", "all", "-f", "list", "-p", "1-5000", "-r", "1000"]
            status, _, err = support.scan(*words, "127.0.0.1", cwd=folder)
            first = os.path.getsize(os.path.join(folder, "j"))
            support.run_command(["mount", "-o", "remount,size=20m", folder])
            again, _, errors = support.scan("--resume", "c", cwd=folder)
            with open(os.path.join(folder, "j")) as file:
                results = read_json(file.read())
            right = status == INCOMPLETE and again == COMPLETE and len(results) == 5000 and set(results.values()) <= {"closed", "open"}
            report("disk", right, f"exit {status} with {first:,} bytes of JSON; resumed: exit {again}, {len(results):,} results; "
                   f"{err.splitlines()[0]} | {errors.splitlines()[-1]}")
        finally:
            support.run_command(["umount", folder])


def scans():
    began = time.monotonic()
    done = subprocess.run([MANY_SCANS], env=os.environ | {"PORTLOOP_SCANS": "10000"}, capture_output=True, text=True)
    lines = [line for line in done.stdout.splitlines() if " scans: " in line] or [done.stdout]
    report("scans", done.returncode == 0, f"{time.monotonic() - began:.0f} s: {lines[0]}")


def lab():
    minutes = int(os.environ.get("PORTLOOP_LAB_MINUTES", "60"))
    rate = 200
    words = [LAB, "lan", "--", PORTLOOP, "scan", "-q", "-r", str(rate), "-p", f"1-{60000 // 256}", "--show", "all", "-f", "json", "--max-time",
             f"{minutes}m", "10.0.0.0/16"]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
    counts = collections.Counter()
    counter = threading.Thread(target=lambda: counts.update(read_record(line)["state"] for line in process.stdout))
    counter.start()
    samples = []

    def scanner():
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{pid}/cmdline", "rb") as file:
                    if file.read().split(b"\0")[:2] == [PORTLOOP.encode(), b"scan"]:
                        return pid
            except OSError:
                continue
        return None

    pid = support.wait_until(scanner, "the scan has begun")
    interval_s = min(60, 60 * minutes / 12)
    for _ in range(int(60 * minutes / interval_s) - 2):
        time.sleep(interval_s)
        samples.append((status_of(process.pid)[:3], status_of(pid)[:3]))
    process.wait()
    counter.join()
    # The lab keeps 8 bytes for each endpoint, in a table that doubles: half of it is no leak.
    table_kib = 8 * 2 ** math.ceil(math.log2(2 * counts.total())) / 2 / 1024
    for name, index, growth_kib in (("the lab", 0, table_kib), ("the scan", 1, 0)):
        columns = list(zip(*(sample[index] for sample in samples[1:])))
        text = ", ".join(f"{what} {min(column):,}-{max(column):,}" for what, column in zip(("KiB", "descriptors", "threads"), columns))
        flat = max(columns[0]) - min(columns[0]) < 4096 + growth_kib and len(set(columns[2])) == 1
        report("lab", flat, f"{name}, {minutes} minutes from the second of {len(samples)} samples on: {text}")
    report("lab", process.returncode == INCOMPLETE and counts["closed"] > 0, f"exit {process.returncode}, {dict(counts)}")


ROWS = {function.__name__: function for function in (stopped, link, route, address, reader, signals, disk, scans, lab)}


def main():
    wanted = sys.argv[4:] or [name for name in ROWS if name != "lab"]
    support.need_programs("nft", "nsenter")
    support.enter_own_network()
    if any(name in wanted for name in ("stopped", "link", "route", "address")):
        far = Neighbour("near", "far")
        support.ip("addr add 10.7.0.1/16 dev near")
        for host in range(2, 2 + HOSTS):
            far.ip(f"addr add 10.7.0.{host}/16 dev far")
        far.ip(f"route add local {ROUTED} dev lo")
        routed()
    else:
        far = None
    try:
        for name in wanted:
            ROWS[name]()
    finally:
        if far:
            far.close()
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
