#!/usr/bin/env python3
"""Measures the lab rows of docs/benchmarks.md: portloop, and the installed peers, in the lab's profiles.

usage: lab_rows.py PORTLOOP PORTLOOP_LAB [--runs N] [--rows a,b,...] [--peers] [--peer-runs N] [--loops N]

Each run has its own seed, is checked against the truth, and prints its time; a row ends with the median. portloop
gets no option that tunes it, so that the figure is what a user gets. --peers also runs those of nmap -sT, nmap -sS and
masscan that are installed (the last two need root), and prints how many of the open ports each of them found.
"""
import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

ROWS = {
    "a": ("lan", ["10.0.0.1"], "1-65535"),
    "b": ("wan", ["198.18.0.1"], "1-65535"),
    "c": ("lossy", ["198.18.0.1"], "1-65535"),
    "d": ("ratelimited", ["198.18.0.1"], "1-10000"),
    "e": ("filtered", ["198.18.0.1"], "1-10000"),
    "f": ("internet", ["198.18.0.0/20"], "22,80,443"),
    "lossy10": ("lossy10", ["198.18.0.1"], "1-65535"),
    "mixture": ("mixture", ["198.18.0.0/20"], "22,80,443"),
    "unreachable": ("unreachable", ["198.18.%d.0/28" % i for i in range(5)], "1-200"),
}
# Each writes its open ports to a file. masscan needs the device and the source address: it cannot find them on a device
# without Ethernet.
PEERS = {
    "nmap -sT -T4": ["nmap", "-sT", "-T4", "-Pn", "-n", "-oG"],
    "nmap -sS -T4": ["nmap", "-sS", "-T4", "-Pn", "-n", "-oG"],
    "masscan, 100,000/s": ["masscan", "-e", "lab0", "--source-ip", "100.64.0.1", "--rate", "100000", "--wait", "5",
                           "-oL"],
}
MAX_PEER_S = 900


def run_portloop(args, row, seed):
    profile, targets, ports = ROWS[row]
    with tempfile.TemporaryDirectory() as folder:
        result, counters = os.path.join(folder, "result.json"), os.path.join(folder, "counters.json")
        inner = [args.portloop, "scan", *targets, "-p", ports, "-q", "--show", "all", "-f", "json", "--seed", str(seed)]
        if args.loops:
            inner += ["--loops", args.loops]
        # Times the scan itself, without the creation of the network.
        clock = ["sh", "-c", 'start=$(date +%s%N); "$@" >' + result + '; status=$?; end=$(date +%s%N); '
                 'echo $(( (end - start) / 1000 )) >' + folder + '/time; exit $status', "sh"]
        lab = [args.lab, profile, "--seed", str(seed), "--counters", counters, "--"]
        status = subprocess.run([*lab, *clock, *inner]).returncode
        with open(os.path.join(folder, "time")) as file:
            seconds = int(file.read()) / 1e6
        check = subprocess.run([args.lab, profile, "--check", result, *targets, "-p", ports],
                               capture_output=True, text=True)
        with open(counters) as file:
            counted = json.load(file)
        probes = sum(1 for _ in open(result))
        last_open = last_open_s(result)
    return seconds, status, check, counted, probes, last_open


def last_open_s(path):
    """Seconds from the first result of the run to its last open port."""
    first = last = None
    for line in open(path):
        result = json.loads(line)
        clock = result["time"]
        moment = time.mktime(time.strptime(clock[:19], "%Y-%m-%dT%H:%M:%S")) + float("0" + clock[19:].rstrip("Z"))
        first = moment if first is None else min(first, moment)
        if result["state"] == "open":
            last = moment if last is None else max(last, moment)
    return 0.0 if last is None else last - first


def open_ports_in(path):
    """The (address, port) pairs in nmap's grepable or masscan's list output."""
    found = set()
    for line in open(path):
        if line.startswith("open tcp "):
            found.add((line.split()[3], int(line.split()[2])))
        elif line.startswith("Host: ") and "Ports: " in line:
            address = line.split()[1]
            for port in line.split("Ports: ")[1].split("\t")[0].split(", "):
                if "/open/" in port:
                    found.add((address, int(port.split("/")[0])))
    return found


def run_peer(args, command, row, seed):
    """Returns seconds (None on a timeout), open ports found, open ports that exist, and ports falsely called open."""
    profile, targets, ports = ROWS[row]
    printed = subprocess.run([args.lab, profile, "--truth", *targets, "-p", ports, "--open-only"],
                             capture_output=True, text=True, check=True)
    truth = {(line["address"], line["port"]) for line in map(json.loads, printed.stdout.splitlines())}
    with tempfile.NamedTemporaryFile() as result:
        start = time.monotonic()
        try:
            lab = [args.lab, profile, "--seed", str(seed), "--counters", os.devnull, "--"]
            subprocess.run([*lab, *command, result.name, "-p", ports, *targets],
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=MAX_PEER_S)
        except subprocess.TimeoutExpired:
            return None, 0, len(truth), 0
        seconds = time.monotonic() - start
        found = open_ports_in(result.name)
    return seconds, len(found & truth), len(truth), len(found - truth)


def run_peers(args, row):
    for name, command in PEERS.items():
        if not shutil.which(command[0]):
            print(f"{row:12} {name}: not installed")
            continue
        for seed in range(args.first_seed, args.first_seed + args.peer_runs):
            seconds, found, existing, false = run_peer(args, command, row, seed)
            took = "not finished after %d s" % MAX_PEER_S if seconds is None else "%.2f s" % seconds
            print(f"{row:12} {name}: {took}, {found} of {existing} open ports found, {false} false", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("portloop", type=os.path.abspath)
    parser.add_argument("lab", type=os.path.abspath)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--rows", default=",".join(ROWS))
    parser.add_argument("--first-seed", type=int, default=1)
    parser.add_argument("--loops")
    parser.add_argument("--peers", action="store_true")
    parser.add_argument("--peer-runs", type=int, default=1)
    args = parser.parse_args()
    wrong = 0
    for row in args.rows.split(","):
        times = []
        for seed in range(args.first_seed, args.first_seed + args.runs):
            seconds, status, check, counted, probes, last_open = run_portloop(args, row, seed)
            times.append(seconds)
            exact = check.returncode == 0 and status == 0
            wrong += not exact
            syns = counted.get("syns", 0)
            print(f"{row:12} seed {seed:3}: {seconds:7.2f} s, {syns / max(1, probes):.3f} SYNs a probe, "
                  f"last open after {last_open:5.2f} s, {'exact' if exact else 'WRONG, exit status %d' % status}"
                  f"{', lab late %s' % counted['late'] if counted.get('bottleneck') else ''}", flush=True)
            if not exact:
                print(check.stdout[-1500:], check.stderr[-500:], json.dumps(counted), flush=True)
        print(f"{row:12} median {statistics.median(times):.2f} s, min {min(times):.2f}, max {max(times):.2f}",
              flush=True)
        if args.peers:
            run_peers(args, row)
    print(f"{wrong} runs were not exact")
    sys.exit(1 if wrong else 0)


main()
