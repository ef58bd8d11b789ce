#!/usr/bin/env python3
"""portloop scan of hosts that begin to refuse it: nothing that only the ban has refused is closed or filtered.

usage: scan_meets_bans.py PORTLOOP PORTLOOP_LAB
"""
import collections
import json
import os
import subprocess
import sys
import tempfile

import lab_support as support

PORTLOOP, LAB = (os.path.abspath(path) for path in sys.argv[1:3])
COMPLETE, INCOMPLETE = 0, 3  # exit statuses of a scan
PATIENCE_SECONDS = 240

NETWORK = """prefix 198.18.0.0/16
  rtt 5ms
  open 22,80,443
"""


def scan(folder, more, ports, *targets):
    """Returns the finished scan, its results by (state, reason), and its counters; after the check of its results."""
    profile = support.profile_file(folder, NETWORK + more)
    counters, results = os.path.join(folder, "counters.json"), os.path.join(folder, "results.json")
    with open(results, "w") as output:
        done = subprocess.run([LAB, "--counters", counters, profile, "--", PORTLOOP, "scan", "--show", "all", "--format",
                               "json", "-p", ports, *targets], stdin=subprocess.DEVNULL, stdout=output,
                              stderr=subprocess.PIPE, text=True, timeout=PATIENCE_SECONDS)
    check = subprocess.run([LAB, profile, "--check", results, *targets, "-p", ports], capture_output=True, text=True)
    with open(results) as file:
        rows = [json.loads(line) for line in file]
    with open(counters) as file:
        seen = json.load(file)
    found = collections.Counter((row["state"], row["reason"]) for row in rows)
    print(more.strip(), *targets, "->", dict(found), seen["syns"], "SYNs", flush=True)
    assert check.returncode == 0, check.stdout + check.stderr + done.stderr
    return done, found, seen


def meets_a_ban(folder, manner):
    done, found, seen = scan(folder, f"  bans after 400 with {manner}\n", "1-3000", "198.18.0.1")
    assert done.returncode == INCOMPLETE, done.stderr
    assert found["unknown", "banned"] > 2500, found
    assert found["unknown", "host-lost"] == 0, found
    assert found["open", "syn-ack"] == 3, found
    assert done.stderr.count("198.18.0.1 refuses connections that it accepted before") == 1, done.stderr
    assert "1 host refuses us" in done.stderr, done.stderr
    if "limit" not in manner:
        assert seen["syns"] < 2500, seen  # it is asked no more


def meets_many(folder):
    done, found, _ = scan(folder, "  bans after 400 with rst\n", "1-600", "198.18.0.1-20")
    assert done.returncode == INCOMPLETE, done.stderr
    assert found["unknown", "banned"] > 20 * 150, found
    assert done.stderr.count("refuses connections") == 3, done.stderr
    assert "; further hosts are only counted" in done.stderr, done.stderr
    assert "20 hosts refuse us" in done.stderr, done.stderr


def meets_none(folder):
    done, found, seen = scan(folder, "", "1-3000", "198.18.0.1")
    assert done.returncode == COMPLETE, done.stderr
    assert found["closed", "conn-refused"] == 2997, found
    assert seen["syns"] <= 3000 + 10, seen  # decoys and proofs


def main():
    support.need_lab(LAB)
    with tempfile.TemporaryDirectory() as folder:
        for manner in ["rst", "port-unreachable", "admin-prohibited", "port-unreachable limit 1/s burst 6"]:
            meets_a_ban(folder, manner)
        meets_many(folder)
        meets_none(folder)


main()
