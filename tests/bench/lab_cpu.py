#!/usr/bin/env python3
"""Processor time of a probe in the lab: portloop and the bare system calls, in turn, in one run.

usage: lab_cpu.py PORTLOOP PORTLOOP_LAB BASELINE_EPOLL [--runs N]

Every port answers in these profiles, because the baseline has no timers. Processor time is the user and system time of
the process inside the lab; the lab's own is not included.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile

# Profile -> address, and connects that the baseline keeps in flight: enough to be as fast as portloop there.
ROWS = {"lan": ("10.0.0.1", 1000), "wan": ("198.18.0.1", 4000)}
PORTS = 65535


def measure(path, command):
    """Inside the lab: runs the command and writes its processor time to `path`."""
    silence = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
    pid = os.posix_spawnp(command[0], command, os.environ, file_actions=silence)
    _, status, usage = os.wait4(pid, 0)
    with open(path, "w") as file:
        json.dump({"user": usage.ru_utime, "system": usage.ru_stime, "status": os.waitstatus_to_exitcode(status)}, file)


def run(lab, profile, seed, command):
    with tempfile.NamedTemporaryFile() as file:
        subprocess.run([lab, profile, "--seed", str(seed), "--counters", os.devnull, "--",
                        sys.executable, os.path.abspath(__file__), "--measure", file.name, *command], check=True)
        with open(file.name) as result:
            usage = json.load(result)
    if usage["status"] != 0:
        sys.exit(f"{command}: exit status {usage['status']}")
    return usage["user"], usage["system"]


def main():
    if sys.argv[1:2] == ["--measure"]:
        return measure(sys.argv[2], sys.argv[3:])
    parser = argparse.ArgumentParser()
    parser.add_argument("portloop", type=os.path.abspath)
    parser.add_argument("lab", type=os.path.abspath)
    parser.add_argument("baseline", type=os.path.abspath)
    parser.add_argument("--runs", type=int, default=7)
    args = parser.parse_args()
    for profile, (address, in_flight) in ROWS.items():
        commands = {
            "baseline (raw epoll)": [args.baseline, address, "1", str(PORTS), str(in_flight)],
            "portloop": [args.portloop, "scan", "-q", "-p", "-", address],
        }
        totals = {name: [] for name in commands}
        for seed in range(args.runs + 1):
            for name, command in commands.items():
                user, system = run(args.lab, profile, seed, command)
                if seed > 0:  # the first round warms up
                    totals[name].append((user + system, user, system))
        for name, runs in totals.items():
            total, user, system = (statistics.median(values) / PORTS * 1e6 for values in zip(*runs))
            print(f"{profile:5} {name:22} {total:6.2f} us a probe: user {user:5.2f}, system {system:6.2f}")
        ratios = [ours[0] / bare[0] for ours, bare in zip(totals["portloop"], totals["baseline (raw epoll)"])]
        print(f"{profile:5} processor time of portloop / baseline (at most 1.5)   "
              f"median {statistics.median(ratios):.2f}, min {min(ratios):.2f}, max {max(ratios):.2f}", flush=True)


main()
