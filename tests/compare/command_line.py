#!/usr/bin/env python3
"""portloop compare on the command line: what it prints, exports and rejects.

usage: compare_command_line.py PORTLOOP PORTLOOP_LAB
"""
import csv
import fcntl
import json
import os
import pty
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time

from compare_support import TIMEOUT_SECONDS, PORTLOOP, OwnedPorts, run, run_tests, test

LAB = os.path.abspath(sys.argv[2])
EVERY_MODEL = "sequential,thread-per-connection,thread-pool:5,loop,loops:2,loop/uv"


def refused(status, *words, **options):
    done = run("compare", *words, **options)
    assert done.returncode == status, (words, done)
    assert done.stdout == "" and len(done.stderr.splitlines()) == 1, (words, done)
    return done.stderr


@test
def every_model_gives_the_same_answer_and_every_export_holds_it():
    ports = OwnedPorts()
    with tempfile.TemporaryDirectory() as folder:
        files = {name: os.path.join(folder, name) for name in ("json", "csv", "markdown", "html")}
        exports = [word for name, path in files.items() for word in ("--export-" + name, path)]
        done = run("compare", "127.0.0.1", "-p", ports.spec(), "--models", EVERY_MODEL, "--runs", "3", "--seed", "7", *exports)
        assert done.returncode == 0 and done.stderr == "", done
        assert all(len(line) <= 100 for line in done.stdout.splitlines()), done.stdout
        with open(files["json"]) as file:
            exported = json.load(file)
        assert [result["command"] for result in exported["results"]] == EVERY_MODEL.split(",")
        assert sorted(result["rank"] for result in exported["results"]) == [1, 2, 3, 4, 5, 6]
        for result in exported["results"]:
            assert result["answer"] == {"found": 3, "missed": 0, "false": 0, "unknown": 0, "misjudged": 0}, result
            for name in ("times", "memory_usage_byte", "exit_codes", "connects"):
                assert len(result[name]) == 3, (name, result)
            assert result["min"] <= result["median"] <= result["max"]
            assert result["rank_withheld"] is None and result["error_rate"] == 0 and result["late_share"] is None, result
            assert len(result["run_delay_us"]) == 3 and result["lab_answers"] == [0, 0, 0], result
            if result["rank"] == 1:
                assert result["times_the_fastest"] == 1 and result["to_the_fastest"] == "fastest", result
            else:
                assert 0 < result["times_the_fastest_low"] <= result["times_the_fastest"] <= result["times_the_fastest_high"], result
                assert result["to_the_fastest"] in ("alike", "unclear", "slower", "faster"), result
            assert result["command"] in done.stdout
        assert exported["complete"] is True and exported["seed"] == 7 and exported["open_ports"] == 3 and exported["probes"] == 30
        for name in ("kernel", "libuv", "processors", "descriptors", "port range", "pids limit", "processor quota", "load average", "run delay"):
            assert exported["environment"][name], exported["environment"]
        with open(files["csv"], newline="") as file:
            rows = list(csv.DictReader(file))
        assert len(rows) == 18 and all(row["found"] == "3" and row["kernel"] for row in rows)
        for name in ("markdown", "html"):
            with open(files[name]) as file:
                text = file.read()
            for part in ("thread-pool:5", "loop/uv", "Linux", "seed", "--models"):
                assert part in text, (name, part)


@test
def a_silent_port_costs_every_model_its_timeout_and_nobody_its_rank():
    ports = OwnedPorts(opened=1, closed=2, silent=1)
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "result.json")
        done = run("compare", "127.0.0.1", "-p", ports.spec(), "--models", EVERY_MODEL, "-t", "150", "--runs", "1", "--warmup", "0", "--export-json", path)
        assert done.returncode == 0, done
        with open(path) as file:
            results = json.load(file)["results"]
        for result in results:
            assert result["rank"] is not None and result["min"] >= 0.149, result


@test
def a_sweep_compares_each_value():
    ports = OwnedPorts()
    done = run("compare", "127.0.0.1", "-p", ports.spec(), "--models", "sequential,loop", "--loops", "1,2", "--in-flight", "4,8",
               "--threads", "2,3", "--cross", "--runs", "1", "--warmup", "0")
    assert done.returncode == 0, done
    for name in ("sequential", "loop -c 4", "loop -c 8", "loops:2 -c 4", "loops:2 -c 8", "thread-pool:2", "thread-pool:3"):
        assert f" {name} " in done.stdout, (name, done.stdout)


@test
def loops_without_a_connect_each_are_not_passed_off_as_loops():
    ports = OwnedPorts()
    words = ["127.0.0.1", "-p", ports.spec(), "--runs", "1", "--warmup", "0"]
    done = run("compare", *words, "--models", "loops:4", "-c", "1")
    assert done.returncode == 0 and "loops:4 ran only 1 loop: each needs a connect of --in-flight 1." in " ".join(done.stdout.split()), done
    assert "ran only" not in run("compare", *words, "--models", "loops:4", "-c", "4").stdout


@test
def explain_is_in_every_output():
    ports = OwnedPorts()
    words = ["127.0.0.1", "-p", ports.spec(), "--models", "sequential,thread-pool:5,loops:2", "--runs", "2", "--warmup", "0"]
    with tempfile.TemporaryDirectory() as folder:
        files = {name: os.path.join(folder, name) for name in ("json", "markdown", "html")}
        exports = [word for name, path in files.items() for word in ("--export-" + name, path)]
        done = run("compare", *words, "--explain", *exports)
        assert done.returncode == 0 and "predicted and measured" in done.stdout and "On this machine making a thread takes" in done.stdout, done
        assert all(len(line) <= 100 for line in done.stdout.splitlines()), done.stdout
        with open(files["json"]) as file:
            explanation = json.load(file)["explanation"]
        assert sorted(model["command"] for model in explanation["models"]) == ["loops:2", "sequential", "thread-pool:5"], explanation
        for model in explanation["models"]:
            largest = max(model["waiting"], model["processor"], model["network"])
            assert abs(model["predicted"] - largest - model["start_up"]) < 1e-8, model
            assert model["off"] == (abs(model["measured"] - model["predicted"]) > model["predicted"] / 3), model
        assert all(explanation[cost] > 0 for cost in ("thread", "wakeup", "system_call", "timer", "processors", "answer")), explanation
        for name in ("markdown", "html"):
            with open(files[name]) as file:
                assert "predicted and measured" in file.read(), name
    assert "predicted" not in run("compare", *words).stdout


@test
def the_classic_preset_needs_nothing_else():
    # In the lab's network, whose loopback has no silent ports of other tests.
    words = [LAB, "lan", "--counters", "/dev/null", "--", PORTLOOP, "compare", "--preset", "classic", "--runs", "1", "--warmup", "0",
             "--models", "sequential,loop"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=TIMEOUT_SECONDS)
    if done.returncode == 1 and done.stderr.startswith("portloop-lab: "):
        print("skipped: " + done.stderr.strip())
        return
    assert done.returncode == 0, done
    assert done.stdout.startswith("127.0.0.1, ports 30000-65535: 35,536 probes"), done.stdout
    assert "timeout 1,000 ms" in done.stdout


@test
def what_is_wrong_is_quoted_in_one_line_before_anything_runs():
    assert "'thread-pool:0'" in refused(2, "127.0.0.1", "--models", "loop,thread-pool:0")
    assert "'threads'" in refused(2, "127.0.0.1", "--models", "threads")
    assert "no target" in refused(2)
    assert refused(2, "--preset", "modern") == "portloop: --preset 'modern': accepted are classic, seed\n"
    for lists in ([], ["--loops", "1,2"], ["--in-flight", "1,2"], ["--threads", "1,2"]):
        line = refused(2, "127.0.0.1", "--cross", *lists)
        assert "--cross" in line and "--loops and --in-flight are accepted" in line, line
    assert "'0'" in refused(2, "127.0.0.1", "--runs", "0")
    assert "'1,x'" not in refused(2, "127.0.0.1", "--loops", "1,x")
    assert "'x'" in refused(2, "127.0.0.1", "--loops", "1,x")
    assert "''" in refused(2, "127.0.0.1", "--in-flight", "1,")
    assert "--in-flight 900000" in refused(2, "127.0.0.1", "--in-flight", "900000")
    assert "2^24" in refused(2, "127.0.0.0/8", "-p", "30000-30010")
    assert "--nonsense" in refused(2, "127.0.0.1", "--nonsense").replace("‘", "").replace("’", "").replace("nonsense", "--nonsense", 1)
    assert "'/nowhere/x'" in refused(1, "127.0.0.1", "-p", "30000", "--export-json", "/nowhere/x")
    assert "'/nowhere/x'" in refused(1, "127.0.0.1", "-p", "30000", "--trace", "/nowhere/x")
    assert "--trace 'x'" in refused(2, "127.0.0.1", "--export-json", "x", "--trace", "x")
    assert refused(2, "127.0.0.1", "--trace", "") == "portloop: --trace '': the name of a file is accepted\n"
    assert "twice" in refused(2, "127.0.0.1", "--export-json", "x", "--export-csv", "x")
    line = refused(2, "127.0.0.1", "-p", "30000", "--export-json", "x", "--export-csv", "./x")
    assert line == "portloop: --export-csv './x': this is the same file as --export-json 'x'\n", line
    line = refused(2, "127.0.0.1", "-p", "30000", "--export-json", "x", "--trace", "./x")
    assert line == "portloop: --trace './x': this is the same file as --export-json 'x'\n", line
    line = refused(2, "127.0.0.1", "-p", "30000", "--export-json", "x", "--export-csv", "x.partial", "--overwrite")
    assert "x.partial" in line and "same file" in line, line
    assert "--lab ''" in refused(2, "127.0.0.1", "--lab", "")  # an empty profile is not the same as no lab


@test
def lanes_are_printed_above_the_tables_in_what_the_locale_can_show():
    ports = OwnedPorts()
    words = ["compare", "127.0.0.1", "-p", ports.spec(), "--models", "sequential,loop", "--runs", "1", "--warmup", "0", "--lanes"]
    locales = [({"LC_ALL": "C.UTF-8"}, True), ({"LC_ALL": "", "LC_CTYPE": "de_DE.utf8", "LANG": "C"}, True), ({"LC_ALL": "C", "LANG": "C.UTF-8"}, False),
               ({"LC_ALL": "de_DE.ISO-8859-1"}, False), ({}, False)]
    for locale, is_utf8 in locales:
        clean = {name: value for name, value in os.environ.items() if name not in ("LC_ALL", "LC_CTYPE", "LANG")}
        done = run(*words, env={**clean, **locale}, encoding="utf-8")
        assert done.returncode == 0, done
        lanes, tables = done.stdout.split("Who waits when", 1)[1].split("   model   ", 1)
        for row in ("\nthread 1", "\nslot 1", "\nloop 1", "\nin flight"):
            assert row in lanes, (locale, lanes)
        assert lanes.isascii() is not is_utf8, (locale, lanes)
        assert all(len(line) <= 80 for line in lanes.splitlines()), lanes
        assert "costs, medians" in tables, tables


@test
def an_export_that_cannot_be_opened_is_refused_before_a_silent_target_is_waited_for():
    ports = OwnedPorts(opened=0, closed=0, silent=1)
    with tempfile.TemporaryDirectory() as folder:
        first = os.path.join(folder, "first.json")
        for name in ("csv", "markdown", "html"):
            line = refused(1, "127.0.0.1", "-p", ports.spec(), "-t", "600000", "--export-json", first, "--export-" + name, folder + "/no/x")
            assert folder + "/no/x" in line, line
            assert os.listdir(folder) == []


@test
def an_output_that_breaks_is_said_in_one_line_and_the_others_are_whole():
    ports = OwnedPorts()
    words = ["127.0.0.1", "-p", ports.spec(), "--models", "loop", "--runs", "1", "--warmup", "0"]
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "result.json")
        with open("/dev/full", "w") as full:
            done = subprocess.run([PORTLOOP, "compare", *words, "--export-json", path], stdout=full, stderr=subprocess.PIPE, text=True)
        assert done.returncode == 3 and done.stderr == "portloop: standard output can't be written: No space left on device\n", done
        with open(path) as file:
            assert json.load(file)["complete"] is True
        for name in ("json", "csv", "markdown", "html"):
            done = run("compare", *words, "--export-" + name, "/dev/full")
            assert done.returncode == 3 and "'/dev/full' can't be written" in done.stderr and "loop" in done.stdout, done
            assert len(done.stderr.splitlines()) == 1, done
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run([PORTLOOP, "compare", *words], stdout=writer, stderr=subprocess.PIPE, text=True)
    os.close(writer)
    assert done.returncode == 3 and done.stderr == "portloop: standard output can't be written: Broken pipe\n", done


@test
def an_unknown_lab_is_the_labs_to_refuse():
    done = run("compare", "--lab", "nosuch", "10.0.0.1")
    assert done.returncode == 2 and "'nosuch'" in done.stderr and done.stdout == "", done


@test
def a_target_that_never_answers_is_refused_and_leaves_no_file():
    ports = OwnedPorts(opened=0, closed=0, silent=3)
    with tempfile.TemporaryDirectory() as folder:
        line = refused(1, "127.0.0.1", "-p", ports.spec(), "-t", "100", "--export-json", os.path.join(folder, "result.json"))
        assert "'127.0.0.1' does not answer on any of the ports" in line, line
        assert os.listdir(folder) == []


@test
def a_file_that_exists_is_kept_unless_asked():
    ports = OwnedPorts()
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "result.json")
        with open(path, "w") as file:
            file.write("precious")
        words = ["127.0.0.1", "-p", ports.spec(), "--models", "loop", "--runs", "1", "--export-json", path]
        assert "--overwrite" in refused(1, *words)
        with open(path) as file:
            assert file.read() == "precious"
        assert run("compare", *words, "--overwrite").returncode == 0
        with open(path) as file:
            assert json.load(file)["complete"] is True


def children_of(pid):
    try:
        with open(f"/proc/{pid}/task/{pid}/children") as file:
            return file.read().split()
    except FileNotFoundError:
        return []


@test
def an_interrupt_keeps_what_has_been_measured():
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        an_interrupt_keeps(number)


def an_interrupt_keeps(number):
    ports = OwnedPorts()
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "result.json")
        words = [PORTLOOP, "compare", "127.0.0.1", "-p", ports.spec(), "--models", "sequential,loop", "--runs", "10000", "--export-json", path]
        with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            seen = set()
            end = time.monotonic() + TIMEOUT_SECONDS
            while len(seen) < 9 and time.monotonic() < end:  # the warm-up and a few measured runs
                seen.update(children_of(process.pid))
            process.send_signal(number)
            process.send_signal(number)  # timeout(1) signals its command, and then its whole group
            out, err = process.communicate(timeout=TIMEOUT_SECONDS)
        assert process.returncode == 130, (process.returncode, out, err)
        assert "incomplete" in out and "sequential" in out, out
        with open(path) as file:
            exported = json.load(file)
        assert exported["complete"] is False
        assert all(1 <= len(result["times"]) < 10000 for result in exported["results"]), exported


@test
def an_interrupt_before_anything_was_measured_leaves_no_file():
    ports = OwnedPorts(opened=0, closed=0, silent=1)
    with tempfile.TemporaryDirectory() as folder:
        words = [PORTLOOP, "compare", "127.0.0.1", "-p", ports.spec(), "-t", "600000", "--export-json", os.path.join(folder, "result.json")]
        with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            end = time.monotonic() + TIMEOUT_SECONDS
            while not os.listdir(folder) and time.monotonic() < end:  # from then on signals are caught
                pass
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=TIMEOUT_SECONDS)
        assert process.returncode == 130 and out == "", (process.returncode, out, err)
        assert err == "portloop: interrupted before anything was measured\n", err
        assert os.listdir(folder) == []


@test
def sentences_fit_the_terminal():
    ports = OwnedPorts()
    screen, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 66, 0, 0))
    words = [PORTLOOP, "compare", "127.0.0.1", "-p", ports.spec(), "--models", "sequential,loop", "--runs", "2", "--explain", "-q"]
    with subprocess.Popen(words, stdout=terminal) as process:
        os.close(terminal)
        shown = b""
        try:
            while data := os.read(screen, 65536):
                shown += data
        except OSError:  # the other end is closed
            pass
        assert process.wait(TIMEOUT_SECONDS) == 0
    os.close(screen)
    sentences = [line for line in shown.decode().splitlines() if "  " not in line]  # tables have more than one blank
    assert any(line.startswith("On this machine") for line in sentences), shown
    assert max(map(len, sentences)) <= 66, max(sentences, key=len)


if __name__ == "__main__":
    run_tests(globals())
