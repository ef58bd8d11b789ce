"""portloop merge and --shard auto: shards become one result; missing shards and conflicts are reported."""
import errno
import json
import os
import subprocess
import sys
import tempfile

from eight_hosts import ADDRESSES, listen_on_all
from format_readers import read_json, read_list, read_xml
from result_schema import read_record
import scan_support as support
from scan_support import enter_own_network, resealed

PORTS = "1-300"
SCHEDULERS = ("SLURM_ARRAY_TASK_ID", "JOB_COMPLETION_INDEX", "AWS_BATCH_JOB_ARRAY_INDEX", "PARALLEL_SEQ")


class Runs:
    def __init__(self, portloop, directory):
        self.portloop, self.directory = portloop, directory

    def __call__(self, *words, status, message="", environment=None):
        variables = {key: value for key, value in os.environ.items() if not key.startswith(("SLURM_", "JOB_", "AWS_", "PARALLEL", "PORTLOOP"))}
        variables.update(environment or {})
        done = subprocess.run([self.portloop, *words], capture_output=True, text=True, cwd=self.directory, env=variables, timeout=60)
        assert done.returncode == status, (words, environment, done)
        assert message.replace(chr(34), chr(39)) in done.stderr, (words, message, done.stderr)
        return done

    def path(self, name):
        return os.path.join(self.directory, name)

    def write(self, name, text):
        with open(self.path(name), "w") as out:
            out.write(text)


def names_join(run):
    run.write("late.json", line("10.0.0.1", 80, "open", host="a.example") + line("10.0.0.1", 80, "open", host="b.example") +
              line("10.0.0.1", 22, "open") + line("10.0.0.1", 80, "open", host="a.example", hosts=["a.example", "c.example"]) +
              line("10.0.0.1", 1, "closed", "conn-refused", host="a.example"))
    merged = run("merge", "-f", "list", "--names", "late.json", status=0).stdout.split()
    assert merged == ["10.0.0.1:22", "a.example:80", "b.example:80", "c.example:80"], merged
    assert run("merge", "-f", "list", "late.json", status=0).stdout.split() == ["10.0.0.1:22", "10.0.0.1:80"]
    records = [read_record(text) for text in run("merge", "-f", "json", "late.json", status=0).stdout.splitlines()]
    assert [record.get("hosts") for record in records] == [None, None, ["a.example", "b.example", "c.example"]], records
    run("merge", "--names", "late.json", status=2, message="'--names' is for lists")


def line(address, port, state, reason="syn-ack", **more):
    return json.dumps({"address": address, "port": port, "protocol": "tcp", "state": state, "reason": reason, **more}) + "\n"


def shards_join(run, opened):
    wanted = {endpoint for endpoint in opened if endpoint[1] <= 300}
    for shard in (1, 2, 3):
        run("scan", "-p", PORTS, "--show", "all", "--shard", f"{shard}/3", "--checkpoint", f"{shard}.ckpt", "-f", "list", "-o", f"json={shard}.json",
            "127.0.0.1-8", status=0)
    checkpoints = [f"{shard}.ckpt" for shard in (1, 2, 3)]
    merged = read_json(run("merge", "-f", "json", *checkpoints, status=0).stdout)
    assert len(merged) == 300 * len(ADDRESSES), len(merged)
    assert {endpoint for endpoint, state in merged.items() if state == "open"} == wanted
    run("merge", "-f", "list", "-o", "xml=all.xml", "--show", "open", *checkpoints, status=0)
    assert read_xml(open(run.path("all.xml")).read()) == merged
    # Without checkpoints: the same results, but missing shards can't be detected.
    alone = run("merge", "-f", "json", "1.json", "2.json", "3.json", status=0, message="no checkpoint")
    assert read_json(alone.stdout) == merged
    run("merge", "1.ckpt", "3.ckpt", status=3, message="shard 2/3 is missing")
    run("merge", "3.ckpt", status=3, message="2 shards are missing: 1/3, 2/3")
    # If the checkpoints and their files were moved together, the files are found beside them.
    os.mkdir(run.path("moved"))
    for shard in (1, 2, 3):
        for kind in ("ckpt", "json"):
            os.rename(run.path(f"{shard}.{kind}"), run.path(f"moved/{shard}.{kind}"))
    again = run("merge", "-f", "json", *[f"moved/{name}" for name in checkpoints], status=0)
    assert read_json(again.stdout) == merged
    run("merge", "moved/1.ckpt", "moved/1.ckpt", status=3, message="2 shards are missing")
    run("scan", "-p", "1-9", "--checkpoint", "other.ckpt", "-o", "json=other.json", "127.0.0.1", status=0)
    run("merge", "moved/1.ckpt", "other.ckpt", status=2, message="are not of one scan")
    os.remove(run.path("moved/2.json"))
    run("merge", *[f"moved/{name}" for name in checkpoints], status=2, message="are neither there nor beside the checkpoint")
    run("scan", "-p", "1-9", "--checkpoint", "mute.ckpt", "127.0.0.1", status=0)
    run("merge", "mute.ckpt", status=2, message="wrote no JSON file")


def truncated_results(run, opened):
    """A checkpoint has the length, the hash and the counts of the results: no file that lacks some is taken for whole."""
    for shard in (1, 2):
        run("scan", "-p", PORTS, "--show", "all", "--shard", f"{shard}/2", "--checkpoint", f"t{shard}.ckpt", "-f", "list", "-o", f"json=t{shard}.json",
            "127.0.0.1-8", status=0)
    whole = open(run.path("t1.json")).read()
    lines = whole.splitlines(keepends=True)
    wanted = read_json(whole + open(run.path("t2.json")).read())
    for part in ("".join(lines[:-100]), "", "".join(lines[1:]), whole.replace('"closed","reason":"conn-refused"', '"open","reason":"syn-ack"', 1), "".join(sorted(lines))):
        run.write("t1.json", part)
        done = run("merge", "-f", "json", "t1.ckpt", "t2.ckpt", status=3, message='t1.json" does not have the results that checkpoint "t1.ckpt" counts')
        assert set(read_json(done.stdout)) <= set(wanted)
    run.write("t1.json", whole + line("127.0.0.99", 7, "open"))  # appended to by someone else: nothing is missing
    assert len(read_json(run("merge", "-f", "json", "t1.ckpt", "t2.ckpt", status=0).stdout)) == len(wanted) + 1
    run.write("t1.json", whole)
    # Results that did not come through the checkpoint's file are compared with its counts.
    run("scan", "-p", PORTS, "--checkpoint", "t3.ckpt", "-f", "list", "127.0.0.1-8", status=0)
    run("merge", "t3.ckpt", "t1.json", "t2.json", status=0)
    run("merge", "t3.ckpt", "t1.json", status=3, message="results are missing")
    # An error of the disk is not the end of a file.
    for number, status in ((1, 2), (2, 1), (4, 1)):
        failing = support.failing(f"read@/t1.json:{number}:{errno.EIO}")
        done = run("merge", "-f", "json", "t1.ckpt", "t2.ckpt", status=status, message='t1.json" can\'t be read: Input/output error', environment=failing)
        assert done.stdout == "" and done.stderr.count("\n") == 1, done
    checkpoint = open(run.path("t1.ckpt"), "rb").read()
    path = run.path("t1.json").encode()
    for other in (b"/" + b"x" * 5000, path + b"/x", b"/" + b"y/" * 3000):
        assert path in checkpoint
        run.write("long.ckpt", resealed(checkpoint.replace(path, other)).decode())
        done = run("merge", "long.ckpt", "t2.ckpt", status=2, message="are neither there nor beside the checkpoint")
        assert done.stderr.count("\n") == 1, done
    finished = next(line for line in checkpoint.split(b"\n") if line.startswith(b"finished "))
    run.write("far.ckpt", resealed(checkpoint.replace(finished, b"finished 1\\x201\\x204000000000000000000")).decode())
    run("merge", "far.ckpt", status=2, message="is damaged")


def many_shards(run):
    run("scan", "-p", PORTS, "--shard", "1/4294967295", "--checkpoint", "many.ckpt", "-f", "list", "-o", "json=many.json", "127.0.0.1", status=0)
    run("merge", "many.ckpt", status=3, message="4294967294 shards are missing: 2/4294967295, 3/4294967295, ")


def pipes(run):
    """What comes through a pipe is read once, from its first byte on."""
    texts = [line("192.0.2.1", port, "open") for port in range(1, 2000)]
    run.write("p1", "".join(texts[:900]))
    run.write("p2", "".join(texts[900:]))
    wanted = {("192.0.2.1", port): "open" for port in range(1, 2000)}
    for words in ("merge -f json - p2 < p1", "merge -f json /dev/stdin p2 < p1", "merge -f json <(cat p1) <(cat p2)", "merge -f json p2 <(cat p1) - < p1",
                  "merge -f json - < <(cat p1 p2)"):
        done = subprocess.run(["bash", "-c", f'"$0" {words}', run.portloop], cwd=run.directory, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, (words, done.stderr)
        assert read_json(done.stdout) == wanted, words
    # A checkpoint, too: its results are looked for where they were written.
    done = subprocess.run(["bash", "-c", '"$0" merge -f list <(cat t1.ckpt) - < t2.ckpt', run.portloop], cwd=run.directory, capture_output=True,
                          text=True, timeout=60)
    assert done.returncode == 0 and "2 files: " in done.stderr, done


def conflicts(run):
    run.write("a", line("192.0.2.1", 80, "open") + line("192.0.2.2", 80, "filtered", "no-response"))
    run.write("b", line("192.0.2.1", 80, "closed", "conn-refused") + line("192.0.2.2", 80, "closed", "conn-refused"))
    for order in (("a", "b"), ("b", "a")):
        done = run("merge", "-f", "json", *order, status=0, message="192.0.2.1:80 is open in one file and closed in another: open is kept")
        assert read_json(done.stdout) == {("192.0.2.1", 80): "open", ("192.0.2.2", 80): "closed"}, done.stdout
        assert "192.0.2.2:80 is closed" in done.stderr
    run.write("twice", line("192.0.2.1", 80, "open"))
    assert read_list(run("merge", "-f", "list", "a", "twice", status=0).stdout) == {("192.0.2.1", 80): "open"}
    run.write("unknown", line("192.0.2.3", 80, "unknown", "local-error:EMFILE"))
    done = run("merge", "-f", "json", "unknown", status=3)
    assert json.loads(done.stdout)["reason"] == "local-error:EMFILE"


def hostile_text_survives(run):
    original = {"rtt_us": 310, "attempts": 2, "service": "ssh", "host": "h\\x5c\u00e9", "banner": "=cmd\\x1b[31m\\xff \"q\" \U0001f600",
                "time": "2026-11-22T15:26:51.000123Z"}
    run.write("hostile", line("2001:db8::1", 22, "open", **original))
    merged = json.loads(run("merge", "-f", "json", "hostile", status=0).stdout)
    for field, value in original.items():
        assert merged[field] == value, (field, value, merged[field])
    assert "\x1b" not in run("merge", "hostile", status=0).stdout


def large_values(run):
    for rtt_us in (2**53, 2**62, 2**63, 2**64 - 1, 2**64):
        run.write("late", line("192.0.2.1", 80, "open", rtt_us=rtt_us, attempts=1))
        run("merge", "late", status=2, message="is not a result")
    run.write("late", line("192.0.2.1", 80, "open", rtt_us=2**53 - 1, attempts=1))
    for form in ("text", "json", "csv", "xml", "grepable"):
        run("merge", "-f", form, "late", status=0)
    # A cell widens its column, but not without a bound: one name of a megabyte would make gigabytes of text.
    rows = [line("192.0.2.1", 1, "open", service="s" * 300000)] + [line("192.0.2.1", port, "open") for port in range(2, 5000)]
    run.write("wide", "".join(rows))
    assert len(run("merge", "wide", status=0).stdout) < 4_000_000
    run.write("named", line("192.0.2.1", 80, "open", host="h" * 256))
    run("merge", "named", status=2, message="is not a result")
    run.write("endless", "{" * 3_000_000)
    run("merge", "endless", status=2, message="has a line of more than")


def bad_input(run):
    run("merge", status=2, message="no file given")
    run("merge", "nowhere", status=2, message='"nowhere" can\'t be read: No such file')
    run("merge", ".", status=2, message="can't be read: Is a directory")
    run.write("cut", line("192.0.2.1", 80, "open") + line("192.0.2.1", 81, "open")[:-20])
    done = run("merge", "-f", "list", "cut", status=3, message="is incomplete and is ignored")
    assert done.stdout == "192.0.2.1:80\n"
    for bad in ("\n", "nmap\n", "{}\n", '{"address":"192.0.2.1","port":0,"state":"open","reason":"syn-ack"}\n', line("192.0.2.1", 80, "ajar"),
                line("192.0.2.1", 80, "open", "because"), line("192.0.2.1", 80, "open", banner="\\q"), line("localhost", 80, "open"),
                line("192.0.2.1", 80, "open", time="yesterday"), line("192.0.2.1", "80", "open"), line("192.0.2.1", 80, "open") * 2 + "\x1b]\n"):
        run.write("bad", bad)
        done = run("merge", "bad", status=2, message="is not a result")
        assert "\x1b" not in done.stderr and done.stderr.count("\n") == 1, done.stderr
    run.write("empty", "")
    assert run("merge", "-f", "json", "empty", status=0).stdout == ""
    run("merge", "-f", "yaml", "empty", status=2, message='"yaml" is not known')
    run("merge", "--show", "some", "empty", status=2, message='--show "some"')
    run("merge", "--frob", "empty", status=2, message="frob")
    run("merge", "-o", "json=empty", "empty", status=1, message="exists already")


def automatic_shards(run):
    def shard(environment, wanted):
        done = run("scan", "-p", "1-40", "--shard", "auto", "127.0.0.1", status=0, environment=environment)
        assert f", shard {wanted}" in done.stderr, (environment, done.stderr)

    def refused(environment, message):
        done = run("scan", "-p", "1-40", "--shard", "auto", "127.0.0.1", status=2, environment=environment, message=message)
        assert done.stderr.count("\n") == 1 and "--shard K/N" in done.stderr, done.stderr

    slurm = {"SLURM_ARRAY_TASK_ID": "7", "SLURM_ARRAY_TASK_MIN": "5", "SLURM_ARRAY_TASK_MAX": "8", "SLURM_ARRAY_TASK_STEP": "1", "SLURM_ARRAY_TASK_COUNT": "4"}
    shard(slurm, "3/4")
    shard({**slurm, "SLURM_ARRAY_TASK_ID": "9", "SLURM_ARRAY_TASK_MAX": "11", "SLURM_ARRAY_TASK_STEP": "2"}, "3/4")
    shard({"JOB_COMPLETION_INDEX": "0", "JOB_COMPLETIONS": "3"}, "1/3")
    shard({"JOB_COMPLETION_INDEX": "2", "PORTLOOP_SHARD_COUNT": "3"}, "3/3")
    shard({"AWS_BATCH_JOB_ARRAY_INDEX": "1", "AWS_BATCH_JOB_ARRAY_SIZE": "5"}, "2/5")
    shard({"PARALLEL_SEQ": "2", "PORTLOOP_SHARD_COUNT": "2"}, "2/2")
    refused({}, "looked for " + ", ".join(SCHEDULERS))
    refused({"PARALLEL_SEQ": "2"}, "in PORTLOOP_SHARD_COUNT")
    refused({"JOB_COMPLETION_INDEX": "2"}, "in JOB_COMPLETIONS or PORTLOOP_SHARD_COUNT")
    refused({"JOB_COMPLETION_INDEX": "3", "JOB_COMPLETIONS": "3"}, "not one of 3 shards")
    refused({"PARALLEL_SEQ": "0", "PORTLOOP_SHARD_COUNT": "3"}, "not one of 3 shards")
    refused({"JOB_COMPLETION_INDEX": "one", "JOB_COMPLETIONS": "3"}, 'JOB_COMPLETION_INDEX is "one"')
    refused({"JOB_COMPLETION_INDEX": "1", "JOB_COMPLETIONS": "3", "PORTLOOP_SHARD_COUNT": "4"}, "JOB_COMPLETIONS is 3 but PORTLOOP_SHARD_COUNT is 4")
    refused({**slurm, "PARALLEL_SEQ": "1"}, "are both set")
    refused({**slurm, "SLURM_ARRAY_TASK_MAX": "20"}, "not in a regular range")  # --array=5,6,7,20
    refused({**slurm, "SLURM_ARRAY_TASK_ID": "4"}, "not in a regular range")


def shards_agree_on_a_seed(run):
    def seed(*words):
        return run("scan", "-v", "-p", "1-40", *words, "127.0.0.1", status=0).stderr.split("seed ")[1].split(",")[0].strip()
    assert seed("--shard", "1/2") == seed("--shard", "2/2") == seed("--shard", "2/2")
    assert seed("--shard", "1/2", "--exclude-ports", "7") != seed("--shard", "1/2")
    assert seed("--shard", "1/2", "--seed", "5") == "5"


def main():
    enter_own_network()
    listeners, opened = listen_on_all()
    with tempfile.TemporaryDirectory() as directory:
        run = Runs(os.path.abspath(sys.argv[1]), directory)
        shards_join(run, opened)
        truncated_results(run, opened)
        many_shards(run)
        pipes(run)
        large_values(run)
        conflicts(run)
        names_join(run)
        hostile_text_survives(run)
        bad_input(run)
        automatic_shards(run)
        shards_agree_on_a_seed(run)
    return 0


sys.exit(main())
