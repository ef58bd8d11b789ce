#!/usr/bin/env python3
"""An allocation of portloop compare fails, once or from then on: one line says why, and a file is complete or not there.

usage: out_of_memory.py PORTLOOP PORTLOOP_LAB
"""
import errno
import json
import os
import re
import signal
import subprocess
import sys
import tempfile

from compare_support import PORTLOOP, SKIPPED, TIMEOUT_SECONDS, OwnedPorts, run_tests, test
from scan_support import failing

FIRST = 5  # earlier ones are glibc's, which crashes by itself in setservent()
STEP = 97
REASON = r"(?m)^portloop: .*(memory|allocate)"


def run_failing(folder, ports, rule):
    words = [PORTLOOP, "compare", "127.0.0.1", "-p", ports.spec(), "--models", "sequential", "--runs", "2", "--warmup", "0", "--explain",
             "--export-json", "result.json"]
    # Its runs inherit the environment, and fail in the same way.
    return subprocess.run(words, cwd=folder, env=failing(rule), capture_output=True, text=True, timeout=TIMEOUT_SECONDS)


@test
def a_failed_allocation_leaves_a_complete_file_or_none():
    ports = OwnedPorts(opened=1, closed=3)
    for and_later in ("", "+"):
        number, unharmed = FIRST, 0
        while unharmed < 2:
            with tempfile.TemporaryDirectory() as folder:
                done = run_failing(folder, ports, f"malloc:{number}{and_later}:{errno.ENOMEM}")
                if done.returncode == -signal.SIGABRT:  # libuv's, without memory for its table of watchers
                    assert re.fullmatch(r"abort\(\) in .*libuv\.so\S*", done.stderr), (number, done)
                    number += STEP
                    continue
                files = os.listdir(folder)
                assert done.returncode in (0, 1, 3), (number, done)
                assert done.returncode == 0 or re.search(REASON, done.stderr), (number, and_later, done)
                assert set(files) <= {"result.json"} and (done.returncode == 1) == (not files), (number, and_later, done, files)
                if files:
                    with open(os.path.join(folder, files[0])) as file:
                        result = json.load(file)
                    failed = any("failure" in row for row in result["results"])
                    assert result["complete"] is True or done.returncode == 3, (number, done)
                    assert done.returncode == 3 or not failed, (number, done)
            unharmed = unharmed + 1 if done.returncode == 0 and number > 3000 else 0
            number += STEP
            assert number < 20000


if __name__ == "__main__":
    if "PORTLOOP_FAILING_CALLS" not in os.environ:
        print("skipped: a sanitizer's runtime has its own malloc()")
        sys.exit(SKIPPED)
    run_tests(globals())
