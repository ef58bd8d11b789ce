#!/usr/bin/env python3
"""portloop compare --lab: inside the lab's network, against its truth.

usage: compare_lab.py PORTLOOP PORTLOOP_LAB
"""
import json
import os
import shutil
import subprocess
import sys
import tempfile

from compare_support import PORTLOOP, SKIPPED, run, run_tests, test

LAB = os.path.abspath(sys.argv[2])


def need_lab():
    tried = subprocess.run([LAB, "lan", "--", "true"], capture_output=True, text=True)
    if tried.returncode != 0:
        print("skipped: " + tried.stderr.strip())
        sys.exit(SKIPPED)


@test
def every_model_finds_what_the_lab_says_is_open():
    truth = subprocess.run([LAB, "lan", "--truth", "--open-only", "10.0.0.1", "-p", "1-500"], capture_output=True, text=True, check=True)
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "result.json")
        said = run("compare", "--lab", "lan", "10.0.0.1", "-p", "1-500", "--runs", "1", "--warmup", "0", "--in-flight", "100", "--export-json", path)
        assert said.returncode == 0, said
        with open(path) as file:
            told = json.load(file)
    assert told["reference"] == "lab" and told["lab"] == "lan", told
    assert "--lab lan" in told["command_line"] and "inside" not in told["command_line"]
    assert told["open_ports"] == len(truth.stdout.splitlines()) > 0
    assert len(told["results"]) == 5
    for result in told["results"]:
        assert result["answer"]["found"] == told["open_ports"] and result["rank"] is not None, result


@test
def the_lab_is_found_in_the_path_too():
    with tempfile.TemporaryDirectory() as folder:
        alone = shutil.copy(PORTLOOP, folder)
        words = [alone, "compare", "--lab", "lan", "10.0.0.1", "-p", "22", "--models", "loop", "--runs", "1", "--warmup", "0"]
        missing = subprocess.run(words, capture_output=True, text=True, env={"PATH": "/nowhere"})
        assert missing.returncode == 1 and "portloop-lab" in missing.stderr and missing.stdout == "", missing
        found = subprocess.run(words, capture_output=True, text=True, env={"PATH": os.path.dirname(LAB)})
        assert found.returncode == 0 and "lab lan" in found.stdout, found


@test
def a_target_that_the_lab_does_not_have_is_refused_before_anything_runs():
    said = run("compare", "--lab", "lan", "10.99.0.1", "-p", "22,80", "-t", "100")
    assert said.returncode == 1 and said.stdout == "", said
    assert said.stderr.startswith("portloop: '10.99.0.1' "), said.stderr


@test
def this_machines_own_addresses_are_refused_since_the_lab_does_not_simulate_them():
    for target, quoted in (("127.0.0.1", "127.0.0.1"), ("::1", "::1"), ("127.9.0.0/24", "127.9.0.0"), ("100.64.0.1", "100.64.0.1")):
        said = run("compare", "--lab", "lan", target, "-p", "30000-30010")
        assert said.returncode == 2 and said.stdout == "" and len(said.stderr.splitlines()) == 1, said
        assert said.stderr.startswith(f"portloop: '{quoted}' is this machine itself"), said
    said = run("compare", "--lab", "lan", "localhost", "-p", "30000-30010")  # a name is looked up inside
    assert said.returncode == 2 and said.stdout == "" and " is this machine itself" in said.stderr, said


if __name__ == "__main__":
    need_lab()
    run_tests(globals())
