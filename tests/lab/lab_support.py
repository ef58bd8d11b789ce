"""What the lab's tests share: skipping by name, running the lab, and seeing what it leaves behind."""
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time

SKIPPED = 77  # Meson's word for it
PATIENCE_SECONDS = 20  # a bound on what must happen, never a time to wait for


def skip(what_is_missing):
    print(f"skipped: {os.path.basename(sys.argv[0])} lacks {what_is_missing}")
    sys.exit(SKIPPED)


def need_programs(*names):
    for name in names:
        if shutil.which(name) is None:
            skip(f"the program {name}")


def need_lab(lab):
    """Skips where the system forbids the lab's network; says why in the lab's own words."""
    tried = subprocess.run([lab, "lan", "--", "true"], capture_output=True, text=True)
    if tried.returncode != 0 and "forbids" in tried.stderr:
        skip("what the lab needs: " + tried.stderr.strip())
    assert tried.returncode == 0, tried.stderr


def need_root():
    if os.geteuid() != 0:
        skip("root")


def run_in_lab(lab, profile, command, **options):
    """The command's output, exit status, and the lab's counters."""
    with tempfile.TemporaryDirectory() as folder:
        counters = os.path.join(folder, "counters.json")
        done = subprocess.run([lab, "--counters", counters, profile, "--", *command],
                              capture_output=True, text=True, timeout=300, **options)
        with open(counters) as file:
            return done, json.load(file)


def truth(lab, profile, target, ports, *options):
    said = subprocess.run([lab, profile, "--truth", target, "-p", ports, *options],
                          capture_output=True, text=True, check=True)
    return [json.loads(line) for line in said.stdout.splitlines()]


def check(lab, profile, results, target, ports, *options):
    """--check of results (a list of objects) by the lab: (exit status, what it printed)."""
    lines = "".join(json.dumps(result) + "\n" for result in results)
    said = subprocess.run([lab, profile, "--check", "-", target, "-p", ports, *options],
                          input=lines, capture_output=True, text=True)
    return said.returncode, said.stdout + said.stderr


def profile_file(folder, text, name="profile.lab"):
    path = os.path.join(folder, name)
    with open(path, "w") as file:
        file.write(text)
    return path


def wait_until(holds, what):
    """Asks again and again; fails when it still does not hold after a bound."""
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end:
        value = holds()
        if value:
            return value
        time.sleep(0.01)
    raise AssertionError(f"never happened: {what}")


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
            continue  # gone meanwhile, or a zombie, which holds no namespace
    return inside


def nothing_left_of(network):
    """A network namespace, and the device in it, ends with its last process."""
    wait_until(lambda: not processes_in_network(network), f"no process is left in {network}")
