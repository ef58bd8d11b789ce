#!/usr/bin/env python3
"""portloop compare --lab: inside the lab's network, against its truth.

usage: compare_lab.py PORTLOOP PORTLOOP_LAB
"""
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile

from compare_support import PORTLOOP, SKIPPED, TIMEOUT_SECONDS, run, run_tests, test

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
        done = run("compare", "--lab", "lan", "10.0.0.1", "-p", "1-500", "--runs", "1", "--warmup", "0", "--in-flight", "100", "--export-json", path)
        assert done.returncode == 0, done
        with open(path) as file:
            exported = json.load(file)
    assert exported["reference"] == "lab" and exported["lab"] == "lan", exported
    assert "--lab lan" in exported["command_line"] and "inside" not in exported["command_line"]
    assert exported["open_ports"] == len(truth.stdout.splitlines()) > 0
    assert len(exported["results"]) == 5
    for result in exported["results"]:
        assert result["answer"]["found"] == exported["open_ports"] and result["rank"] is not None, result
        assert result["lab_answers"][0] >= 500 and 0 <= result["late_share"] <= 1, result
    assert '"syns"' not in done.stderr, done.stderr  # each run has a lab of its own, whose counters are in the results


@test
def a_model_whose_runs_take_minutes_is_announced_before_the_first_one():
    words = [PORTLOOP, "compare", "--lab", "filtered", "198.18.0.1", "-p", "1-300", "--models", "sequential,loop", "-t", "1000"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        line = next(line for line in process.stderr if "each run of" in line)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=TIMEOUT_SECONDS)
    assert line.startswith("portloop: each run of sequential will take about 29"), line
    assert "--models" in line and "--timeout" in line, line
    assert process.returncode == 130, process.returncode


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
    done = run("compare", "--lab", "lan", "10.99.0.1", "-p", "22,80", "-t", "100")
    assert done.returncode == 1 and done.stdout == "", done
    assert done.stderr.startswith("portloop: '10.99.0.1' "), done.stderr


@test
def this_machines_own_addresses_are_refused_since_the_lab_does_not_simulate_them():
    for target, quoted in (("127.0.0.1", "127.0.0.1"), ("::1", "::1"), ("127.9.0.0/24", "127.9.0.0"), ("100.64.0.1", "100.64.0.1")):
        done = run("compare", "--lab", "lan", target, "-p", "30000-30010")
        assert done.returncode == 2 and done.stdout == "" and len(done.stderr.splitlines()) == 1, done
        assert done.stderr.startswith(f"portloop: '{quoted}' is this machine itself"), done
    done = run("compare", "--lab", "lan", "localhost", "-p", "30000-30010")  # a name is resolved inside the lab
    assert done.returncode == 2 and done.stdout == "" and " is this machine itself" in done.stderr, done


if __name__ == "__main__":
    need_lab()
    run_tests(globals())
