#!/usr/bin/env python3
"""Scans the 65,535 closed loopback ports of a network namespace with the bare system calls, portloop, portloop on two
loops, its portable connector, and nmap if it is installed. Whole processes, in turn, in one run.

usage: loopback.py PORTLOOP BASELINE_EPOLL [--runs N]
"""
import argparse
import ctypes
import os
import shutil
import statistics
import subprocess
import sys
import time

CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000


def enter_network():
    """Enters a new network namespace: no port in it is open, and no other process uses it."""
    libc = ctypes.CDLL(None, use_errno=True)
    flags = CLONE_NEWNET if os.geteuid() == 0 else CLONE_NEWUSER | CLONE_NEWNET
    if libc.unshare(flags) != 0:
        sys.exit("no namespace: " + os.strerror(ctypes.get_errno()))
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("portloop", type=os.path.abspath)
    parser.add_argument("baseline", type=os.path.abspath)
    parser.add_argument("--runs", type=int, default=11)
    args = parser.parse_args()
    scan = [args.portloop, "scan", "-q", "-p", "-", "127.0.0.1"]
    commands = {
        "baseline (raw epoll)": [args.baseline, "127.0.0.1", "1", "65535", "256"],
        "portloop": scan,
        "portloop --loops 2": [*scan, "--loops", "2"],
        "portloop --connector portable": [*scan, "--connector", "portable"],
    }
    if shutil.which("nmap"):
        commands["nmap -sT -Pn -n -p-"] = ["nmap", "-sT", "-Pn", "-n", "-p-", "127.0.0.1"]
    else:
        print("nmap is not installed: left out")
    enter_network()
    times = {name: [] for name in commands}
    for run in range(args.runs + 1):
        for name, command in commands.items():
            start = time.monotonic()
            subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
            if run > 0:  # the first round warms up
                times[name].append(time.monotonic() - start)
    print(f"{'':32}{'median':>9}{'min':>9}{'max':>9}")
    for name, seconds in times.items():
        print(f"{name:32}{statistics.median(seconds):8.3f}s{min(seconds):8.3f}s{max(seconds):8.3f}s")

    def ratio(title, above, below):
        """Of neighbouring runs, so that a busy machine affects both."""
        ratios = [a / b for a, b in zip(times[above], times[below])]
        print(f"{title:52} median {statistics.median(ratios):.2f}, min {min(ratios):.2f}, max {max(ratios):.2f}")

    ratio("time of portloop / baseline (at most 1.25)", "portloop", "baseline (raw epoll)")
    ratio("speed of two loops / one loop (at least 1.7)", "portloop", "portloop --loops 2")
    ratio("time of the portable connector / baseline", "portloop --connector portable", "baseline (raw epoll)")
    if "nmap -sT -Pn -n -p-" in times:
        ratio("time of nmap -sT / portloop (at least 1.6)", "nmap -sT -Pn -n -p-", "portloop")


main()
