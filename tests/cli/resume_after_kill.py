"""A scan that is killed with SIGKILL several times, and resumed, has the same results as an uninterrupted one.

Each kill comes at a random time after a checkpoint has been replaced, or while one is being written.
"""
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time

from eight_hosts import ADDRESSES, PORT_COUNT, PORTS, listen_on_all
from format_readers import read_csv, read_grepable, read_json, read_list, read_xml
from scan_support import enter_own_network

DEADLINE_S = 90


def identity(path):
    try:
        status = os.stat(path)
        return status.st_ino, status.st_mtime_ns
    except FileNotFoundError:
        return None


def run_killed(command, resume, checkpoint, kills, chance, directory, standard_output):
    """Runs the command, kills it `kills` times, and lets the last run end. Returns how many times it was killed, and its stderr."""
    killed = 0
    deadline = time.monotonic() + DEADLINE_S
    while True:
        before = identity(checkpoint)
        words = command if killed == 0 else resume
        with open(standard_output, "ab") as out:
            process = subprocess.Popen(words, stdout=out, stderr=subprocess.PIPE, cwd=directory if killed == 0 else "/")
        if killed < kills:
            # The first checkpoint is written at the start; the second contains results.
            seen, changes = before, 0
            while process.poll() is None and changes < 2 and time.monotonic() < deadline:
                now = identity(checkpoint)
                if now != seen:
                    seen, changes = now, changes + 1
                time.sleep(0.001)
            if chance.random() < 0.3:  # while the next one is being written
                while process.poll() is None and not os.path.exists(checkpoint + ".tmp") and time.monotonic() < deadline:
                    pass
            else:
                time.sleep(chance.random() * 0.4)
            process.send_signal(signal.SIGKILL)
        errors = process.communicate(timeout=DEADLINE_S)[1].decode()
        if process.returncode != -signal.SIGKILL:
            assert process.returncode == 0, (process.returncode, errors)
            # If it was killed after its last checkpoint, the scan is complete, and --resume prints no summary.
            assert f"{len(ADDRESSES)} addresses" in errors or (killed > 0 and "nothing is left to do" in errors), errors
            return killed, errors
        killed += 1


def check(name, portloop, options, shards, opened, failures):
    try:
        with tempfile.TemporaryDirectory() as directory:
            chance = random.Random(name)
            found = {"json": {}, "csv": {}, "list": {}, "xml": {}, "stdout": {}}
            counted = {}
            for shard in range(1, shards + 1):
                files = {form: os.path.join(directory, f"{shard}.{form}") for form in ("json", "csv", "list", "xml", "grepable", "stdout")}
                checkpoint = os.path.join(directory, f"{shard}.checkpoint")
                if "--overwrite" in options:
                    with open(files["json"], "w") as old:
                        old.write("from another day\n")
                command = [portloop, "scan", "-p", PORTS, "-r", str(4500 // shards), "--checkpoint", checkpoint,
                           "--progress", "never", "-f", "json", *options]
                if shards > 1:
                    command += ["--shard", f"{shard}/{shards}"]
                # Relative names: the scan is resumed from another directory.
                for form in ("json", "csv", "list", "xml", "grepable"):
                    command += ["-o", f"{form}={os.path.basename(files[form])}"]
                command += ["127.0.0.1-8"]
                killed, errors = run_killed(command, [portloop, "scan", "--resume", checkpoint], checkpoint, 3 if shards == 1 else 2, chance,
                                          directory, files["stdout"])
                assert killed >= 1, "the scan was over before it could be killed"
                assert not os.path.exists(files["json"] + ".partial")
                text = {form: open(path, newline="").read() for form, path in files.items()}
                readers = {"json": read_json, "stdout": read_json, "csv": read_csv, "list": read_list, "xml": read_xml}
                for form, read in readers.items():
                    for endpoint, state in read(text[form]).items():
                        assert endpoint not in found[form], f"{form}: {endpoint} appears twice"
                        found[form][endpoint] = state
                counted.update(read_grepable(text["grepable"]))
                again = subprocess.run([portloop, "scan", "--resume", checkpoint], capture_output=True, text=True)
                assert again.returncode == 0 and "nothing is left" in again.stderr, again
            everything = {(address, port) for address in ADDRESSES for port in range(1, PORT_COUNT + 1)}
            truth = {endpoint: "open" if endpoint in opened else "closed" for endpoint in everything}
            opens = {endpoint: "open" for endpoint in opened}
            for form in ("json", "stdout", "csv", "xml"):
                wanted = truth if form == "xml" or "--show" in options else opens
                assert found[form] == wanted, f"{form}: {len(found[form])} of {len(wanted)}, {set(wanted) ^ set(found[form])}"[:500]
            if "--show" not in options:
                for address in ADDRESSES:
                    assert counted[address, "closed"] == sum(state == "closed" for endpoint, state in truth.items() if endpoint[0] == address)
            assert set(found["list"]) == opened
            assert {endpoint for endpoint in counted if isinstance(endpoint[1], int)} == opened
            summary_open = f"{len(opened)} open"
            assert shards > 1 or summary_open in errors or "nothing is left to do" in errors, errors
    except Exception as problem:  # reported by the main thread
        failures.append(f"{name}: {type(problem).__name__}: {problem}")


def main():
    enter_own_network()
    portloop = os.path.abspath(sys.argv[1])
    listeners, opened = listen_on_all()
    failures = []
    show_all = ["--show", "all"]
    cases = [("one loop", show_all, 1), ("two loops", ["--loops", "2", *show_all], 1), ("open ports only", [], 1),
             ("an older file", ["--overwrite", *show_all], 1), ("two shards", show_all, 2)]
    threads = [threading.Thread(target=check, args=(name, portloop, options, shards, opened, failures)) for name, options, shards in cases]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for failure in failures:
        print(failure)
    return 1 if failures else 0


sys.exit(main())
