"""What the lab's tests share: skipping tests, running the lab, and looking for what it leaves behind."""
import json
import os
import subprocess
import tempfile

import scan_support
from scan_support import need_programs, skip  # need_programs is for those that import this module

PATIENCE_SECONDS = 20  # an upper bound, never a time to wait for


def need_lab(lab):
    """Skips the test if the system forbids the lab's network, with the lab's own message."""
    tried = subprocess.run([lab, "lan", "--", "true"], capture_output=True, text=True)
    if tried.returncode != 0 and "forbids" in tried.stderr:
        skip("what the lab needs: " + tried.stderr.strip())
    assert tried.returncode == 0, tried.stderr


def need_root():
    if os.geteuid() != 0:
        skip("root")


def run_in_lab(lab, profile, command, **options):
    """Returns the finished process and the lab's counters."""
    with tempfile.TemporaryDirectory() as folder:
        counters = os.path.join(folder, "counters.json")
        done = subprocess.run([lab, "--counters", counters, profile, "--", *command],
                              capture_output=True, text=True, timeout=300, **options)
        with open(counters) as file:
            return done, json.load(file)


def truth(lab, profile, target, ports, *options):
    done = subprocess.run([lab, profile, "--truth", target, "-p", ports, *options],
                          capture_output=True, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def check(lab, profile, results, target, ports, *options):
    """Runs --check on results (a list of objects). Returns the exit status and the output."""
    lines = "".join(json.dumps(result) + "\n" for result in results)
    done = subprocess.run([lab, profile, "--check", "-", target, "-p", ports, *options],
                          input=lines, capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


def profile_file(folder, text, name="profile.lab"):
    path = os.path.join(folder, name)
    with open(path, "w") as file:
        file.write(text)
    return path


def wait_until(holds, what):
    return scan_support.wait_until(holds, what, PATIENCE_SECONDS)


def children_of(pid):
    try:
        with open(f"/proc/{pid}/task/{pid}/children") as file:
            return [int(word) for word in file.read().split()]
    except FileNotFoundError:
        return []


def network_of(pid):
    return os.readlink(f"/proc/{pid}/ns/net")


def processes_in_network(network):
    inside = []
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            if network_of(entry) == network:
                inside.append(int(entry))
        except OSError:
            continue  # it has ended, or is a zombie, which has no namespace
    return inside


def nothing_left_of(network):
    """Waits until no process is left: the namespace and its device end with the last one."""
    wait_until(lambda: not processes_in_network(network), f"no process is left in {network}")
