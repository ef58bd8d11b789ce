"""What --checkpoint and --resume refuse without changing a file; a full disk, an interrupt, and standard output."""
import os
import re
import signal
import subprocess
import sys
import tempfile
import time

from eight_hosts import PORTS, listen_on_all
from format_readers import read_json
from scan_support import enter_own_network, fnv, resealed


class Runs:
    def __init__(self, portloop, directory):
        self.portloop, self.directory = portloop, directory

    def __call__(self, *words, status, message="", **more):
        done = subprocess.run([self.portloop, "scan", *words], stderr=subprocess.PIPE, stdout=more.pop("stdout", subprocess.PIPE), text=True,
                              cwd=self.directory, timeout=60, **more)
        assert done.returncode == status, (words, done)
        assert message.replace(chr(34), chr(39)) in done.stderr, (words, message, done.stderr)
        return done

    def path(self, name):
        return os.path.join(self.directory, name)

    def read(self, name):
        with open(self.path(name), "rb") as file:
            return file.read()

    def write(self, name, data):
        with open(self.path(name), "wb") as file:
            file.write(data)

    def interrupted(self, *words, stdout=subprocess.DEVNULL, changes=2, end=signal.SIGINT):
        """Runs a slow scan, ends it when its checkpoint `c` has been written `changes` times, and returns its stderr."""
        process = subprocess.Popen([self.portloop, "scan", "-p", PORTS, "-r", "1500", "--checkpoint", "c", *words, "127.0.0.1"], cwd=self.directory,
                                   stdout=stdout, stderr=subprocess.PIPE, text=True)
        seen = None
        deadline = time.monotonic() + 30
        while changes > 0 and process.poll() is None and time.monotonic() < deadline:
            try:
                now = os.stat(self.path("c")).st_mtime_ns
                changes, seen = changes - (now != seen), now
            except FileNotFoundError:
                pass
            time.sleep(0.002)
        process.send_signal(end)
        errors = process.communicate(timeout=30)[1]
        assert process.returncode == (130 if end == signal.SIGINT else -end), (process.returncode, errors)
        return errors


def fresh_checkpoints(run):
    run("-p", "1-9", "--checkpoint", "", "127.0.0.1", status=2, message='--checkpoint ""')
    run("-p", "1-9", "--checkpoint", "no/such/place", "127.0.0.1", status=1, message='checkpoint "no/such/place" can\'t be written: No such file')
    run("-p", "1-9", "--checkpoint", "done", "127.0.0.1", status=0)
    run("-p", "1-9", "--checkpoint", "done", "127.0.0.1", status=1, message="exists already: --resume continues it")
    run("-p", "1-9", "--checkpoint", "done", "--overwrite", "127.0.0.1", status=0)
    before = run.read("done")
    run("--resume", "done", status=0, message="nothing is left")
    assert run.read("done") == before


def one_file_with_two_names(run):
    run.write("old", b"precious")
    os.link(run.path("old"), run.path("hard"))
    os.symlink("old", run.path("soft"))
    os.symlink(".", run.path("here"))
    files = sorted(os.listdir(run.directory))
    for words in (["--checkpoint", "./same", "-o", "json=same"], ["-o", "json=two", "-o", "csv=./two"], ["-o", "json=two", "-o", "csv=here/two"],
                  ["-o", "json=old", "-o", "csv=./old", "--overwrite"], ["-o", "json=old", "-o", "csv=hard", "--overwrite"],
                  ["-o", "json=old", "-o", "csv=soft", "--overwrite"], ["--checkpoint", "hard", "-o", "json=old", "--overwrite"],
                  ["--checkpoint", "new", "-o", "json=new.tmp"], ["-o", "json=old", "-o", "csv=old.partial", "--overwrite"],
                  ["--checkpoint", "old.partial", "-o", "json=old", "--overwrite"]):
        done = run("-p", "1-9", *words, "127.0.0.1", status=2, message="this is the same file as")
        assert done.stderr.count("\n") == 1, done.stderr
        assert run.read("old") == b"precious" and sorted(os.listdir(run.directory)) == files, words
    with open(run.path("old"), "ab") as out:
        run("-p", "1-9", "-o", "json=old", "--overwrite", "127.0.0.1", status=2, message="same file as standard output", stdout=out)
    run("-p", "1-9", "-o", "json=/dev/null", "-o", "csv=/dev/../dev/null", "127.0.0.1", status=0)
    merged = subprocess.run([run.portloop, "merge", "/dev/null", "-o", "json=two", "-o", "csv=./two"], cwd=run.directory, capture_output=True, text=True)
    assert merged.returncode == 2 and "same file as" in merged.stderr, merged


def only_regular_files_are_replaced(run):
    os.mkfifo(run.path("pipe"))
    os.symlink("nowhere", run.path("link"))
    os.mkdir(run.path("directory"))
    for name in ("pipe", "link", "directory"):
        before = os.lstat(run.path(name))
        for overwrite in ([], ["--overwrite"]):
            run("-p", "1-9", "--checkpoint", name, *overwrite, "127.0.0.1", status=2, message="a regular file or a new one is accepted")
        assert os.lstat(run.path(name)).st_ino == before.st_ino
    assert not os.path.exists(run.path("nowhere"))


def planted_links(run):
    """The names of temporary files are known beforehand: links under them are not followed."""
    run.write("victim", b"precious")
    run.write("r.json", b"an older result")
    for name in ("c.tmp", "r.json.partial"):
        os.symlink("victim", run.path(name))
    run("-p", "1-9", "--checkpoint", "c", "-o", "json=r.json", "--overwrite", "127.0.0.1", status=0)
    assert run.read("victim") == b"precious"
    assert not os.path.lexists(run.path("c.tmp")) and not os.path.lexists(run.path("r.json.partial"))
    assert run.read("r.json") == b"" and not os.path.islink(run.path("r.json"))


def options_in_another_spelling(run):
    words = ["-p", PORTS, "-qr", "1500", "--checkpoint", "c", "-o", "json=r.json", "127.0.0.1"]
    process = subprocess.Popen([run.portloop, "scan", *words], cwd=run.directory, stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 30
    while not os.path.exists(run.path("c")) and time.monotonic() < deadline:
        time.sleep(0.002)
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 130
    checkpoint = run.read("c")
    run("-qr", "1501", "-p", PORTS, "-o", "json=r.json", "127.0.0.1", "--resume", "c", status=2, message="give the same options, or none")
    for same in (["-p", PORTS, "-qr", "1500", "-o", "json=r.json"], ["-qp" + PORTS, "-r1500", "-ojson=r.json"],
                 [f"--ports={PORTS}", "--quiet", "--rate", "1500", "--output=json=r.json"], []):
        results = run.read("r.json")
        done = run(*same, *(["127.0.0.1"] if same else []), "--resume", "c", status=0)
        assert same == [] or done.stderr == "", done.stderr
        run.write("c", checkpoint)
        run.write("r.json", results)
    run("--resume", "c", "-q", status=0)


def interrupted_and_resumed(run):
    run.interrupted("-o", "json=r.json", "-o", "xml=r.xml", "--show", "all")
    whole = run.read("r.xml")
    assert whole.endswith(b"</nmaprun>\n") and b"incomplete" in whole  # an interrupt leaves valid files
    some = read_json(run.read("r.json").decode())
    assert 0 < len(some) < 2500
    done = run("--resume", "c", "-q", status=0)
    assert done.stderr == ""
    text = run.read("r.json").decode()
    assert len(read_json(text)) == 2500 and set(some) <= set(read_json(text))
    xml = run.read("r.xml")
    assert xml.endswith(b"</nmaprun>\n") and xml.count(b"<nmaprun ") == 1 and b'exit="success"' in xml


def refusals(run):
    run.interrupted("-o", "json=s.json", "--show", "all")
    files = {name: run.read(name) for name in ("c", "s.json")}
    given = ["-p", PORTS, "-r", "1500", "-o", "json=s.json", "--show", "all", "127.0.0.1"]

    def refused(*words, message, checkpoint=None):
        done = run(*words, status=2, message=message)
        assert done.stderr.count("\n") == 1 and "\x1b" not in done.stderr, done.stderr
        assert run.read("s.json") == files["s.json"], "a refusal changed the output"
        assert run.read("c") == (files["c"] if checkpoint is None else checkpoint), "a refusal changed the checkpoint"

    refused("--resume", "c", *given[:-1], "127.0.0.2", message="give the same options, or none")
    refused("--resume", "c", "-p", "22", message="its scan was started with")
    refused("--resume", "c", "--checkpoint", "d", message='--checkpoint "d"')
    refused("--resume", "", message='--resume ""')
    refused("--resume", "nowhere", message='"nowhere" can\'t be read: No such file')
    refused("--resume", ".", message="can't be read: Is a directory")
    refused("--resume", "s.json", message="is not a checkpoint of portloop")
    lines = files["c"].split(b"\n")
    damaged = {
        "cut": files["c"][:len(files["c"]) // 2],
        "nothing after its first line": lines[0] + b"\n",
        "one digit": files["c"].replace(b"\nseed ", b"\nseed 1", 1),
        "a line less": b"\n".join(lines[:5] + lines[6:]),
        "zeros": lines[0] + b"\n" + bytes(1000),
        "a line more": files["c"] + b"x\n",
    }
    for name, data in damaged.items():
        run.write("c", data)
        refused("--resume", "c", message="is damaged", checkpoint=data)
    for version in (b"3", b"5", b"0", b"", b"\x1b[31m"):
        data = files["c"].replace(b"portloop-checkpoint 4", b"portloop-checkpoint " + version, 1)
        run.write("c", data)
        refused("--resume", "c", message="is of version", checkpoint=data)
    for what, other in ((b"\nseed ", b"\nseed 1"), (b"\nports 1-2500", b"\nports 1-2501"), (b"\nfinished ", b"\nfinished x"), (b"\ncounts ", b"\ncounts 1 "),
                        (b"\ntarget 127.0.0.1 127.0.0.1", b"\ntarget 127.0.0.1 127.0.0.0"), (b"\nshard 1 1", b"\nshard 2 1"), (b"\norder random", b"\norder any"),
                        (b"\noutput json", b"\noutput yaml")):
        assert what in files["c"], what
        data = resealed(files["c"].replace(what, other, 1))
        run.write("c", data)
        refused("--resume", "c", message="checkpoint", checkpoint=data)
    run.write("c", files["c"])
    # An output that is not the one that was written belongs to someone else: it is not truncated.
    for other in (b"mine\n", files["s.json"].replace(b"a", b"b")):
        run.write("s.json", other)
        run("--resume", "c", status=2, message="does not contain what the scan has written so far: it has been changed since")
        assert run.read("s.json") == other
    os.remove(run.path("s.json"))
    run("--resume", "c", status=2, message="No such file")
    run.write("s.json", files["s.json"])
    run("--resume", "c", *given, status=0)
    assert len(read_json(run.read("s.json").decode())) == 2500


def crafted(run):
    """A checkpoint whose checksums are right, but which does what its arguments do not say."""
    run.write("victim", b"precious")
    run.write("victim.partial", b"precious")
    run.interrupted("-o", "json=s.json", "--show", "all", "--exclude", "127.0.0.3")
    checkpoint, results = run.read("c"), run.read("s.json")

    def refused(what, *changes):
        text = checkpoint
        for old, new in changes:
            assert old in text, old
            text = text.replace(old, new, 1)
        lines = dict(line.split(b" ", 1) for line in text.split(b"\n") if b" " in line)
        targets = b" ".join(b"-".join(dict.fromkeys(line.split()[1:])) for line in text.split(b"\n") if line.startswith(b"target "))
        scan = fnv(b"\n".join([targets, lines[b"ports"], lines[b"order"], lines[b"seed"]]))
        text = resealed(text.replace(b"\nscan " + lines[b"scan"], b"\nscan %016x" % scan, 1))
        run.write("c", text)
        done = run("--resume", "c", status=2, message=what)
        assert done.stderr.count("\n") == 1, done.stderr
        assert (run.read("c"), run.read("s.json"), run.read("victim"), run.read("victim.partial")) == (text, results, b"precious", b"precious")

    path = os.path.realpath(run.directory).encode()
    output = next(line for line in checkpoint.split(b"\n") if line.startswith(b"output json"))
    empty = b" 1 0 0 %016x" % fnv(b"")
    for other in (path + b"/victim", path + b"/../victim", b"victim", b"\\e"):
        refused("its outputs are not those of its arguments", (output, b"output json " + other + b" \\e" + empty))
    refused("its outputs are not those of its arguments", (output, b"output json " + path + b"/s.json " + path + b"/victim" + empty))
    refused("its outputs are not those of its arguments", (output, b"output json " + path + b"/s.json " + path + b"/s.json.partial" + empty))
    refused("its outputs are not those of its arguments", (output + b"\n", output + b"\n" + output + b"\n"))
    refused("its outputs are not those of its arguments", (b"\ndirectory ", b"\ndirectory /x"))
    target = b"\ntarget 127.0.0.1 127.0.0.1"
    for other in (b"\ntarget 127.0.0.1 127.0.0.2", b"\ntarget 127.0.0.2 127.0.0.2", target + b"\ntarget 127.0.0.3 127.0.0.3",
                  target + b"\ntarget 127.0.0.9 127.0.0.9\nname 127.0.0.9 localhost"):
        refused("its addresses are not those of its arguments", (target, other))
    ports = b"\nports " + PORTS.encode()
    refused("its ports are not those of its arguments", (ports, ports + b",3000"))
    refused("its order, seed or shard are not those of its arguments", (b"\norder random", b"\norder sequential"))
    run.write("c", checkpoint)
    os.rename(run.path("c"), run.path("moved"))
    os.symlink("moved", run.path("c"))
    run("--resume", "c", status=2, message="a regular file is accepted")
    run("--resume", "moved", status=0)


def standard_output(run):
    with open(run.path("out"), "wb") as out:
        run.interrupted("-f", "json", "--show", "all", stdout=out, end=signal.SIGKILL)
    part = run.read("out")
    with open(run.path("out"), "wb") as out:  # ">" empties it: the earlier results would be lost
        run("--resume", "c", status=2, message="append to the same file with >>", stdout=out)
    run("--resume", "c", status=2, message="append to the same file with >>")  # a pipe instead of the file
    run.write("out", part)
    with open(run.path("out"), "ab") as out:
        run("--resume", "c", status=0, stdout=out)
    assert len(read_json(run.read("out").decode())) == 2500
    # On a pipe, results after the last checkpoint are written again, and none is missing.
    os.remove(run.path("c"))
    process_output = run.path("pipe")
    with open(process_output, "wb") as out:
        cat = subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=out)
        run.interrupted("-f", "list", "--show", "all", stdout=cat.stdin, end=signal.SIGKILL)
        cat.stdin.close()
        cat.wait(30)
    first = set(run.read("pipe").split())
    second = set(run("--resume", "c", status=0).stdout.encode().split())
    assert first | second == {b"127.0.0.1:%d" % port for port in range(22, 2500, 211)}


def full_disk(run):
    """On a file system of a few pages: the older checkpoint stays intact."""
    small = run.path("small")
    os.mkdir(small)
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "none", small], capture_output=True).returncode != 0:
        print("left out: no tmpfs can be mounted here")
        return
    checkpoint = os.path.join(small, "c")
    process = subprocess.Popen([run.portloop, "scan", "-p", PORTS, "-r", "900", "--checkpoint", checkpoint, "-f", "list", "127.0.0.1"],
                               stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 30
    while not os.path.exists(checkpoint) and time.monotonic() < deadline:
        time.sleep(0.002)
    with open(os.path.join(small, "filler"), "wb", buffering=0) as filler:
        try:
            while True:
                filler.write(bytes(4096))
        except OSError:
            pass
    errors = process.communicate(timeout=60)[1]
    assert process.returncode == 3, (process.returncode, errors)
    assert errors.count("can't be written: No space left on device") == 1, errors
    assert not os.path.exists(checkpoint + ".tmp")
    os.remove(os.path.join(small, "filler"))
    # The checkpoint of the start is intact: everything is scanned again.
    done = run("--resume", checkpoint, status=0)
    assert re.search(r": 12 open, 2,488 closed", done.stderr), done.stderr
    subprocess.run(["umount", small], check=True)


def main():
    enter_own_network()
    listeners, _ = listen_on_all()
    for part in (fresh_checkpoints, one_file_with_two_names, only_regular_files_are_replaced, planted_links, options_in_another_spelling,
                 interrupted_and_resumed, refusals, crafted, standard_output, full_disk):
        with tempfile.TemporaryDirectory() as directory:
            part(Runs(os.path.abspath(sys.argv[1]), directory))
    return 0


sys.exit(main())
