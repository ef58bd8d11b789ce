#!/usr/bin/env python3
"""portloop compare --guests: the compiled programs, with the real compilers.

usage: compiled_guests.py PORTLOOP PORTLOOP_LAB
"""
import json
import os
import shutil
import subprocess
import sys
import tempfile

from compare_support import PORTLOOP, SKIPPED, OwnedPorts, run, run_tests, test

LAB = os.path.abspath(sys.argv[2])
GUESTS = ["go", "rust/tokio"]
BUILD_SECONDS = 250  # an upper bound, for a busy machine
ONCE = ["--runs", "1", "--warmup", "0"]


def exported(*words, in_lab=None):
    """The rows of the guests, by name. `in_lab`: a script that runs inside a lab's network before the comparison."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "result.json")
        words = ["compare", *words, "--guests", ",".join(GUESTS), "--export-json", path, "-q"]
        if in_lab is None:
            done = run(*words, timeout=BUILD_SECONDS)
        else:
            done = subprocess.run([LAB, "lan", "--counters", "/dev/null", "--", "sh", "-c", in_lab + '; exec "$@"', "sh", PORTLOOP, *words],
                                  capture_output=True, text=True, timeout=BUILD_SECONDS)
        assert done.returncode == 0 and done.stderr == "", done
        with open(path) as file:
            result = json.load(file)
    for guest in GUESTS:
        assert result["environment"][guest.split("/")[0]], result["environment"]
    return {row["command"]: row for row in result["results"] if row["command"] in GUESTS}


@test
def every_guest_gives_the_models_answer():
    ports = OwnedPorts(opened=3, closed=27, silent=1)
    rows = exported("127.0.0.1", "-p", ports.spec(), "--models", "sequential,loop", "-t", "300", "--retries", "1", *ONCE)
    assert list(rows) == GUESTS, rows
    for name, row in rows.items():
        answer = row["answer"]
        # A port that is only bound may be given to a program's own socket: not a state that it gets wrong.
        assert (answer["found"], answer["missed"], answer["unknown"], answer["misjudged"]) == (3, 0, 0, 0), (name, answer)
        assert row["connects"] == [32] and row["min"] >= 0.6, (name, row)
        assert row["memory_usage_byte"][0] > 1 << 20 and row["user"] + row["system"] > 0, (name, row)
        assert row["connect_p50_us"][0] > 0 and 1 <= row["peak_in_flight"][0] <= 31 and row["peak_threads"][0] >= 1, (name, row)


@test
def in_a_lab_the_guests_meet_the_same_network():
    rows = exported("--lab", "lan", "10.0.0.1", "-p", "1-300", "--models", "loop", "-t", "20000", *ONCE)
    assert list(rows) == GUESTS, rows
    for row in rows.values():
        assert row["answer"]["found"] > 0 and row["answer"]["missed"] == row["answer"]["false"] == 0, row
        assert row["rank"] is not None and row["lab_answers"][0] >= 300, row


@test
def no_more_connects_are_in_flight_than_asked_for():
    rows = exported("--lab", "wan", "198.18.0.1", "-p", "1-200", "--models", "loop", "-c", "7", "-t", "20000", *ONCE)
    for row in rows.values():
        assert row["peak_in_flight"][0] <= 7 and row["connects"] == [200], row


@test
def the_library_of_go_sees_that_a_socket_has_connected_to_itself():
    # As in guest_programs.py, where the naive programs see open ports.
    rows = exported("127.0.0.1", "-p", "40000-40099", "-t", "20000", "--models", "sequential,loop", "--runs", "12", "--warmup", "0",
                    in_lab="echo '40000 40099' > /proc/sys/net/ipv4/ip_local_port_range")
    assert rows["go"]["answer"]["false"] == 0 and rows["go"]["rank"] is not None, rows["go"]
    assert rows["rust/tokio"]["answer"]["false"] > 0 and rows["rust/tokio"]["rank"] is None, rows["rust/tokio"]


if __name__ == "__main__":
    for compiler in ("go", "cargo"):
        if not shutil.which(compiler):
            print(f"skipped: {compiler} is not in PATH")
            sys.exit(SKIPPED)
    with tempfile.TemporaryDirectory() as kept:
        os.environ["CARGO_TARGET_DIR"] = kept  # tokio is compiled once for all tests
        run_tests(globals())
