#!/usr/bin/env python3
"""portloop scan, with no options but targets and ports, finds the ground truth in every profile.

usage: scan_meets_profiles.py PORTLOOP PORTLOOP_LAB hosts|links
"""
import os
import subprocess
import sys
import tempfile

import lab_support as support

PORTLOOP, LAB = (os.path.abspath(path) for path in sys.argv[1:3])
COMPLETE, INCOMPLETE = 0, 3  # exit statuses of a scan
PATIENCE_SECONDS = 240

# A router that answers for an absent host after 3 s, and then about once a second.
LATE = """prefix 198.18.0.0/16 fd00:20::/64
  rtt 20ms
  exists 0%
  missing host-unreachable after 3s limit 1/s
"""
OUTAGE = """prefix 198.18.0.0/16
  rtt 20ms
  open 22,80,443,1000,5000
  outage from 100ms for 2s
"""

# Profile (a name, or its text), targets, ports, and the exit status of a scan without mistakes. The sizes are modest: all
# of it takes a minute or two, mostly for the rate-limited hosts and those that go away.
HOSTS = [
    ("lan", ["10.0.0.1"], "1-5000", COMPLETE),
    ("lan", ["10.0.3.0/26"], "22,23,80,443", COMPLETE),
    ("lan", ["fd00::1"], "1-5000", COMPLETE),
    ("wan", ["198.18.0.1", "fd00:40::1"], "1-3000", COMPLETE),
    ("lossy", ["198.18.0.1", "198.18.0.2"], "1-3000", COMPLETE),
    ("lossy", ["fd00:30::1"], "1-3000", COMPLETE),
    ("lossy10", ["198.18.0.1"], "1-3000", COMPLETE),
    ("ratelimited", ["198.18.0.1"], "1-1200", COMPLETE),
    ("filtered", ["198.18.0.1"], "1-1000", COMPLETE),
    ("unreachable", ["198.18.0.0/29", "198.18.1.0/29", "198.18.2.0/29", "198.18.3.0/29", "198.18.4.0/29"], "1-100",
     COMPLETE),
    ("unreachable", ["fd00:15:0::1", "fd00:15:1::1", "fd00:15:2::1", "fd00:15:3::1", "fd00:15:4::1"], "1-100",
     COMPLETE),
    ("internet", ["198.18.0.0/23"], "22,80,443", COMPLETE),
    ("internet", ["fd00:1::/120"], "22,80,443", COMPLETE),
    ("mixture", ["198.18.0.0/24", "198.18.4.0/24", "198.18.8.0/24", "198.18.12.0/24"], "22,80,443", COMPLETE),
    ("hostile", ["198.18.0.1"], "1-1000", COMPLETE),
    ("vanishing", ["198.18.0.1"], "1-65535", INCOMPLETE),
    ("returning", ["198.18.0.1"], "1-65535", COMPLETE),
]

# What lies between the command and the hosts.
LINKS = [
    ("home", ["192.168.1.0/24"], "22,80,443,8008", COMPLETE),
    ("home", ["fd00:1:1::/121"], "22,80,443,8008", COMPLETE),
    ("home", ["192.168.1.1", "192.168.1.10", "192.168.1.20", "192.168.1.32/30", "192.168.1.200"], "1-3000", COMPLETE),
    ("office", ["10.20.0.0/21"], "22", COMPLETE),
    ("dsl", ["198.18.0.1"], "1-3000", COMPLETE),
    ("dsl", ["fd00:25::1"], "1-1000", COMPLETE),
    ("bufferbloat", ["198.18.0.1"], "1-600", COMPLETE),
    ("bursty", ["198.18.0.1", "fd00:30::1"], "1-10000", COMPLETE),
    (LATE, ["198.18.0.77"], "1-5000", COMPLETE),
    (LATE, ["fd00:20::77", "198.18.1.0/29"], "1-200", COMPLETE),
    (OUTAGE, ["198.18.0.1"], "1-10000", COMPLETE),
]


def meet(profile, targets, ports, expected_status, luck_seed):
    """Runs a scan and checks it. Returns what was wrong, or an empty string."""
    with tempfile.TemporaryDirectory() as folder:
        result, counters = os.path.join(folder, "result.json"), os.path.join(folder, "counters.json")
        if "\n" in profile:
            profile = support.profile_file(folder, profile)
        with open(result, "w") as output:
            scan = subprocess.run([LAB, "--seed", str(luck_seed), "--counters", counters, profile, "--",
                                   PORTLOOP, "scan", "--show", "all", "--format", "json", "--ports", ports, *targets],
                                  stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.PIPE, text=True,
                                  timeout=PATIENCE_SECONDS)
        check = subprocess.run([LAB, profile, "--check", result, *targets, "--ports", ports],
                               capture_output=True, text=True)
        with open(counters) as file:
            seen = file.read().strip()
    print(profile, *targets, "-p", ports, "->", (check.stdout.splitlines() or [check.stderr])[-1], flush=True)
    wrong = ""
    if scan.returncode != expected_status:
        wrong += f"the scan's exit status is {scan.returncode}, not {expected_status}\n"
    if check.returncode != 0:
        wrong += check.stdout + check.stderr
    return wrong and f"{wrong}{scan.stderr}{seen}\n"


def main():
    support.need_lab(LAB)
    failures = 0
    for number, (profile, targets, ports, expected_status) in enumerate({"hosts": HOSTS, "links": LINKS}[sys.argv[3]]):
        wrong = meet(profile, targets, ports, expected_status, luck_seed=1 + number)
        if wrong:
            failures += 1
            print(wrong, flush=True)
    sys.exit(1 if failures else 0)


main()
