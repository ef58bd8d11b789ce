#!/usr/bin/env python3
"""portloop compare --guests: the programs for other runtimes, and how their failures are reported.

usage: guest_programs.py PORTLOOP PORTLOOP_LAB
"""
import json
import os
import signal
import subprocess
import sys
import tempfile
import time

from compare_support import PORTLOOP, TIMEOUT_SECONDS, OwnedPorts, run, run_tests, test

LAB = os.path.abspath(sys.argv[2])
GUESTS = ["python/sequential", "python/thread-per-port", "python/thread-pool:50", "python/thread-pool:100", "python/asyncio", "node"]
ONCE = ["--runs", "1", "--warmup", "0"]


def exported(folder, *words, status=0, **options):
    path = os.path.join(folder, "result.json")
    done = run("compare", *words, "--overwrite", "--export-json", path, **options)
    assert done.returncode == status, done
    with open(path) as file:
        return done, json.load(file)


class FakeCommand:
    """A PATH in which a command is a shell script."""

    def __init__(self, folder, script, name="python3"):
        path = os.path.join(folder, name)
        with open(path, "w") as file:
            file.write("#!/bin/sh\n" + script + "\n")
        os.chmod(path, 0o755)
        self.environment = os.environ | {"PATH": folder + ":/usr/bin:/bin"}


@test
def every_guest_gives_the_models_answer():
    ports = OwnedPorts(opened=3, closed=27, silent=1)
    with tempfile.TemporaryDirectory() as folder:
        done, result = exported(folder, "127.0.0.1", "-p", ports.spec(), "--models", "sequential,loop", "--guests", "python,node", "-t", "300",
                                "--retries", "1", *ONCE)
    assert done.stderr == "", done
    rows = {row["command"]: row for row in result["results"]}
    assert list(rows) == ["sequential", "loop", *GUESTS], rows.keys()
    for name, row in rows.items():
        answer = row["answer"]
        # A port that is only bound may be given to a naive program's own socket: not a state that it gets wrong.
        assert (answer["found"], answer["missed"], answer["unknown"], answer["misjudged"]) == (3, 0, 0, 0), (name, answer)
        assert row["connects"] == [32] and row["min"] >= 0.6, (name, row)
        assert row["memory_usage_byte"][0] > 1 << 20 and row["user"] + row["system"] > 0, (name, row)
        assert row["connect_p50_us"][0] > 0 and 1 <= row["peak_in_flight"][0] <= 31, (name, row)
    assert rows["python/sequential"]["peak_in_flight"] == [1] and rows["python/sequential"]["peak_threads"] == [1]
    assert rows["python/thread-per-port"]["peak_threads"][0] > 1
    assert rows["python/thread-pool:50"]["parameters"] == {"threads": "50", "runtime": "python"}
    assert result["environment"]["python"].startswith("CPython ") and result["environment"]["node"].startswith("v"), result["environment"]


@test
def in_a_lab_the_guests_meet_the_same_network():
    with tempfile.TemporaryDirectory() as folder:
        _, result = exported(folder, "--lab", "lan", "10.0.0.1", "-p", "1-300", "--models", "loop", "--guests", "python,node",
                             "-t", "20000", *ONCE)  # every port answers: on a busy machine, late
    assert [row["command"] for row in result["results"]] == ["loop", *GUESTS]
    for row in result["results"]:
        assert row["answer"]["found"] == result["open_ports"] > 0 and row["answer"]["false"] == 0, row
        assert row["rank"] is not None and row["lab_answers"][0] >= 300, row


@test
def the_seed_preset_has_the_four_ways_in_both_languages():
    # In the lab's network, whose loopback has no ports of other tests.
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "result.json")
        words = [LAB, "lan", "--counters", "/dev/null", "--", PORTLOOP, "compare", "--preset", "seed", "--runs", "1", "-p", "1-100", "-q",
                 "--export-json", path]
        done = subprocess.run(words, capture_output=True, text=True, timeout=TIMEOUT_SECONDS)
        assert done.returncode == 0 and done.stderr == "", done
        with open(path) as file:
            result = json.load(file)
    names = [row["command"] for row in result["results"]]
    assert names[:5] == ["sequential", "thread-per-connection", "thread-pool:50", "thread-pool:100", "loop"], names
    assert names[5].startswith("loops:") and [name for name in names[6:] if name != "python/free-threaded"] == [
        name for name in GUESTS if name != "python/asyncio"], names
    assert result["targets"] == "127.0.0.1" and result["warmup"] == 0, result


@test
def the_naive_programs_see_open_ports_where_they_meet_themselves():
    # The source ports are those that are probed: a socket connects to itself about once in a run, whatever their number.
    script = ("echo '40000 40099' > /proc/sys/net/ipv4/ip_local_port_range; "
              f"exec '{PORTLOOP}' compare 127.0.0.1 -p 40000-40099 -t 20000 --models sequential,loop --guests python/sequential,node "
              "--runs 12 --warmup 0 -q --export-json \"$0\"")
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "result.json")
        done = subprocess.run([LAB, "lan", "--counters", "/dev/null", "--", "sh", "-c", script, path], capture_output=True, text=True,
                              timeout=TIMEOUT_SECONDS)
        assert done.returncode == 0, done
        with open(path) as file:
            result = json.load(file)
    for row in result["results"]:
        guest = row["command"] not in ("sequential", "loop")
        assert (row["answer"]["false"] > 0) == guest and (row["rank"] is None) == guest, row
    assert any("connects to itself" in sentence for sentence in result["words"]), result["words"]


@test
def a_missing_interpreter_is_refused_by_name_and_left_out_by_auto():
    ports = OwnedPorts()
    with tempfile.TemporaryDirectory() as empty:
        environment = os.environ | {"PATH": empty}
        words = ["127.0.0.1", "-p", ports.spec(), "--models", "loop", *ONCE]
        for guest, named, missing in (("python", "python/sequential", "python3 is"), ("node", "node", "node and nodejs are"),
                                      ("python/free-threaded", "python/free-threaded", "python3.14t and python3.13t are"), ("go", "go", "go is"), ("rust/tokio", "rust/tokio", "cargo is")):
            done = run("compare", *words, "--guests", guest, env=environment)
            assert done.returncode == 2 and done.stdout == "", done
            assert done.stderr == (f"portloop: --guests '{named}': {missing} not in PATH; guests whose interpreter or "
                                   "compiler is installed are accepted, or auto\n"), done
        done = run("compare", *words, "--guests", "auto", env=environment)
        assert done.returncode == 0 and "loop" in done.stdout, done
        assert done.stderr == ("portloop: left out: python (python3 is not in PATH), python/free-threaded (python3.14t and python3.13t are not "
                               "in PATH), node (node and nodejs are not in PATH), go (go is not in PATH), rust (cargo is not in PATH)\n"), done
    done = run("compare", *words, "--guests", "ruby")
    assert done.returncode == 2 and "guest 'ruby' is not known" in done.stderr and len(done.stderr.splitlines()) == 1, done


@test
def a_guest_that_fails_is_told_and_the_others_are_compared():
    ports = OwnedPorts()
    failures = (("kill -9 $$", "killed by signal: Killed"),
                ("echo \"ModuleNotFoundError: No module named 'guest'\" >&2; exit 1",
                 "exited with status 1: ModuleNotFoundError: No module named 'guest'"),
                ("echo wall_us 5; echo user_us five", "its output is not a result: line 2 is 'user_us five', not 'user_us NUMBER'"),
                (r"printf 'no \033[31mluck\a\n' >&2; exit 1", r"exited with status 1: no \x1b[31mluck\x07"),
                ("exit 0", "its output is not a result: it ends after 0 lines, before 'wall_us NUMBER'"),
                ("sleep 1000 & exit 4", "exited with status 4"))
    with tempfile.TemporaryDirectory() as folder:
        for script, failure in failures:
            fake = FakeCommand(folder, script)
            done, result = exported(folder, "127.0.0.1", "-p", ports.spec(), "--models", "sequential,loop", "--guests", "python/sequential",
                                    *ONCE, status=3, env=fake.environment)
            assert done.stderr == f"portloop: python/sequential could not run: {failure}\n", done
            assert f"python/sequential      no run: {failure}"[:70] in done.stdout, done
            own = [row for row in result["results"] if "/" not in row["command"]]
            assert all(row["rank"] is not None for row in own) and result["results"][2]["failure"] == failure.replace("\\", r"\x5c"), result


@test
def a_directory_is_no_interpreter():
    ports = OwnedPorts()
    words = ["compare", "127.0.0.1", "-p", ports.spec(), "--models", "loop", "--guests", "python/sequential", *ONCE]
    with tempfile.TemporaryDirectory() as wrong, tempfile.TemporaryDirectory() as right:
        os.mkdir(os.path.join(wrong, "python3"))
        done = run(*words, env=os.environ | {"PATH": wrong})
        assert done.returncode == 2 and "python3 is not in PATH" in done.stderr, done
        FakeCommand(right, "exit 5")
        done = run(*words, env=os.environ | {"PATH": wrong + ":" + right})
        assert done.stderr == "portloop: python/sequential could not run: exited with status 5\n", done


# What `go build -o PROGRAM FILE` writes: a program that closes every port.
FAKE_GO = r"""
case $1 in
version) echo go version fake; exit ;;
build) cat > "$3" <<'PROGRAM'
#!/bin/sh
read timeout; read retries; read in_flight; read count
for name in wall_us user_us system_us switches_voluntary switches_involuntary memory_kib connects threads; do echo $name 1; done
while [ $count -gt 0 ]; do echo closed 0 1; count=$((count - 1)); done
PROGRAM
chmod +x "$3"; echo built >> "$0.log" ;;
esac
"""


@test
def a_guest_is_compiled_once_and_its_program_does_not_stay():
    ports = OwnedPorts(opened=0)
    words = ["127.0.0.1", "-p", ports.spec(), "--models", "loop", "--guests", "go", "--runs", "3", "--warmup", "1"]
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as temporary:
        fake = FakeCommand(folder, FAKE_GO, "go")
        done, result = exported(folder, *words, env=fake.environment | {"TMPDIR": temporary})
        assert done.stderr == "" and os.listdir(temporary) == [], done
        with open(os.path.join(folder, "go.log")) as file:
            assert file.read() == "built\n"
    row = result["results"][1]
    assert row["command"] == "go" and row["times"] == [1e-6] * 3 and row["parameters"]["runtime"] == "go", row
    assert result["environment"]["go"] == "go version fake", result["environment"]


@test
def a_guest_that_cannot_be_compiled_is_an_error_by_name_and_left_out_by_auto():
    ports = OwnedPorts()
    words = ["127.0.0.1", "-p", ports.spec(), "--models", "loop", *ONCE]
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as temporary:
        fake = FakeCommand(folder, "echo 'no space left on device' >&2; exit 1", "go")
        environment = {"PATH": folder, "TMPDIR": temporary}
        reason = "it can't be compiled: exited with status 1: no space left on device"
        path = os.path.join(temporary, "result.json")
        done = run("compare", *words, "--guests", "go", "--export-json", path, env=fake.environment | environment)
        assert (done.returncode, done.stdout, done.stderr) == (1, "", f"portloop: --guests 'go': {reason}\n"), done
        assert os.listdir(temporary) == [], "something stayed"
        done, result = exported(temporary, *words, "--guests", "auto", env=fake.environment | environment)
        assert done.stderr.endswith(f", rust (cargo is not in PATH), go ({reason})\n") and len(done.stderr.splitlines()) == 1, done
        assert [row["command"] for row in result["results"]] == ["loop"] and "go" not in result["environment"], result
        assert os.listdir(temporary) == ["result.json"], "something stayed"
        done = run("compare", *words, "--guests", "go", env=fake.environment | {"TMPDIR": "/nowhere"})
        assert (done.returncode, done.stderr) == (1, "portloop: --guests 'go': no temporary folder can be created: No such file or directory\n"), done


@test
def an_interrupt_ends_a_compilation_and_leaves_nothing():
    ports = OwnedPorts()
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as temporary:
        note = os.path.join(folder, "started")
        fake = FakeCommand(folder, f"[ $1 = build ] && echo $$ > {note}.new && mv {note}.new {note} && exec sleep 1000", "go")
        words = [PORTLOOP, "compare", "127.0.0.1", "-p", ports.spec(), "--models", "loop", "--guests", "go"]
        with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              env=fake.environment | {"TMPDIR": temporary}) as process:
            wait_for_file(note)
            process.send_signal(signal.SIGINT)
            out, errors = process.communicate(timeout=TIMEOUT_SECONDS)
        assert (process.returncode, out, errors) == (130, "", "portloop: interrupted before anything was measured\n"), (out, errors)
        assert os.listdir(temporary) == [], "something stayed"


def wait_for_file(path):
    end = time.monotonic() + TIMEOUT_SECONDS
    while not os.path.exists(path) and time.monotonic() < end:
        time.sleep(0.01)


def processes_of_group(group):
    """The processes of a group that have not ended."""
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/stat") as file:
                fields = file.read().rsplit(")", 1)[1].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(fields[2]) == group and fields[0] != "Z":
            found.append(int(name))
    return found


@test
def a_guest_ends_with_the_comparison_and_so_does_what_it_has_started():
    ports = OwnedPorts()
    for number in (signal.SIGINT, signal.SIGKILL):
        with tempfile.TemporaryDirectory() as folder:
            note = os.path.join(folder, "group")
            # Only the program is signalled, not what the shell started, which is in its group.
            child = "sleep 1000 &" if number == signal.SIGINT else ""
            fake = FakeCommand(folder, f"[ \"$1\" = -c ] && exec echo CPython 0; {child} echo $$ > {note}.new; mv {note}.new {note}; exec sleep 1000")
            words = [PORTLOOP, "compare", "127.0.0.1", "-p", ports.spec(), "--models", "loop", "--guests", "python/sequential", "--runs", "1"]
            with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=fake.environment) as process:
                wait_for_file(note)
                with open(note) as file:
                    group = int(file.read())
                assert processes_of_group(group), "the guest is not a group of its own"
                process.send_signal(number)
                process.communicate(timeout=TIMEOUT_SECONDS)
            assert process.returncode == (130 if number == signal.SIGINT else -signal.SIGKILL), process.returncode
            end = time.monotonic() + TIMEOUT_SECONDS
            while processes_of_group(group) and time.monotonic() < end:
                time.sleep(0.01)
            assert not processes_of_group(group), number


if __name__ == "__main__":
    run_tests(globals())
