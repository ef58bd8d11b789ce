#!/usr/bin/env python3
"""Hosts that accept connections on every port, among 10,000 hosts of the lab's profile tarpits: how many are found, and how
many others are taken for one. The figures are in docs/benchmarks.md.

usage: all_ports_open.py PORTLOOP PORTLOOP_LAB
"""
import json
import os
import subprocess
import sys
import tempfile
import time

PORTLOOP, LAB = map(os.path.abspath, sys.argv[1:3])
# 5,000 hosts that refuse, all with a hundred open ports, and 5,000 behind a firewall that drops.
TARGETS = ["198.18.0.0-198.18.19.135", "198.18.32.0-198.18.51.135"]
PORTS = "22,80,443,1000-1004"


def measure(seed, *options):
    with tempfile.TemporaryDirectory() as folder:
        results, counters = os.path.join(folder, "results.json"), os.path.join(folder, "counters.json")
        began = time.monotonic()
        with open(results, "w") as file:
            subprocess.run([LAB, "--seed", str(seed), "--counters", counters, "tarpits", "--", PORTLOOP, "scan", "-q", "-f", "json",
                            *options, "-p", PORTS, *TARGETS], stdout=file, check=True)
        seconds = time.monotonic() - began
        check = subprocess.run([LAB, "tarpits", "--check", results, "--open-only", "-p", PORTS, *TARGETS], capture_output=True, text=True)
        with open(counters) as file:
            syns = json.load(file)["syns"]
        print(f"seed {seed} {' '.join(options)}: {seconds:.1f} s, {syns:,} SYNs; {check.stdout.splitlines()[-1]}", flush=True)


for seed in (1, 2, 3):
    measure(seed)
measure(1, "--all-ports-open", "scan")
measure(1, "--loops", "2")
